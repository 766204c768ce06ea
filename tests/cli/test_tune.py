from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from synecore import Experiment
from synecore.space import choice, loguniform, uniform

BASE = ("--metric", "loss", "--method", "random", "--display", "none", "--seed", "1")
TWO = ("--max-num-trials-finished", "1")
X = ("--param", "x=uniform(0,1)")
STAMP = r"train-\d{4}(-\d\d){5}-\d{3}"


def test_tunes_a_script_and_prints_the_best(script, synecore):
    code, out, err = synecore("tune", "train.py", *X, *BASE, *TWO)
    assert (code, err) == (0, "")
    experiment = Experiment.open("train")
    best = experiment.best_config()
    assert out.splitlines() == [
        f"best loss: {best['loss']:.6g}  (trial {best['trial_id']})",
        f"  x={best['config_x']:.6g}",
        f"  synecore why {experiment.name} {best['trial_id']}   synecore plot {experiment.name}",
    ]
    assert re.fullmatch(STAMP, experiment.name)


def test_json_is_one_document_with_the_best(script, synecore):
    code, out, _ = synecore("tune", "train.py", *X, *BASE, *TWO, "--json")
    best = json.loads(out)
    assert code == 0
    assert Path(best["path"]).is_dir()
    assert {"name", "path", "trial_id", "loss", "config_x"} == set(best)
    assert best["loss"] == best["config_x"] + 1


def test_every_option_reaches_the_run(script, synecore):
    code, out, _ = synecore(
        "tune", "train.py", *X, "--param", "epochs=9", "--metric", "loss", "--mode", "min",
        "--method", "asha", "--resource-attr", "epoch", "--max-resource-attr", "epochs",
        "--option", "type=promotion", "--option", "reduction-factor=3",
        "--option", 'searcher={"name": "sobol"}', "--start", '{"x": 0.25}', "--workers", "2",
        "--name", "mine", "--exact-name", "--backend-option", "delete_checkpoints=true",
        "--store", "sqlite", "--max-failures", "4", "--max-retries", "2", "--seed", "5",
        "--max-wallclock-time", "50", "--max-num-evaluations", "4", "--target", "loss<-1",
        "--target", "loss>100", "--max-cost", "3", "--finish-running", "--display", "none",
    )  # fmt: skip
    assert code == 0, out
    metadata = Experiment.open("mine").metadata
    assert metadata["name"] == "mine"
    scheduler = metadata["components"]["scheduler"]
    assert (scheduler["name"], scheduler["seed"]) == ("asha", 5)
    assert scheduler["options"]["type"] == "promotion"
    assert scheduler["options"]["reduction_factor"] == 3
    assert scheduler["options"]["searcher"]["name"] == "sobol"
    assert metadata["components"]["backend"]["options"]["delete_checkpoints"] is True
    assert metadata["problem"]["start_points"] == [{"x": 0.25, "epochs": 9}]
    assert metadata["problem"]["fidelity"]["high"] == 9
    assert metadata["store"] == {"name": "sqlite"}
    assert (Experiment.open("mine").path / "journal.sqlite").exists()
    settings = metadata["tuner"]
    assert (settings["n_workers"], settings["max_failures"], settings["max_retries"]) == (2, 4, 2)
    assert settings["wait_trial_completion_when_stopping"] is True
    assert metadata["stop_criterion"] == {
        "max_wallclock_time": 50.0, "max_num_evaluations": 4, "max_cost": 3.0,
        "min_metric_value": {"loss": -1.0}, "max_metric_value": {"loss": 100.0},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "space.json",
            '{"x": "uniform(0, 1)", "lr": "loguniform(1e-4, 1)", "kind": "choice([\'a\', \'b\'])",'
            ' "epochs": 2, "label": "plain", "$constraints": ["x < lr + 1"]}',
        ),
        (
            "space.toml",
            'x = "uniform(0, 1)"\nlr = "loguniform(1e-4, 1)"\nkind = "choice(a, b)"\nepochs = 2\n'
            'label = "plain"\n"$constraints" = ["x < lr + 1"]\n',
        ),
        (
            "space.YAML",
            "x: uniform(0, 1)\nlr: loguniform(1e-4, 1)\nkind: choice([a, b])\nepochs: 2\n"
            "label: plain\n$constraints: ['x < lr + 1']\n",
        ),
    ],
)
def test_space_files_mean_the_same(name, content, script, synecore):
    Path(name).write_text(content)
    code, _, err = synecore("tune", "train.py", "--space", name, *BASE, *TWO)
    assert (code, err) == (0, "")
    space = Experiment.open("train").problem().space
    assert dict(space.config_space) == {
        "x": uniform(0, 1), "lr": loguniform(1e-4, 1), "kind": choice(["a", "b"]), "epochs": 2,
        "label": "plain",
    }  # fmt: skip
    assert [str(c.text) for c in space.config_space.constraints] == ["x < lr + 1"]


