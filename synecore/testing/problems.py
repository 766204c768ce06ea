"""Small problems whose answers are known, for tests of schedulers, searchers and backends.

Each is a `KnownProblem`: a `Problem` and a function from a configuration and a resource to metrics.
The functions are deterministic: noise is a hash of its arguments, not a random state, so a trial
that is run again, on another machine or in another order, reports the same numbers.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import numpy as np

from synecore.actions import Ended, Reported, Started, Status
from synecore.problem import Fidelity, Goal, Problem, Task
from synecore.space import choice, loguniform, ordinal, randint, subject_to, uniform
from synecore.trials import TrialTable

CURVE_NOISE = 0.01  # largest noise of a learning curve


@attrs.frozen
class KnownProblem:
    """A problem, how to evaluate it, and what is known of its best value.

    `evaluate(config, resource)` returns the metrics as a trial would report them. `best` is the
    best feasible value of the first metric at full resource, in the user's sign; `best_config`
    attains it. Where there are several objectives, `best` is the least value of the first one.
    """

    name: str
    problem: Problem
    evaluate: Callable[[Mapping[str, Any], int], dict[str, Any]]
    best: float
    best_config: Mapping[str, Any]

    @property
    def resource(self) -> int:
        """Of a full evaluation."""
        fidelity = self.problem.fidelity
        return 1 if fidelity is None else int(fidelity.high)


def noise(config: Mapping[str, Any], resource: int, salt: str = "") -> float:
    """A number in [0, 1) that depends on the arguments alone."""
    text = json.dumps([salt, resource, sorted(config.items())], default=str)
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") / 2.0**64


def branin() -> KnownProblem:
    """Branin's function of two numbers (Dixon and Szego 1978): three optima of 0.397887."""

    def evaluate(config: Mapping[str, Any], resource: int) -> dict[str, Any]:
        x, y = config["x"], config["y"]
        bend = y - 5.1 / (4.0 * math.pi**2) * x**2 + 5.0 / math.pi * x - 6.0
        return {"loss": bend**2 + 10.0 * (1.0 - 1.0 / (8.0 * math.pi)) * math.cos(x) + 10.0}

    space = {"x": uniform(-5.0, 10.0), "y": uniform(0.0, 15.0)}
    best = {"x": math.pi, "y": 2.275}
    return KnownProblem(
        "branin", Problem.create(space, metric="loss"), evaluate, 5.0 / (4.0 * math.pi), best
    )


def curves(max_t: int = 9, *, attr: bool = False, cost: bool = False) -> KnownProblem:
    """Learning curves that fall towards a level set by the configuration; they cross.

    Numbers on a linear and a log scale, integers and categories. The resource is "epoch", 1 to
    `max_t`; a wide network learns slower. `attr=True` puts the limit into the configuration, as
    "epochs", for methods that start a trial to a rung only. `cost=True` makes the reported
    "seconds" a cost to be spent well.
    """

    def evaluate(config: Mapping[str, Any], resource: int) -> dict[str, Any]:
        far = abs(math.log10(config["lr"]) + 2.0) / 2.0 + abs(config["width"] - 12) / 20.0
        far += abs(config["dropout"] - 0.25) + 0.2 * (config["optimizer"] != "adam")
        left = math.exp(-resource / (0.5 + 0.1 * config["width"]))
        known = {name: config[name] for name in ("lr", "width", "dropout", "optimizer")}
        blur = CURVE_NOISE * min(far, 1.0) * noise(known, resource)
        end = math.exp(-max_t / (0.5 + 0.1 * 12))
        return {
            "epoch": resource,
            "loss": 0.1 + far + left - end + blur,
            "seconds": resource * (1.0 + 0.05 * config["width"]),
        }

    space: dict[str, Any] = {
        "lr": loguniform(1e-4, 1.0),
        "width": randint(1, 20),
        "dropout": uniform(0.0, 0.5),
        "optimizer": choice(["adam", "sgd", "rmsprop"]),
    }
    limit: dict[str, Any] = {"max_t": max_t}
    if attr:
        space["epochs"] = max_t
        limit = {"max_resource_attr": "epochs"}
    limit["cost_attr"] = "seconds" if cost else None
    problem = Problem.create(space, metric="loss", resource_attr="epoch", **limit)
    best = {"lr": 0.01, "width": 12, "dropout": 0.25, "optimizer": "adam"}
    if attr:
        best["epochs"] = max_t
    return KnownProblem("costly curves" if cost else "curves", problem, evaluate, 0.1, best)


