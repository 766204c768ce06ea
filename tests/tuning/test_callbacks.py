from __future__ import annotations

import logging

import pytest

from synecore import Tuner, make_scheduler
from synecore.actions import Decided, Ended, Reported, Resumed, Started, Status
from synecore.errors import OptionError
from synecore.plugins.registry import default_registry
from synecore.space import uniform
from synecore.testing import InlineBackend
from synecore.tuning.callbacks import ExtraResultsComposer, StoreResultsCallback, TunerCallback
from synecore.tuning.stopping import StoppingCriterion


class Recorder(TunerCallback):
    """Keeps every call with its arguments."""

    def __init__(self):
        self.calls = []


def _recording(name):
    def hook(self, *arguments):
        self.calls.append((name, arguments))

    return hook


HOOKS = [name for name in vars(TunerCallback) if name.startswith("on_")]
for _name in HOOKS:
    setattr(Recorder, _name, _recording(_name))


def run(*callbacks, n=6, blocks=False, **options):
    scheduler = make_scheduler(
        "asha", {"x": uniform(0, 1), "epochs": 9}, metric="loss", resource_attr="epoch",
        max_resource_attr="epochs", random_seed=3, **options,
    )  # fmt: skip
    tuner = Tuner(
        InlineBackend(lambda c, r: {"loss": c["x"] + 1 / r, "epoch": r}, blocks=blocks),
        scheduler,
        StoppingCriterion(max_num_trials_finished=n), 2, tuner_name="observed",
        suffix_tuner_name=False, display="none", callbacks=list(callbacks),
    )  # fmt: skip
    return tuner, tuner.run()


def test_the_documented_hooks_are_there():
    assert set(HOOKS) == {
        "on_tuning_start", "on_tuning_end", "on_loop_start", "on_loop_end",
        "on_fetch_status_results", "on_trial_complete", "on_trial_result", "on_tuning_sleep",
        "on_start_trial", "on_resume_trial",
    }  # fmt: skip


def test_start_and_end_enclose_everything():
    recorder = Recorder()
    tuner, _ = run(recorder)
    assert recorder.calls[0] == ("on_tuning_start", (tuner,))
    assert recorder.calls[-1] == ("on_tuning_end", ())
    names = [name for name, _ in recorder.calls]
    assert names.count("on_tuning_start") == names.count("on_tuning_end") == 1


@pytest.mark.parametrize("kind", ["stopping", "promotion"])
def test_the_order_within_a_loop(kind):
    recorder = Recorder()
    run(recorder, type=kind)
    inside, fetched, position = False, False, 0
    for position, (name, _) in enumerate(recorder.calls):
        match name:
            case "on_loop_start":
                assert not inside
                inside, fetched = True, False
            case "on_fetch_status_results":
                assert recorder.calls[position - 1][0] == "on_loop_start"
                fetched = True
            case "on_loop_end":
                assert inside
                assert fetched
                inside = False
            case "on_trial_result" | "on_trial_complete" | "on_start_trial" | "on_resume_trial":
                assert inside
                assert fetched
            case "on_tuning_sleep" | "on_tuning_start" | "on_tuning_end":
                assert not inside
    assert position


def test_results_and_their_decisions_are_those_on_record():
    recorder = Recorder()
    _, experiment = run(recorder)
    told = [
        (trial.trial_id, dict(result), decision)
        for name, arguments in recorder.calls if name == "on_trial_result"
        for trial, status, result, decision in [arguments]
    ]  # fmt: skip
    events = list(experiment.events())
    expected = []
    for position, event in enumerate(events):
        if isinstance(event, Reported):
            after = events[position + 1] if position + 1 < len(events) else None
            stops = isinstance(after, Decided) and (after.action, after.trial) == (
                "stop", event.trial
            )  # fmt: skip
            expected.append((event.trial, dict(event.metrics), "STOP" if stops else "CONTINUE"))
    assert told == expected
    assert {decision for *_, decision in told} == {"STOP", "CONTINUE"}
    statuses = {a[1] for name, a in recorder.calls if name == "on_trial_result"}
    assert statuses == {Status.RUNNING.label}, "as it was before the decision"


def test_starts_completions_and_resumptions_are_those_on_record():
    recorder = Recorder()
    _, experiment = run(recorder, type="promotion", n=2)
    events = list(experiment.events())

    def called(name):
        return [arguments[0].trial_id for hook, arguments in recorder.calls if hook == name]

    assert called("on_start_trial") == [e.trial for e in events if isinstance(e, Started)]
    resumed = [e.trial for e in events if isinstance(e, Resumed)]
    assert called("on_resume_trial") == resumed
    assert resumed
    assert called("on_trial_complete") == [
        e.trial for e in events if isinstance(e, Ended) and e.status is Status.COMPLETED
    ]  # fmt: skip
    for name, arguments in recorder.calls:
        if name == "on_trial_complete":
            trial, last = arguments
            assert last["epoch"] == 9
            assert last["loss"] == trial.config["x"] + 1 / 9


def test_trials_carry_their_configuration_and_time():
    recorder = Recorder()
    tuner, experiment = run(recorder)
    created = {}
    for name, arguments in recorder.calls:
        if name in ("on_start_trial", "on_trial_result"):
            trial = arguments[0]
            assert trial.config == tuner.tuning_status.table.configs[trial.trial_id]
            assert created.setdefault(trial.trial_id, trial.creation_time) == trial.creation_time
    began = experiment.metadata["st_tuner_creation_timestamp"]
    starts = {e.trial: e.at for e in experiment.events() if isinstance(e, Started)}
    for trial, time in created.items():
        assert time.timestamp() == pytest.approx(began + starts[trial], abs=1e-3)


