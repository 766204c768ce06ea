"""The measurement of mlp-curves: same curves for a seed, chunks that survive a stop, tables."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier

from synecore.space import SearchSpace, config_space_from_json_dict

CURVES = Path(__file__).parents[1] / "benchmarks" / "curves"
MODULES = [path.stem for path in CURVES.glob("*.py")]

TINY = {
    "learning_rate": 0.03,
    "weight_decay": 1e-4,
    "momentum": 0.5,
    "input_noise": 0.1,
    "batch_size": 20,
    "width": 4,
    "depth": 2,
    "activation": "tanh",
    "solver": "adam",
}


@pytest.fixture
def curves(monkeypatch):
    """Return the modules of the measurement, imported as its script does."""
    monkeypatch.syspath_prepend(CURVES)
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield SimpleNamespace(**{name: importlib.import_module(name) for name in MODULES})
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture
def fake(curves, monkeypatch):
    """Replace tasks by two, of 30 and 60 configurations, and training by a formula; list calls."""
    calls = []

    def train(config, data, seed, epochs=81):
        if epochs == 1:
            return None  # the warm-up
        calls.append((data.task, *seed))
        _, index = seed
        falling = (index + 1) / (100 + np.arange(epochs))
        valid = np.where(np.arange(epochs) < (5 if index == 3 else epochs), falling, np.nan)
        return curves.training.Curve(
            valid, 2 * valid, valid, 2 * valid, 0 * valid + 0.25, 10 + index, 0.5, 1.0
        )

    def load(task):
        rows = (np.zeros((8, 3)), np.zeros(8))
        return SimpleNamespace(train=rows, valid=rows, test=rows, n_classes=2, task=task.source)

    tasks = {
        "small": curves.tasks.Task(tuple, "one", n_configurations=30, seeds=(0, 1)),
        "large": curves.tasks.Task(tuple, "two", n_configurations=60),
    }
    monkeypatch.setattr(curves.training, "train", train)
    monkeypatch.setattr(curves.tasks, "load", load)
    monkeypatch.setattr(curves.assembly, "load", load)
    for module in (curves.measure, curves.card):
        monkeypatch.setattr(module, "TASKS", tasks)
    return calls


def measure(curves, work, *words):
    return curves.measure.main(["--work", str(work), "--nice", "0", *words])


def test_the_same_seed_gives_the_same_curve_and_another_one_another(curves):
    data = curves.tasks.load(curves.tasks.TASKS["iris"])
    first, again, other = (curves.training.train(TINY, data, (s, 7), 4) for s in (0, 0, 1))
    for name in ("valid_error", "valid_loss", "test_error", "test_loss"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.valid_loss, other.valid_loss)
    assert first.n_parameters == (4 * 4 + 4) + (4 * 4 + 4) + (4 * 3 + 3)
    assert (first.epoch_time > 0).all()
    assert first.cpu_time > first.epoch_time.sum()


def test_an_epoch_shuffles_in_another_order_than_the_one_before(curves):
    calm = {**TINY, "input_noise": 0.0, "learning_rate": 1e-12}  # the network stays what it was
    data = curves.tasks.load(curves.tasks.TASKS["iris"])
    model = curves.training.network(calm, len(data.train[0]), np.random.RandomState(0))
    model.partial_fit(*data.train, classes=[0, 1, 2])
    before = model._random_state.get_state()[2]
    model.partial_fit(*data.train)
    assert model._random_state.get_state()[2] != before


def test_scores_are_those_of_scikit_learn(curves):
    data = curves.tasks.load(curves.tasks.TASKS["wine"])
    model = curves.training.network(TINY, 10, np.random.RandomState(0))
    assert isinstance(model, MLPClassifier)
    for _ in range(3):
        model.partial_fit(*data.train, classes=[0, 1, 2])
    error, loss = curves.training.score(model, data.valid)
    assert error == pytest.approx(1 - model.score(*data.valid))
    assert loss == pytest.approx(log_loss(data.valid[1], model.predict_proba(data.valid[0])))


def test_a_divergence_leaves_nan_but_keeps_the_time_until_then(curves):
    data = curves.tasks.load(curves.tasks.TASKS["iris"])
    wild = {**TINY, "solver": "sgd", "activation": "relu", "learning_rate": 1e30}
    curve = curves.training.train(wild, data, (0, 0), 4)
    assert np.isnan(curve.valid_error).all()
    assert np.isnan(curve.latency)
    assert np.isfinite(curve.epoch_time).tolist() == [True, False, False, False]


def test_rows_are_split_once_without_overlap_and_scaled_by_the_training_rows(curves):
    data = curves.tasks.load(curves.tasks.TASKS["breast_cancer"])
    parts = (data.train, data.valid, data.test)
    assert [len(inputs) for inputs, _ in parts] == [284, 142, 143]
    assert len(np.unique(np.concatenate([inputs for inputs, _ in parts]), axis=0)) == 569
    np.testing.assert_allclose(data.train[0].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(data.train[0].std(axis=0), 1, atol=1e-4)


def test_the_file_holds_the_drawn_configurations_of_the_space(curves):
    read = curves.configurations.read()
    assert len(read) == curves.configurations.N_CONFIGURATIONS
    assert len({json.dumps(config) for config in read}) == len(read)
    space = SearchSpace(curves.configurations.SPACE)
    assert all(space.contains(config) for config in read)
    assert read == curves.configurations.draw()


def test_a_second_run_measures_only_what_is_missing(curves, fake, tmp_path):
    assert measure(curves, tmp_path) == 0
    assert len(fake) == 30 + 60 + 30
    assert fake[:30] == [("one", 0, i) for i in range(30)]
    assert fake[-1] == ("one", 1, 29)  # second seeds come after the first ones of all tasks
    fake.clear()
    (tmp_path / "large-0-0025.npz").unlink()
    (tmp_path / ".large-0-0025.123.npz").write_bytes(b"half")  # a process was killed in writing
    measure(curves, tmp_path)
    assert fake == [("two", 0, i) for i in range(25, 50)]


def test_the_status_tells_what_is_done_and_what_is_left(curves, fake, tmp_path, capsys):
    measure(curves, tmp_path)
    (tmp_path / "small-1-0025.npz").unlink()
    capsys.readouterr()
    measure(curves, tmp_path, "--status")
    _, small, large, second, rest = capsys.readouterr().out.splitlines()
    assert small.split() == ["small", "0", "2/2", "0.5", "0.0"]
    assert large.split() == ["large", "0", "3/3", "1.0", "0.0"]
    assert second.split()[:4] == ["small", "1", "1/2", "0.4"]
    assert rest.endswith("0")


def test_finished_tasks_become_tables_with_curves_at_their_places(
    curves, fake, tmp_path, monkeypatch
):
    into = tmp_path / "tables"
    monkeypatch.setattr(curves.measure, "TABLES", into)
    work = tmp_path / "work"
    measure(curves, work)
    (work / "large-0-0000.npz").unlink()
    measure(curves, work, "--assemble")
    assert sorted(p.name for p in into.iterdir()) == [
        "CARD.md", "mlp_curves_small.json", "mlp_curves_small.npz",
    ]  # fmt: skip
    about = json.loads((into / "mlp_curves_small.json").read_text())
    assert (about["n_configs"], about["n_seeds"], about["n_fidelities"]) == (30, 2, 81)
    assert about["verification"]["diverged_trainings"] == 2
    assert config_space_from_json_dict(about["config_space"]) == dict(curves.configurations.SPACE)
    with np.load(into / "mlp_curves_small.npz", allow_pickle=False) as table:
        error, elapsed = table["obj__valid_error"], table["obj__elapsed_time"]
        assert error.shape == elapsed.shape == (1, 30, 2, 81)
        assert error.dtype == np.float32
        expected = np.add.outer(np.arange(1, 31), np.zeros(81)) / (100 + np.arange(81))
        expected[3, 5:] = np.nan
        np.testing.assert_allclose(error[0, :, 1], expected, rtol=1e-4)
        np.testing.assert_allclose(elapsed[0, 0, 0], 0.25 * np.arange(1, 82), rtol=1e-4)
        assert table["obj__n_parameters"].ravel().tolist() == list(range(10, 40))
        choices = about["hyperparameters"][7]["choices"]
        for i, config in enumerate(curves.configurations.read()[:30]):
            assert table["hp__width"][i] == config["width"]
            assert choices[table["hp__activation"][i]] == config["activation"]
    card = (into / "CARD.md").read_text()
    assert "| small | 8, 8, 8 | 3 | 2 | 30 | 2 | 2 |" in card
    assert card.count("1.00") == 6  # two early epochs, of error and of loss, seeds, and test


def test_chunks_of_other_configurations_are_refused(curves, fake, tmp_path):
    measure(curves, tmp_path, "--tasks", "small")
    task = curves.measure.TASKS["small"]
    chunk = curves.chunks.chunks_of("small", task, 0)[0]
    other = [{**config, "depth": 1} for config in curves.configurations.read()]
    with pytest.raises(ValueError, match="was measured with other configurations"):
        curves.chunks.read([chunk], other, tmp_path)
    longer = replace(task, n_configurations=90)
    assert curves.assembly.finished_seeds("small", longer, tmp_path) == []


def test_rounding_keeps_fourteen_significant_bits(curves):
    values = np.random.default_rng(0).lognormal(0, 9, 1000)
    kept = curves.assembly.rounded(values)
    np.testing.assert_allclose(kept, values, rtol=2.0**-14)
    assert not (kept.view(np.uint32) & 0b11_1111_1111).any()
    assert np.isnan(curves.assembly.rounded(np.array([np.nan]))).all()


def test_an_unknown_task_is_named_with_those_there_are(curves, tmp_path, capsys):
    assert measure(curves, tmp_path, "--tasks", "irsi") == 2
    assert "No task 'irsi'; there are wine," in capsys.readouterr().err
