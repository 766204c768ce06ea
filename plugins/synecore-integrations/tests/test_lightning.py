from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synecore.errors import OptionError

pytestmark = [pytest.mark.heavy, pytest.mark.filterwarnings("ignore")]


def model(**logged: float) -> Any:
    """Return a model that logs the epoch in training and, as `logged`, in validation."""
    import torch
    from pytorch_lightning import LightningModule

    class Counting(LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(1, 1)

        def training_step(self, batch: Any, index: int) -> Any:
            self.log("train_epoch", float(self.current_epoch), on_step=False, on_epoch=True)
            return self.layer(batch).sum()

        def validation_step(self, batch: Any, index: int) -> None:
            for name, value in logged.items():
                self.log(name, value)
            self.log("val_epoch", float(self.current_epoch))

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), lr=0.01)

    return Counting()


def fit(module: Any, callback: Any, *, validate: bool = True, **options: Any) -> Any:
    import torch
    from pytorch_lightning import Trainer

    options = {"max_epochs": 3, "num_sanity_val_steps": 2, **options}
    trainer = Trainer(
        accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False, callbacks=[callback], **options,
    )  # fmt: skip
    data = torch.utils.data.DataLoader(torch.ones(8, 1), batch_size=2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer.fit(module, data, data if validate else None)
    return trainer


def test_every_epoch_is_reported_and_the_sanity_check_is_not(reports: Callable[[], Any]) -> None:
    from synecore_integrations.lightning import ReportCallback

    fit(model(), ReportCallback())
    assert reports() == [
        {"epoch": n + 1, "val_epoch": float(n), "train_epoch": float(n)} for n in range(3)
    ]


def test_epochs_without_a_validation_have_nothing_new(reports: Callable[[], Any]) -> None:
    from synecore_integrations.lightning import ReportCallback

    fit(model(), ReportCallback("val_epoch"), max_epochs=5, check_val_every_n_epoch=2)
    assert reports() == [{"epoch": 2, "val_epoch": 1.0}, {"epoch": 4, "val_epoch": 3.0}]


def test_several_validations_of_an_epoch_are_one_report(reports: Callable[[], Any]) -> None:
    from synecore_integrations.lightning import ReportCallback

    fit(model(), ReportCallback("val_epoch"), max_epochs=2, val_check_interval=0.5)
    assert [row["epoch"] for row in reports()] == [1, 2]


def test_a_model_without_validation_is_reported_as_it_trains(reports: Callable[[], Any]) -> None:
    from synecore_integrations.lightning import ReportCallback

    fit(model(), ReportCallback(resource_attr="pass"), validate=False)
    assert reports() == [{"pass": n + 1, "train_epoch": float(n)} for n in range(3)]


def test_nan_is_a_result(reports: Callable[[], Any]) -> None:
    from synecore_integrations.lightning import ReportCallback

    fit(model(loss=float("nan")), ReportCallback(["loss"]), max_epochs=1)
    assert str(reports()) == "[{'loss': nan, 'epoch': 1}]"


def test_a_metric_that_is_not_logged_ends_the_training_with_help() -> None:
    from synecore_integrations.lightning import ReportCallback

    with pytest.raises(OptionError, match="what Lightning logged at epoch 1 has no 'val_epochs'"):
        fit(model(), ReportCallback("val_epochs"))


def test_only_the_first_process_reports(reports: Callable[[], Any], tmp_path: Path) -> None:
    from pytorch_lightning import Trainer

    from synecore_integrations.lightning import ReportCallback

    class Second(Trainer):  # type: ignore[misc]
        is_global_zero = False

    saved: list[str] = []
    trainer = Second(logger=False, enable_checkpointing=False, enable_progress_bar=False)
    trainer.save_checkpoint = lambda path: saved.append(path)
    callback = ReportCallback(checkpoint_dir=tmp_path)
    callback.on_validation_end(trainer, None)
    callback.on_train_epoch_end(trainer, None)
    assert reports() == []
    assert saved == [str(tmp_path / "last.ckpt")]  # all processes take part in that


def test_a_checkpoint_is_there_when_the_report_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from synecore_integrations.lightning import ReportCallback, last_checkpoint

    folder = tmp_path / "not made yet"
    assert last_checkpoint(folder) is None
    assert last_checkpoint(None) is None
    at_report: list[int] = []
    callback = ReportCallback(checkpoint_dir=folder)

    def look(found: Any, resource: int) -> None:
        at_report.append(torch.load(last_checkpoint(folder), weights_only=False)["epoch"])

    monkeypatch.setattr(callback, "_report", look)
    fit(model(), callback)
    assert at_report == [0, 1, 2]
    assert [path.name for path in folder.iterdir()] == ["last.ckpt"]
