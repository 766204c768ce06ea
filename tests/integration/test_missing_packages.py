"""Without an optional package its methods say what to install, and everything else works."""

from __future__ import annotations

import subprocess
import sys

BLOCK = """
import sys
from importlib.abc import MetaPathFinder

class Blocked(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1:]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())

from synecore import AskTell, StoppingCriterion, Tuner, load_experiment, make_scheduler
from synecore import baselines
from synecore.space import uniform
from synecore.testing import InlineBackend

SPACE = {"x": uniform(0, 1), "epochs": 3}

def message(call):
    try:
        call()
    except Exception as error:
        print(type(error).__name__, error)
    else:
        print("fine")

def run(scheduler):
    backend = InlineBackend(lambda config, epoch: {"loss": config["x"], "epoch": epoch})
    tuner = Tuner(backend, scheduler, StoppingCriterion(max_num_trials_finished=3), display="none")
    tuner.run()
    assert tuner.best_config()[1]["epochs"] == 3
    return tuner
"""


def lines(code: str, *blocked: str) -> list[str]:
    """Return what the code prints where some packages cannot be imported."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BLOCK + code, *blocked],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_what_needs_a_package_names_it_and_the_rest_works():
    code = """
message(lambda: make_scheduler("fifo", SPACE, metric="loss", searcher="sobol"))
for method in (baselines.RandomSearch, baselines.GridSearch, baselines.ASHA):
    tuner = run(method(SPACE, "loss"))
message(tuner.tuning_status.get_dataframe)
"""
    sobol, frame = lines(code, "scipy", "pandas", "matplotlib", "rich", "cloudpickle", "yaml")
    assert sobol == (
        "PluginError searcher 'sobol' of synecore-basic 0.1.0: the package 'scipy' is missing: "
        'pip install "synecore-basic[sobol]"'
    )
    assert frame == (
        "ModuleNotFoundError TuningStatus.get_dataframe needs pandas: "
        'pip install "synecore[default]"'
    )


def test_a_method_that_is_not_installed_says_what_brings_it():
    code = """
message(lambda: baselines.BayesianOptimization(SPACE, metric="loss"))
message(lambda: load_experiment("any"))
message(lambda: make_scheduler("asha", SPACE, metric="loss"))
print(AskTell("random", SPACE, metric="loss").ask().trial_id)
run(make_scheduler("fifo", SPACE, metric="loss"))
"""
    bayesian, load, asha, trial = lines(code, "synecore_analysis", "synecore_asha")
    assert bayesian.startswith("UnknownComponentError searcher 'bayesopt' is not installed; ")
    assert "synecore-bayesopt" in bayesian
    assert "load_experiment needs synecore-analysis: pip install synecore-analysis" in load
    assert "plugin 'synecore_asha.plugin' of synecore-asha 0.1.0 could not be loaded" in asha
    assert trial == "0"
