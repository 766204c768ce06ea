"""The loop: what it asks, stores and starts, in which order, and when it ends."""

from __future__ import annotations

import json
import logging

import attrs
import pytest

from synecore import Experiment, StoppingCriterion, Tuner, make_scheduler
from synecore.actions import (
    Asked,
    Decided,
    DropCheckpoint,
    Ended,
    Pause,
    Reply,
    Reported,
    Resume,
    Retried,
    Start,
    Started,
    Status,
    Stop,
)
from synecore.errors import DeadlockError, ExperimentError
from synecore.problem import Problem
from synecore.space import uniform
from synecore.testing import InlineBackend, ScriptedScheduler, Silence, difference
from synecore.tuning import commands, session
from synecore.tuning.commands import CommandBox

STORE = {"name": "jsonl", "sync": "none"}
NEVER = StoppingCriterion(max_wallclock_time=1000)


def problem(n_reports=3):
    return Problem.create(
        {"x": uniform(0, 1)}, metric="loss", resource_attr="epoch", max_t=n_reports
    )


def start(x=0.5, **options):
    return Start(problem().space.encode([{"x": x}])[0], **options)


def starts(n):
    return [[start(i / 100)] for i in range(1, n + 1)]


def losses(config, resource):
    return {"epoch": resource, "loss": 1 / resource}


class Watched(InlineBackend):
    """Notes what it is asked for, and what it says."""

    def __init__(self, evaluate=losses, **options):
        options.setdefault("on_disk", False)
        super().__init__(evaluate, **options)
        self.calls = []
        self.timeouts = []

    def start(self, job):
        self.calls.append(("start", job.trial))
        super().start(job)

    def stop(self, trial, *, keep_checkpoint):
        self.calls.append(("stop", trial, keep_checkpoint))
        super().stop(trial, keep_checkpoint=keep_checkpoint)

    def delete_checkpoint(self, trial):
        self.calls.append(("delete_checkpoint", trial))

    def poll(self, timeout):
        self.timeouts.append(timeout)
        return super().poll(timeout)


def run(answers, backend=None, criterion=NEVER, *, scheduler=None, n_workers=1, **options):
    """Run a script; the tuner carries backend and scheduler."""
    script = {key: options.pop(key) for key in ("on_report", "on_end") if key in options}
    scheduler = scheduler or ScriptedScheduler(problem(), answers, **script)
    tuner = Tuner(
        backend or Watched(), scheduler, criterion, n_workers, display="none", store=STORE,
        **options,
    )  # fmt: skip
    tuner.run()
    return tuner


def events_of(tuner, *kinds):
    events = Experiment.open(tuner.tuner_path).events()
    return [event for event in events if not kinds or isinstance(event, kinds)]


def replies(tuner):
    return [event.reply for event in events_of(tuner, Asked)]


# ---- asking ------------------------------------------------------------------------------


def test_each_free_worker_is_asked_for_by_itself():
    tuner = run(starts(5), n_workers=3)
    assert {event.n for event in events_of(tuner, Asked)} == {1}
    assert [event.at for event in events_of(tuner, Started)] == [0.0, 0.0, 0.0, 3.0, 3.0]


def test_the_row_of_a_trial_is_there_before_the_next_ask():
    seen = []

    def look(trials):
        seen.append((trials.n_trials, trials.pending()[0].tolist()))
        return [start(len(seen) / 100)]

    run([look] * 3, n_workers=3)
    assert seen == [(0, []), (1, [0]), (2, [0, 1])]


def test_a_batch_is_asked_for_at_once():
    tuner = run([[start(0.1), start(0.2)], [start(0.3)]], n_workers=4,
                asynchronous_scheduling=False)  # fmt: skip
    assert [(e.at, e.n) for e in events_of(tuner, Asked)] == [(0.0, 4), (3.0, 4), (6.0, 4)]
    assert [event.at for event in events_of(tuner, Started)] == [0.0, 0.0, 3.0]


