from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from synecore import Experiment, StoppingCriterion, Tuner, make_backend
from synecore.actions import Pause, Resume, Start
from synecore.problem import Problem
from synecore.report import retrieve
from synecore.space import choice
from synecore.testing import ScriptedScheduler

SCRIPTS = Path(__file__).parent / "scripts"
# No framework may look for its hub, its servers or its sign-in, nor use threads of other trials.
QUIET = {
    "KERAS_BACKEND": "torch",
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_NUM_THREADS": "1",
}

Rows = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def quiet_frameworks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def reports(capsys: pytest.CaptureFixture[str]) -> Callable[[], Rows]:
    """Return what this process reported since the last call, without what the clock says."""
    return lambda: plain(retrieve(capsys.readouterr().out.splitlines()))


@pytest.fixture
def run_alone(tmp_path: Path) -> Callable[..., tuple[Rows, Rows]]:
    """Run a script without a tuner; return its reports and the history its framework kept."""

    def run(name: str, **arguments: Any) -> tuple[Rows, Rows]:
        history = tmp_path / "history.json"
        words = [f"--{key}={value}" for key, value in arguments.items()]
        done = subprocess.run(
            [sys.executable, SCRIPTS / name, *words, f"--history={history}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return plain(retrieve(done.stdout.splitlines())), json.loads(history.read_text())

    return run


@pytest.fixture
def run_paused(tmp_path: Path) -> Callable[..., Experiment]:
    """Run a script as a trial that is paused at an epoch, killed for it, and resumed."""

    def run(name: str, *, epochs: int, pause_at: int) -> Experiment:
        space = {"rate": choice([0.1, 0.2]), "epochs": epochs, "hold_at": pause_at}
        problem = Problem.create(space, metric="loss", resource_attr="epoch", max_t=epochs)
        paused: list[int] = []

        def decide(report: Any, trials: Any) -> list[Pause]:
            if report.resource < pause_at or paused:
                return []
            paused.append(report.trial)
            return [Pause(report.trial)]

        x = problem.space.encode([{**space, "rate": 0.1}])[0]
        tuner = Tuner(
            trial_backend=make_backend("local", entry_point=str(SCRIPTS / name), stop_grace=0.5),
            scheduler=ScriptedScheduler(problem, [[Start(x)], [Resume(0)]], on_report=decide),
            stop_criterion=StoppingCriterion(max_wallclock_time=200),
            n_workers=1,
            display="none",
        )
        experiment = tuner.run()
        assert paused == [0]
        return experiment

    return run


def plain(rows: list[Mapping[str, Any]]) -> Rows:
    """Return reports without what depends on the clock, and on how often the script began."""
    return [{k: v for k, v in row.items() if not k.startswith("st_worker")} for row in rows]


@pytest.fixture
def assert_went_on() -> Callable[[Experiment, Rows], None]:
    """Check that a paused trial went on where it was, as if it had never been paused."""

    def check(experiment: Experiment, whole: Rows) -> None:
        table = experiment.table()
        log = (experiment.path / "0" / "std.out").read_text().splitlines()
        seen = plain(retrieve(log))
        starts = [row["st_worker_iter"] for row in retrieve(log)].count(0)
        assert starts == 2, "the script should have begun twice"
        assert table.status(0).name == "COMPLETED"
        assert [row["epoch"] for row in seen].count(1) == 1, "it began again at the beginning"
        assert {row["epoch"] for row in seen} == {row["epoch"] for row in whole}
        expected = {row["epoch"]: row for row in whole}
        for row in seen:
            assert row == pytest.approx(expected[row["epoch"]], rel=1e-5, nan_ok=True)

    return check
