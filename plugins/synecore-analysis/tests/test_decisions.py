from __future__ import annotations

from typing import Any

from synecore.actions import Asked, Decided, Retried, Status
from synecore_analysis.decisions import LastDecisions


def lines_of(events: Any, most: int = 10) -> list[str]:
    decisions = LastDecisions(most)
    decisions.note(events)
    return [f"{line.at:g} {line.trial} {line.text}" for line in decisions.lines(most)]


def test_decisions_are_told_with_the_figures_they_rest_on(asha: Any) -> None:
    asha.resume(2)
    assert lines_of(asha.events) == [
        "1 0 stops: rank 2 of 2 at rung 1, cutoff 0.4, value 0.5",
        "3 2 pauses: rank 2 of 2 at rung 1, cutoff 0.4, value 0.5",
        "6 2 resumes, to run until 27",
    ]


def test_a_failure_is_told_by_the_last_line_of_its_error(journal: Any) -> None:
    run = journal()
    run.start()
    run.end(0, Status.FAILED, error="Traceback\n  File x\nValueError: too large\n\n")
    run.events.append(Retried(at=1.0, trial=0, attempt=1, error="killed"))
    assert lines_of(run.events) == [
        "0 0 failed: ValueError: too large",
        "1 0 is tried again, attempt 1: killed",
    ]


def test_users_and_milestones_are_named() -> None:
    events = [
        Asked(at=0.0, n=1),
        Decided(at=1.0, trial=4, action="update", milestone=9.0),
        Decided(at=2.0, trial=4, action="update"),
        Decided(at=3.0, trial=4, action="drop_checkpoint"),
        Decided(at=4.0, trial=4, action="stop", by="user"),
    ]
    assert lines_of(events) == ["1 4 goes on to 9", "2 4 goes on", "4 4 stops by the user"]


def test_only_the_last_ones_are_kept() -> None:
    events = [Decided(at=float(i), trial=i, action="stop") for i in range(100)]
    assert lines_of(events, 2) == ["98 98 stops", "99 99 stops"]
    assert lines_of(events, 0) == []