def test_parameters_override_the_file_and_constraints_add_up(script, synecore):
    Path("s.json").write_text('{"x": "uniform(0, 1)", "y": 3, "$constraints": ["x > 0.1"]}')
    code, _, _ = synecore(
        "tune", "train.py", "--space", "s.json", "--param", "y=uniform(0,1)",
        "--constraint", "x < y", *BASE, *TWO,
    )  # fmt: skip
    assert code == 0
    space = Experiment.open("train").problem().space.config_space
    assert space["y"] == uniform(0, 1)
    assert [c.text for c in space.constraints] == ["x > 0.1", "x < y"]


WRONG = [
    (("tune", "train.py", *BASE, *TWO),
     "the space is empty: give --space FILE or --param NAME=DOMAIN"),
    (("tune", "train.py", "--param", "x", *BASE, *TWO),
     "--param 'x' is not NAME=DOMAIN, as in lr=loguniform(1e-4,1)"),
    (("tune", "train.py", "--param", "x=3", *BASE, *TWO),
     "scheduler 'fifo': config_space: no parameter to tune; give at least one a domain, as in "
     '{"lr": loguniform(1e-4, 1)}.'),
    (("tune", "train.py", "--param", "x=uniform(1,0)", *BASE, *TWO),
     "x: domain 'uniform(1,0)': lower 1.0 is above upper 0.0; swap the two bounds."),
    (("tune", "train.py", *X, "--param", "y=choice([])", *BASE, *TWO),
     "y: domain 'choice([])': categories: an empty list; give at least one value."),
    (("tune", "train.py", *X, "--constraint", "x <", *BASE, *TWO),
     "constraint 'x <' cannot be read: invalid syntax. Write one like 'width < height'."),
    (("tune", "train.py", *X, "--constraint", "x < y", *BASE, *TWO),
     "scheduler 'fifo': constraint 'x < y': there is no parameter 'y'. Known: x."),
    (("tune", "train.py", *X, "--start", '{"y": 1}', *BASE, *TWO),
     "scheduler 'fifo': points_to_evaluate[0]: 'y' is not in the configuration space. Known: x."),
    (("tune", "train.py", *X, "--start", '{"x": 7}', *BASE, *TWO),
     "scheduler 'fifo': points_to_evaluate[0]: x: 7 is not in uniform(0.0, 1.0)."),
    (("tune", "train.py", *X, "--start", "{", *BASE, *TWO),
     "--start '{' is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 "
     "(char 1)"),
    (("tune", "train.py", "--space", "none.json", *BASE, *TWO),
     "--space none.json cannot be read: No such file or directory"),
    (("tune", "train.py", "--space", "train.py", *BASE, *TWO),
     "--space train.py: the file must end in .json, .toml, .yaml or .yml"),
    (("tune", "train.py", *X, *BASE),
     "tune: say when to stop, as in max_wallclock_time=60 (seconds) or max_num_trials_finished=50"),
    (("tune", "train.py", *X, *BASE, "--max-num-trials-finished", "-1"),
     "StoppingCriterion: 'max_num_trials_finished' must be a number >= 0, got -1"),
    (("tune", "train.py", *X, *BASE, "--target", "loss"),
     "--target 'loss' is neither METRIC<VALUE nor METRIC>VALUE"),
    (("tune", "train.py", *X, *BASE, "--target", "loss<small"),
     "--target 'loss<small' is neither METRIC<VALUE nor METRIC>VALUE"),
    (("tune", "train.py", *X, *BASE, *TWO, "--workers", "0"),
     "Tuner: 'n_workers' must be an integer >= 1, got 0"),
    (("tune", "train.py", *X, *BASE, *TWO, "--max-retries", "-1"),
     "Tuner: 'max_retries' must be an integer >= 0, got -1"),
    (("tune", "train.py", *X, *BASE, *TWO, "--seed", "-4"),
     "random_seed: -4 is not an integer >= 0."),
    (("tune", "train.py", *X, *BASE, *TWO, "--option", "foo"),
     "--option 'foo' is not NAME=VALUE, as in reduction_factor=4"),
    (("tune", "train.py", *X, *BASE, *TWO, "--option", "sercher=grid"),
     "scheduler 'fifo': unknown option 'sercher', did you mean 'searcher'?\n  Options: searcher."),
    (("tune", "train.py", *X, *BASE, *TWO, "--backend", "lcal"),
     "no backend named 'lcal'; did you mean 'local'? Installed: local, python."),
    (("tune", "train.py", *X, *BASE, *TWO, "--store", "sqllite"),
     "no store named 'sqllite'; did you mean 'sqlite'? Installed: jsonl, sqlite."),
    (("tune", "train.py", *X, *BASE, *TWO, "--mode", "max", "--mode", "min"),
     "scheduler 'fifo': mode: 2 given for 1 metrics; give one for all, or one each."),
    (("tune", "train.py", *X, *BASE, *TWO, "--method", "asha"),
     "scheduler 'asha' needs to know the largest resource: give max_t, or max_resource_attr naming "
     "a constant of the configuration space, such as 'epochs'; and resource_attr, the reported "
     "value that counts it up."),
    (("tune", "train.py", *X, *BASE, *TWO, "--method", "asha", "--resource-attr", "epoch",
      "--max-resource-attr", "epochs"),
     "scheduler 'asha': max_resource_attr: 'epochs' is not a constant of the configuration space. "
     "Constants: none."),
]  # fmt: skip


