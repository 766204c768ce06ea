from __future__ import annotations

import pytest

from synecore.cli import main


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("tunee", "did you mean 'tune'?"),
        ("list --jsn", "did you mean '--json'?"),
        ("tune a.py --metric x --worker-s 2", "did you mean '--workers'?"),
        ("plugins shwo", "did you mean 'show'?"),
        ("plugins list --chekc", "did you mean '--check'?"),
    ],
)
def test_says_what_was_probably_meant(line, hint, capsys):
    with pytest.raises(SystemExit) as error:
        main(line.split())
    assert error.value.code == 2
    assert hint in capsys.readouterr().err


def test_says_nothing_where_nothing_is_near(capsys):
    with pytest.raises(SystemExit):
        main(["list", "--frobnicate"])
    assert "did you mean" not in capsys.readouterr().err


@pytest.mark.parametrize("command", ["tune", "resume", "list", "show", "results", "plot", "why"])
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as error:
        main([command, "--help"])
    assert error.value.code == 0
    assert "usage: synecore" in capsys.readouterr().out
