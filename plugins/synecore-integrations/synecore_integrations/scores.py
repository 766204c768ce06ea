"""scikit-learn's scorers, several at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from synecore.errors import OptionError
from synecore_integrations.framework import imported

with imported("scikit-learn", "sklearn", "sklearn"):
    from sklearn.metrics import get_scorer

Scorer: TypeAlias = Callable[[Any, Any, Any], float]  # estimator, X, y -> score
Scoring: TypeAlias = Mapping[str, str | Scorer] | Iterable[str] | str | Scorer | None


class Scores:
    """Scores an estimator by one or several scorers.

    Args:
        scoring: A scorer's name in scikit-learn (`"accuracy"`), several, a mapping of names to
            scorers or their names, or one function of estimator, X and y, whose name is then
            "score". None: the estimator's own `score`.

    Raises:
        OptionError: There is no such scorer, or none at all.
    """

    def __init__(self, scoring: Scoring) -> None:
        self._scorers = {name: _scorer(by) for name, by in _named(scoring).items()}
        if not self._scorers:
            raise OptionError("scoring: an empty collection; name a scorer, such as 'accuracy'")

    def __call__(self, estimator: Any, X: Any, y: Any) -> dict[str, float]:
        """Return the scores by name; larger is better in all of scikit-learn's own."""
        return {name: float(by(estimator, X, y)) for name, by in self._scorers.items()}


def _own_score(estimator: Any, X: Any, y: Any) -> float:
    return float(estimator.score(X, y))


def _named(scoring: Scoring) -> Mapping[str, str | Scorer]:
    if scoring is None:
        return {"score": _own_score}
    if isinstance(scoring, str):
        return {scoring: scoring}
    if callable(scoring):
        return {"score": scoring}
    return scoring if isinstance(scoring, Mapping) else {name: name for name in scoring}


def _scorer(by: str | Scorer) -> Scorer:
    if not isinstance(by, str):
        return by
    try:
        scorer: Scorer = get_scorer(by)
    except ValueError as error:
        raise OptionError(
            f"scoring: scikit-learn has no scorer {by!r}; sklearn.metrics.get_scorer_names() lists "
            "them, and a function of estimator, X and y is allowed as well"
        ) from error
    return scorer
