from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from synecore.errors import PluginError
from synecore.plugins.index import Index, read_index
from synecore.plugins.registry import Checked, Registry, default_registry

SEARCHERS = "synecore.v1.searchers"
Install = Callable[..., Path]
FINE = """
    from synecore.plugins import Component, hookimpl

    @hookimpl
    def synecore_searchers():
        return [Component("{name}", "{package}.searcher:Searcher", summary="A toy.")]
"""


def registry(**env: str) -> Registry:
    """Return a registry of the toy distributions alone."""
    return Registry(Index(e for e in read_index(env) if e.distribution.startswith("toy-")), env)


def fine(install: Install, name: str = "fine") -> None:
    package = f"toy_{name}"
    files = {
        f"{package}/plugin.py": FINE.format(name=name, package=package),
        f"{package}/searcher.py": "class Searcher: ...",
    }
    install(f"toy-{name}", {SEARCHERS: {name: f"{package}.plugin"}}, files)


def plugin(install: Install, name: str, text: str, kind: str = "searchers") -> None:
    package = f"toy_{name}"
    install(
        f"toy-{name}",
        {f"synecore.v1.{kind}": {name: f"{package}.plugin"}},
        {f"{package}/plugin.py": text},
    )


def failure(found: Registry, name: str, kind: str = "searcher") -> str:
    with pytest.raises(PluginError) as caught:
        found.component(kind, name)
    return str(caught.value)


def test_asking_for_a_name_imports_that_plugin_and_nothing_heavier(install: Install) -> None:
    fine(install)
    fine(install, "other")
    entry, component = registry().component("searcher", "fine")
    assert (entry.distribution, component.name, component.summary) == ("toy-fine", "fine", "A toy.")
    assert "toy_fine.plugin" in sys.modules
    assert "toy_fine.searcher" not in sys.modules
    assert "toy_other.plugin" not in sys.modules


def test_the_target_is_imported_when_it_is_loaded(install: Install) -> None:
    fine(install)
    found = registry()
    entry, component = found.component("searcher", "fine")
    assert found.load(entry, component).__name__ == "Searcher"


def test_a_hook_is_asked_once_and_only_in_its_own_plugin(install: Install) -> None:
    text = FINE.format(name="one", package="toy_one") + "    calls = []\n"
    text = text.replace("        return [", "        calls.append(1)\n        return [")
    plugin(install, "one", text)
    fine(install)
    found = registry()
    for _ in range(3):
        found.component("searcher", "one")
        found.component("searcher", "fine")
    assert sys.modules["toy_one.plugin"].calls == [1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("raise RuntimeError('boom at import')", "RuntimeError: boom at import"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("def broken(:", "SyntaxError: invalid syntax (plugin.py, line 1)"),
        (
            "from toy_broken import nothing",
            "ImportError: cannot import name 'nothing' from 'toy_broken'",
        ),
        (
            "import toy_broken.missing",
            "ModuleNotFoundError: No module named 'toy_broken.missing'",
        ),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_quarantined(
    install: Install, text: str, said: str
) -> None:
    plugin(install, "broken", text)
    fine(install)
    found = registry()
    message = failure(found, "broken")
    assert message.startswith(
        f"plugin 'toy_broken.plugin' of toy-broken 0.1.0 could not be loaded: {said}"
    )
    assert failure(found, "broken") == message
    assert found.quarantine == {"toy_broken.plugin": message}
    assert found.component("searcher", "fine")[1].name == "fine"


def test_an_interrupt_during_an_import_passes(install: Install) -> None:
    plugin(install, "slow", "raise KeyboardInterrupt")
    found = registry()
    with pytest.raises(KeyboardInterrupt):
        found.component("searcher", "slow")
    assert found.quarantine == {}


def test_a_package_that_is_missing_is_named_with_what_brings_it(install: Install) -> None:
    install(
        "toy-needy",
        {SEARCHERS: {"needy": "toy_needy.plugin"}},
        {"toy_needy/plugin.py": "import no_such_package.inner"},
        requires=("numpy", "No.Such_Package>=2 ; extra == 'heavy'"),
    )
    assert failure(registry(), "needy") == (
        "plugin 'toy_needy.plugin' of toy-needy 0.1.0 could not be loaded: "
        "the package 'no_such_package' is missing: pip install \"toy-needy[heavy]\""
    )


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        ("synecore_searcherz()", "unknown hook 'synecore_searcherz'; did you mean"),
        ("synecore_searchers(kind)", "PluginValidationError"),
        ("synecore_events(experiment, event)", "PluginValidationError"),
    ],
)
def test_a_hook_that_does_not_exist_is_refused_for_this_plugin_only(
    install: Install, hook: str, said: str
) -> None:
    text = FINE.format(name="odd", package="toy_odd")
    plugin(install, "odd", text + f"\n    @hookimpl\n    def {hook}: ...\n")
    fine(install)
    found = registry()
    assert said in failure(found, "odd")
    assert found.component("searcher", "fine")[1].name == "fine"
    assert not found._manager.has_plugin("toy_odd.plugin")


