"""scikit-learn: report while an estimator is trained or cross-validated.

Three ways in which an estimator gets better or better known step by step:

    report_epochs(SGDClassifier(...), X, y, validation=(X_val, y_val), epochs=args.epochs)
    report_growth(RandomForestClassifier(...), X, y, validation=(X_val, y_val), sizes=range(10, 101,
    10)) report_folds(SVC(...), X, y, cv=5, scoring=["accuracy", "f1_macro"])

Each prints a report a step, with the scores under the names of their scorers.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from statistics import fmean
from typing import Any

from synecore.errors import OptionError
from synecore_integrations.framework import imported
from synecore_integrations.metric_reports import MetricNames, MetricReports
from synecore_integrations.scores import Scores, Scoring

with imported("scikit-learn", "sklearn", "sklearn"):
    import numpy as np
    from sklearn.base import clone, is_classifier
    from sklearn.model_selection import check_cv

__all__ = ["report_epochs", "report_folds", "report_growth"]

_WHERE = "what scikit-learn scored"


def report_epochs(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    validation: tuple[Any, Any],
    epochs: int,
    scoring: Scoring = None,
    metrics: MetricNames = None,
    resource_attr: str = "epoch",
) -> Any:
    """Train by `partial_fit`, one pass over the data an epoch, and report the scores after each.

    Args:
        estimator: An estimator with `partial_fit`: `SGDClassifier`, `MLPRegressor`, ...
        X: Data, `(n, d)`.
        y: Targets, `(n,)`.
        validation: Data and targets to score on.
        epochs: Passes over the data.
        scoring: Names of scorers, or scorers; None for the estimator's own `score`.
        metrics: Name of a scorer -> name in the report; or names; None for all.
        resource_attr: Name of the epoch in the report.

    Returns:
        The estimator, trained.

    Raises:
        OptionError: The estimator has no `partial_fit`, or an option is wrong.
    """
    if not hasattr(estimator, "partial_fit"):
        raise OptionError(
            f"report_epochs: {type(estimator).__name__} has no partial_fit; report_growth trains "
            "by warm starts, report_folds by cross-validation"
        )
    scores, report = Scores(scoring), MetricReports(metrics, resource_attr, _WHERE)
    known = {"classes": np.unique(y)} if is_classifier(estimator) else {}
    for epoch in range(1, epochs + 1):
        estimator.partial_fit(X, y, **known)
        report(scores(estimator, *validation), epoch)
    return estimator


def report_growth(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    validation: tuple[Any, Any],
    sizes: Iterable[int],
    parameter: str = "n_estimators",
    scoring: Scoring = None,
    metrics: MetricNames = None,
    resource_attr: str = "epoch",
) -> Any:
    """Let an estimator grow by warm starts, and report the scores at each size.

    Args:
        estimator: An estimator with `warm_start`: a forest, gradient boosting, ...
        X: Data, `(n, d)`.
        y: Targets, `(n,)`.
        validation: Data and targets to score on.
        sizes: Values of `parameter`, increasing; they are the resource.
        parameter: What grows.
        scoring: Names of scorers, or scorers; None for the estimator's own `score`.
        metrics: Name of a scorer -> name in the report; or names; None for all.
        resource_attr: Name of the size in the report.

    Returns:
        The estimator, at its last size.

    Raises:
        OptionError: The estimator has no `warm_start` or no such parameter, or the sizes do not
            grow.
    """
    for needed in ("warm_start", parameter):
        if needed not in estimator.get_params():
            raise OptionError(
                f"report_growth: {type(estimator).__name__} has no parameter {needed!r}; "
                f"it has {', '.join(sorted(estimator.get_params()))}"
            )
    steps = [int(size) for size in sizes]
    if not steps or steps[0] < 1 or any(b <= a for a, b in pairwise(steps)):
        raise OptionError(
            f"report_growth: sizes {steps} do not grow; give whole numbers of at least 1, each "
            "larger than the one before"
        )
    scores, report = Scores(scoring), MetricReports(metrics, resource_attr, _WHERE)
    for size in steps:
        estimator.set_params(warm_start=True, **{parameter: size}).fit(X, y)
        report(scores(estimator, *validation), size)
    return estimator


def report_folds(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    cv: Any = None,
    groups: Any = None,
    scoring: Scoring = None,
    metrics: MetricNames = None,
    resource_attr: str = "epoch",
) -> dict[str, list[float]]:
    """Cross-validate, and report after each fold the mean of the scores so far.

    A scheduler such as ASHA can then give up a bad configuration before its last fold.

    Args:
        estimator: Any estimator; it is cloned for each fold.
        X: Data, `(n, d)`: an array, a sparse matrix or a data frame.
        y: Targets, `(n,)`.
        cv: Number of folds, a splitter, or pairs of row numbers; None for five folds.
        groups: For splitters that keep groups together.
        scoring: Names of scorers, or scorers; None for the estimator's own `score`.
        metrics: Name of a scorer -> name in the report; or names; None for all.
        resource_attr: Name of the number of folds in the report.

    Returns:
        The scores of each fold, by the name of the scorer.

    Raises:
        OptionError: An option is wrong.
    """
    scores, report = Scores(scoring), MetricReports(metrics, resource_attr, _WHERE)
    splitter = check_cv(cv, y, classifier=is_classifier(estimator))
    found: dict[str, list[float]] = {}
    for fold, (train, test) in enumerate(splitter.split(X, y, groups), 1):
        fitted = clone(estimator).fit(_rows(X, train), _rows(y, train))
        for name, value in scores(fitted, _rows(X, test), _rows(y, test)).items():
            found.setdefault(name, []).append(value)
        report({name: fmean(values) for name, values in found.items()}, fold)
    return found


def _rows(data: Any, rows: Any) -> Any:
    """Return some rows of an array, a sparse matrix or a data frame; of None, None."""
    if data is None:
        return None
    if hasattr(data, "iloc"):
        return data.iloc[rows]
    return data[rows] if hasattr(data, "shape") else np.asarray(data)[rows]