def test_a_scheduler_that_waits_is_asked_again_after_each_report_and_end():
    tuner = run([*starts(1), *[Reply.WAIT] * 4, Reply.EXHAUSTED], n_workers=2)
    kinds = [type(event).__name__ for event in events_of(tuner)]
    assert kinds == [
        "Asked", "Started", "Asked", "Reported", "Asked", "Reported", "Asked", "Reported", "Asked",
        "Ended", "Asked",
    ]  # fmt: skip
    assert replies(tuner) == ["", "wait", "wait", "wait", "wait", "exhausted"]


def test_a_scheduler_is_not_asked_while_all_workers_are_busy():
    tuner = run(starts(2), n_workers=1)
    assert [event.at for event in events_of(tuner, Asked)] == [0.0, 3.0, 6.0]


def test_a_stopping_trial_holds_its_worker_until_its_end():
    backend = Watched(late_reports=2)
    tuner = run(starts(2), backend, on_report=lambda r, t: [Stop(r.trial)])
    assert [event.at for event in events_of(tuner, Started)] == [0.0, 3.0]  # not 1.0
    assert tuner.tuning_status.table.obs("late").tolist() == [False, True, True] * 2


def test_a_used_up_space_ends_the_run_when_nothing_runs_any_more():
    tuner = run(starts(2), n_workers=3)
    assert replies(tuner) == ["", "", "exhausted"]  # not asked again
    assert tuner.tuning_status.num_trials_completed == 2


def test_waiting_for_nothing_is_an_error_that_keeps_what_was_stored():
    scheduler = ScriptedScheduler(problem(), [*starts(1), Reply.WAIT])
    tuner = Tuner(
        Watched(), scheduler, NEVER, display="none", store=STORE, tuner_name="stuck",
        suffix_tuner_name=False,
    )  # fmt: skip
    with pytest.raises(DeadlockError, match="scheduler ScriptedScheduler waits although"):
        tuner.run()
    stored = list(Experiment.open("stuck").events())
    assert isinstance(stored[-2], Ended)
    assert stored[-1].reply == "wait"
    with pytest.raises(ExperimentError, match=r"the last run of 'stuck' failed \(DeadlockError: "):
        tuner.run()


# ---- storing and starting ----------------------------------------------------------------


def test_a_start_is_stored_before_the_backend_hears_of_it():
    found = []

    class Reads(Watched):
        def start(self, job):
            text = (self._context.folder / "journal.jsonl").read_text()
            found.append(f'"e":"started","at":0.0,"trial":{job.trial}' in text.replace(" ", ""))
            super().start(job)

    run([[start(0.1), start(0.2)]], Reads(), n_workers=2, asynchronous_scheduling=False)
    assert found == [True, True]


def test_an_ask_and_its_answer_are_one_append():
    tuner = run([[start(0.1), start(0.2)]], n_workers=2, asynchronous_scheduling=False)
    lines = (tuner.tuner_path / "journal.jsonl").read_text().splitlines()
    kinds = [[event["e"] for event in json.loads(line)["events"]] for line in lines]
    assert ["asked", "started", "started"] in kinds


def test_a_trial_that_cannot_be_started_failed_and_the_others_go_on(caplog):
    class Refuses(Watched):
        def start(self, job):
            if job.trial == 1:
                raise OSError("no more processes")
            super().start(job)

    tuner = run(starts(3), Refuses())
    assert [tuner.tuning_status.table.status(t).name for t in range(3)] == [
        "COMPLETED", "FAILED", "COMPLETED"
    ]  # fmt: skip
    assert "trial 1 could not be started" in caplog.text
    (ended,) = [event for event in events_of(tuner, Ended) if event.trial == 1]
    assert "OSError: no more processes" in ended.error


def test_nothing_is_waited_for_while_there_is_something_to_store():
    class Refuses(Watched):
        def start(self, job):
            if job.trial == 0:
                raise OSError("no more processes")
            super().start(job)

    backend = Refuses()
    run(starts(2), backend)
    assert backend.timeouts[0] == 0.0