def two_objectives() -> KnownProblem:
    """ZDT1 of two numbers (Zitzler, Deb and Thiele 2000); the front is x2 = 0."""

    def evaluate(config: Mapping[str, Any], resource: int) -> dict[str, Any]:
        g = 1.0 + 9.0 * config["x2"]
        return {"f1": config["x1"], "f2": g * (1.0 - math.sqrt(config["x1"] / g))}

    space = {"x1": uniform(0.0, 1.0), "x2": uniform(0.0, 1.0)}
    problem = Problem.create(space, metric=["f1", "f2"])
    return KnownProblem("two objectives", problem, evaluate, 0.0, {"x1": 0.0, "x2": 0.0})


def constrained() -> KnownProblem:
    """The least perimeter x + y of an area x y of at least a quarter: a square of side 1/2."""

    def evaluate(config: Mapping[str, Any], resource: int) -> dict[str, Any]:
        return {"perimeter": config["x"] + config["y"], "area": config["x"] * config["y"]}

    space = {"x": uniform(0.0, 1.0), "y": uniform(0.0, 1.0)}
    problem = Problem.create(space, metric="perimeter", constraints=["area >= 0.25"])
    return KnownProblem("constrained", problem, evaluate, 1.0, {"x": 0.5, "y": 0.5})


def conditional() -> KnownProblem:
    """A tree with a depth or a network with a rate: each parameter counts for its own model."""

    def evaluate(config: Mapping[str, Any], resource: int) -> dict[str, Any]:
        if config["model"] == "tree":
            return {"loss": 0.1 + (config["depth"] - 5) ** 2 / 10.0}
        return {"loss": abs(math.log10(config["rate"]) + 2.0) + 0.1 * (config["low"] > 0.2)}

    space = subject_to(
        {
            "model": choice(["tree", "net"]),
            "depth": randint(1, 10).when(model="tree"),
            "rate": loguniform(1e-4, 1.0).when(model="net"),
            "low": uniform(0.0, 1.0),
            "high": uniform(0.0, 1.0),
        },
        "low <= high",
    )
    best = {"model": "net", "rate": 0.01, "low": 0.1, "high": 0.5}
    return KnownProblem("conditional", Problem.create(space, metric="loss"), evaluate, 0.0, best)


def finite() -> KnownProblem:
    """Twelve configurations, whose accuracy is maximised."""

    def evaluate(config: Mapping[str, Any], resource: int) -> dict[str, Any]:
        score = {"relu": 0.3, "tanh": 0.1}[config["act"]] + 0.01 * math.log2(config["batch"])
        return {"accuracy": 0.5 + score - 0.1 * (config["layers"] - 2) ** 2}

    space = {
        "act": choice(["relu", "tanh"]),
        "batch": ordinal([8, 32, 64]),
        "layers": randint(1, 2),
        "epochs": 3,
    }
    problem = Problem.create(space, metric="accuracy", mode="max")
    best = {"act": "relu", "batch": 64, "layers": 2, "epochs": 3}
    return KnownProblem("finite", problem, evaluate, 0.86, best)


def with_earlier_task(n: int = 12) -> KnownProblem:
    """`branin` after an earlier experiment of `n` trials on the same function, moved up by 1."""
    known = branin()
    table = TrialTable(known.problem)
    points = known.problem.space.sample(n, np.random.default_rng(0))
    for trial, config in enumerate(known.problem.space.decode(points)):
        loss = known.evaluate(config, 1)["loss"] + 1.0
        table.apply(Started(at=0.0, trial=trial, config=config, until=math.inf, milestone=math.inf))
        table.apply(Reported(at=1.0, trial=trial, metrics={"loss": loss}))
        table.apply(Ended(at=1.0, trial=trial, exit="ok", status=Status.COMPLETED))
    task = Task(name="earlier", space=known.problem.space, trials=table)
    problem = attrs.evolve(known.problem, tasks=(task,))
    return attrs.evolve(known, name="earlier task", problem=problem)


def with_fidelity(known: KnownProblem, max_t: int = 9) -> KnownProblem:
    """The same problem for trials that report `max_t` epochs, each better than the last."""
    if known.problem.fidelity is not None:
        return known
    signs = {o.name: -1.0 if o.goal is Goal.MAXIMIZE else 1.0 for o in known.problem.objectives}

    def evaluate(config: Mapping[str, Any], resource: int) -> dict[str, Any]:
        metrics = known.evaluate(config, resource)
        for name, sign in signs.items():
            metrics[name] += sign * (max_t / resource - 1.0)
        return {"epoch": resource, **metrics}

    problem = attrs.evolve(known.problem, fidelity=Fidelity(name="epoch", high=max_t))
    return attrs.evolve(known, problem=problem, evaluate=evaluate)


def all_problems() -> list[KnownProblem]:
    """One of each kind."""
    return [
        branin(),
        curves(),
        curves(cost=True),
        two_objectives(),
        constrained(),
        conditional(),
        finite(),
        with_earlier_task(),
    ]
