from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from synecore import Tuner, make_scheduler
from synecore.cli import main
from synecore.space import uniform
from synecore.testing import InlineBackend
from synecore.tuning.stopping import StoppingCriterion

SCRIPT = """
from argparse import ArgumentParser
from synecore import Reporter
parser = ArgumentParser()
parser.add_argument("--x", type=float, default=0.0)
parser.add_argument("--epochs", type=int, default=1)
args, _ = parser.parse_known_args()
report = Reporter()
for epoch in range(1, args.epochs + 1):
    report(loss=args.x + 1 / epoch, epoch=epoch)
"""


@pytest.fixture(autouse=True)
def _leave_logging_alone() -> Iterator[None]:
    """`main` configures logging for a process of its own."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A script in the current folder that reports loss = x + 1 / epoch."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "train.py"
    path.write_text(SCRIPT)
    return path


@pytest.fixture
def study() -> Callable[..., Tuner]:
    """Runs a small experiment of ASHA, by default 'study', where loss = x + 1 / epoch."""

    def run(name: str = "study", *, n: int = 6, **options: Any) -> Tuner:
        evaluate = options.pop("evaluate", lambda c, r: {"loss": c["x"] + 1 / r, "epoch": r})
        settings = {"n_workers": 2, "display": "none", **options.pop("settings", {})}
        scheduler = make_scheduler(
            "asha", {"x": uniform(0, 1), "epochs": 9}, metric="loss", resource_attr="epoch",
            max_resource_attr="epochs", random_seed=3, **options,
        )  # fmt: skip
        tuner = Tuner(
            InlineBackend(evaluate), scheduler, StoppingCriterion(max_num_trials_finished=n),
            tuner_name=name, suffix_tuner_name=False, **settings,
        )  # fmt: skip
        tuner.run()
        return tuner

    return run


@pytest.fixture
def synecore(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs a command; returns exit code, standard output and standard error."""

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            code = main(words)
        except SystemExit as error:
            code = int(error.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run
