"""Checkpoints are kept few: the bound, which go, and what is told of it."""

from __future__ import annotations

import logging
import math

import numpy as np
import pytest

from synecore.actions import Decided, Ended, Reply, Reported, Resumed, Status
from synecore.errors import OptionError
from synecore.plugins.make import make_scheduler
from synecore.protocols import AddsColumns, BudgetAware
from synecore.space import uniform
from synecore.testing.fakes import through_json
from synecore.trials import TrialTable
from synecore.tuning.engine import Engine
from synecore.tuning.explain import in_words
from synecore.tuning.replay import replay
from synecore_asha.victims import LeastExpectedLoss

SPACE = {"x": uniform(0.0, 1.0), "epochs": 27}
WORDS = {
    "metric": "loss", "resource_attr": "epoch", "max_resource_attr": "epochs",
    "points_to_evaluate": [], "type": "promotion",
}  # fmt: skip
SECONDS = 80.0


def build(max_num_checkpoints=8, *, seed=0, space=SPACE, budget=SECONDS, removal=None, **options):
    removal = {"max_num_checkpoints": max_num_checkpoints, **(removal or {})}
    scheduler = make_scheduler(
        "asha", space, random_seed=seed, early_checkpoint_removal_kwargs=removal,
        **{**WORDS, **options},
    )  # fmt: skip
    scheduler.set_time_budget(budget)
    return scheduler


def curve(config, epoch):
    """Loss curves that cross."""
    x = config["x"]
    return {"epoch": epoch, "loss": x + (1.0 + x * math.sin(40.0 * x)) / epoch**0.7}


USELESS = {"source": "the trial is never resumed"}


def dropped(run, useless=False):
    """Checkpoints given up, of trials that may be resumed or of those that are not."""
    drops = [e for e in run.events if isinstance(e, Decided) and e.action == "drop_checkpoint"]
    return [event for event in drops if (event.why == USELESS) is useless]


# ---- the bound ------------------------------------------------------------------------------


@pytest.mark.parametrize("baseline", [None, "random", "by_level"])
@pytest.mark.parametrize(
    "options",
    [
        {}, {"brackets": 3}, {"brackets": 3, "rung_system_per_bracket": True},
        {"space": {"x": uniform(0.0, 1.0)}, "max_resource_attr": None, "max_t": 27},
    ],
    ids=["plain", "brackets", "systems", "paused from outside"],
)  # fmt: skip
def test_there_are_never_more_checkpoints_than_allowed(on_disk, baseline, options):
    run = on_disk(build(6, removal={"baseline": baseline}, **options), curve).until(SECONDS)

    assert run.disk.most == 6  # all that is allowed is used
    assert run.replies == []  # and nobody waits for it
    assert run.scheduler.checkpoint_removal.num_checkpoints_removed > 20


@pytest.mark.parametrize("seed", range(4))
def test_the_bound_holds_with_failures_early_ends_retries_and_users(on_disk, seed):
    rng = np.random.default_rng(seed)

    def troubled(config, epoch):
        fate = int(config["x"] * 1e6) % 10
        if fate % 2 == 0 and epoch == 2:
            raise RuntimeError("out of memory")
        if fate == 1:
            return {"epoch": epoch, "loss": math.nan}
        return curve(config, epoch)

    run = on_disk(build(5, seed=seed), troubled, n_workers=3, max_retries=1)
    while run.now < SECONDS:
        run.step()
        if rng.random() < 0.2:
            status = run.table.trial("status")
            some = np.flatnonzero((status <= Status.RUNNING) | (status == Status.PAUSED))
            if len(some):
                run.engine.decide("stop", int(rng.choice(some)), run.now, by="user")
                run.commit()
        assert len(run.disk.holds) <= 5

    assert run.disk.most == 5
    counts = np.bincount(run.table.trial("status"), minlength=7)
    assert counts[Status.FAILED] > 0
    assert counts[Status.STOPPED] > 3
    again = build(5, seed=seed)
    engine = Engine(again, TrialTable(again.problem, again.tags), max_retries=1)
    assert replay(engine, run.events) == []


