from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synecore.errors import OptionError

pytestmark = [pytest.mark.heavy, pytest.mark.filterwarnings("ignore")]


def train(tmp_path: Path, callback: Any, *, evaluations: Any = None, **options: Any) -> Any:
    """Train a tiny model on 8 examples, 4 steps an epoch, and return its trainer."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

    config = BertConfig(
        vocab_size=9, hidden_size=4, num_hidden_layers=1, num_attention_heads=1,
        intermediate_size=4,
    )  # fmt: skip
    examples = [{"input_ids": torch.tensor([n, 1]), "labels": n % 2} for n in range(8)]
    options = {"num_train_epochs": 3, "eval_strategy": "epoch", "save_strategy": "no", **options}
    trainer = Trainer(
        BertForSequenceClassification(config),
        TrainingArguments(
            output_dir=str(tmp_path / "out"), per_device_train_batch_size=2, report_to="none",
            use_cpu=True, disable_tqdm=True, **options,
        ),
        train_dataset=examples,
        eval_dataset=evaluations(examples) if evaluations else examples,
        callbacks=[callback],
    )  # fmt: skip
    trainer.train()
    return trainer


def test_every_epoch_is_reported_as_logged(tmp_path: Path, reports: Callable[[], Any]) -> None:
    from synecore_integrations.huggingface import ReportCallback

    trainer = train(tmp_path, ReportCallback())
    trainer.evaluate()  # after the training
    logged = [row for row in trainer.state.log_history if "eval_loss" in row]
    assert len(logged) == 4
    expected = [{**row, "epoch": n} for n, row in enumerate(logged[:3], 1)]
    for row in expected:
        del row["step"]
    assert [row for row in reports() if "eval_loss" in row] == expected


def test_evaluations_within_an_epoch_are_counted(
    tmp_path: Path, reports: Callable[[], Any]
) -> None:
    from synecore_integrations.huggingface import ReportCallback

    trainer = train(
        tmp_path, ReportCallback("eval_loss", resource_attr="evaluation"), eval_strategy="steps",
        eval_steps=3, num_train_epochs=2, eval_on_start=True,
    )  # fmt: skip
    logged = [row for row in trainer.state.log_history if "eval_loss" in row]
    assert [row["step"] for row in logged] == [0, 3, 6, 8]  # the first before the training
    assert reports() == [
        {"evaluation": n, "eval_loss": row["eval_loss"]} for n, row in enumerate(logged[1:], 1)
    ]


def test_several_sets_of_evaluation_data_are_one_report(
    tmp_path: Path, reports: Callable[[], Any]
) -> None:
    from synecore_integrations.huggingface import ReportCallback

    train(
        tmp_path, ReportCallback({"eval_a_loss": "a", "eval_b_loss": "b"}), num_train_epochs=2,
        evaluations=lambda examples: {"a": examples[:4], "b": examples[4:]},
    )  # fmt: skip
    assert [set(row) for row in reports()] == [{"a", "b", "epoch"}] * 2


def test_the_checkpoint_is_there_when_the_report_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from synecore_integrations.huggingface import ReportCallback, last_checkpoint

    callback = ReportCallback()
    at_report: list[tuple[int, str | None]] = []
    monkeypatch.setattr(
        callback, "_report",
        lambda found, resource: at_report.append((resource, last_checkpoint(tmp_path / "out"))),
    )  # fmt: skip
    train(tmp_path, callback, save_strategy="epoch", save_total_limit=1)
    out = tmp_path / "out"
    assert at_report == [(n, str(out / f"checkpoint-{4 * n}")) for n in (1, 2, 3)]


def test_a_metric_that_is_not_evaluated_is_named(tmp_path: Path) -> None:
    from synecore_integrations.huggingface import ReportCallback

    with pytest.raises(OptionError, match=r"has no 'eval_los'; did you mean 'eval_loss'\?"):
        train(tmp_path, ReportCallback("eval_los"), num_train_epochs=1)


def test_only_the_first_process_reports(reports: Callable[[], Any]) -> None:
    from transformers import TrainerControl, TrainerState, TrainingArguments

    from synecore_integrations.huggingface import ReportCallback

    callback = ReportCallback()
    state = TrainerState(global_step=4, epoch=1.0, is_world_process_zero=False)
    args, control = TrainingArguments(eval_strategy="epoch", use_cpu=True), TrainerControl()
    callback.on_train_begin(args, state, control)
    callback.on_evaluate(args, state, control, metrics={"eval_loss": 1.0})
    callback.on_train_end(args, state, control)
    assert reports() == []


def test_a_half_written_checkpoint_is_passed_over(tmp_path: Path) -> None:
    from synecore_integrations.huggingface import last_checkpoint

    assert last_checkpoint(tmp_path / "none") is None
    assert last_checkpoint(None) is None
    for step, text in [(2, json.dumps({})), (10, json.dumps({})), (12, '{"epo'), (14, None)]:
        folder = tmp_path / f"checkpoint-{step}"
        folder.mkdir()
        if text is not None:
            (folder / "trainer_state.json").write_text(text)
    assert last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-10")