def test_a_hook_of_a_later_synecore_may_be_marked_optional(install: Install) -> None:
    text = FINE.format(name="new", package="toy_new")
    text += "\n    @hookimpl(optionalhook=True)\n    def synecore_from_the_future(x): ...\n"
    plugin(install, "new", text)
    assert registry().component("searcher", "new")[1].name == "new"


def test_two_broken_plugins_are_told_apart(install: Install) -> None:
    for name in ("odd", "odder"):
        text = FINE.format(name=name, package=f"toy_{name}")
        plugin(install, name, text + "\n    @hookimpl\n    def synecore_nothing(): ...\n")
    found = registry()
    assert "toy_odd.plugin" in failure(found, "odd")
    assert "toy_odder.plugin" in failure(found, "odder")


def test_a_hook_that_does_not_keep_the_metadatas_promise_is_told_so(install: Install) -> None:
    plugin(install, "promise", FINE.format(name="promize", package="toy_promise"))
    assert failure(registry(), "promise") == (
        "searcher 'promise' is promised by the metadata of toy-promise 0.1.0, but "
        "synecore_searchers of 'toy_promise.plugin' returns promize; did you mean 'promize'?"
    )


def test_a_forgotten_marker_is_the_likely_reason_for_no_components(install: Install) -> None:
    text = FINE.format(name="bare", package="toy_bare").replace("@hookimpl", "")
    plugin(install, "bare", text)
    assert failure(registry(), "bare").endswith(
        "synecore_searchers of 'toy_bare.plugin' returns nothing; is it marked with @hookimpl?"
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return [1]", "returned 1, which is no Component."),
        ("return 5", "failed: TypeError"),
        ("raise OSError('no disk')", "failed: OSError: no disk"),
        ("c = Component('x', 'a:b'); return [c, c]", "returned 'x' twice."),
        ("return [Component('x', 'a:b', colour='red')]", "failed: TypeError"),
    ],
)
def test_what_a_hook_returns_is_checked(install: Install, body: str, said: str) -> None:
    plugin(
        install,
        "x",
        "from synecore.plugins import Component, hookimpl\n"
        f"@hookimpl\ndef synecore_searchers():\n    {body}\n",
    )
    message = failure(registry(), "x")
    assert message.startswith("synecore_searchers of 'toy_x.plugin' of toy-x 0.1.0")
    assert said in message


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("toy_fine.searcher", "target 'toy_fine.searcher' is not like 'package.module:callable'."),
        ("os:missing", "could not be imported: AttributeError"),
        ("toy_fine.nowhere:Searcher", "could not be imported: ModuleNotFoundError"),
        ("sklearn_is_not_here:Searcher", "the package 'sklearn_is_not_here' is missing"),
        ("synecore_gp.kernels:Matern", "planned for synecore-gp, which is not released yet"),
    ],
)
def test_a_target_that_cannot_be_imported_names_its_component(
    install: Install, target: str, said: str
) -> None:
    text = FINE.format(name="fine", package="toy_fine")
    plugin(install, "fine", text.replace("toy_fine.searcher:Searcher", target))
    found = registry()
    entry, component = found.component("searcher", "fine")
    with pytest.raises(PluginError) as caught:
        found.load(entry, component)
    assert str(caught.value).startswith("searcher 'fine' of toy-fine 0.1.0: ")
    assert said in str(caught.value)


def test_further_kinds_have_one_hook_together(install: Install) -> None:
    text = """
        from synecore.plugins import Component, hookimpl

        @hookimpl
        def synecore_components(kind):
            return [Component("wide", "os:getcwd")] if kind == "display" else []
    """
    plugin(install, "wide", text, kind="displays")
    found = registry()
    assert found.component("display", "wide")[1].target == "os:getcwd"