@pytest.mark.parametrize(("limit", "workers"), [(2, 1), (3, 2), (5, 4)])
def test_one_checkpoint_beside_those_of_the_workers_is_enough(on_disk, limit, workers):
    run = on_disk(build(limit), curve, n_workers=workers).until(60.0)

    assert run.disk.most == limit
    assert run.replies == []


def test_more_workers_wait_until_there_is_room(on_disk):
    run = on_disk(build(8), curve, n_workers=3).until(50.0)
    run.n_workers = 7
    run.step()
    assert Reply.WAIT in run.replies
    run.until(100.0)

    assert run.disk.most == 8
    assert run.table.n_busy >= 6
    busy = [len(run.table.busy())]
    while run.now < SECONDS:
        run.step()
        busy.append(run.table.n_busy)
    assert set(busy) <= {6, 7}
    assert run.replies.count(Reply.WAIT) < 10


def test_workers_that_begin_before_the_last_trial_has_ended_wait_for_room(on_disk):
    outside = {"space": {"x": uniform(0.0, 1.0)}, "max_resource_attr": None, "max_t": 27}
    run = on_disk(build(5, **outside), curve, n_workers=4, late_reports=1)
    most_busy = 0
    while run.now < SECONDS:
        while run.table.n_busy - run.table.count(Status.STOPPING) < 4:
            answer = run.engine.ask(1, run.now)
            run.commit()
            if answer is Reply.WAIT:
                break
        most_busy = max(most_busy, run.table.n_busy)
        for event in run.disk.poll(math.inf):
            (run.engine.ended if isinstance(event, Ended) else run.engine.report)(event)
        run.commit()

    assert most_busy == 5
    assert run.disk.most == 5


def test_a_batch_is_no_larger_than_there_is_room_for(on_disk):
    run = on_disk(build(8), curve, n_workers=3).until(50.0)
    while run.table.n_busy:
        for event in run.disk.poll(math.inf):
            (run.engine.ended if isinstance(event, Ended) else run.engine.report)(event)
        run.commit()
    kept = len(run.disk.holds)
    begun = run.engine.ask(7, run.now)
    run.commit()

    assert 0 < len(begun) <= 7
    without = [t for t in begun if t not in run.disk.holds]
    assert kept + len(without) <= 8


def test_too_few_checkpoints_for_the_workers_are_refused_at_the_first_chance(on_disk):
    run = on_disk(build(4), curve, n_workers=4)

    with pytest.raises(OptionError, match=r"larger than the number of workers.*: 4, with 4 work"):
        run.step()


def test_a_trial_that_is_about_to_go_on_keeps_its_checkpoint(on_disk):
    """It needs no room: where it goes on, it brings its own."""
    run = on_disk(build(2, removal={"baseline": "by_level"}), curve, n_workers=1).until(60.0)

    # A trial is alone with its checkpoint, and is promoted the moment it is good enough.
    assert run.scheduler.checkpoint_removal.extra_results()["num_trials_resumed"] > 5
    for number, event in enumerate(run.events):
        if isinstance(event, Resumed) and "checkpoint" in event.why:
            before = [e for e in run.events[max(0, number - 4) : number] if isinstance(e, Decided)]
            assert event.trial not in [e.trial for e in before if e.action == "drop_checkpoint"]


# ---- who goes -------------------------------------------------------------------------------


def test_the_checkpoint_with_the_least_score_goes(on_disk):
    run = on_disk(build(8), curve)
    victims = run.scheduler.checkpoint_removal.victims
    seen = []
    choose = victims.choose

    def watched(candidates, n, now):
        chosen = choose(candidates, n, now)
        scores = victims.probabilities(candidates, now) * [c.level for c in candidates]
        assert sorted(why["score"] for _, why in chosen) == sorted(scores)[:n]
        seen.append(len(candidates))
        for c in candidates:  # ranks are those of the table
            at = run.table.obs("at_milestone") & (run.table.obs("resource") == c.level)
            values = run.table.obs("y")[at, 0]
            own = values[run.table.obs("trial")[at] == c.trial]
            assert (c.rank, c.rung_len) == (1 + (values < own).sum(), at.sum())
        return chosen

    victims.choose = watched
    run.until(SECONDS)
    assert len(seen) > 30
    assert max(seen) >= 4


