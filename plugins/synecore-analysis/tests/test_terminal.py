"""Whole runs of a real tuner in a pseudo-terminal, seen as a person sees them."""

from __future__ import annotations

import signal
from typing import Any

RUN = """
import logging, sys, time
from synecore import StoppingCriterion, Tuner, make_scheduler
from synecore.space import choice, loguniform
from synecore.testing.fakes import InlineBackend

class Backend(InlineBackend):
    def open(self, run):
        super().open(run)
        self.n_polls = 0
    def poll(self, timeout):
        time.sleep({nap})
        self.n_polls += 1
        on_poll(self.n_polls)
        return super().poll(timeout)

def on_poll(n):
    {on_poll}

def evaluate(config, epoch):
    if config["lr"] > 0.5:
        raise RuntimeError("loss is not finite")
    return {{"epoch": epoch, "loss": config["lr"] + 1.0 / epoch}}

space = {{"lr": loguniform(1e-4, 1.0), "act": choice(["relu", "tanh"]), "epochs": 9}}
scheduler = make_scheduler("asha", space, metric="loss", resource_attr="epoch",
                           max_resource_attr="epochs", random_seed=0)
tuner = Tuner(Backend(evaluate), scheduler, StoppingCriterion(max_num_trials_started=12),
              n_workers=2, tuner_name="live", suffix_tuner_name=False, max_failures=9)
{before}
tuner.run()
"""


def program(on_poll: str = "pass", nap: float = 0.015, before: str = "") -> str:
    return RUN.format(on_poll=on_poll, nap=nap, before=before)


def test_a_person_sees_the_run_and_its_summary(in_terminal: Any) -> None:
    seen = in_terminal(program())
    assert seen.code == 0
    frames = [frame for frame in seen.frames if "╭─ live ─" in frame]
    assert len(frames) >= 4
    assert all(frame.count("╭─ live ─") == 1 for frame in frames)  # each replaces the last
    middle = frames[len(frames) // 2]
    assert "of 12 trials started" in middle
    assert "running" in middle
    assert "best loss  " in middle
    assert "trial  epoch" in middle
    assert "at rung 1" in "".join(frames)
    assert "failed: RuntimeError: loss is not finite" in "".join(frames)
    text = seen.screen.text
    assert text.startswith("live ended after ")
    assert "max_num_trials_started=12" in text
    assert "synecore plot live" in text
    assert "╭" not in text
    assert seen.screen.cursor_visible


def test_what_is_printed_and_logged_meanwhile_stands_above(in_terminal: Any) -> None:
    speak = (
        "if n % 7 == 0: print(f'poll {n}'); logging.getLogger('mine').info('note %d', n); "
        "print(f'error {n}', file=sys.stderr)"
    )
    setup = "logging.basicConfig(level=logging.INFO, format='%(levelname)s:%(message)s')"
    seen = in_terminal(program(speak, before=setup))
    lines = seen.screen.text.splitlines()
    numbers = [int(line.split()[1]) for line in lines if line.startswith("poll ")]
    assert len(numbers) >= 3
    assert numbers == sorted(set(numbers))
    start = lines.index("poll 7")
    assert lines[start : start + 3] == ["poll 7", "INFO:note 7", "error 7"]
    assert not [line for line in lines if "╭" in line or "│" in line]


def test_ctrl_c_leaves_a_usable_terminal_and_how_to_go_on(in_terminal: Any) -> None:
    seen = in_terminal(program(), send={"at rung 1": signal.SIGINT})
    assert seen.code != 0
    text = seen.screen.text
    assert "live ended after " in text
    assert "interrupted" in text
    assert "synecore resume live" in text
    assert "╭─ live ─" not in text
    assert seen.screen.cursor_visible


def test_an_exception_leaves_a_usable_terminal(in_terminal: Any) -> None:
    seen = in_terminal(program("if n == 40: raise RuntimeError('the cluster is gone')"))
    assert seen.code == 1
    text = seen.screen.text
    assert "live ended after " in text
    assert "RuntimeError: the cluster is gone" in text
    assert text.rstrip().endswith("RuntimeError: the cluster is gone")
    assert "╭─ live ─" not in text
    assert seen.screen.cursor_visible


def test_a_killed_tuner_leaves_the_cursor(in_terminal: Any) -> None:
    seen = in_terminal(program(), send={"at rung 1": signal.SIGKILL})
    assert seen.code == -signal.SIGKILL
    assert seen.screen.cursor_visible


def test_a_narrow_terminal_is_not_scrolled_away(in_terminal: Any) -> None:
    seen = in_terminal(program(), columns=40, rows=12)
    panels = [frame for frame in seen.frames if "best loss" in frame and "ended" not in frame]
    assert panels
    assert max(len(frame.splitlines()) for frame in panels) < 12
    assert max(len(line) for frame in panels for line in frame.splitlines()) <= 40