def test_a_backend_that_cannot_stop_a_trial_ends_the_run():
    class CannotStop(Watched):
        def stop(self, trial, *, keep_checkpoint):
            raise RuntimeError("no such job")

    with pytest.raises(RuntimeError, match="no such job"):
        run(starts(1), CannotStop(), on_report=lambda r, t: [Stop(r.trial)])


# ---- events of the backend ---------------------------------------------------------------


class Repeats(Watched):
    """Says everything twice."""

    def poll(self, timeout):
        return [event for event in super().poll(timeout) for _ in range(2)]


def test_an_end_that_is_told_twice_counts_once():
    tuner = run(starts(2), Repeats(n_reports=1))
    assert [event.trial for event in events_of(tuner, Ended)] == [0, 1]
    assert tuner.scheduler.ends == [(0, Status.COMPLETED), (1, Status.COMPLETED)]


def test_an_end_of_a_trial_that_ended_changes_nothing():
    class LateEnds(Watched):
        """Tells of the end of trial 0 again, in another way, whenever trial 1 reports."""

        def poll(self, timeout):
            events = list(super().poll(timeout))
            if any(isinstance(event, Reported) and event.trial == 1 for event in events):
                events.append(Ended(at=self.clock.now(), trial=0, exit="failed", error="again"))
            return events

    tuner = run(starts(2), LateEnds())
    assert tuner.tuning_status.table.status(0) is Status.COMPLETED
    assert len(events_of(tuner, Ended)) == 2


def test_events_of_trials_that_were_never_started_are_left_out(caplog):
    class Invents(Watched):
        def poll(self, timeout):
            now = self.clock.now()
            strange = [
                Reported(at=now, trial=7, metrics={"loss": 0.0, "epoch": 1}),
                Ended(at=now, trial=-1, exit="ok"),
            ]
            return [*strange, *super().poll(timeout)]

    tuner = run(starts(1), Invents())
    assert tuner.tuning_status.num_trials_started == 1
    assert tuner.tuning_status.table.n_obs == 3
    assert "the backend tells of trial 7, which was never started" in caplog.text


# ---- the end -----------------------------------------------------------------------------


def test_a_run_ends_at_its_time_and_not_in_a_loop_that_waits_for_nothing():
    backend = Watched(lambda config, resource: Silence.HANG)
    tuner = run(starts(1), backend, StoppingCriterion(max_wallclock_time=2))
    assert tuner.tuning_status.wallclock_time == 2.0
    assert len(backend.timeouts) < 20


def test_no_wait_is_longer_than_the_time_that_is_left():
    backend = Watched(lambda config, resource: Silence.HANG)
    run(starts(1), backend, StoppingCriterion(max_wallclock_time=1.75))
    assert backend.timeouts[:4] == [0.5, 0.5, 0.5, 0.25]


@pytest.mark.parametrize(("sleep_time", "longest"), [(0.1, 0.1), (5.0, 0.5), (0, 0.5)])
def test_the_longest_wait_is_the_users_up_to_half_a_second(sleep_time, longest):
    backend = Watched(n_reports=1)
    tuner = run(starts(1), backend, sleep_time=sleep_time)
    assert max(backend.timeouts) == longest
    assert tuner.tuning_status.num_trials_completed == 1


def test_running_trials_are_stopped_with_the_reason():
    tuner = run(starts(3), n_workers=2, criterion=StoppingCriterion(max_num_evaluations=2))
    stops = events_of(tuner, Decided)
    assert [(e.trial, e.action, e.by) for e in stops] == [
        (0, "stop", "tuner"),
        (1, "stop", "tuner"),
    ]
    assert stops[0].why == {"source": "stop_criterion", "reason": "max_num_evaluations=2"}
    assert [event.status for event in events_of(tuner, Ended)] == [Status.STOPPED] * 2


def test_the_scheduler_may_decide_while_the_last_trials_are_waited_for():
    tuner = run(
        starts(3), n_workers=2, criterion=StoppingCriterion(max_num_evaluations=1),
        wait_trial_completion_when_stopping=True,
        on_report=lambda r, t: [Stop(r.trial)] if r.trial == 1 and r.resource == 2 else [],
    )  # fmt: skip
    table = tuner.tuning_status.table
    assert [table.status(trial) for trial in range(2)] == [Status.COMPLETED, Status.STOPPED]
    assert table.n_trials == 2