def test_the_reason_shows_level_rank_probability_and_score(on_disk):
    run = on_disk(build(8), curve).until(60.0)

    for event in dropped(run):
        why = event.why
        assert why["score"] == pytest.approx(why["rung"] * why["probability_resumed"])
        assert 1 <= why["rank"] <= why["of"]
    words = in_words(dropped(run)[-1].why)
    assert words.startswith("least expected loss, rank ")
    assert ", probability resumed " in words
    assert ", score " in words


def test_a_trial_that_diverged_or_is_over_loses_its_checkpoint_at_once(on_disk):
    def troubled(config, epoch):
        if config["x"] < 0.2:
            return {"epoch": epoch, "loss": math.inf}
        if config["x"] < 0.4 and epoch == 2:
            raise RuntimeError
        return curve(config, epoch)

    run = on_disk(build(20), troubled).until(40.0)
    useless = {event.trial for event in dropped(run, useless=True)}
    status, x = run.table.trial("status"), run.table.trial("x")[:, 0]
    diverged = (status == Status.PAUSED) & (x < 0.2)

    assert useless == set(np.flatnonzero(diverged | (status > Status.PAUSED)))
    assert (status == Status.FAILED).any()
    assert diverged.any()


def test_random_removal_follows_the_seed_and_disturbs_nothing_else(on_disk):
    runs = [
        on_disk(build(6, seed=seed, removal={"baseline": "random"}), curve).until(40.0)
        for seed in (0, 0, 1)
    ]
    gone = [[event.trial for event in dropped(run)] for run in runs]

    assert gone[0] == gone[1] != gone[2]
    other = on_disk(build(6, seed=0, removal={"baseline": "by_level"}), curve).until(40.0)
    n = min(run.table.n_trials for run in (runs[0], other))
    assert n > 10
    assert np.array_equal(runs[0].table.trial("x")[:n], other.table.trial("x")[:n])


# ---- estimates ------------------------------------------------------------------------------


def test_each_arrival_is_compared_with_the_trials_paused_there_with_a_checkpoint():
    scheduler = build(50, removal={"min_data_at_rung": 3})
    engine = Engine(scheduler, TrialTable(scheduler.problem, scheduler.tags))
    victims = scheduler.checkpoint_removal.victims
    assert isinstance(victims, LeastExpectedLoss)

    for _ in range(3):
        engine.ask(1, 0.0)
    for trial, loss in enumerate([0.5, 0.7, 0.6]):  # 0, then 1, then 2 pairs; one is better
        engine.report(Reported(at=1.0, trial=trial, metrics={"epoch": 1, "loss": loss}))
        engine.ended(Ended(at=1.0, trial=trial, exit="ok"))
    level_one = victims.estimator_for_rung(1)
    assert (level_one.num_one, level_one.num_total) == (1, 3)
    assert level_one.posterior_mean() == pytest.approx((0.66 + 1) / (2 + 3))
    assert victims.estimator_for_rung(3) is victims.estimator_for_rung(9)
    assert victims.estimator_for_rung(3) is not level_one  # the one of all rungs
    assert victims.estimator_for_rung(3).num_total == 3


def test_only_more_time_makes_it_likely_that_a_bad_trial_is_resumed(on_disk):
    chances = {}
    for budget in (45.0, 400.0):
        run = on_disk(build(8, budget=budget), curve).until(40.0)
        removal = run.scheduler.checkpoint_removal
        candidates = [removal._candidate(trial) for trial in sorted(removal._kept)]
        chances[budget] = removal.victims.probabilities(candidates, run.now).sum()
    assert chances[400.0] > chances[45.0]


# ---- options --------------------------------------------------------------------------------


