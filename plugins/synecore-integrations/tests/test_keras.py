from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synecore.errors import OptionError

pytestmark = [pytest.mark.heavy, pytest.mark.filterwarnings("ignore")]


def network() -> Any:
    import keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    return model


def fit(model: Any, callback: Any, *, y: float = 1.0, **options: Any) -> Any:
    data = np.ones((8, 2), "float32"), np.full(8, y, "float32")
    return model.fit(
        *data, validation_data=data, verbose=0, shuffle=False, callbacks=[callback], **options
    )


def test_all_logs_are_reported_as_in_the_history(reports: Callable[[], Any]) -> None:
    from synecore_integrations.keras import ReportCallback

    kept = fit(network(), ReportCallback(), epochs=3).history
    expected = [{name: kept[name][n] for name in kept} | {"epoch": n + 1} for n in range(3)]
    assert set(kept) == {"loss", "mae", "val_loss", "val_mae"}
    assert reports() == expected


def test_nan_is_a_result(reports: Callable[[], Any]) -> None:
    from synecore_integrations.keras import ReportCallback

    fit(network(), ReportCallback({"loss": "loss"}), y=float("nan"), epochs=1)
    assert str(reports()) == "[{'loss': nan, 'epoch': 1}]"


def test_a_metric_without_logs_is_named() -> None:
    from synecore_integrations.keras import ReportCallback

    with pytest.raises(OptionError, match="has no 'val_los'; did you mean 'val_loss'"):
        fit(network(), ReportCallback("val_los"), epochs=1)


def test_training_goes_on_with_the_optimiser_of_the_checkpoint(
    tmp_path: Path, reports: Callable[[], Any]
) -> None:
    from synecore_integrations.keras import ReportCallback, load_checkpoint

    folder = tmp_path / "not made yet"
    assert load_checkpoint(folder) == load_checkpoint(None) == (None, 0)
    fit(network(), ReportCallback(), epochs=12)
    whole = reports()
    fit(network(), ReportCallback(checkpoint_dir=folder), epochs=10)
    assert [path.name for path in folder.iterdir()] == ["epoch-10.keras"]
    model, epochs_done = load_checkpoint(folder)
    assert epochs_done == 10
    fit(model, ReportCallback(checkpoint_dir=folder), epochs=12, initial_epoch=epochs_done)
    for row, expected in zip(reports(), whole, strict=True):
        assert row == pytest.approx(expected, rel=1e-6)


def test_a_checkpoint_that_was_not_finished_is_passed_over(tmp_path: Path) -> None:
    from synecore_integrations.keras import ReportCallback, load_checkpoint

    fit(network(), ReportCallback(checkpoint_dir=tmp_path), epochs=2)
    (tmp_path / "unfinished.keras").write_bytes(b"half")
    (tmp_path / "epoch-1.keras").write_bytes(b"not removed yet")
    model, epochs_done = load_checkpoint(tmp_path)
    assert epochs_done == 2
    assert model.optimizer.iterations.numpy() == 2