def test_trials_that_do_not_end_are_given_up(monkeypatch, caplog):
    class Deaf(Watched):
        def stop(self, trial, *, keep_checkpoint):
            pass

    monkeypatch.setattr(session, "_STOP_PATIENCE", 0.0)
    backend = Deaf(lambda config, resource: Silence.HANG)
    tuner = run(starts(1), backend, StoppingCriterion(max_wallclock_time=1))
    assert tuner.tuning_status.table.status(0) is Status.STOPPED
    assert "trial 0 did not end within 0 s" in caplog.text


def test_trials_that_were_paused_stay_so():
    tuner = run(
        [*starts(1), *starts(1)], criterion=StoppingCriterion(max_num_trials_started=1),
        on_report=lambda r, t: [Pause(r.trial)] if r.trial == 0 else [],
    )  # fmt: skip
    assert tuner.tuning_status.table.status(0) is Status.PAUSED


def test_a_paused_trial_goes_on_from_its_checkpoint():
    tuner = run(
        [*starts(1), [Resume(0)]], on_report=lambda r, t: [Pause(0)] if r.resource == 1 else []
    )
    assert tuner.tuning_status.table.obs("resource").tolist() == [1.0, 2.0, 3.0]
    assert tuner.trial_backend.calls == [
        ("start", 0), ("stop", 0, True), ("start", 0)
    ]  # fmt: skip


# ---- failures ----------------------------------------------------------------------------


def crashes(config, resource):
    raise RuntimeError(f"x is {config['x']}")


@pytest.mark.parametrize("max_failures", [0, 1, 3])
def test_a_run_ends_when_more_trials_failed_than_allowed(max_failures):
    scheduler = ScriptedScheduler(problem(), starts(9))
    tuner = Tuner(
        Watched(crashes), scheduler, NEVER, display="none", store=STORE,
        max_failures=max_failures, tuner_name="failing", suffix_tuner_name=False,
    )  # fmt: skip
    with pytest.raises(ExperimentError) as error:
        tuner.run()
    n = max_failures + 1
    assert tuner.tuning_status.num_trials_failed == n
    said = str(error.value)
    assert said.startswith(
        f"{n} trials failed, more than max_failures={max_failures}; the last was trial "
        f"{n - 1} with {{'x': {n / 100}}}: Traceback"
    )
    assert f"RuntimeError: x is {n / 100}" in said
    assert said.endswith(
        f"Finished trials are kept in {tuner.tuner_path}. Mend the script and `synecore resume "
        f"failing --max-failures {n + max_failures}`: failed trials still count"
    )


def test_the_other_trials_end_before_the_run_does():
    def one_crashes(config, resource):
        if config["x"] == 0.01:
            raise RuntimeError
        return losses(config, resource)

    tuner = Tuner(
        Watched(one_crashes), ScriptedScheduler(problem(), starts(9)), NEVER, 3, display="none",
        store=STORE, max_failures=0,
    )  # fmt: skip
    with pytest.raises(ExperimentError):
        tuner.run()
    table = tuner.tuning_status.table
    assert [table.status(trial).name for trial in range(3)] == ["FAILED", "STOPPED", "STOPPED"]


def test_retried_trials_do_not_count_as_failures():
    failed = set()

    def fails_once(config, resource):
        if resource == 2 and config["x"] not in failed:
            failed.add(config["x"])
            raise RuntimeError
        return losses(config, resource)

    tuner = run(starts(4), Watched(fails_once), max_failures=0, max_retries=1)
    assert tuner.tuning_status.num_trials_completed == 4
    assert tuner.tuning_status.table.trial("attempt").tolist() == [1] * 4
    assert tuner.scheduler.ends == [(trial, Status.COMPLETED) for trial in range(4)]


