"""Decisions of the documented system, recorded by benchmarks/traces/record_asha.py, made again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from synecore.actions import Ended, Reported, Resumed, Started, Status
from synecore.plugins.make import make_scheduler
from synecore.space import uniform
from synecore.trials import TrialTable
from synecore.tuning.engine import Engine
from synecore_asha.rungs import Rung

TRACES = sorted((Path(__file__).parent / "fixtures").glob("*.json"))


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_decides_what_the_documented_system_decided(path, monkeypatch):
    trace = json.loads(path.read_text())
    asha = make_scheduler(
        "asha", {"x": uniform(0.0, 1.0), "epochs": trace["max_t"]}, metric="value",
        mode=trace["mode"], resource_attr="epoch", max_resource_attr="epochs",
        points_to_evaluate=[], random_seed=0, **trace["options"],
    )  # fmt: skip
    if trace["mode"] == "max":
        monkeypatch.setattr(Rung, "cutoff", cutoff_of_the_other_end)
    brackets = iter([step[1] for step in trace["steps"] if step[0] == "ask"])
    monkeypatch.setattr(asha.brackets, "draw", lambda rng, weights=None: next(brackets))
    engine = Engine(asha, TrialTable(asha.problem, asha.tags))

    for number, (kind, *step) in enumerate(trace["steps"]):
        decided = ask(engine) if kind == "ask" else report(engine, step)
        assert decided == (step[1:] if kind == "ask" else step[3]), f"at step {number}"

    sign = -1.0 if trace["mode"] == "max" else 1.0
    found = [[t, rank, sign * value, level] for t, rank, value, level in asha.paused_trials()]
    if path.stem.endswith("ties"):  # there a promoted trial moves behind its equals
        assert [row[2:] for row in found] == [row[2:] for row in trace["paused_trials"]]
    else:
        assert found == trace["paused_trials"]
    rungs = [list(row) for row in asha.information_for_rungs()]
    assert rungs == trace["information_for_rungs"]
    assert asha.rung_levels == trace["rung_levels"]
    assert np.allclose(asha.brackets.weights, trace["bracket_weights"])


def cutoff_of_the_other_end(rung):
    """The quantile 1 - q of the values to be maximised, as the documented system computes it.

    Equal to ours but for the rounding of 1 - q, by which a value that is exactly the cutoff may
    count as worse. Ours gives the same decisions whether a metric or its negative is reported.
    """
    values = np.array([-value for _, value in reversed(rung.entries())])
    if len(values) < 2:
        return None
    position = (len(values) - 1) * (1.0 - rung.quantile)
    i = int(position)
    g = position - i
    return -float(g * values[i + 1] + (1.0 - g) * values[i])


def ask(engine):
    engine.ask(1, 0.0)
    event = engine.events[-1]
    assert isinstance(event, Started | Resumed)
    kind = "start" if isinstance(event, Started) else "resume"
    return [kind, event.trial, event.milestone]


def report(engine, step):
    trial, resource, value, _ = step
    metrics = {"epoch": resource, "value": value}
    engine.report(Reported(at=0.0, trial=trial, metrics=metrics))
    table = engine.table
    stopped = table.status(trial) is Status.STOPPING
    if stopped or resource >= table.value("until", trial):  # the script ends there by itself
        status = engine.ended(Ended(at=0.0, trial=trial, exit="killed" if stopped else "ok"))
        return "PAUSE" if status is Status.PAUSED else "STOP"
    return "CONTINUE"


def test_there_are_traces_of_both_types():
    assert {path.stem.split("-")[0] for path in TRACES} == {"stopping", "promotion"}
