from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_classification

from synecore.errors import OptionError

pytestmark = pytest.mark.heavy

X, Y = make_classification(200, 5, flip_y=0.2, random_state=0)
PARAMS = {"objective": "binary:logistic", "max_depth": 2, "nthread": 1}


def train(callbacks: list[Any], rounds: int = 4, **options: Any) -> Any:
    import xgboost

    data = xgboost.DMatrix(X[:150], Y[:150]), xgboost.DMatrix(X[150:], Y[150:])
    options = {"evals": [(data[1], "val")], "verbose_eval": False, **options}
    return xgboost.train(PARAMS, data[0], num_boost_round=rounds, callbacks=callbacks, **options)


def test_every_round_is_reported_as_evaluated(reports: Callable[[], Any]) -> None:
    from synecore_integrations.xgboost import ReportCallback

    history: dict[str, dict[str, list[float]]] = {}
    train([ReportCallback(resource_attr="round")], evals_result=history)
    expected = history["val"]["logloss"]
    assert reports() == [{"val-logloss": v, "round": n} for n, v in enumerate(expected, 1)]


def test_a_classifier_takes_it_too(reports: Callable[[], Any]) -> None:
    import xgboost

    from synecore_integrations.xgboost import ReportCallback

    model = xgboost.XGBClassifier(
        n_estimators=3, n_jobs=1, eval_metric=["error", "logloss"],
        callbacks=[ReportCallback({"validation_1-error": "error"})],
    )  # fmt: skip
    model.fit(X[:150], Y[:150], eval_set=[(X[:150], Y[:150]), (X[150:], Y[150:])], verbose=False)
    expected = model.evals_result()["validation_1"]["error"]
    assert reports() == [{"error": v, "epoch": n} for n, v in enumerate(expected, 1)]


def test_folds_are_reported_as_in_the_table_of_cv(
    tmp_path: Path, reports: Callable[[], Any]
) -> None:
    import xgboost

    from synecore_integrations.xgboost import ReportCallback

    table = xgboost.cv(
        PARAMS, xgboost.DMatrix(X, Y), num_boost_round=3, nfold=3, seed=0,
        callbacks=[ReportCallback(checkpoint_dir=tmp_path)],
    )  # fmt: skip
    expected = [{**row, "epoch": n} for n, row in enumerate(table.to_dict("records"), 1)]
    assert reports() == [pytest.approx(row) for row in expected]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("first", [True, False])
def test_the_round_that_stops_early_is_reported_too(
    first: bool, tmp_path: Path, reports: Callable[[], Any]
) -> None:
    import xgboost

    from synecore_integrations.xgboost import ReportCallback, load_checkpoint

    history: dict[str, dict[str, list[float]]] = {}
    ours = ReportCallback("val-logloss", checkpoint_dir=tmp_path, checkpoint_every=1000)
    stop = xgboost.callback.EarlyStopping(rounds=2, save_best=True)
    best = train([ours, stop] if first else [stop, ours], rounds=300, evals_result=history)
    losses = history["val"]["logloss"]
    assert len(losses) < 300
    assert reports() == [{"val-logloss": v, "epoch": n} for n, v in enumerate(losses, 1)]
    booster, rounds = load_checkpoint(tmp_path)
    assert rounds == (len(losses) if first else int(np.argmin(losses)) + 1)
    if not first:
        assert booster.save_raw("json") == best.save_raw("json")


def test_training_goes_on_from_the_checkpoint(tmp_path: Path, reports: Callable[[], Any]) -> None:
    from synecore_integrations.xgboost import ReportCallback, load_checkpoint

    folder = tmp_path / "not made yet"
    assert load_checkpoint(folder) == load_checkpoint(None) == (None, 0)
    train([ReportCallback()], rounds=6)
    whole = reports()
    train([ReportCallback(checkpoint_dir=folder)], rounds=3)
    booster, rounds = load_checkpoint(folder)
    assert rounds == 3
    train([ReportCallback(checkpoint_dir=folder)], rounds=3, xgb_model=booster)
    assert reports() == [pytest.approx(row, rel=1e-6) for row in whole]
    assert load_checkpoint(folder)[1] == 6


def test_checkpoints_come_before_their_report_and_only_so_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from synecore_integrations.xgboost import ReportCallback, load_checkpoint

    callback = ReportCallback(checkpoint_dir=tmp_path, checkpoint_every=2)
    at_report: list[int] = []
    monkeypatch.setattr(
        callback, "_report", lambda found, n: at_report.append(load_checkpoint(tmp_path)[1])
    )
    train([callback], rounds=5)
    assert at_report == [0, 2, 2, 4, 4]
    assert load_checkpoint(tmp_path)[1] == 5


def test_training_without_evaluation_has_nothing_to_report() -> None:
    from synecore_integrations.xgboost import ReportCallback

    with pytest.raises(OptionError, match="what XGBoost evaluated at epoch 1 has none"):
        train([ReportCallback()], evals=[])
