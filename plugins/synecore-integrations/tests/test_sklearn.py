from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier, SGDRegressor
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import GroupKFold, KFold, cross_validate
from sklearn.tree import DecisionTreeClassifier

from synecore.errors import OptionError
from synecore_integrations.sklearn import report_epochs, report_folds, report_growth

X, Y = make_classification(120, 6, n_informative=4, n_classes=3, random_state=0)
VALIDATION = (X[80:], Y[80:])


def test_an_epoch_is_one_pass_by_partial_fit(reports: Callable[[], Any]) -> None:
    fitted = report_epochs(
        SGDClassifier(random_state=0), X[:80], Y[:80], validation=VALIDATION, epochs=3
    )
    other = SGDClassifier(random_state=0)
    expected = []
    for epoch in (1, 2, 3):
        other.partial_fit(X[:80], Y[:80], classes=[0, 1, 2])
        expected.append({"score": accuracy_score(Y[80:], other.predict(X[80:])), "epoch": epoch})
    assert reports() == expected
    np.testing.assert_array_equal(fitted.coef_, other.coef_)


def test_a_regressor_is_told_of_no_classes(reports: Callable[[], Any]) -> None:
    report_epochs(
        SGDRegressor(random_state=0), X, X[:, 0], validation=(X, X[:, 0]), epochs=2,
        scoring="neg_mean_squared_error", metrics={"neg_mean_squared_error": "negative_mse"},
        resource_attr="pass",
    )  # fmt: skip
    first, second = reports()
    assert (first["pass"], second["pass"]) == (1, 2)
    assert first["negative_mse"] < second["negative_mse"] <= 0


def test_a_forest_grows_and_keeps_its_trees(reports: Callable[[], Any]) -> None:
    fitted = report_growth(
        RandomForestClassifier(random_state=0), X[:80], Y[:80], validation=VALIDATION,
        sizes=[2, 5], scoring=["accuracy", "f1_macro"],
    )  # fmt: skip
    expected = []
    for size in (2, 5):
        forest = RandomForestClassifier(size, random_state=0).fit(X[:80], Y[:80])
        predicted = forest.predict(X[80:])
        expected.append({
            "accuracy": accuracy_score(Y[80:], predicted),
            "f1_macro": pytest.approx(f1_score(Y[80:], predicted, average="macro")),
            "epoch": size,
        })  # fmt: skip
    assert reports() == expected
    assert len(fitted.estimators_) == 5


@pytest.mark.parametrize("kind", [np.asarray, pd.DataFrame, sparse.csr_matrix, np.ndarray.tolist])
def test_folds_are_those_of_cross_validation(
    kind: Callable[[Any], Any], reports: Callable[[], Any]
) -> None:
    data = kind(X)
    splitter = KFold(4, shuffle=True, random_state=0)
    estimator = DecisionTreeClassifier(max_depth=3, random_state=0)
    scoring = {"accuracy": "accuracy", "f1": "f1_macro"}
    expected = cross_validate(estimator, data, Y, cv=splitter, scoring=scoring)
    found = report_folds(estimator, data, Y, cv=splitter, scoring=scoring, resource_attr="fold")
    assert found["accuracy"] == pytest.approx(expected["test_accuracy"])
    assert found["f1"] == pytest.approx(expected["test_f1"])
    for fold, row in enumerate(reports(), 1):
        assert row == {
            "fold": fold,
            "accuracy": pytest.approx(np.mean(expected["test_accuracy"][:fold])),
            "f1": pytest.approx(np.mean(expected["test_f1"][:fold])),
        }
    assert fold == 4


def test_classes_are_stratified_where_only_a_number_of_folds_is_given() -> None:
    in_order = np.argsort(Y, kind="stable")
    estimator = DecisionTreeClassifier(max_depth=3, random_state=0)
    expected = cross_validate(estimator, X[in_order], Y[in_order], cv=3)["test_score"]
    assert report_folds(estimator, X[in_order], Y[in_order], cv=3)["score"] == pytest.approx(
        expected
    )


def test_groups_stay_together() -> None:
    groups = np.arange(120) // 30
    seen: list[Any] = []

    def score(estimator: Any, rows: Any, targets: Any) -> float:
        seen.append(targets)
        return 0.5

    found = report_folds(
        Ridge(), X, groups, cv=GroupKFold(4), groups=groups, scoring=score
    )  # the targets are the groups
    assert found == {"score": [0.5] * 4}
    assert sorted(set(targets).pop() for targets in seen) == [0, 1, 2, 3]
    assert all(len(set(targets)) == 1 for targets in seen)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: report_epochs(LogisticRegression(), X, Y, validation=(X, Y), epochs=1),
            "LogisticRegression has no partial_fit; report_growth",
        ),
        (
            lambda: report_growth(Ridge(), X, Y, validation=(X, Y), sizes=[1]),
            "Ridge has no parameter 'warm_start'; it has alpha, ",
        ),
        (
            lambda: report_growth(
                LogisticRegression(), X, Y, validation=(X, Y), sizes=[1], parameter="n"
            ),
            "LogisticRegression has no parameter 'n'",
        ),
        (
            lambda: report_growth(RandomForestClassifier(), X, Y, validation=(X, Y), sizes=[3, 3]),
            r"sizes \[3, 3\] do not grow",
        ),
        (lambda: report_folds(Ridge(), X, Y, scoring="acuracy"), "has no scorer 'acuracy'"),
        (lambda: report_folds(Ridge(), X, Y, scoring=[]), "scoring: an empty collection"),
        (lambda: report_folds(Ridge(), X, Y, metrics="r2"), "has no 'r2'; it has score"),
    ],
)
def test_what_cannot_be_done_is_said(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        call()