def test_a_bad_report_is_a_failure_that_says_what_was_wrong():
    tuner = run(
        starts(2),
        Watched(lambda c, r: losses(c, r) if c["x"] > 0.01 else {"epoch": r, "los": 1.0}),
    )
    (decided,) = events_of(tuner, Decided)
    assert (decided.action, decided.by) == ("fail", "tuner")
    assert decided.why["error"] == (
        "metric 'loss' is not in the report; did you mean 'los'?; "
        "the report was {'epoch': 1, 'los': 1.0}"
    )
    assert tuner.tuning_status.num_trials_failed == 1
    assert tuner.tuning_status.num_trials_completed == 1


# ---- commands of users -------------------------------------------------------------------


@pytest.fixture
def command(monkeypatch):
    """Give a command to the running tuner at a moment of its run; its reply is in the list."""
    monkeypatch.setattr(commands, "_LOOK_EVERY", 0.0)
    waiting, replies = [], []

    class Told:
        def __init__(self, do, values):
            self.do, self.values = do, values

        def reply(self, text, *, ok=True):
            replies.append((ok, text))

    def look(box):
        while waiting and waiting[0][0]():
            yield Told(*waiting.pop(0)[1:])

    monkeypatch.setattr(CommandBox, "look", look)

    def give(when, do, **values):
        waiting.append((when, do, values))
        return replies

    return give


def test_a_user_stops_the_run(command):
    backend = Watched()
    replies = command(lambda: backend.clock.now() >= 4, "stop")
    tuner = run(starts(9), backend)
    assert replies == [(True, "stopping")]
    assert tuner.tuning_status.num_trials_started == 2
    assert events_of(tuner, Decided)[0].why["reason"] == "stopped by the user"


def test_a_user_stops_a_trial(command):
    backend = Watched()
    replies = command(lambda: backend.clock.now() >= 4, "stop_trial", trial=1)
    tuner = run(starts(3), backend)
    assert replies == [(True, "trial 1 stops")]
    table = tuner.tuning_status.table
    assert [table.status(t).name for t in range(3)] == ["COMPLETED", "STOPPED", "COMPLETED"]
    (decided,) = events_of(tuner, Decided)
    assert (decided.by, decided.why) == ("user", {"source": "user"})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"trial": 9}, "there is no trial 9; 2 were started"),
        ({"trial": "1"}, "there is no trial '1'; 2 were started"),
        ({"trial": 0}, "trial 0 is completed already"),
        ({}, "'trial'"),
    ],
)
def test_a_trial_that_cannot_be_stopped_is_refused(command, values, said):
    backend = Watched()
    replies = command(lambda: backend.clock.now() >= 4, "stop_trial", **values)
    tuner = run(starts(3), backend)
    assert replies == [(False, said)]
    assert tuner.tuning_status.num_trials_completed == 3


def test_a_user_stops_a_paused_trial(command):
    backend = Watched()
    replies = command(lambda: backend.clock.now() >= 2, "stop_trial", trial=0)
    tuner = run(starts(2), backend, on_report=lambda r, t: [Pause(0)] if r.trial == 0 else [])
    assert replies == [(True, "trial 0 stops")]
    assert tuner.tuning_status.table.status(0) is Status.STOPPED
    assert backend.calls[-1] == ("stop", 0, False)  # it sees to the checkpoint


def fifo(**words):
    return make_scheduler("fifo", {"x": uniform(0, 1)}, metric="loss", random_seed=0, **words)


def test_a_user_adds_a_configuration(command):
    backend = Watched(n_reports=3)
    replies = command(lambda: backend.clock.now() >= 1, "add", config={"x": 0.125})
    tuner = run(None, backend, StoppingCriterion(max_num_trials_started=2), scheduler=fifo())
    assert replies == [(True, "queued {'x': 0.125}")]
    assert tuner.tuning_status.table.configs[1] == {"x": 0.125}
    assert events_of(tuner, Started)[1].why == {"source": "points_to_evaluate"}


