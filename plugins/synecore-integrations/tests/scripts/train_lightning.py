"""A linear regression in PyTorch Lightning, whose loss falls over the epochs."""

import argparse
import csv
import json
import warnings
from pathlib import Path

import torch
from hold import hold
from pytorch_lightning import LightningModule, Trainer, seed_everything
from pytorch_lightning.callbacks import LambdaCallback
from pytorch_lightning.loggers import CSVLogger
from torch.utils.data import DataLoader, TensorDataset

from synecore_integrations.lightning import ReportCallback, last_checkpoint

warnings.simplefilter("ignore")


class Linear(LightningModule):
    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.layer = torch.nn.Linear(4, 1)

    def loss(self, batch):
        x, y = batch
        return torch.nn.functional.mse_loss(self.layer(x), y)

    def training_step(self, batch, index):
        loss = self.loss(batch)
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, index):
        self.log("val_loss", self.loss(batch))

    def configure_optimizers(self):
        optimizer = torch.optim.Adam(self.parameters(), lr=self.rate)
        return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)]


parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float, default=0.1)
parser.add_argument("--epochs", type=int)
parser.add_argument("--history", type=Path)
parser.add_argument("--st_checkpoint_dir")
args, _ = parser.parse_known_args()

seed_everything(0, verbose=False)
x = torch.randn(64, 4)
data = TensorDataset(x, x.sum(1, keepdim=True))
logger = CSVLogger(args.history.parent) if args.history else False
trainer = Trainer(
    max_epochs=args.epochs,
    accelerator="cpu",
    logger=logger,
    enable_checkpointing=False,
    enable_progress_bar=True,
    log_every_n_steps=1,
    callbacks=[
        ReportCallback(
            {"val_loss": "loss", "train_loss": "train"}, checkpoint_dir=args.st_checkpoint_dir
        ),
        LambdaCallback(on_train_epoch_end=lambda trainer, _: hold(trainer.current_epoch + 1)),
    ],
)
trainer.fit(
    Linear(args.rate),
    DataLoader(data, batch_size=16),
    DataLoader(data, batch_size=64),
    ckpt_path=last_checkpoint(args.st_checkpoint_dir),
)
if args.history:
    by_epoch: dict[int, dict[str, float]] = {}
    with open(Path(logger.log_dir, "metrics.csv")) as file:
        for row in csv.DictReader(file):
            numbers = {name: float(value) for name, value in row.items() if value}
            by_epoch.setdefault(int(row["epoch"]) + 1, {}).update(numbers)
    args.history.write_text(
        json.dumps(
            [
                {"epoch": epoch, "loss": row["val_loss"], "train": row["train_loss"]}
                for epoch, row in by_epoch.items()
            ]
        )
    )
