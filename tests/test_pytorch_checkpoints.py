"""Checkpoints of PyTorch objects, with PyTorch."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from synecore.checkpointing import (
    checkpoint_model_at_rung_level,
    pytorch_load_save_functions,
    resume_from_checkpointed_model,
)
from synecore.errors import OptionError

pytestmark = pytest.mark.heavy


def training(seed: int) -> SimpleNamespace:
    """Return a network with dropout, and all that its next step depends on."""
    import torch

    torch.manual_seed(seed)
    made = SimpleNamespace(state={"best": 1.0, "epochs": []})
    made.model = torch.nn.Sequential(
        torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 1)
    )
    made.optimizer = torch.optim.AdamW(made.model.parameters(), lr=0.05, amsgrad=True)
    made.schedule = torch.optim.lr_scheduler.OneCycleLR(made.optimizer, 0.1, total_steps=40)
    made.scaler = torch.amp.GradScaler("cpu")
    made.shuffling = torch.Generator().manual_seed(seed)
    made.functions = pytorch_load_save_functions(
        {
            "model": made.model,
            "optimizer": made.optimizer,
            "schedule": made.schedule,
            "scaler": made.scaler,
            "shuffling": made.shuffling,
            "dropout": torch.default_generator,
        },
        mutable_state=made.state,
    )
    return made


def train(made: SimpleNamespace, first: int, last: int) -> None:
    import torch

    X = torch.linspace(-1, 1, 64).reshape(16, 4)
    y = X.sum(dim=1, keepdim=True) ** 2
    for epoch in range(first, last + 1):
        for rows in torch.randperm(16, generator=made.shuffling).split(4):
            made.optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(made.model(X[rows]), y[rows])
            made.scaler.scale(loss).backward()
            made.scaler.step(made.optimizer)
            made.scaler.update()
        made.schedule.step()
        made.state["best"] = min(made.state["best"], loss.item())
        made.state["epochs"].append(epoch)


def test_training_goes_on_to_the_same_weights_bit_for_bit(tmp_path: Path) -> None:
    import torch

    whole = training(seed=3)
    train(whole, 1, 9)
    config = {"st_checkpoint_dir": str(tmp_path / "checkpoints")}
    done = 0
    for until in (2, 5, 9):
        part = training(seed=100 + until)  # other weights, other random numbers
        assert resume_from_checkpointed_model(config, part.functions[0]) == done
        if done == 0:
            part = training(seed=3)
        train(part, done + 1, until)
        checkpoint_model_at_rung_level(config, part.functions[1], until)
        done = until
    assert part.state == whole.state
    assert part.state["epochs"] == list(range(1, 10))
    expected = whole.model.state_dict()
    for name, tensor in part.model.state_dict().items():
        assert torch.equal(tensor, expected[name])
    assert (
        part.optimizer.state_dict()["param_groups"] == whole.optimizer.state_dict()["param_groups"]
    )
    assert part.schedule.state_dict() == whole.schedule.state_dict()
    assert os.listdir(config["st_checkpoint_dir"]) == ["checkpoint.json"]


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: b"\0" * len(data),
        lambda data: data[:1000] + bytes(b ^ 0xFF for b in data[1000:1400]) + data[1400:],
    ],
    ids=["empty", "half", "one byte less", "zeros", "garbled"],
)
def test_a_broken_file_is_said_and_nothing_is_changed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], harm: Any
) -> None:
    import torch

    made = training(seed=0)
    made.functions[1](str(tmp_path), 3)
    file = tmp_path / "checkpoint.json"
    file.write_bytes(harm(file.read_bytes()))
    other = training(seed=1)
    before = {name: tensor.clone() for name, tensor in other.model.state_dict().items()}
    assert other.functions[0](str(tmp_path)) == 0
    for name, tensor in other.model.state_dict().items():
        assert torch.equal(tensor, before[name])
    said = capfd.readouterr().err
    assert said.startswith(f"synecore: the checkpoint {str(file)!r} cannot be read (")
    assert said.endswith("; training begins at the beginning\n")


def test_no_file_loads_as_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert training(seed=0).functions[0](str(tmp_path)) == 0
    assert capfd.readouterr().err == ""


def test_a_checkpoint_of_another_network_is_an_error(tmp_path: Path) -> None:
    import torch

    small, large = torch.nn.Linear(2, 1), torch.nn.Linear(3, 1)
    pytorch_load_save_functions({"model": small})[1](str(tmp_path), 1)
    load, _ = pytorch_load_save_functions({"model": large})
    with pytest.raises(
        OptionError, match=r"'model' in the checkpoint .* does not fit: .*size mis.*\]\)\. It was"
    ):
        load(str(tmp_path))
    load, _ = pytorch_load_save_functions({"net": small, "optimizer": small})
    with pytest.raises(OptionError, match="holds model, and the script loads net, optimizer;"):
        load(str(tmp_path))


def test_further_values_are_plain_ones(tmp_path: Path) -> None:
    import torch

    rng = np.random.default_rng(0)
    state: dict[str, Any] = {
        "best": np.float64(0.5), "steps": np.int64(3), "tensor": torch.arange(3), "none": None,
        "rng": rng.bit_generator.state, "nested": [(1, "a"), {"b": [True]}],
    }  # fmt: skip
    pytorch_load_save_functions({}, state)[1](str(tmp_path), 1)
    loaded: dict[str, Any] = {}
    assert pytorch_load_save_functions({}, loaded)[0](str(tmp_path)) == 1
    assert torch.equal(loaded.pop("tensor"), state.pop("tensor"))
    assert loaded == state
    for value in (np.zeros(2), {1, 2}, Path("a")):
        with pytest.raises(OptionError, match=r"'value' holds .*, which a checkpoint cannot keep;"):
            pytorch_load_save_functions({}, {"value": [value]})[1](str(tmp_path), 1)
    with pytest.raises(OptionError, match=r"\['model'\] is a int, which has no state_dict\(\)"):
        pytorch_load_save_functions({"model": 3})[1](str(tmp_path), 1)


def test_nothing_but_tensors_and_plain_values_is_unpickled(tmp_path: Path) -> None:
    import torch

    torch.save({"resource": 1, "objects": {}, "others": {"p": Path("a")}}, tmp_path / "c.pt")
    with pytest.raises(
        OptionError,
        match=r"more than tensors and plain values, and .* Unsupported global: GLOBAL path",
    ):
        pytorch_load_save_functions({}, {}, fname="c.pt")[0](str(tmp_path))
