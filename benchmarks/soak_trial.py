"""A short trial of `soak.py` to which all sorts of things happen, and which keeps its own books.

Before and after each report it writes a line into a file of its own, `begun TOKEN` and `made
TOKEN`. So of a process that is killed at any time it is known which reports it made for certain,
and which one it may or may not have made. What befalls a trial follows from its configuration and
from how often it has been started.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from synecore import (
    Reporter,
    checkpoint_model_at_rung_level,
    json_load_save_functions,
    parse_config,
    resume_from_checkpointed_model,
)
from synecore.report import give_up

# What befalls a start of a trial, and how often among a hundred. Only the first goes well.
FATES = {
    "nothing": 62,
    "exception": 4,
    "exit": 4,
    "kill": 5,
    "abort": 1,
    "give up": 1,
    "silent": 2,  # ends well without a report
    "not a number": 3,
    "unfinished lines": 5,  # reports in the middle of a line, the last one without an end
    "chatter": 3,
    "deaf": 1,  # does not end when it is told to
    "child": 4,  # leaves a process behind, in its group
    "daemon": 3,  # leaves one behind that has left the group, with the output open
    "killed child": 2,
}
SLEEPER = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"]


class Books:
    """The reports of one process of a trial, as it knows them itself."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.starts = len(os.listdir(folder))
        self._name = f"{folder.name}-{self.starts}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._fd = os.open(folder / f"{self.starts}", flags, 0o666)
        self._n = 0

    @contextlib.contextmanager
    def entry(self):
        """Give the name of a report that is made meanwhile."""
        token = f"{self._name}-{self._n}"
        self._n += 1
        os.write(self._fd, f"begun {token}\n".encode())
        yield token
        os.write(self._fd, f"made {token}\n".encode())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--x", type=float)
    parser.add_argument("--epochs", type=int)
    config = parse_config(parser)
    trial = Path(config.st_checkpoint_dir).parent.name
    books = Books(Path(os.environ["SOAK_BOOKS"]) / trial)
    rng = random.Random(f"{config.x} {books.starts}")
    fate = rng.choices(list(FATES), list(FATES.values()))[0]
    report, state = Reporter(), {"sum": 0.0}
    load, save = json_load_save_functions(state)
    done = resume_from_checkpointed_model(config, load)
    strikes = done + rng.choice((0, 1, 1, 2, 4))  # the epochs that go well before that
    begin(fate)
    for epoch in range(done + 1, config.epochs + 1):
        time.sleep(rng.uniform(0, 0.004))
        if epoch > strikes:
            strike(fate)
        state["sum"] += config.x
        checkpoint_model_at_rung_level(config, save, epoch)
        loss = (config.x - 0.3) ** 2 + 1 / epoch
        if fate == "not a number" and epoch > strikes:
            loss = float("nan")
        with books.entry() as token:
            if fate == "unfinished lines":
                line = json.dumps({"epoch": epoch, "loss": loss, "token": token})
                end = "" if epoch == config.epochs else "\n"
                print(f"epoch {epoch} ... [tune-metric]: {line}", end=end, flush=True)
            else:
                report(epoch=epoch, loss=loss, sum=state["sum"], token=token)


def begin(fate: str) -> None:
    """Do what a start does first."""
    if fate == "silent":
        sys.exit(0)
    if fate == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if fate == "child":
        subprocess.Popen(SLEEPER)
    if fate == "daemon":
        subprocess.Popen(SLEEPER, start_new_session=True)
    if fate == "killed child":
        child = subprocess.Popen(SLEEPER)
        child.kill()
        child.wait()
    if fate == "chatter":
        sys.stdout.write("no news\n" * 20_000)


def strike(fate: str) -> None:
    """End the process, where that is its fate."""
    if fate == "exception":
        raise RuntimeError("as it was fated")
    if fate == "exit":
        os._exit(3)
    if fate in ("kill", "abort"):
        os.kill(os.getpid(), signal.SIGKILL if fate == "kill" else signal.SIGABRT)
    if fate == "give up":
        give_up("as it was fated")


if __name__ == "__main__":
    main()
