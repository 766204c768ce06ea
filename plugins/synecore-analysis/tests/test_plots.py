from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from synecore.actions import Status
from synecore.errors import OptionError
from synecore_analysis import (
    as_result,
    draw_best,
    draw_curves,
    draw_trials,
    plot_best,
    plot_curves,
    plot_experiment,
    plot_trials,
)
from synecore_analysis.best_plot import incumbents
from synecore_analysis.curves import curves_of


def drawn(draw: Any, result: Any, *arguments: Any, **options: Any) -> Any:
    figure = Figure()
    axes = figure.add_subplot()
    draw(axes, result, *arguments, **options)
    return axes


def entries(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.figure.legends[0].get_texts()]


def line(axes: Any, label: str) -> Any:
    return next(line for line in axes.lines if line.get_label() == label)


# ---- the best value over time ------------------------------------------------------------


def test_the_best_value_is_a_step_line_to_the_end(asha: Any, write: Any) -> None:
    result = as_result(write(asha))
    axes = drawn(draw_best, result)
    step = line(axes, "best so far")
    assert step.get_drawstyle() == "steps-post"
    assert step.get_xdata().tolist() == [1.0, 2.0, 4.0, 5.0, 6.0]
    assert step.get_ydata().tolist() == [0.9, 0.4, 0.2, 0.1, 0.1]
    assert axes.get_xlabel() == "time since the start (s)"


def test_all_reports_are_points_behind_it(asha: Any, write: Any) -> None:
    axes = drawn(draw_best, as_result(write(asha)))
    points, step = line(axes, "a report"), line(axes, "best so far")
    assert points.get_ydata().tolist() == [0.9, 0.4, 0.5, 0.2, 0.1, 0.15]
    assert axes.lines.index(points) < axes.lines.index(step)


def test_the_title_names_the_experiment_and_the_best_value(asha: Any, write: Any) -> None:
    axes = drawn(draw_best, as_result(write(asha)))
    assert axes.get_title(loc="left").strip() == "a-run"
    assert axes.texts[0].get_text() == "best loss: 0.1 (trial 1, after 5 s)"
    assert entries(axes) == ["a report", "best so far", "best report"]


def test_the_best_of_a_maximized_metric_rises(journal: Any, write: Any) -> None:
    run = journal(metric="accuracy", mode="max")
    trial = run.start()
    for epoch, value in enumerate([0.2, 0.1, math.nan, 0.6, math.inf, 0.5], 1):
        run.report(trial, epoch, value)
    times, values = incumbents(as_result(write(run)))
    assert times.tolist() == [1.0, 4.0]
    assert values.tolist() == [0.2, 0.6]


def test_the_step_line_can_be_given_another_look(asha: Any, write: Any) -> None:
    axes = drawn(draw_best, as_result(write(asha)), 0, color="red", label="mine")
    assert line(axes, "mine").get_color() == "red"


def test_long_experiments_are_shown_in_minutes(journal: Any, write: Any) -> None:
    run = journal()
    trial = run.start()
    for minute in range(10):
        run.now = 60.0 * minute - 1
        run.report(trial, minute + 1, 1.0 / (minute + 1))
    axes = drawn(draw_best, as_result(write(run)))
    assert axes.get_xlabel() == "time since the start (min)"
    assert line(axes, "best so far").get_xdata()[-1] == pytest.approx(9.0)


# ---- curves ------------------------------------------------------------------------------


def test_a_curve_holds_a_trials_reports_over_its_resource(asha: Any, write: Any) -> None:
    curves = list(curves_of(as_result(write(asha))))
    assert [curve.trial for curve in curves] == [0, 1, 2]
    assert [curve.status for curve in curves] == ["Stopped", "Completed", "Paused"]
    assert curves[1].resource.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert curves[1].y.tolist() == [0.4, 0.2, 0.1, 0.15]


def test_reports_are_counted_where_there_is_no_resource(journal: Any, write: Any) -> None:
    run = journal(resource_attr=None, max_t=None)
    for trial in (run.start(), run.start(width=9)):
        run.report(trial, 7, 0.5)
        run.report(trial, 7, 0.4)
    result = as_result(write(run))
    assert [curve.resource.tolist() for curve in curves_of(result)] == [[1.0, 2.0], [1.0, 2.0]]
    assert drawn(draw_curves, result).get_xlabel() == "report"


