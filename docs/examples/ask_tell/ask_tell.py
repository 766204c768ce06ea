"""Use a method without its tuner: ask for a configuration, evaluate it yourself, tell the result.

`AskTell` takes any scheduler, or the name of one and what it needs.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

from synecore import AskTell, TrialResult
from synecore.baselines import RandomSearch
from synecore.space import uniform

SPACE = {"x": uniform(-1, 1)}


def target(x: float) -> float:
    """Its minimum is -0.2325, at x = -0.45."""
    return x * x + math.sin(x)


def tune_at_random(n: int = 100) -> TrialResult:
    study = AskTell(RandomSearch(SPACE, metric="loss", mode="min", random_seed=0))
    for _ in range(n):
        trial = study.ask()
        study.tell(trial, {"loss": target(**trial.config)})
    return study.best_trial("loss")


def tune_with_sobol_points(n: int = 100, at_once: int = 4) -> TrialResult:
    """Ask for several before telling: a cluster, a laboratory, a questionnaire."""
    study = AskTell("sobol", SPACE, metric="loss", mode="min", random_seed=0)
    for _ in range(n // at_once):
        trials = [study.ask() for _ in range(at_once)]
        for trial in reversed(trials):  # in any order
            study.tell(trial, {"loss": target(**trial.config)})
    return study.best_trial("loss")


def tune_in_two_sittings(file: Path, n: int = 100) -> TrialResult:
    """Stop half-way and go on in another process, with nothing kept but the results.

    With a seed a method asks the same again when it is told the same, so that telling it what is on
    file brings it to where it was.
    """
    for sitting in (1, 2):
        study = AskTell(RandomSearch(SPACE, metric="loss", mode="min", random_seed=0))
        told = [json.loads(line) for line in file.read_text().splitlines()] if sitting == 2 else []
        for record in told:
            trial = study.ask()
            assert trial.config == record["config"]
            study.tell(trial, record["result"])
        with file.open("a") as stream:
            for _ in range(n // 2):
                trial = study.ask()
                result = {"loss": target(**trial.config)}
                study.tell(trial, result)
                stream.write(json.dumps({"config": dict(trial.config), "result": result}) + "\n")
    return study.best_trial("loss")


if __name__ == "__main__":
    print("random:      ", tune_at_random())
    print("Sobol points:", tune_with_sobol_points())
    results = Path("ask-tell-results.jsonl")
    results.unlink(missing_ok=True)
    print("two sittings:", tune_in_two_sittings(results))