@pytest.mark.parametrize(
    ("config", "said"),
    [({"x": 7.0}, "7.0"), ({"y": 1.0}, "'y'"), ({"x": "much"}, "'much'")],
)
def test_a_configuration_outside_the_space_is_refused(command, config, said):
    backend = Watched()
    replies = command(lambda: backend.clock.now() >= 1, "add", config=config)
    run(None, backend, StoppingCriterion(max_num_trials_started=2), scheduler=fifo())
    ((ok, text),) = replies
    assert not ok
    assert said in text


def test_a_configuration_takes_an_exhausted_space_back(command):
    backend = Watched(n_reports=9)
    some = {"name": "random", "restrict_configurations": [{"x": 0.5}, {"x": 0.25}]}
    scheduler = fifo(searcher=some, points_to_evaluate=[])
    command(lambda: backend.clock.now() >= 12, "add", config={"x": 0.25})
    tuner = run(None, backend, scheduler=scheduler, n_workers=1)
    assert tuner.tuning_status.num_trials_started == 3


def test_a_configuration_is_tried_at_once_where_a_worker_is_free(command):
    """Although nothing else happens: the trial that runs hangs, and the scheduler had waited."""
    backend = Watched(lambda config, resource: Silence.HANG)
    command(lambda: backend.clock.now() >= 2, "add", config={"x": 0.25})

    def second(trials):
        new = list(trials.start_points)[1:]
        return [start(new[0]["x"])] if new else Reply.WAIT

    tuner = run([*starts(1), second, second], backend, StoppingCriterion(max_wallclock_time=5),
                n_workers=2)  # fmt: skip
    assert [event.at for event in events_of(tuner, Started)] == [0.0, 2.0]


def test_the_display_is_refreshed_until_the_last_trial_has_ended():
    refreshed = []

    class Shows:
        def experiment_start(self, experiment):
            pass

        events = experiment_end = experiment_start

        def refresh(self, experiment):
            refreshed.append(experiment.status.wallclock_time)

    problem_of = ScriptedScheduler(problem(), starts(1))
    Tuner(
        Watched(late_reports=2), problem_of, StoppingCriterion(max_num_evaluations=0),
        display=Shows(), store=STORE,
    ).run()  # fmt: skip
    assert max(refreshed) == 3.0


def test_an_unknown_command_is_refused(command):
    backend = Watched()
    replies = command(lambda: True, "dance")
    run(starts(1), backend)
    assert replies == [(False, "unknown command 'dance'; known are stop, stop_trial, add")]


# ---- snapshots ---------------------------------------------------------------------------


def snapshots(tuner):
    return sorted(int(p.stem.split("-")[1]) for p in tuner.tuner_path.glob("snapshot-*.json"))


def test_a_snapshot_is_taken_at_a_graceful_end():
    tuner = run(starts(3))
    assert snapshots(tuner) == [len(events_of(tuner))]


def test_no_snapshots_where_none_are_wanted():
    assert snapshots(run(starts(3), save_tuner=False)) == []


def test_no_snapshots_of_a_scheduler_that_is_replayed():
    scheduler = ScriptedScheduler(problem(), starts(3))
    scheduler.state_dict = lambda: None
    assert snapshots(run(None, scheduler=scheduler)) == []


def test_snapshots_are_taken_now_and_then(monkeypatch):
    monkeypatch.setattr(session, "_SNAPSHOT_EVERY", 10)
    taken = []
    scheduler = ScriptedScheduler(problem(), starts(30))
    state_dict = scheduler.state_dict
    scheduler.state_dict = lambda: taken.append(tuner.tuning_status.table.n_obs) or state_dict()
    tuner = Tuner(Watched(), scheduler, NEVER, display="none", store=STORE)
    tuner.run()
    n_events = len(events_of(tuner))
    assert n_events // 20 < len(taken) <= n_events // 10 + 1
    assert taken == sorted(taken)


# ---- the record of it all ----------------------------------------------------------------


