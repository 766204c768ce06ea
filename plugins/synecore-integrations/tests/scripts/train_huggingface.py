"""A tiny BERT, made at random, that learns to tell two tokens apart with the Trainer."""

import argparse
import json
from pathlib import Path

import torch
from hold import hold
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

from synecore_integrations.huggingface import ReportCallback, last_checkpoint


class Hold(TrainerCallback):
    def on_save(self, args, state, control, **kwargs):
        hold(round(state.epoch))


parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float, default=0.1)
parser.add_argument("--epochs", type=int)
parser.add_argument("--history", type=Path)
parser.add_argument("--st_checkpoint_dir", default="checkpoints")
args, _ = parser.parse_known_args()

set_seed(0)
tokens = torch.randint(1, 20, (64, 8), generator=torch.Generator().manual_seed(0))
examples = [{"input_ids": row, "labels": int(row[0] > 10)} for row in tokens]
config = BertConfig(
    vocab_size=20, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
)
trainer = Trainer(
    BertForSequenceClassification(config),
    TrainingArguments(
        output_dir=args.st_checkpoint_dir,
        num_train_epochs=args.epochs,
        learning_rate=0.01 * args.rate,
        lr_scheduler_type="constant",
        per_device_train_batch_size=16,
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        report_to="none",
        use_cpu=True,
        seed=0,
    ),
    train_dataset=examples,
    eval_dataset=examples,
    compute_metrics=lambda p: {"accuracy": float((p.predictions.argmax(1) == p.label_ids).mean())},
    callbacks=[ReportCallback({"eval_loss": "loss", "eval_accuracy": "accuracy"}), Hold()],
)
trainer.train(resume_from_checkpoint=last_checkpoint(args.st_checkpoint_dir))
if args.history:
    trainer.evaluate()  # after the training: not to be reported
    rows = [row for row in trainer.state.log_history if "eval_loss" in row][:-1]
    args.history.write_text(
        json.dumps(
            [
                {"epoch": row["epoch"], "loss": row["eval_loss"], "accuracy": row["eval_accuracy"]}
                for row in rows
            ]
        )
    )