def test_learning_curves_tell_apart_how_trials_ended(asha: Any, write: Any) -> None:
    axes = drawn(draw_curves, as_result(write(asha)))
    assert entries(axes) == ["completed", "paused", "stopped", "best trial", "best report"]
    colors = {line(axes, name).get_color() for name in entries(axes)[:3]}
    markers = {line(axes, name).get_marker() for name in entries(axes)[:3]}
    assert len(colors) == len(markers) == 3
    assert axes.get_xlabel() == "epoch"
    assert axes.texts[0].get_text() == "loss of 3 trials; best 0.1 (trial 1, epoch 3)"


def test_the_best_report_is_marked_where_it_was_made(asha: Any, write: Any) -> None:
    result = as_result(write(asha))
    star = line(drawn(draw_curves, result), "best report")
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (3.0, 0.1)
    star = line(drawn(draw_trials, result), "best report")
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (5.0, 0.1)


def test_rungs_are_labelled_on_a_logarithmic_axis(journal: Any, write: Any) -> None:
    run = journal()
    for rung, n in ((1, 6), (3, 4), (9, 3), (27, 2)):
        for _ in range(n):
            trial = run.start(width=run.n_trials + 2)
            for epoch in range(1, rung + 1):
                run.report(trial, epoch, 1.0 / epoch)
            run.end(trial, Status.COMPLETED if rung == 27 else Status.STOPPED)
    axes = drawn(draw_curves, as_result(write(run)))
    assert axes.get_xscale() == "log"
    assert axes.get_xticks().tolist() == [27.0, 9.0, 3.0, 1.0]


def test_a_single_long_curve_stays_linear(journal: Any, write: Any) -> None:
    run = journal()
    trial = run.start()
    for epoch in range(1, 28):
        run.report(trial, epoch, 1.0 / epoch)
    assert drawn(draw_curves, as_result(write(run))).get_xscale() == "linear"


def test_a_trial_that_began_again_leaves_a_gap(journal: Any, write: Any) -> None:
    run = journal()
    again, best = run.start(), run.start(width=9)
    for epoch in (1, 2, 1, 2, 3):
        run.report(again, epoch, 0.5)
    run.report(best, 1, 0.1)
    axes = drawn(draw_curves, as_result(write(run)))
    collection = next(c for c in axes.collections if isinstance(c, LineCollection))
    (points,) = [path.vertices for path in collection.get_paths()]
    assert np.isnan(points[:, 0]).tolist() == [False, False, True, False, False, False]


def test_trials_over_time_share_their_looks(asha: Any, write: Any) -> None:
    axes = drawn(draw_trials, as_result(write(asha)))
    assert entries(axes) == ["completed", "paused", "stopped", "best trial", "best report"]
    assert axes.get_xlabel() == "time since the start (s)"
    assert axes.texts[0].get_text() == "loss of 3 trials; best 0.1 (trial 1, after 5 s)"


# ---- files -------------------------------------------------------------------------------


def test_figures_go_to_the_experiments_folder_by_default(asha: Any, write: Any) -> None:
    folder = write(asha)
    assert plot_best(folder) == folder / "best.png"
    assert plot_trials(as_result(folder)) == folder / "trials.png"
    assert plot_curves(str(folder)) == folder / "curves.png"


def test_a_png_is_large_enough_to_read_and_not_empty(asha: Any, write: Any, tmp_path: Path) -> None:
    path = plot_experiment(write(asha), "curves", tmp_path / "figure.png")
    pixels = matplotlib.image.imread(path)
    assert pixels.shape[:2] == (675, 1080)
    assert pixels[..., :3].min() < 0.2  # there is ink


@pytest.mark.parametrize("kind", ["best", "trials", "curves"])
def test_an_empty_experiment_gives_a_figure_that_says_so(
    journal: Any, write: Any, kind: str
) -> None:
    result = as_result(write(journal()))
    draw = {"best": draw_best, "trials": draw_trials, "curves": draw_curves}[kind]
    axes = drawn(draw, result)
    assert "nothing to plot" in [text.get_text() for text in axes.texts]
    assert any("no trial has started yet" in text.get_text() for text in axes.texts)
    assert plot_experiment(result, kind).is_file()


def test_an_unknown_kind_of_plot_is_named(asha: Any, write: Any) -> None:
    with pytest.raises(OptionError) as raised:
        plot_experiment(write(asha), "curve")
    assert str(raised.value) == (
        "no kind of plot is called 'curve'; did you mean 'curves'?; there are best, trials, curves"
    )


def test_a_wrong_metric_is_an_error_before_a_file_is_made(asha: Any, write: Any) -> None:
    folder = write(asha)
    with pytest.raises(OptionError, match="its objectives are loss"):
        plot_best(folder, metric="los")
    assert not (folder / "best.png").exists()
