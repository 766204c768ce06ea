from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synecore.errors import OptionError, PluginError
from synecore.plugins.index import Index, read_index
from synecore.plugins.observers import Observers
from synecore.plugins.registry import Registry

Install = Callable[..., Path]
VIEW: Any = "the view"
EVENT: Any = "an event"


def observers(*callbacks: object, **env: str) -> Observers:
    """Return observers among which are the plugins of the toy distributions alone."""
    index = Index(e for e in read_index(env) if e.distribution.startswith("toy-"))
    return Observers(callbacks, Registry(index, env))


def plugin(install: Install, name: str, text: str) -> None:
    package = f"toy_{name}"
    header = "from synecore.plugins import hookimpl\nseen = []\n"
    install(
        f"toy-{name}",
        {"synecore.v1.observers": {name: f"{package}.plugin"}},
        {f"{package}/plugin.py": header + text},
    )


class Recorder:
    def __init__(self) -> None:
        self.seen: list[tuple[Any, ...]] = []

    def experiment_start(self, experiment: Any) -> None:
        self.seen.append(("start", experiment))

    def events(self, experiment: Any, events: Any) -> None:
        self.seen.append(("events", experiment, events))

    def columns(self, experiment: Any, event: Any) -> dict[str, Any]:
        return {"seen": len(self.seen)}

    def experiment_end(self, experiment: Any, reason: str) -> None:
        self.seen.append(("end", experiment, reason))


class OnlyEnd:
    def __init__(self) -> None:
        self.reasons: list[str] = []

    def synecore_experiment_end(self, reason: str) -> None:
        self.reasons.append(reason)


class Failing:
    def __init__(self, error: BaseException) -> None:
        self.error, self.calls = error, 0

    def events(self, events: Any) -> None:
        self.calls += 1
        raise self.error

    def experiment_end(self) -> None:
        self.calls += 100


def test_tells_an_object_everything_in_order(site: Path) -> None:
    recorder = Recorder()
    told = observers(recorder)
    told.experiment_start(VIEW)
    told.events(VIEW, [EVENT])
    assert told.columns(VIEW, EVENT) == {"seen": 2}
    told.experiment_end(VIEW, "time is up")
    assert recorder.seen == [
        ("start", VIEW),
        ("events", VIEW, [EVENT]),
        ("end", VIEW, "time is up"),
    ]


def test_an_object_names_the_methods_and_arguments_it_wants(site: Path) -> None:
    only_end = OnlyEnd()
    told = observers(only_end)
    told.experiment_start(VIEW)
    told.events(VIEW, [EVENT])
    told.experiment_end(VIEW, "done")
    assert only_end.reasons == ["done"]
    assert not told.add_columns


def test_nobody_to_tell_costs_nothing(site: Path) -> None:
    told = observers()
    told.experiment_start(VIEW)
    told.events(VIEW, [EVENT])
    assert told.columns(VIEW, EVENT) == {}
    assert not told.add_columns


def test_columns_of_all_are_put_together_the_last_one_winning(site: Path) -> None:
    class One:
        def columns(self) -> dict[str, int]:
            return {"a": 1, "b": 1}

    class Two:
        def columns(self, **anything: Any) -> dict[str, int]:
            return {"b": len(anything)}

    class Nothing:
        def columns(self, event: Any) -> None:
            return None

    told = observers(One(), Two(), Nothing())
    assert told.add_columns
    assert told.columns(VIEW, EVENT) == {"a": 1, "b": 2}


@pytest.mark.parametrize("error", [RuntimeError("boom"), SystemExit(1)])
def test_a_failing_object_is_logged_once_and_switched_off(
    site: Path, caplog: pytest.LogCaptureFixture, error: BaseException
) -> None:
    failing, recorder = Failing(error), Recorder()
    told = observers(failing, recorder)
    for _ in range(3):
        told.events(VIEW, [EVENT])
    told.experiment_end(VIEW, "done")
    assert failing.calls == 1
    assert len(recorder.seen) == 4
    assert caplog.messages == ["events of callback Failing failed and is switched off"]
    assert "Traceback" in caplog.text


def test_columns_that_are_no_mapping_switch_their_observer_off(
    site: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Wrong:
        def columns(self) -> list[int]:
            return [1]

    told = observers(Wrong())
    assert told.columns(VIEW, EVENT) == {}
    assert not told.add_columns
    assert "no mapping of columns: [1]" in caplog.text


def test_an_interrupt_passes_through_an_observer(site: Path) -> None:
    told = observers(Failing(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        told.events(VIEW, [EVENT])


def test_a_strict_run_ends_at_the_first_failure(site: Path) -> None:
    told = observers(Failing(RuntimeError("boom")), SYNECORE_STRICT="1")
    with pytest.raises(PluginError, match=r"events of callback Failing failed: RuntimeError: boom"):
        told.events(VIEW, [EVENT])


def test_an_object_without_any_of_the_methods_is_refused(site: Path) -> None:
    class Misspelt:
        def experiment_strat(self) -> None: ...

    with pytest.raises(OptionError) as caught:
        observers(Misspelt())
    assert str(caught.value) == (
        "callback Misspelt has none of the methods experiment_start, columns, events, "
        "experiment_end; did you mean 'experiment_start'?"
    )


def test_a_method_with_strange_arguments_is_refused(site: Path) -> None:
    class Strange:
        def events(self, trial: int, experiment: Any, verbose: bool = False) -> None: ...

    with pytest.raises(OptionError) as caught:
        observers(Strange())
    assert str(caught.value) == (
        "callback Strange: events asks for 'trial'; its arguments may be experiment, events."
    )


def test_a_plugin_observes_after_the_objects(install: Install) -> None:
    plugin(
        install,
        "watch",
        "@hookimpl\n"
        "def synecore_events(events): seen.extend(events)\n"
        "@hookimpl\n"
        "def synecore_columns(experiment): return {'seen': experiment}\n",
    )
    recorder = Recorder()
    told = observers(recorder)
    told.events(VIEW, [EVENT])
    assert sys.modules["toy_watch.plugin"].seen == [EVENT]
    assert told.columns(VIEW, EVENT) == {"seen": VIEW}


def test_a_failing_plugin_is_switched_off_and_no_other(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    bad = "@hookimpl\ndef synecore_events(events):\n    seen.append(1)\n    raise OSError('x')\n"
    plugin(install, "bad", bad)
    plugin(install, "good", "@hookimpl\ndef synecore_events(events): seen.append(1)\n")
    told = observers()
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            told.events(VIEW, [EVENT])
    assert sys.modules["toy_bad.plugin"].seen == [1]
    assert sys.modules["toy_good.plugin"].seen == [1, 1, 1]
    assert caplog.messages == [
        "events of plugin 'toy_bad.plugin' of toy-bad 0.1.0 failed and is switched off"
    ]


def test_a_plugin_that_returns_no_columns_adds_none(install: Install) -> None:
    plugin(install, "shy", "@hookimpl\ndef synecore_columns(event): return None\n")
    told = observers()
    assert told.add_columns
    assert told.columns(VIEW, EVENT) == {}


def test_objects_make_no_plugin_load_that_does_not_observe(install: Install) -> None:
    install(
        "toy-other",
        {"synecore.v1.searchers": {"other": "toy_other.plugin"}},
        {"toy_other/plugin.py": "1 / 0"},
    )
    observers(Recorder()).events(VIEW, [EVENT])
    assert "toy_other.plugin" not in sys.modules