def test_the_time_of_the_criterion_comes_before_that_of_the_option():
    victims = build(8, budget=100.0, removal={"max_wallclock_time": 60}).checkpoint_removal.victims

    assert isinstance(build(), BudgetAware)
    assert victims.max_wallclock_time == 100.0
    victims.set_time_budget(None)
    assert victims.max_wallclock_time == 60.0


def test_without_a_limit_on_time_the_first_ask_says_what_to_do(on_disk):
    run = on_disk(build(8, budget=None), curve)

    with pytest.raises(OptionError, match=r"Give the stopping criterion a max_wallclock_time, or"):
        run.step()
    on_disk(build(8, budget=None, removal={"baseline": "by_level"}), curve).until(20.0)
    on_disk(build(8, budget=None, removal={"max_wallclock_time": 50.0}), curve).until(20.0)


def test_after_the_time_is_over_only_those_within_the_cutoff_count(on_disk):
    run = on_disk(build(6, budget=20.0), curve).until(60.0)

    late = [event.why for event in dropped(run) if event.at > 20.0]
    assert len(late) > 5
    assert {why["probability_resumed"] for why in late} <= {0.0, 1.0}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "missing option 'max_num_checkpoints'"),
        ({"max_num_checkpoint": 4}, "unknown option 'max_num_checkpoint', did you mean 'max_num_"),
        ({"max_num_checkpoints": 1}, "'max_num_checkpoints' must be >= 2: 1"),
        ({"max_num_checkpoints": 9, "approx_steps": 0}, "'approx_steps' must be >= 1: 0"),
        ({"max_num_checkpoints": 9, "prior_beta_mean": 1.5}, "'prior_beta_mean' must be < 1: 1.5"),
        ({"max_num_checkpoints": 9, "baseline": "rank"}, "'baseline' must be 'random' or 'by_lev"),
        (10, "'early_checkpoint_removal_kwargs' must be a mapping or None: 10"),
    ],
)
def test_wrong_options_say_what_is_wrong(given, message):
    with pytest.raises(OptionError) as error:
        make_scheduler("asha", SPACE, random_seed=0, early_checkpoint_removal_kwargs=given, **WORDS)

    assert message in str(error.value)
    assert "early_checkpoint_removal_kwargs" in str(error.value)


def test_options_may_come_from_a_command_line():
    scheduler = make_scheduler(
        "asha", SPACE, random_seed=0, **WORDS,
        early_checkpoint_removal_kwargs='{"max_num_checkpoints": "10"}',
    )  # fmt: skip

    assert scheduler.checkpoint_removal.max_num_checkpoints == 10


def test_trials_that_never_pause_keep_the_option_without_effect(on_disk, caplog):
    with caplog.at_level(logging.WARNING):
        scheduler = build(8, type="stopping")

    assert scheduler.checkpoint_removal is None
    assert [record.getMessage() for record in caplog.records] == [
        "scheduler 'asha': 'early_checkpoint_removal_kwargs' has no effect with type='stopping', "
        "which pauses no trial."
    ]
    run = on_disk(scheduler, curve).until(30.0)
    assert dropped(run) == []
    assert not isinstance(scheduler, AddsColumns)


def test_without_the_option_no_checkpoint_is_given_up(on_disk):
    scheduler = make_scheduler("asha", SPACE, random_seed=0, **WORDS)
    run = on_disk(scheduler, curve).until(40.0)

    assert dropped(run) == []
    assert run.disk.most > 20


# ---- figures --------------------------------------------------------------------------------


def test_what_became_of_it_is_counted(on_disk):
    run = on_disk(build(5, removal={"baseline": "random"}), curve).until(SECONDS)
    removal = run.scheduler.checkpoint_removal
    gone, without, resumed = {}, [], 0
    speculative = {id(event): event for event in dropped(run)}
    for event in run.events:
        if id(event) in speculative:
            gone[event.trial] = event.why["rung"]
        if isinstance(event, Resumed):
            resumed += 1
            assert (event.why.get("checkpoint") == "removed") is (event.trial in gone)
            if event.trial in gone:
                without.append((event.trial, gone.pop(event.trial)))

    assert without
    assert removal.trials_resumed_without_checkpoint() == without
    assert removal.num_checkpoints_removed == len(dropped(run))
    assert isinstance(run.scheduler, AddsColumns)
    assert run.scheduler.columns(run.table) == {
        "num_checkpoints_removed": len(dropped(run)),
        "num_trials_resumed": resumed,
        "cost_resources": sum(level for _, level in without),
    }
    assert removal.extra_results_keys() == list(removal.extra_results())


