from __future__ import annotations

import io
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from synecore.space import choice
from synecore_analysis.decisions import LastDecisions
from synecore_analysis.incumbent import BestSoFar
from synecore_analysis.panel import LivePanel
from synecore_analysis.summary import summary_of

WIDE = "活性化関数" * 20  # each letter takes two columns


def shown(
    run: Any, width: int = 100, height: int = 40, encoding: str = "utf-8", **metadata: Any
) -> list[str]:
    """The lines of the panel on a terminal of this size."""
    view = run.view(**metadata)
    decisions = LastDecisions(3)
    decisions.note(run.events)
    best = [BestSoFar(run.problem, i) for i in range(len(run.problem.objectives))]
    for objective in best:
        objective.update(view.status.table)
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(
        file=file, force_terminal=True, width=width, height=height, color_system=None,
        legacy_windows=False,
    )  # fmt: skip
    console.print(LivePanel(view, view.status, best, decisions, 8, 3))
    file.flush()
    return file.buffer.getvalue().decode(encoding).splitlines()


@pytest.fixture
def running(asha: Any) -> Any:
    """Three ended trials, and two that run."""
    third = asha.start(lr=0.25, width=16)
    asha.report(third, 2, 0.3)
    asha.start(act="tanh")
    return asha


def test_shows_what_a_run_looks_like(running: Any) -> None:
    assert shown(running, 78, stop_criterion={"max_wallclock_time": 28}) == [
        "╭─ a-run ────────────────────────────────────────────────────────────────────╮",
        "│ ━━━━━━━━━━━━━━━━━━━━━━━━  25 %  0:07 of 0:28                               │",
        "│ 5 trials · 1 queued · 1 running · 1 paused · 1 stopped · 1 completed       │",
        "│ best loss  0.1 · trial 1, epoch 3, after 0:05                              │",
        "│   lr=0.01  width=32  act=relu                                              │",
        "│        ██████▄▄▄▄▄▄▄▄▄▄▄▂▂▂▂▂▂▁▁▁▁▁▁▁▁▁▁▁▁  0.9 → 0.1                      │",
        "│                                                                            │",
        "│ trial  epoch  loss  configuration                                          │",
        "│     3    2/1   0.3  lr=0.25  width=16  act=relu                            │",
        "│     4    0/1     -  lr=0.1  width=8  act=tanh                              │",
        "│                                                                            │",
        "│    0:01  trial 0 stops: rank 2 of 2 at rung 1, cutoff 0.4, value 0.5       │",
        "│    0:03  trial 2 pauses: rank 2 of 2 at rung 1, cutoff 0.4, value 0.5      │",
        "╰────────────────────────────────────────────────────────────────────────────╯",
    ]


@pytest.mark.parametrize("width", [20, 40, 59, 60, 80, 200])
@pytest.mark.parametrize("height", [4, 8, 14, 24])
def test_fits_every_terminal(running: Any, width: int, height: int) -> None:
    lines = shown(running, width, height, stop_criterion={"max_num_evaluations": 10})
    assert max(map(cell_len, lines)) <= width
    assert len(lines) < height  # so that nothing scrolls
    text = "\n".join(lines)
    assert "7 of 10" in text or width < 40
    assert "best loss" in text or height < 8


def test_wide_letters_are_counted_as_wide(journal: Any) -> None:
    run = journal(space={"act": choice(["relu", WIDE])})
    run.report(run.start(act=WIDE), 1, 0.5)
    assert all(cell_len(line) == 70 for line in shown(run, 70))


def test_a_plain_terminal_gets_plain_letters(running: Any) -> None:
    lines = shown(running, 50, encoding="ascii", stop_criterion={"max_wallclock_time": 28})
    assert all(line.isascii() for line in lines)
    assert lines[1].startswith("######")
    assert any("0.9 -> 0.1" in line for line in lines)
    assert any(line.endswith("...") for line in lines)
    assert shown(running, 80, encoding="ascii")[0].startswith("+- a-run -")


def test_a_run_that_has_only_begun_says_so(journal: Any) -> None:
    lines = shown(journal(), 70)
    assert any("0 trials" in line for line in lines)
    assert any("best loss  nothing reported yet" in line for line in lines)


def test_trials_that_do_not_fit_are_counted(journal: Any) -> None:
    run = journal()
    for i in range(50):
        run.report(run.start(width=i + 2), 1, 0.5)
    text = "\n".join(shown(run))
    assert "and 43 more" in text
    assert "50 trials · 50 running" in text


def test_without_a_resource_reports_are_counted(journal: Any) -> None:
    run = journal(resource_attr=None, max_t=None)
    trial = run.start()
    run.report(trial, 1, 0.5)
    run.report(trial, 2, 0.4)
    lines = shown(run, 50)
    assert any("reports  loss" in line for line in lines)
    assert any("trial 0, after 0:02" in line for line in lines)


def test_several_objectives_have_a_line_each(journal: Any) -> None:
    run = journal(metric=["loss", "accuracy"], mode=["min", "max"])
    run.report(run.start(), 1, 0.5, accuracy=0.8)
    text = "\n".join(shown(run))
    assert "best loss  0.5" in text
    assert "best accuracy  0.8" in text


def test_a_long_configuration_takes_a_few_lines_at_most(asha: Any) -> None:
    lines = shown(asha, 26)
    config = [line for line in lines if line.startswith("  lr=") or line.startswith("  act=")]
    assert "  lr=0.01  width=32" in [line.rstrip() for line in lines]
    assert config[-1].rstrip().endswith("act=relu")


def test_markup_in_names_is_text(journal: Any) -> None:
    run = journal(space={"act": choice(["relu", "[red]x[/]"])})
    run.report(run.start(act="[red]x[/]"), 1, 0.5)
    assert any("act=[red]x[/]" in line for line in shown(run))


def test_the_summary_says_what_was_found_and_where_it_is(asha: Any) -> None:
    view = asha.view()
    best = BestSoFar(asha.problem)
    best.update(view.status.table)
    lines = summary_of(view, view.status, [best], "max_wallclock_time=6")
    assert [line.plain for line in lines] == [
        "a-run ended after 0:06: max_wallclock_time=6",
        "  trials   3 trials, 1 paused, 1 stopped, 1 completed",
        "  best     loss 0.1 (trial 1)",
        "           lr=0.01  width=32  act=relu",
        "  results  experiments/a-run",
        "  plot     synecore plot a-run",
        "  why      synecore why a-run 1",
    ]


def test_the_summary_of_nothing_offers_no_plot(journal: Any) -> None:
    view = journal().view()
    best = BestSoFar(view.problem)
    lines = [line.plain for line in summary_of(view, view.status, [best], "interrupted")]
    assert lines[2:] == ["  best     no loss was reported", "  results  experiments/a-run"]