def test_fetched_results_are_the_reports_of_the_loop():
    recorder = Recorder()
    _, experiment = run(recorder)
    fetched = []
    for name, arguments in recorder.calls:
        if name == "on_fetch_status_results":
            statuses, results = arguments
            assert set(statuses) == {trial for trial, _ in results}
            assert all(trial.trial_id == key for key, (trial, _) in statuses.items())
            fetched += [(trial, dict(metrics)) for trial, metrics in results]
    assert fetched == [
        (e.trial, dict(e.metrics)) for e in experiment.events() if isinstance(e, Reported)
    ]


def test_reports_in_blocks_are_told_one_by_one():
    recorder = Recorder()
    _, experiment = run(recorder, blocks=True)
    told = [
        (arguments[0].trial_id, *arguments[2:])
        for name, arguments in recorder.calls if name == "on_trial_result"
    ]  # fmt: skip
    rows = list(experiment.rows())
    assert told == [
        (row["trial_id"], {"loss": row["loss"], "epoch": row["epoch"]}, row["decision"])
        for row in rows
    ]
    assert {decision for *_, decision in told} == {"STOP", "CONTINUE"}
    fetched = [a[1] for name, a in recorder.calls if name == "on_fetch_status_results"]
    assert sum(map(len, fetched)) == len(rows)


def test_sleeps_add_up_to_the_time_of_the_run():
    recorder = Recorder()
    tuner, _ = run(recorder)
    slept = [arguments[0] for name, arguments in recorder.calls if name == "on_tuning_sleep"]
    assert all(seconds > 0 for seconds in slept)
    assert sum(slept) == pytest.approx(tuner.tuning_status.wallclock_time)


class Composer(ExtraResultsComposer):
    def __call__(self, tuner):
        return {"n_started": tuner.tuning_status.num_trials_started}

    def keys(self):
        return ["n_started"]


def test_extra_results_are_columns_of_every_row():
    _, experiment = run(StoreResultsCallback(extra_results_composer=Composer()))
    rows = list(experiment.rows())
    started = 0
    events = list(experiment.events())
    expected = []
    for event in events:
        started += isinstance(event, Started)
        if isinstance(event, Reported):
            expected.append(started)
    assert [row["n_started"] for row in rows] == expected
    assert list(rows[0]).index("n_started") < list(rows[0]).index("trial_id")
    import zipfile

    text = zipfile.ZipFile(experiment.path / "results.csv.zip").read("results.csv").decode()
    assert "n_started" in text.splitlines()[0].split(",")


def test_extra_results_reach_the_reports_of_blocks_too():
    composer = StoreResultsCallback(extra_results_composer=Composer())
    _, experiment = run(composer, blocks=True)
    assert all(row["n_started"] > row["trial_id"] for row in experiment.rows())


def test_no_extra_results_add_no_column():
    base = ExtraResultsComposer()
    assert (base(None), base.keys()) == (None, [])
    _, experiment = run(StoreResultsCallback(extra_results_composer=base), StoreResultsCallback())
    assert "n_started" not in next(iter(experiment.rows()))


def test_a_callback_that_raises_is_left_out_and_the_run_goes_on(caplog, monkeypatch):
    monkeypatch.setattr(default_registry(), "strict", False)  # CI turns logged failures into errors

    class Broken(TunerCallback):
        n = 0

        def on_trial_result(self, trial, status, result, decision):
            self.n += 1
            raise RuntimeError("broken callback")

    broken, good = Broken(), Recorder()
    with caplog.at_level(logging.WARNING):
        run(broken, good)
    assert broken.n == 1
    assert good.calls[-1][0] == "on_tuning_end"
    assert "broken callback" in caplog.text


def test_any_object_may_observe():
    seen = []

    class Mine:
        def experiment_start(self, experiment):
            seen.append(experiment.name)

        def columns(self, event):
            return {"double": 2 * event.metrics["loss"]}

        def events(self, events):
            seen.append(len(events))

        def experiment_end(self, reason):
            seen.append(reason)

    _, experiment = run(Mine())
    assert (seen[0], seen[-1]) == ("observed", "max_num_trials_finished=6")
    assert sum(seen[1:-1]) == len(list(experiment.events()))
    assert all(row["double"] == 2 * row["loss"] for row in experiment.rows())


def test_an_object_without_any_hook_is_refused_before_anything_runs():
    class Nothing:
        def experiment_begin(self):
            pass

    with pytest.raises(OptionError, match="callback Nothing has none of the methods"):
        run(Nothing())
    run()


def test_a_stop_at_the_end_of_the_run_is_no_answer_of_the_scheduler():
    recorder = Recorder()
    scheduler = make_scheduler("fifo", {"x": uniform(0, 1)}, metric="loss", random_seed=0)
    Tuner(
        InlineBackend(lambda c, r: {"loss": 1.0}, n_reports=9), scheduler,
        StoppingCriterion(max_num_evaluations=3), display="none", callbacks=[recorder],
    ).run()  # fmt: skip
    decisions = [call[1][3] for call in recorder.calls if call[0] == "on_trial_result"]
    assert decisions == ["CONTINUE"] * 4