def test_checking_shows_what_is_wrong_with_each_entry(install: Install) -> None:
    fine(install)
    plugin(install, "broken", "1 / 0")
    text = FINE.format(name="hollow", package="toy_hollow")
    plugin(install, "hollow", text)
    install("toy-future", {"synecore.v2.searchers": {"warp": "toy_future.plugin"}})
    plugin(install, "watch", "", kind="observers")
    checked = {item.entry.name: item for item in registry().check()}
    assert {name: bool(item.problem) for name, item in checked.items()} == {
        "fine": False,
        "broken": True,
        "hollow": True,
        "warp": True,
        "watch": False,
    }
    assert "ZeroDivisionError" in checked["broken"].problem
    assert "toy_hollow.searcher" in checked["hollow"].problem
    assert checked["hollow"].component is not None
    assert registry().check("toy-fine") == [
        Checked(checked["fine"].entry, checked["fine"].component)
    ]


def test_a_preset_is_checked_by_what_it_sets_up(install: Install) -> None:
    text = """
        from synecore.plugins import Component, hookimpl, preset

        @hookimpl
        def synecore_searchers():
            return [Component("set", preset("searcher", "fine")),
                    Component("lost", preset("searcher", "nowhere"))]
    """
    fine(install)
    plugin(install, "set", text)
    install("toy-lost", {SEARCHERS: {"lost": "toy_set.plugin"}})
    problems = {item.entry.name: item.problem for item in registry().check()}
    assert problems["set"] == ""
    assert problems["lost"].startswith("no searcher named 'nowhere'")


def test_trace_logs_each_hook_call(install: Install, caplog: pytest.LogCaptureFixture) -> None:
    fine(install)
    with caplog.at_level(logging.INFO, "synecore.plugins"):
        registry(SYNECORE_TRACE="1").component("searcher", "fine")
    assert caplog.messages == ["hook synecore_searchers: toy_fine.plugin"]
    caplog.clear()
    with caplog.at_level(logging.INFO, "synecore.plugins"):
        registry(SYNECORE_TRACE="0").component("searcher", "fine")
    assert caplog.messages == []


def test_only_plugins_that_say_so_are_loaded_to_observe(install: Install) -> None:
    fine(install)
    plugin(install, "watch", "", kind="observers")
    assert [entry.name for entry in registry().observers()] == ["watch"]
    assert "toy_watch.plugin" in sys.modules
    assert "toy_fine.plugin" not in sys.modules


def test_an_observer_that_cannot_be_loaded_is_logged_and_left_out(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    plugin(install, "broken", "1 / 0", kind="observers")
    install("toy-future", {"synecore.v2.observers": {"new": "toy_future.plugin"}})
    plugin(install, "watch", "", kind="observers")
    assert [entry.name for entry in registry().observers()] == ["watch"]
    assert len(caplog.messages) == 2
    assert "ZeroDivisionError" in caplog.messages[0]
    with pytest.raises(PluginError, match="ZeroDivisionError"):
        registry(SYNECORE_STRICT="1").observers()


def test_an_observer_that_is_switched_off_is_not_mentioned(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    plugin(install, "watch", "1 / 0", kind="observers")
    assert registry(SYNECORE_DISABLE="toy-watch", SYNECORE_STRICT="1").observers() == []
    assert caplog.messages == []


def test_plugins_add_commands_and_a_failing_one_stops_no_other(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    text = """
        from synecore.plugins import hookimpl

        @hookimpl
        def synecore_commands(commands):
            commands.append("{name}" if "{name}" != "bad" else commands.nothing)
    """
    for name in ("bad", "good"):
        plugin(install, name, text.format(name=name), kind="commands")
    plugin(install, "silent", "", kind="commands")
    commands: list[str] = []
    registry().add_commands(commands)
    assert commands == ["good"]
    assert caplog.messages == [
        "synecore_commands of 'toy_bad.plugin' of toy-bad 0.1.0 failed and is switched off"
    ]
    assert "AttributeError" in caplog.text


def test_the_registry_of_the_process_sees_what_is_installed(install: Install) -> None:
    fine(install)
    assert default_registry() is default_registry()
    assert "fine" in default_registry().index.names("searcher")