def test_a_trial_resumed_without_checkpoint_repeats_and_is_judged_once(on_disk):
    run = on_disk(build(5, removal={"baseline": "random"}), curve).until(SECONDS)
    table, without = run.table, run.scheduler.checkpoint_removal.trials_resumed_without_checkpoint()
    ended = {trial for trial, _ in without} - set(table.busy().tolist())

    assert ended
    for trial in ended:
        rows = table.obs("trial") == trial
        repeated = table.obs("resource")[rows & table.obs("repeat")]
        lost = [level for other, level in without if other == trial]
        assert len(repeated) == sum(lost)
        own = table.obs("resource")[rows & ~table.obs("repeat")]
        assert own.tolist() == list(range(1, len(own) + 1))


# ---- state ----------------------------------------------------------------------------------


@pytest.mark.parametrize("baseline", [None, "random"])
def test_a_run_goes_on_from_a_state_as_it_would_have(on_disk, baseline):
    removal = {"baseline": baseline}
    run = on_disk(build(6, removal=removal), curve).until(40.0)
    state, n = through_json(run.scheduler.state_dict()), len(run.events)
    run.until(SECONDS)

    again = build(6, budget=None, removal=removal)  # the time is in the state, too
    table = TrialTable(again.problem, again.tags)
    for event in run.events[:n]:
        table.apply(event)
    again.load_state_dict(state)
    assert replay(Engine(again, table), run.events[n:], n) == []
    figures = run.scheduler.checkpoint_removal.extra_results()
    assert again.checkpoint_removal.extra_results() == figures


@pytest.mark.parametrize("systems", [False, True])
def test_from_the_table_alone_the_same_checkpoints_are_known(on_disk, systems):
    options = {"brackets": 2, "rung_system_per_bracket": True} if systems else {}
    run = on_disk(build(7, **options), curve)
    twin, most = build(7, **options), 0
    while run.now < 25.0:
        run.step()
        twin.rebuild(run.table)
        own, other = run.scheduler.checkpoint_removal, twin.checkpoint_removal
        assert other._kept == own._kept
        learned, known = (r.victims.estimator_for_rung(0).num_total for r in (other, own))
        assert learned <= known  # from the trials that still have their checkpoint
        most = max(most, learned)
    assert most > 3
    run.scheduler.rebuild(run.table)
    run.until(SECONDS)
    assert run.disk.most == 7


def test_a_paused_trial_that_the_user_stopped_loses_its_checkpoint_even_after_a_rebuild(on_disk):
    run = on_disk(build(6), curve).until(40.0)
    status, has = run.table.trial("status"), run.table.trial("checkpoint")
    trial = int(np.flatnonzero((status == Status.PAUSED) & has)[0])
    run.engine.decide("stop", trial, run.now, by="user")
    run.commit()
    run.scheduler.rebuild(run.table)
    assert trial in run.disk.holds
    run.until(SECONDS)

    assert trial in [event.trial for event in dropped(run, useless=True)]
    assert run.disk.most == 6


def test_checkpoints_that_went_with_the_end_of_a_run_are_not_counted_on(on_disk):
    run = on_disk(build(6), curve).until(60.0)
    for trial in map(int, np.flatnonzero(run.table.trial("status") == Status.PAUSED)):
        if run.table.trial("checkpoint")[trial]:
            run.engine.decide("drop_checkpoint", trial, run.now, by="tuner")
    run.commit()
    n_removed = run.scheduler.checkpoint_removal.num_checkpoints_removed
    run.step()

    assert run.scheduler.checkpoint_removal.num_checkpoints_removed == n_removed
    run.until(SECONDS)
    assert run.disk.most == 6
