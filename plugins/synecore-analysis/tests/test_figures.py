from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from synecore.errors import ExperimentError, OptionError
from synecore_analysis.figures import TimeUnit, save, show_or_save, title
from synecore_analysis.metric import Metric
from synecore_analysis.value_axis import fit_values

LOSS, ACCURACY = Metric("loss", "min"), Metric("accuracy", "max")


def axes_for(values: Any, metric: Metric = LOSS) -> Any:
    axes = Figure().add_subplot()
    axes.plot(range(len(values)), values)
    fit_values(axes, metric, np.asarray(values, float))
    return axes


@pytest.mark.parametrize(
    ("seconds", "name"),
    [(0, "s"), (300, "s"), (301, "min"), (3 * 3600, "min"), (4 * 3600, "h"), (4 * 86400, "days")],
)
def test_time_has_a_unit_in_which_it_is_easily_read(seconds: float, name: str) -> None:
    assert TimeUnit.for_span(seconds).name == name


def test_an_axis_says_which_way_is_better() -> None:
    assert axes_for([1, 2, 3]).get_ylabel() == "loss (lower is better)"
    assert axes_for([0.1, 0.9], ACCURACY).get_ylabel() == "accuracy (higher is better)"


def test_values_over_orders_of_magnitude_get_a_logarithmic_scale() -> None:
    axes = axes_for(np.geomspace(0.001, 1.0, 20))
    assert axes.get_yscale() == "log"
    assert axes.get_ylabel().endswith(", log scale")


@pytest.mark.parametrize("values", [[0.5, 1.0, 2.0], [-1.0, 0.01, 10.0], [0.0, 0.5, 100.0]])
def test_other_values_get_a_linear_one(values: list[float]) -> None:
    assert axes_for(values).get_yscale() == "linear"


def test_an_accuracy_is_not_crowded_by_a_logarithm() -> None:
    assert axes_for(np.linspace(0.01, 0.99, 50), ACCURACY).get_yscale() == "linear"
    assert axes_for(np.geomspace(1.0, 1e6, 50), ACCURACY).get_yscale() == "log"


def test_a_diverged_trial_does_not_squeeze_the_others() -> None:
    values = [*np.linspace(1.0, 2.0, 50), 1e9]
    axes = axes_for(values)
    assert axes.get_ylim()[1] < 3.0
    assert axes.get_ylabel().endswith("1 of 51 reports are outside")
    logarithmic = axes_for([*np.geomspace(0.001, 1.0, 50), 1e30])
    assert 1.0 < logarithmic.get_ylim()[1] < 10.0


def test_an_outlier_on_the_better_side_is_what_one_looks_for() -> None:
    assert axes_for([*np.linspace(101.0, 102.0, 50), 1.0]).get_ylim()[0] < 1.0
    assert axes_for([*np.linspace(0.1, 0.2, 50), -9.0], ACCURACY).get_ylim()[0] > 0.0


def test_one_value_and_equal_values_can_be_drawn(tmp_path: Path) -> None:
    for values in ([1.0], [2.0, 2.0]):
        assert axes_for(values).get_yscale() == "linear"


def test_the_ending_of_the_file_chooses_its_kind(tmp_path: Path) -> None:
    def draw(axes: Any) -> None:
        axes.plot([1, 2])

    assert save(draw, tmp_path / "deep" / "a.png").read_bytes()[:4] == b"\x89PNG"
    assert save(draw, str(tmp_path / "a.pdf")).read_bytes()[:4] == b"%PDF"
    assert b"<svg" in save(draw, tmp_path / "a.svg").read_bytes()
    assert save(draw, tmp_path / "plain") == tmp_path / "plain.png"
    assert save(draw, tmp_path / "run-0.5") == tmp_path / "run-0.5.png"


def test_an_unknown_ending_is_an_error_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(OptionError) as raised:
        save(lambda axes: None, tmp_path / "figure.gif")
    assert str(raised.value) == (
        "figure_path: a figure cannot be saved as 'figure.gif'; its ending may be .png, .pdf, .svg"
    )


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ExperimentError) as raised:
        save(lambda axes: None, tmp_path / "file" / "figure.png")
    assert str(tmp_path / "file" / "figure.png") in str(raised.value)
    assert "choose another place" in str(raised.value)


def test_saving_leaves_matplotlibs_own_state_alone(tmp_path: Path) -> None:
    code = (
        "import sys; from synecore_analysis.figures import save\n"
        f"save(lambda axes: None, {str(tmp_path / 'a.png')!r})\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_a_display_the_figure_is_saved_and_a_line_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    matplotlib.use("agg")
    path = show_or_save(lambda axes: None, None, fallback=tmp_path / "best.png")
    assert path == tmp_path / "best.png"
    assert capsys.readouterr().out == f"no display to show the figure on; saved as {path}\n"


def test_with_a_display_it_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib.pyplot as plt

    matplotlib.use("agg")
    shown = []
    monkeypatch.setattr(matplotlib, "get_backend", lambda: "qtagg")
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.gcf().axes[0].get_xlabel()))
    drawn = show_or_save(lambda axes: axes.set_xlabel("x"), None, fallback=tmp_path / "best.png")
    assert drawn is None
    assert shown == ["x"]
    assert plt.get_fignums() == []


def test_names_are_not_taken_for_formulas(tmp_path: Path) -> None:
    def draw(axes: Any) -> None:
        title(axes, "a $run^", "cost in $ and $\\x$")
        fit_values(axes, Metric("cost_$_a$"), np.array([1.0, 2.0]))

    assert save(draw, tmp_path / "a.png").is_file()