def test_what_is_on_record_is_what_the_tuner_saw():
    tuner = run(
        starts(9), n_workers=3, criterion=StoppingCriterion(max_num_evaluations=15),
        on_report=lambda r, t: [Stop(r.trial)] if r.trial % 3 == 1 else [],
    )  # fmt: skip
    status = Experiment.open(tuner.tuner_path).status()
    assert difference(tuner.tuning_status.table, status.table) == ""
    live, read = tuner.tuning_status, status
    assert live.overall_metric_statistics.count == read.overall_metric_statistics.count
    assert live.last_metrics == read.last_metrics
    assert live.summary() == read.summary()


def test_nothing_is_logged_in_an_ordinary_run(caplog):
    with caplog.at_level(logging.INFO):
        run(starts(3))
    assert caplog.text == ""


# ---- checkpoints that nobody needs -------------------------------------------------------


def paused_then_dropped():
    """Two trials pause at 1; the first one's checkpoint is given up then."""

    def on_end(trial, status, trials):
        return [DropCheckpoint(0)] if trial == 1 and status is Status.PAUSED else []

    return [[start(0.1, until=1)], [start(0.2, until=1)]], on_end


def deleted(backend):
    return [call[1] for call in backend.calls if call[0] == "delete_checkpoint"]


@pytest.mark.parametrize("delete_checkpoints", [True, False])
def test_the_backend_says_whether_checkpoints_are_removed(delete_checkpoints, caplog):
    answers, on_end = paused_then_dropped()
    backend = Watched()
    backend.delete_checkpoints = delete_checkpoints
    tuner = run(answers, backend, on_end=on_end)
    dropped = [(e.trial, e.by) for e in events_of(tuner, Decided) if e.action == "drop_checkpoint"]
    warned = "delete_checkpoints=False" in caplog.text
    if delete_checkpoints:
        # What is left goes at the end: nothing is resumed any more.
        assert dropped == [(0, "scheduler"), (1, "tuner")]
        assert deleted(backend) == [0, 1]
        assert not warned
    else:
        assert dropped == [(0, "scheduler")]
        assert deleted(backend) == []
        assert warned


def test_the_checkpoint_of_a_trial_that_completed_before_its_time_goes_too():
    """The backend knows how far it was to run, not how far it came, and takes it for paused."""
    backend = Watched(lambda config, step: losses(config, step) if step < 2 else Silence.DONE)
    backend.delete_checkpoints = True
    run([[start(0.1, until=2)], [start(0.2, until=3)], [start(0.3)]], backend)
    assert deleted(backend) == [0]


def test_the_checkpoint_of_a_trial_that_waits_for_its_retry_goes_with_it():
    def crashes(config, step):
        if config["x"] < 0.15 and step == 2:
            raise RuntimeError("out of luck")
        return losses(config, step)

    backend = Watched(crashes)
    backend.delete_checkpoints = True
    tuner = run(
        starts(15)[9::5], backend, StoppingCriterion(max_num_trials_completed=0),
        n_workers=2, max_retries=1, retry_delay=1000.0,
    )  # fmt: skip
    assert tuner.tuning_status.table.status(0) is Status.STOPPED
    assert ("stop", 0, False) in backend.calls  # upon which it removes the checkpoint


def test_a_paused_trial_that_is_stopped_leaves_its_checkpoint_to_the_backend():
    def on_end(trial, status, trials):
        return [Stop(0)] if trial == 1 and status is Status.PAUSED else []

    backend = Watched()
    run([[start(0.1, until=1)], [start(0.2, until=1)]], backend, on_end=on_end)
    assert backend.calls[-1] == ("stop", 0, False)


class Lost(Watched):
    """Its trials were killed with the last tuner, after they had reported all."""

    delete_checkpoints = True

    def open(self, run):
        super().open(attrs.evolve(run, running=()))
        self.lost = [
            Ended(at=run.now, trial=unfinished.job.trial, exit="killed")
            for unfinished in run.running
        ]

    def poll(self, timeout):
        lost, self.lost = self.lost, []
        return lost or super().poll(timeout)


