from __future__ import annotations

import subprocess
import sys

import pytest

from synecore import __version__, cli
from synecore.errors import (
    ExperimentError,
    OptionError,
    PluginError,
    SpaceError,
    StoreError,
    UnknownComponentError,
    UnsupportedProblemError,
)


def test_the_version(synecore):
    assert synecore("--version") == (0, f"synecore {__version__}\n", "")


def test_a_command_is_needed(synecore):
    code, out, err = synecore()
    assert (code, out) == (2, "")
    assert err.endswith("synecore: error: the following arguments are required: COMMAND\n")


def test_help_shows_commands_and_examples(synecore):
    code, out, _ = synecore("--help")
    assert code == 0
    for word in ("tune", "resume", "stop", "add", "list", "show", "results", "plot", "why",
                 "plugins", "SYNECORE_FOLDER"):  # fmt: skip
        assert word in out


def test_every_name_is_a_command_of_its_own(synecore):
    for module in cli._MODULES:
        for name in module.NAMES:
            code, out, _ = synecore(name, "--help")
            assert code == 0
            own = "show" if name == "status" else name
            assert out.startswith(f"usage: synecore {own}")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OptionError("text"), 2),
        (SpaceError("text"), 2),
        (UnknownComponentError("text"), 2),
        (UnsupportedProblemError("text"), 2),
        (ExperimentError("text"), 1),
        (StoreError("text"), 1),
        (PluginError("text"), 1),
        (ModuleNotFoundError("text: pip install text"), 1),
    ],
)
def test_errors_are_one_line_and_an_exit_code(error, code, synecore, monkeypatch):
    def fail(arguments):
        raise error

    monkeypatch.setattr("synecore.cli.results.run_list", fail)
    said = str(error)
    assert synecore("list") == (code, "", f"synecore: {said}\n")


def test_ctrl_c_is_130_without_a_word(synecore, monkeypatch):
    def interrupt(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("synecore.cli.results.run_list", interrupt)
    assert synecore("list") == (130, "", "")


def test_an_error_of_our_own_keeps_its_traceback(synecore, monkeypatch):
    def fail(arguments):
        raise ModuleNotFoundError("No module named 'x'")

    monkeypatch.setattr("synecore.cli.results.run_list", fail)
    with pytest.raises(ModuleNotFoundError):
        synecore("list")


def test_a_reader_that_goes_away_is_no_error(study):
    study()
    line = f"{sys.executable} -m synecore results study | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("loss,")
    assert done.stdout.endswith("\n0\n")
    assert done.stderr == ""


def test_reading_commands_import_nothing_heavy(study):
    study(n=1)
    program = (
        "import sys; from synecore.cli import main; main(['why', 'study', '0']); "
        "print(*sorted({'pandas', 'matplotlib', 'rich', 'scipy'} & set(sys.modules)), "
        "file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr == "\n"
