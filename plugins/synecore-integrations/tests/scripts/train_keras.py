"""A small network in Keras."""

import argparse
import json
from pathlib import Path

import keras
import numpy as np
from hold import hold

from synecore_integrations.keras import ReportCallback, load_checkpoint

parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float, default=0.1)
parser.add_argument("--epochs", type=int)
parser.add_argument("--history", type=Path)
parser.add_argument("--st_checkpoint_dir")
args, _ = parser.parse_known_args()

keras.utils.set_random_seed(0)
x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
y = x.sum(1)
model, epochs_done = load_checkpoint(args.st_checkpoint_dir)
if model is None:
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(8, "tanh"), keras.layers.Dense(1)]
    )
    model.compile(optimizer=keras.optimizers.Adam(0.1 * args.rate), loss="mse", metrics=["mae"])
history = model.fit(
    x,
    y,
    validation_data=(x, y),
    epochs=args.epochs,
    initial_epoch=epochs_done,
    shuffle=False,  # the order of an epoch is no part of a model's checkpoint
    callbacks=[
        ReportCallback(
            {"val_loss": "loss", "mae": "train_mae"}, checkpoint_dir=args.st_checkpoint_dir
        ),
        keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: hold(epoch + 1)),
    ],
)
if args.history:
    kept = history.history
    args.history.write_text(
        json.dumps(
            [
                {"epoch": epoch + 1, "loss": loss, "train_mae": mae}
                for epoch, loss, mae in zip(
                    history.epoch, kept["val_loss"], kept["mae"], strict=True
                )
            ]
        )
    )
