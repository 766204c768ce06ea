"""Every message on the page of common errors is one that users really get."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synecore import (
    Experiment,
    StoppingCriterion,
    Tuner,
    make_backend,
    make_scheduler,
    tune,
)
from synecore.errors import SynecoreError
from synecore.space import loguniform, uniform
from synecore.tuning.commands import send
from synecore.tuning.lock import FolderLock

PAGE = Path(__file__).parents[1] / "docs" / "howto" / "troubleshooting.md"
SPACE = {"x": uniform(0, 1)}
HEAD = """\
import argparse
from synecore import Reporter
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
args, _ = parser.parse_known_args()
report = Reporter()
"""


def messages_of(page: str) -> list[str]:
    """Return the first cells of the tables of messages."""
    return re.findall(r"^\| `(.+?)` \|", page, flags=re.MULTILINE)


def run(body: str, *, head: str = HEAD, space: Any = None, **options: Any) -> Experiment:
    """Tune a script that consists of these lines."""
    Path("train.py").write_text(f"{head}{body}\n")
    options = {"method": "random", "max_num_trials_finished": 2, **options}
    return tune("train.py", space or SPACE, metric="loss", display="none", **options)


def run_asha(body: str) -> Experiment:
    return run(body, method="asha", resource_attr="epoch", max_t=9)


def asha(**options: Any) -> Any:
    return make_scheduler("asha", SPACE, metric="loss", resource_attr="epoch", **options)


def twice(name: str) -> None:
    for _ in range(2):
        run("report(loss=1)", tuner_name=name, suffix_tuner_name=False)


def start_alike() -> None:
    for name in ("alike-one", "alike-two"):
        run("report(loss=1)", tuner_name=name, suffix_tuner_name=False)
    Experiment.open("alike")


def resume_while_it_runs() -> None:
    experiment = run("report(loss=1)")
    with FolderLock(experiment.path):
        Tuner.resume(experiment.name)


def resume_own(criterion: Any, scheduler: Any) -> None:
    Path("train.py").write_text(f"{HEAD}report(loss=1)\n")
    backend = make_backend("local", entry_point="train.py")
    tuner = Tuner(backend, scheduler, criterion, display="none")
    tuner.run()
    Tuner.resume(tuner.name)


class Own:
    """A scheduler that no name leads to."""

    decides = "milestones"

    def __init__(self) -> None:
        self.inner = make_scheduler("fifo", SPACE, metric="loss")
        self.problem, self.tags = self.inner.problem, self.inner.tags
        for name in ("suggest", "on_report", "on_end", "state_dict", "load_state_dict"):
            setattr(self, name, getattr(self.inner, name))


def file_of(text: str) -> str:
    Path("train").write_text(text)
    return "train"


def forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("file").write_text("in the way")
    monkeypatch.setenv("SYNECORE_FOLDER", str(Path("file").absolute()))
    run("report(loss=1)")


PROVOKE: dict[str, Callable[..., Any]] = {
    "no scheduler named '…'; did you mean '…'?": lambda: make_scheduler(
        "ahsa", SPACE, metric="loss"
    ),
    "scheduler '…' is not installed; it is planned for …": lambda: make_scheduler(
        "dehb", SPACE, metric="loss"
    ),
    "unknown option '…', did you mean '…'?": lambda: asha(max_t=9, grace_peroid=3),
    "needs to know the largest resource": asha,
    "metric: missing": lambda: make_scheduler("fifo", SPACE),
    "no parameter to tune": lambda: make_scheduler("fifo", {"x": 3}, metric="loss"),
    "is above upper": lambda: uniform(1, 0),
    "must be above 0 on a log scale": lambda: loguniform(0, 1),
    "entry_point: there is no file '…'": lambda: make_backend("local", entry_point="nowhere.py"),
    "is neither a Python file (.py) nor executable": lambda: make_backend(
        "local", entry_point=file_of("train")
    ),
    "cannot be passed as a command-line argument": lambda: run(
        "report(loss=1)", space={**SPACE, "layers": [1, 2]}
    ),
    "say when to stop": lambda: tune("train.py", SPACE, metric="loss"),
    "exists already in …": lambda: twice("same"),
    "cannot make the experiment's folder": forbidden,
    "exit code 1; end of std.err:": lambda: run("raise ValueError"),
    "unrecognized arguments: --st_checkpoint_dir": lambda: run("", head=HEAD.replace("_known_", "_")
        .replace("args, _", "args")),
    "metric '…' is not in the report": lambda: run("report(accuracy=1)"),
    "must be a number, got": lambda: run("report(loss='low')"),
    "must be a positive integer that counts up from 1": lambda: run_asha("report(epoch=0, loss=1)"),
    "it must not decrease": lambda: run_asha("report(epoch=2, loss=1); report(epoch=1, loss=1)"),
    "ended without a report": lambda: run("pass"),
    "jumped over the milestone": lambda: run_asha("report(epoch=9, loss=1)"),
    "no experiment '…' in …": lambda: Experiment.open("nowhere"),
    "could be any of": start_alike,
    "is being written by process": resume_while_it_runs,
    "no tuner is running on experiment": lambda: send(run("report(loss=1)").path, "stop"),
    "has no name to build it from": lambda: resume_own(
        StoppingCriterion(max_num_trials_finished=1), Own()
    ),
    "was run with a callable as stopping criterion": lambda: resume_own(
        lambda status: status.num_trials_finished > 0, make_scheduler("fifo", SPACE, metric="loss")
    ),
    "has no finite, feasible value of": lambda: run("report(loss=float('nan'))").best_config(),
}  # fmt: skip


def test_the_page_has_these_messages_and_no_others() -> None:
    assert messages_of(PAGE.read_text()) == list(PROVOKE)


@pytest.mark.parametrize("message", PROVOKE)
def test_a_message_is_met(
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = (monkeypatch,) if PROVOKE[message] is forbidden else ()
    said = ""
    with caplog.at_level(logging.WARNING):
        try:
            PROVOKE[message](*arguments)
        except SynecoreError as error:
            said = str(error)
    pattern = ".+".join(map(re.escape, message.split("…")))
    assert re.search(pattern, f"{said}\n{caplog.text}", flags=re.DOTALL)
