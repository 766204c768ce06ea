from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import make_classification

from synecore.errors import OptionError

pytestmark = pytest.mark.heavy

X, Y = make_classification(200, 5, flip_y=0.2, random_state=0)
PARAMS = {
    "objective": "binary", "num_leaves": 4, "num_threads": 1, "verbosity": -1,
    "deterministic": True, "metric": ["binary_logloss", "auc"],
}  # fmt: skip


def train(callbacks: list[Any], rounds: int = 4, **options: Any) -> Any:
    import lightgbm

    data = lightgbm.Dataset(X[:150], Y[:150], free_raw_data=False)
    val = lightgbm.Dataset(X[150:], Y[150:], reference=data, free_raw_data=False)
    options = {"valid_sets": [val], "valid_names": ["val"], **options}
    return lightgbm.train(PARAMS, data, num_boost_round=rounds, callbacks=callbacks, **options)


def rows_of(history: Any) -> list[dict[str, float]]:
    """Return what record_evaluation kept as reports."""
    val = history["val"]
    pairs = zip(val["binary_logloss"], val["auc"], strict=True)
    return [
        {"val-binary_logloss": loss, "val-auc": auc, "epoch": n}
        for n, (loss, auc) in enumerate(pairs, 1)
    ]


def test_every_round_is_reported_as_evaluated(reports: Callable[[], Any]) -> None:
    import lightgbm

    from synecore_integrations.lightgbm import ReportCallback

    history: dict[str, Any] = {}
    train([lightgbm.record_evaluation(history), ReportCallback()])
    assert reports() == rows_of(history)


@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")
def test_a_classifier_takes_it_too(reports: Callable[[], Any]) -> None:
    import lightgbm

    from synecore_integrations.lightgbm import ReportCallback

    model = lightgbm.LGBMClassifier(n_estimators=3, n_jobs=1, verbosity=-1)
    ours = ReportCallback({"valid_0-binary_logloss": "loss"}, resource_attr="round")
    model.fit(X[:150], Y[:150], eval_set=[(X[150:], Y[150:])], callbacks=[ours])
    expected = model.evals_result_["valid_0"]["binary_logloss"]
    assert reports() == [{"loss": v, "round": n} for n, v in enumerate(expected, 1)]


def test_folds_are_reported_as_cv_returns_them(tmp_path: Path, reports: Callable[[], Any]) -> None:
    import lightgbm

    from synecore_integrations.lightgbm import ReportCallback

    found = lightgbm.cv(
        PARAMS, lightgbm.Dataset(X, Y, free_raw_data=False), num_boost_round=3, nfold=3, seed=0,
        callbacks=[ReportCallback(checkpoint_dir=tmp_path)],
    )  # fmt: skip
    expected = [
        {name.replace(" ", "-"): values[n] for name, values in found.items()} | {"epoch": n + 1}
        for n in range(3)
    ]
    assert reports() == expected
    assert "valid-auc-stdv" in expected[0]
    assert list(tmp_path.iterdir()) == []


def test_the_round_that_stops_early_is_reported_too(reports: Callable[[], Any]) -> None:
    import lightgbm

    from synecore_integrations.lightgbm import ReportCallback

    history: dict[str, Any] = {}
    stop = lightgbm.early_stopping(2, first_metric_only=True, verbose=False)
    model = train([stop, ReportCallback(), lightgbm.record_evaluation(history)], rounds=300)
    assert reports() == rows_of(history)
    assert len(rows_of(history)) == model.best_iteration + 2 < 300


def test_training_goes_on_from_the_checkpoint(tmp_path: Path, reports: Callable[[], Any]) -> None:
    from synecore_integrations.lightgbm import ReportCallback, load_checkpoint

    folder = tmp_path / "not made yet"
    assert load_checkpoint(folder) == load_checkpoint(None) == (None, 0)
    train([ReportCallback()], rounds=6)
    whole = reports()
    train([ReportCallback(checkpoint_dir=folder)], rounds=3)
    booster, rounds = load_checkpoint(folder)
    assert rounds == 3
    train([ReportCallback(checkpoint_dir=folder)], rounds=3, init_model=booster)
    assert reports() == [pytest.approx(row, rel=1e-6) for row in whole]
    assert load_checkpoint(folder)[1] == 6


def test_checkpoints_come_before_their_report_and_only_so_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from synecore_integrations.lightgbm import ReportCallback, load_checkpoint

    callback = ReportCallback(checkpoint_dir=tmp_path, checkpoint_every=2)
    at_report: list[int] = []
    monkeypatch.setattr(
        callback, "_report", lambda found, n: at_report.append(load_checkpoint(tmp_path)[1])
    )
    train([callback], rounds=5)
    assert at_report == [0, 2, 2, 4, 5]


def test_training_without_evaluation_has_nothing_to_report() -> None:
    from synecore_integrations.lightgbm import ReportCallback

    with pytest.raises(OptionError, match="what LightGBM evaluated at epoch 1 has none"):
        train([ReportCallback()], valid_sets=None, valid_names=None)
