"""What a trial gets is what the configuration says, whatever the trial is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synecore import Experiment, StoppingCriterion, Tuner, make_backend, make_scheduler
from synecore.actions import Ended, Reported
from synecore.errors import ExperimentError, OptionError
from synecore.space import choice, randint, uniform

TUNED = {
    "x": uniform(0.0, 1.0),
    "units": randint(1, 9),
    "bias": choice([True, False]),
    "activation": choice(["relu", "-none-", "a b"]),
}
SCALARS = {
    "yes": True,
    "no": False,
    "tiny": 1e-300,
    "negative": -3,
    "text": "-f --flag 'quoted' \"and\" $HOME\n\u00e9\u4e2d",
    "empty": "",
}
NESTED = {
    "layers": [64, [32, 16], []],
    "optimizer": {"name": "adam", "betas": [0.9, 0.999], "more": {"decay": None, "ok": True}},
    "nothing": None,
    "long": "x" * 300_000,
}
GOT = """
import json
{read}
print("[tune-metric]: " + json.dumps({{"loss": 1, "got": got}}))
"""
BY_JSON = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--st_config_json_filename")
args, _ = parser.parse_known_args()
with open(args.st_config_json_filename) as file:
    got = json.load(file)
"""
BY_ARGUMENTS = """
import sys
words = sys.argv[1:]
got = {}
while words:
    name, equals, value = words.pop(0).removeprefix("--").partition("=")
    got[name] = value if equals else words.pop(0)
del got["st_checkpoint_dir"]
"""


def tuned(backend: Any, space: dict[str, Any], n: int = 3, **options: Any) -> Experiment:
    tuner = Tuner(
        backend,
        make_scheduler("fifo", space, searcher="random", metric="loss", random_seed=1),
        StoppingCriterion(max_num_trials_finished=n - 1),
        n_workers=2, display="none", **options,
    )  # fmt: skip
    return tuner.run()


def handed_over(experiment: Experiment) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return what is on record of each trial and what it said it got."""
    table = experiment.table()
    return [
        (dict(table.configs[event.trial]), event.metrics["got"])
        for event in experiment.events()
        if isinstance(event, Reported)
    ]


def script(folder: Path, read: str) -> Path:
    path = folder / "train.py"
    path.write_text(GOT.format(read=read))
    return path


def test_a_script_gets_any_configuration_as_json(tmp_path: Path) -> None:
    backend = make_backend("local", entry_point=script(tmp_path, BY_JSON), pass_args_as_json=True)
    experiment = tuned(backend, {**TUNED, **SCALARS, **NESTED})
    pairs = handed_over(experiment)
    assert len(pairs) >= 3
    for config, got in pairs:
        assert got == config
        assert list(got) == list(config)
        assert {name: got[name] for name in NESTED} == NESTED


def test_a_script_gets_scalars_as_arguments(tmp_path: Path) -> None:
    backend = make_backend("local", entry_point=script(tmp_path, BY_ARGUMENTS))
    for config, got in handed_over(tuned(backend, {**TUNED, **SCALARS})):
        assert got == {name: str(value) for name, value in config.items()}
        assert float(got["x"]) == config["x"]
        assert float(got["tiny"]) == 1e-300


def test_lists_as_arguments_are_refused_before_the_first_trial(tmp_path: Path) -> None:
    backend = make_backend("local", entry_point=script(tmp_path, BY_ARGUMENTS))
    with pytest.raises(OptionError, match=r"the value of 'layers' is \[64, .*pass_args_as_json"):
        tuned(backend, {**TUNED, **NESTED})


def test_a_text_that_is_too_long_for_an_argument_is_explained(tmp_path: Path) -> None:
    backend = make_backend("local", entry_point=script(tmp_path, BY_ARGUMENTS))
    space = {**TUNED, "long": NESTED["long"]}
    with pytest.raises(ExperimentError, match=r"pass_args_as_json=True"):
        tuned(backend, space, tuner_name="too-long", suffix_tuner_name=False)
    ends = [e for e in Experiment.open("too-long").events() if isinstance(e, Ended)]
    assert ends[0].error.endswith("with pass_args_as_json=True the configuration may be longer")


@pytest.mark.parametrize("in_process", [False, True])
def test_a_function_gets_any_configuration(in_process: bool) -> None:
    def train(**config):
        return {"loss": 1, "got": config}

    backend = make_backend("python", tune_function=train, in_process=in_process)
    pairs = handed_over(tuned(backend, {**TUNED, **SCALARS, **NESTED}))
    assert len(pairs) >= 3
    for config, got in pairs:
        assert got == config


# ---- resumed trials -----------------------------------------------------------------------

RESUMED = """
import json, os, sys
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
folder = options["--st_checkpoint_dir"]
beside = os.path.join(os.path.dirname(folder), "config.json")
file = options.get("--st_config_json_filename", beside)
written = json.load(open(file))["epochs"]
epochs = int(options.get("--epochs", written))
os.makedirs(folder, exist_ok=True)
path = os.path.join(folder, "starts.json")
starts = json.load(open(path)) if os.path.exists(path) else []
json.dump([*starts, [epochs, written]], open(path, "w"))
for epoch in range(starts[-1][0] + 1 if starts else 1, epochs + 1):
    print('[tune-metric]: {"epoch": %d, "loss": 1}' % epoch)
"""


def train_resumed(epochs: int, st_checkpoint_dir: str):
    path = Path(st_checkpoint_dir) / "starts.json"
    starts = json.loads(path.read_text()) if path.exists() else []
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([*starts, [epochs, epochs]]))
    for epoch in range(starts[-1][0] + 1 if starts else 1, epochs + 1):
        yield {"epoch": epoch, "loss": 1}


def arguments(folder: Path) -> Any:
    return make_backend("local", entry_point=folder / "train.py")


def as_json(folder: Path) -> Any:
    return make_backend("local", entry_point=folder / "train.py", pass_args_as_json=True)


def function(folder: Path) -> Any:
    return make_backend("python", tune_function=train_resumed)


def in_process(folder: Path) -> Any:
    return make_backend("python", tune_function=train_resumed, in_process=True)


@pytest.mark.parametrize(
    "make", [arguments, as_json, pytest.param(function, marks=pytest.mark.slow), in_process]
)
def test_a_resumed_trial_is_told_its_new_limit(tmp_path: Path, make: Callable[[Path], Any]) -> None:
    (tmp_path / "train.py").write_text(RESUMED)
    backend = make(tmp_path)
    Tuner(
        backend,
        make_scheduler(
            "asha", {"x": uniform(0.0, 1.0), "epochs": 3}, metric="loss", random_seed=0,
            resource_attr="epoch", max_resource_attr="epochs", type="promotion",
        ),
        StoppingCriterion(max_num_trials_completed=0),
        n_workers=2, display="none",
    ).run()  # fmt: skip
    starts = [
        json.loads(file.read_text())
        for trial in range(4)
        if (file := backend.checkpoint_trial_path(trial) / "starts.json").exists()
    ]
    assert [[1, 1], [3, 3]] in starts