def test_the_checkpoint_of_a_trial_that_had_all_done_when_the_tuner_was_killed_goes_too():
    class Killed(BaseException):
        pass

    class Dies(Watched):
        def poll(self, timeout):
            events = super().poll(timeout)
            if any(isinstance(event, Ended) for event in events):
                raise Killed
            return events

    name = "killed"
    with pytest.raises(Killed):
        run(starts(1), Dies(), tuner_name=name, suffix_tuner_name=False)
    backend = Lost()
    scheduler = ScriptedScheduler(problem(), starts(1))
    resumed = Tuner.resume(name, scheduler=scheduler, trial_backend=backend, display="none")
    resumed.run()
    assert resumed.tuning_status.table.status(0) is Status.COMPLETED
    assert deleted(backend) == [0]


def test_a_backend_that_does_not_say_removes_what_the_scheduler_gives_up_and_no_more():
    answers, on_end = paused_then_dropped()
    backend = Watched()
    run(answers, backend, on_end=on_end)
    assert deleted(backend) == [0]


# ---- columns of the scheduler ------------------------------------------------------------


class Counting(ScriptedScheduler):
    def columns(self, trials):
        return {"n_trials": trials.n_trials, "n_obs": trials.n_obs, "shared": "scheduler"}


class Sharing:
    def columns(self, experiment, event):
        return {"shared": "observer"}


def test_a_scheduler_adds_columns_after_each_decision():
    tuner = run([], scheduler=Counting(problem(2), starts(2)), callbacks=[Sharing()])
    rows = [event.metrics for event in events_of(tuner, Reported)]
    assert [row["n_trials"] for row in rows] == [1, 1, 2, 2]
    assert [row["n_obs"] for row in rows] == [1, 2, 3, 4]
    assert {row["shared"] for row in rows} == {"observer"}  # the user's own wins
    resumed = Tuner.resume(tuner.tuner_path, scheduler=Counting(problem(2), starts(2)),
                           trial_backend=Watched(), strict=True)  # fmt: skip
    assert resumed.tuning_status.table.n_obs == 4


# ---- the time there is -------------------------------------------------------------------


class Planning(ScriptedScheduler):
    """Starts trials at a tenth of the time budget that it knows."""

    budget: float | None = None

    def set_time_budget(self, seconds):
        self.budget = seconds

    def suggest(self, n, trials, now):
        answer = super().suggest(n, trials, now)
        if isinstance(answer, Reply):
            return answer
        return [start(self.budget / 1000)]


def planning():
    return Planning(problem(), [[start(0.5)]] * 3)


def test_a_scheduler_that_plans_is_told_the_limit_on_time_before_the_first_ask():
    tuner = run([], scheduler=planning(), criterion=StoppingCriterion(max_wallclock_time=100))
    assert [event.config["x"] for event in events_of(tuner, Started)] == pytest.approx([0.1] * 3)


def test_a_replay_knows_the_limit_of_its_time():
    first = StoppingCriterion(max_wallclock_time=100, max_num_trials_started=1)
    tuner = run([], scheduler=planning(), criterion=first)
    tuner.stop_criterion = StoppingCriterion(max_wallclock_time=500)
    tuner.run()
    began = [event.config["x"] for event in events_of(tuner, Started)]
    assert began == pytest.approx([0.1, 0.1, 0.5])
    resumed = Tuner.resume(tuner.tuner_path, scheduler=planning(), trial_backend=Watched(),
                           strict=True)  # fmt: skip
    assert resumed.scheduler.budget == 500
    assert resumed.stop_criterion.max_wallclock_time == 500


# ---- failures that no retry mends --------------------------------------------------------


class Hopeless(Watched):
    def poll(self, timeout):
        return [
            attrs.evolve(event, hopeless=True) if isinstance(event, Ended) else event
            for event in super().poll(timeout)
        ]


def test_a_hopeless_failure_is_not_retried():
    def crash(config, resource):
        raise ValueError("no such optimiser")

    def outcome(backend):
        tuner = run(starts(1), backend, max_retries=3, max_failures=1)
        return len(events_of(tuner, Retried)), events_of(tuner, Ended)[-1].hopeless

    assert outcome(Hopeless(crash)) == (0, True)
    assert outcome(Watched(crash)) == (3, False)
