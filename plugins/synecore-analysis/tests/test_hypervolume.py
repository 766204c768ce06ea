from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synecore.errors import OptionError
from synecore_analysis import as_result
from synecore_analysis.hypervolume import cumulative_hypervolume, hypervolume


def by_inclusion_and_exclusion(Y: np.ndarray, reference: np.ndarray) -> float:
    """The volume of a union of boxes, from the volumes of all their intersections."""
    boxes = [y for y in Y if (y < reference).all()]
    total = 0.0
    for n in range(1, len(boxes) + 1):
        for some in itertools.combinations(boxes, n):
            total += (-1) ** (n + 1) * np.prod(reference - np.max(some, axis=0))
    return total


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_equals_the_volume_of_the_union_of_boxes(m: int) -> None:
    rng = np.random.default_rng(m)
    for n in range(9):
        Y = rng.integers(0, 6, (n, m)) / 4.0  # ties, repeats, and points beyond the reference
        reference = np.ones(m)
        assert hypervolume(Y, reference) == pytest.approx(by_inclusion_and_exclusion(Y, reference))


def test_a_known_front() -> None:
    Y = np.array([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0], [3.0, 3.0]])
    assert hypervolume(Y, np.array([4.0, 4.0])) == 6.0


def test_grows_as_the_volume_of_what_was_seen_so_far() -> None:
    rng = np.random.default_rng(0)
    Y, reference = rng.random((30, 2)), np.array([0.9, 0.8])
    expected = [hypervolume(Y[: i + 1], reference) for i in range(30)]
    np.testing.assert_allclose(cumulative_hypervolume(Y, reference), expected)


def two_objectives(journal: Any) -> Any:
    run = journal(metric=["loss", "accuracy"], mode=["min", "max"])
    for loss, accuracy in ((0.5, 0.5), (0.2, 0.4), (0.6, 0.9)):
        run.report(run.start(), 1, loss, accuracy=accuracy)
    return run


def test_is_drawn_over_time_in_the_signs_of_the_metrics(
    journal: Any, write: Any, tmp_path: Path
) -> None:
    from matplotlib.figure import Figure

    from synecore_analysis.hypervolume import draw_hypervolume

    result = as_result(write(two_objectives(journal)))
    axes = Figure().subplots()
    draw_hypervolume(axes, result, reference_point=[1.0, 0.0])
    (line,) = axes.lines
    # Boxes of widths 1 - loss and heights accuracy, united one after the other.
    np.testing.assert_allclose(line.get_ydata()[:3], [0.25, 0.25 + 0.3 * 0.4, 0.37 + 0.4 * 0.4])
    path = result.plot_hypervolume(figure_path=tmp_path / "volume.png")
    assert path == tmp_path / "volume.png"
    assert path.read_bytes().startswith(b"\x89PNG")


def test_wrong_metrics_and_points_are_clear_errors(journal: Any, write: Any) -> None:
    result = as_result(write(two_objectives(journal)))
    with pytest.raises(OptionError, match="needs two metrics or more, got 1"):
        result.plot_hypervolume(["loss"], figure_path="x.png")
    with pytest.raises(OptionError, match="reference_point: 1 numbers for 2 metrics"):
        result.plot_hypervolume(reference_point=[1.0], figure_path="x.png")
