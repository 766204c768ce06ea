"""After the run: where the best checkpoint lies, and running a configuration again."""

from __future__ import annotations

import pytest

from synecore import Experiment, StoppingCriterion, Tuner, make_backend, make_scheduler
from synecore.errors import ExperimentError, OptionError
from synecore.space import uniform
from synecore.testing import InlineBackend

SCRIPT = """
import json, sys
from argparse import ArgumentParser
from pathlib import Path
from synecore import Reporter

parser = ArgumentParser()
parser.add_argument("--x", type=float)
parser.add_argument("--epochs", type=int)
parser.add_argument("--st_checkpoint_dir", type=Path)
args, _ = parser.parse_known_args()
file = args.st_checkpoint_dir / "state.json"
done = json.loads(file.read_text()) if file.exists() else 0
file.parent.mkdir(exist_ok=True)
report = Reporter()
for epoch in range(done + 1, args.epochs + 1):
    if args.x > 5:
        sys.exit("x is too large")
    file.write_text(json.dumps(epoch))
    report(loss=args.x + 1 / epoch, epoch=epoch)
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    path = tmp_path_factory.mktemp("scripts") / "train.py"
    path.write_text(SCRIPT)
    return path


@pytest.fixture
def experiment(script):
    scheduler = make_scheduler(
        "fifo", {"x": uniform(0, 10), "epochs": 2}, metric="loss", resource_attr="epoch",
        max_resource_attr="epochs", random_seed=0,
        points_to_evaluate=[{"x": 3.0}, {"x": 1.0}, {"x": 2.0}],
    )  # fmt: skip
    backend = make_backend("local", entry_point=script)
    criterion = StoppingCriterion(max_num_trials_completed=2)
    return Tuner(backend, scheduler, criterion, n_workers=1, display="none").run()


def inline(n_reports=3, **options) -> Experiment:
    """An experiment with a backend that is on no record."""
    scheduler = make_scheduler(
        "fifo", {"x": uniform(0, 1)}, metric="loss", resource_attr="epoch", max_t=n_reports,
        points_to_evaluate=[{"x": 0.5}, {"x": 0.25}], random_seed=0,
    )  # fmt: skip
    criterion = StoppingCriterion(max_num_trials_completed=1)
    return Tuner(evaluated(**options), scheduler, criterion, display="none").run()


def evaluated(**options) -> InlineBackend:
    return InlineBackend(lambda c, r: {"loss": c["x"] / r, "epoch": r}, **options)


def test_the_checkpoint_of_the_best_trial_is_where_its_script_wrote_it(experiment):
    assert experiment.best_config()["trial_id"] == 1
    best = experiment.checkpoint_path()
    assert best == experiment.path / "1" / "checkpoints"
    assert (best / "state.json").read_text() == "2"
    assert experiment.checkpoint_path(0) == experiment.path / "0" / "checkpoints"


def test_a_checkpoint_that_is_not_there_is_explained():
    with pytest.raises(ExperimentError, match=r"trial 1, the best one, has no checkpoint in .*1/"):
        inline().checkpoint_path()


def test_files_of_trials_are_where_the_backend_was_told_to_keep_them(script, tmp_path):
    scheduler = make_scheduler("fifo", {"x": uniform(0, 1), "epochs": 1}, metric="loss")
    backend = make_backend("local", entry_point=script)
    criterion = StoppingCriterion(max_num_trials_completed=0)
    experiment = Tuner(
        backend, scheduler, criterion, display="none", trial_backend_path=tmp_path / "elsewhere"
    ).run()
    assert backend.trial_path(0) == tmp_path / "elsewhere" / "0"
    assert experiment.trial_path(0) == backend.trial_path(0)
    assert (experiment.checkpoint_path() / "state.json").read_text() == "1"
    assert not (experiment.path / "0").exists()
    assert experiment.retrain().path == experiment.path / "retrained" / "0"


def test_the_best_configuration_runs_again_beside_the_experiment(experiment):
    before = list(experiment.events())
    seen = []
    done = experiment.retrain(on_report=seen.append)
    assert done.config == {"x": 1.0, "epochs": 2}
    assert [report["loss"] for report in done.reports] == [2.0, 1.5]
    assert seen == done.reports
    assert done.metrics["loss"] == 1.5
    assert done.path == experiment.path / "retrained" / "0"
    assert (done.checkpoint / "state.json").read_text() == "2"
    assert list(experiment.events()) == before
    assert experiment.retrain().path == experiment.path / "retrained" / "1"


def test_with_changes_and_from_the_checkpoint_it_goes_on_further(experiment):
    done = experiment.retrain(trial=0, changes={"epochs": 4}, from_checkpoint=True)
    assert [(r["epoch"], r["loss"]) for r in done.reports] == [(3, 3 + 1 / 3), (4, 3.25)]
    # The trial itself keeps its own.
    assert (experiment.checkpoint_path(0) / "state.json").read_text() == "2"


def test_a_failure_is_shown_with_the_end_of_the_output(experiment):
    with pytest.raises(ExperimentError, match=r"(?s)'x': 6\.0.*x is too large.*retrained/0"):
        experiment.retrain(changes={"x": 6.0})


def test_typing_errors_are_found_before_anything_runs(experiment):
    with pytest.raises(OptionError, match="no 'epoch'; did you mean 'epochs'"):
        experiment.retrain(changes={"epoch": 3})
    with pytest.raises(OptionError, match="there is no trial 9; 3 were started"):
        experiment.retrain(trial=9)
    assert not (experiment.path / "retrained").exists()


def test_a_script_that_does_not_know_its_limit_is_stopped_there():
    backend = evaluated(honours_until=False, n_reports=50)
    done = inline().retrain(trial_backend=backend)
    assert [report["epoch"] for report in done.reports] == [1, 2, 3]
    assert done.checkpoint is None


def test_a_backend_that_is_on_no_record_has_to_be_given():
    with pytest.raises(ExperimentError, match=r"cannot be made from its record; give one"):
        inline().retrain()
