"""A small experiment, run as a whole or in parts, for trackers to be told of."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from synecore import Tuner, make_scheduler
from synecore.space import choice, uniform
from synecore.testing import InlineBackend
from synecore.tuning.stopping import StoppingCriterion


def evaluate(config: Any, resource: int) -> dict[str, Any]:
    if config["x"] > 0.85:
        raise RuntimeError("too wide")
    return {
        "epoch": resource, "loss": config["x"] + 1 / resource, "top@5": 1 - config["x"],
        "nan": float("nan"), "text": "a",
    }  # fmt: skip


def tuner(*callbacks: Any, n: int = 30, name: str = "tracked", type: str = "promotion") -> Tuner:
    space = {"x": uniform(0, 1), "act": choice(["relu", "tanh"]), "epochs": 9}
    scheduler = make_scheduler(
        "asha", space, metric="loss", resource_attr="epoch", max_resource_attr="epochs",
        random_seed=3, type=type,
    )  # fmt: skip
    return Tuner(
        InlineBackend(evaluate), scheduler, StoppingCriterion(max_num_evaluations=n), 2,
        tuner_name=name, suffix_tuner_name=False, display="none", callbacks=list(callbacks),
        max_failures=99,
    )  # fmt: skip


def resumed(n: int, *callbacks: Any, name: str = "tracked") -> Tuner:
    settings = {"callbacks": list(callbacks)} if callbacks else {}
    return Tuner.resume(
        name, trial_backend=InlineBackend(evaluate), display="none",
        stop_criterion=StoppingCriterion(max_num_evaluations=n), **settings,
    )  # fmt: skip


@pytest.fixture
def make_tuner() -> Callable[..., Tuner]:
    return tuner


@pytest.fixture
def resume() -> Callable[..., Tuner]:
    return resumed


@pytest.fixture
def run_and_kill() -> Callable[[str, str, bytes], None]:
    """Run the experiment with a callback in another process, and kill that some 50 ticks after a
    file in the experiment's folder has a text in it.
    """

    def run(callback: str, file: str, text: bytes) -> None:
        code = f"""
            import os, runpy, signal, time

            class Kill:
                n = 0

                def events(self, experiment, events):
                    self.n += 1
                    file = experiment.folder / {file!r}
                    deadline = time.monotonic() + 60
                    while self.n > 20 and not (file.exists() and {text!r} in file.read_bytes()):
                        assert time.monotonic() < deadline
                        time.sleep(0.01)
                    time.sleep(0.02)
                    if self.n == 70:
                        os.kill(os.getpid(), signal.SIGKILL)

            tests = runpy.run_path({__file__!r})
            tests["tuner"]({callback!r}, Kill(), n=1000).run()
        """
        # wandb tells child processes of its service, which would outlive the one that is killed.
        environment = {k: v for k, v in os.environ.items() if k != "WANDB_SERVICE"}
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", textwrap.dedent(code)], check=False,
            capture_output=True, env=environment,
        )  # fmt: skip
        assert done.returncode == -9, done.stderr.decode()

    return run
