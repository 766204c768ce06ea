from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from synecore.tuning.experiment import Experiment
from synecore_analysis.frames import REPORT_COLUMNS, frame_of, read_results, series_of, trials_of


def test_columns_stand_in_the_order_in_which_they_first_appear() -> None:
    frame = frame_of([{"b": 1}, {"a": 2, "b": 3}], ["z"])
    assert list(frame.columns) == ["b", "a", "z"]
    assert frame["b"].tolist() == [1, 3]


def test_a_whole_number_stays_one_beside_a_missing_value() -> None:
    frame = frame_of([{"layers": 3}, {}, {"layers": 5}])
    assert str(frame["layers"].dtype) == "Int64"
    assert frame["layers"][2] == 5
    assert frame["layers"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2], "int64"),
        ([1, 2.5], "float64"),
        ([1.5, None], "float64"),
        ([True, False], "bool"),
        ([True, None], "boolean"),
        ([[1, 2], None], "object"),
        ([2**70, None], "object"),
        ([None, None], "object"),
        ([1, "a"], "object"),
        ([True, 2], "object"),
    ],
)
def test_a_column_is_as_plain_as_its_values_allow(values: list[Any], dtype: str) -> None:
    assert str(series_of(values).dtype) == dtype


def test_nan_is_a_value_of_a_number_column() -> None:
    column = series_of([1.0, math.nan, None])
    assert column.isna().tolist() == [False, True, True]


def test_no_rows_give_the_documented_columns() -> None:
    frame = frame_of((), REPORT_COLUMNS)
    assert list(frame.columns) == list(REPORT_COLUMNS)
    assert frame.empty


def test_an_export_reads_as_the_journal_does(journal: Any, write: Any) -> None:
    run = journal()
    first = run.start(layers=3, act="None", note="")
    second = run.start(act="tanh", early=True)
    run.report(first, 1, 0.5, extra=1)
    run.report(second, 1, math.nan)
    run.report(second, 2, math.inf)
    run.end(second)
    experiment = Experiment.open(write(run))
    of_journal = frame_of(experiment.rows(), REPORT_COLUMNS)
    of_export = read_results(experiment.export())
    # An empty text and a missing one are the same in a CSV file.
    of_journal["config_note"] = series_of([None, None, None])
    of_export["config_note"] = series_of([None, None, None])
    pd.testing.assert_frame_equal(of_journal, of_export)
    assert of_export["config_act"][0] == "None"
    assert of_export["config_layers"][0] == 3


def test_trials_are_guessed_from_reports_where_there_is_no_journal(asha: Any, write: Any) -> None:
    experiment = Experiment.open(write(asha))
    trials = trials_of(frame_of(experiment.rows(), REPORT_COLUMNS))
    assert trials["trial_id"].tolist() == [0, 1, 2]
    assert trials["status"].tolist() == ["Stopped", "Completed", "Paused"]
    assert trials["reports"].tolist() == [1, 4, 1]
    assert trials["config_width"].tolist() == [8, 32, 8]


def test_reading_an_export_needs_no_more_than_the_file(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_text("trial_id,loss,flag\n0,1.0,True\n1,nan,\n")
    frame = read_results(path)
    assert frame["trial_id"].tolist() == [0, 1]
    assert frame["loss"].isna().tolist() == [False, True]
    assert str(frame["flag"].dtype) == "boolean"
