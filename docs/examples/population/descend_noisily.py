"""Descend a valley by noisy gradients: whichever learning rate is right at first is wrong later on.

A high rate is down soon and then jumps about; a low one takes long, and comes closer. No fixed rate
does both, so trials gain by going on, with a rate of their own, from where another one has come to.

Alone:     python descend_noisily.py --lr 0.1
As trial:  the tuner adds the configuration, and `--st_checkpoint_dir FOLDER`.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from synecore import (
    Reporter,
    checkpoint_model_at_rung_level,
    json_load_save_functions,
    parse_config,
    resume_from_checkpointed_model,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument(
        "--seconds", type=float, default=0.0, help="that each step pretends to take"
    )
    config = parse_config(parser)

    point = np.full(20, 100.0)
    load, save = json_load_save_functions({"point": point})  # a load fills the array
    done = resume_from_checkpointed_model(config, load)
    report = Reporter()
    for step in range(done + 1, config.steps + 1):
        time.sleep(config.seconds)
        noise = np.random.default_rng(step).normal(size=point.shape)
        point -= config.lr * (point + 3 * noise)
        checkpoint_model_at_rung_level(config, save, step)  # before the report
        report(step=step, loss=float(np.mean(point**2)))


if __name__ == "__main__":
    main()