@pytest.mark.parametrize(("words", "message"), WRONG, ids=[message[:40] for _, message in WRONG])
def test_wrong_use_is_one_message_and_starts_nothing(words, message, script, synecore):
    assert synecore(*words) == (2, "", f"synecore: {message}\n")
    assert list(Path(os.environ["SYNECORE_FOLDER"]).iterdir()) == []


def test_a_misspelt_domain_is_no_constant(script, synecore):
    code, _, err = synecore("tune", "train.py", *X, "--param", "y=unifrom(0,1)", *BASE, *TWO)
    assert code == 2
    assert err.startswith(
        "synecore: y: domain 'unifrom(0,1)': unknown domain 'unifrom'; did you mean 'uniform'? "
        "Known: uniform, loguniform, "
    )


def test_a_missing_script_is_named_in_full(script, synecore):
    folder = script.parent
    assert synecore("tune", "trian.py", *X, *BASE, *TWO) == (
        2, "",
        f"synecore: entry_point: there is no file '{folder / 'trian.py'}'; did you mean "
        "'train.py'? Give the path of the training script, absolute or from the current folder\n",
    )  # fmt: skip


def test_an_unknown_method_lists_searchers_too(script, synecore):
    code, _, err = synecore("tune", "train.py", *X, "--metric", "loss", "--method", "ashaa", *TWO)
    assert code == 2
    assert err.startswith("synecore: no scheduler named 'ashaa'; did you mean 'asha'? Installed: ")
    assert "Searchers, usable as methods too: " in err
    assert "random" in err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("s.json", "[1]", "--space s.json must map names to domains, it is a list"),
        ("s.json", "{", "--space s.json is not valid JSON: Expecting property name"),
        ("s.toml", "x = ", "--space s.toml is not valid TOML: Invalid value"),
        ("s.yaml", "x: [", "--space s.yaml is not valid YAML: while parsing"),
        ("s.yml", "", "--space s.yml must map names to domains, it is a NoneType"),
        ("s.json", '{"x": [1, 2]}', "x: [1, 2] is a list; write 'choice([1, 2])'"),
    ],
)
def test_a_file_at_fault_is_named(name, content, message, script, synecore):
    Path(name).write_text(content)
    code, out, err = synecore("tune", "train.py", "--space", name, *BASE, *TWO)
    assert (code, out) == (2, "")
    assert err.startswith(f"synecore: {message}")


def test_a_missing_metric_fails_the_run_and_shows_a_report(script, synecore):
    code, out, err = synecore("tune", "train.py", *X, "--metric", "los", "--method", "random",
                              "--display", "none", *TWO)  # fmt: skip
    assert (code, out) == (1, "")
    (message,) = re.findall(r"^synecore: (.*)$", err, re.MULTILINE)
    assert message.startswith(
        "2 trials failed, more than max_failures=1; the last was trial 1 with {'x': "
    )
    assert "metric 'los' is not in the report" in message
    assert "the report was {'loss': " in message
    name = Experiment.open("train").name
    assert f"Mend the script and `synecore resume {name} --max-failures 3`" in err


def test_a_failing_script_shows_the_end_of_its_output(script, synecore):
    script.write_text("raise ValueError('no such data')")
    code, _, err = synecore(
        "tune", "train.py", *X, *BASE, "--max-num-trials-finished", "9", "--max-failures", "0"
    )
    assert code == 1
    assert "1 trials failed, more than max_failures=0; the last was trial 0 with" in err
    assert "exit code 1; end of std.err:" in err
    assert "ValueError: no such data" in err


def test_no_result_is_said_plainly(script, synecore):
    script.write_text("pass")
    words = ("tune", "train.py", *X, *BASE, "--max-num-trials-finished", "0", "--json")
    code, out, err = synecore(*words)
    assert (code, json.loads(out)) == (0, None)
    assert "has no finite, feasible value of 'loss' yet\n" in err


def test_an_existing_name_is_not_overwritten(script, synecore):
    words = ("tune", "train.py", *X, *BASE, *TWO, "--name", "one", "--exact-name")
    assert synecore(*words)[0] == 0
    code, out, err = synecore(*words)
    assert (code, out) == (1, "")
    assert err.startswith("synecore: experiment 'one' exists already in ")
    assert "resume it (`synecore resume one`)" in err


def test_ctrl_c_ends_with_130_and_the_run_is_kept(script):
    script.write_text("import time; time.sleep(60)")
    process = subprocess.Popen(
        [sys.executable, "-m", "synecore", "tune", "train.py", *X, "--metric", "loss", "--method",
         "random", "--display", "plain", "--name", "long", "--exact-name",
         "--max-wallclock-time", "60"],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    folder = Path(os.environ["SYNECORE_FOLDER"]) / "long"
    deadline = time.monotonic() + 20
    while not (folder / "0" / "std.out").exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "interrupted; `synecore resume long` goes on" in err
    assert "Traceback" not in err
    assert Experiment.open("long").table().n_trials == 1
