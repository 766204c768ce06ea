from __future__ import annotations

import logging
import threading

import pytest

from synecore.actions import Status
from synecore.plugins.registry import default_registry
from synecore.tuning.chronicle import Best, Point
from synecore_trackers.observer import TrackerObserver
from synecore_trackers.relay import Relay

POINT = Point(0, 1, 1, 1, 100.0, {"loss": 1.0})
BEST = [Best("loss", 1.0, 0, 1, 100.0)]


class Diary:
    """A tracker that writes down what it is told; an error of its own at a word of choice."""

    def __init__(self, fails_at=None):
        self.told, self.threads, self.fails_at = [], set(), fails_at
        self.flushed = threading.Event()

    def _tell(self, word, *arguments):
        if word == self.fails_at:
            raise RuntimeError(f"no {word}")
        self.told.append((word, *arguments))
        self.threads.add(threading.current_thread())

    def begin(self):
        self._tell("begin")

    def started(self, trial, config, time):
        self._tell("started", trial, config, time)

    def reported(self, point):
        self._tell("reported", point)

    def improved(self, best):
        self._tell("improved", best)

    def paused(self, trial, time):
        self._tell("paused", trial, time)

    def ended(self, trial, status, time):
        self._tell("ended", trial, status, time)

    def flush(self):
        self._tell("flush")
        self.flushed.set()

    def end(self, cut_short):
        self._tell("end", cut_short)


def test_everything_is_passed_on_in_order_from_one_other_thread():
    diary = Diary()
    relay = Relay(diary, "diary", interval=1000.0)
    relay.started(0, {"x": 1}, 100.0)
    relay.reported(POINT)
    relay.improved(BEST)
    relay.paused(0, 101.0)
    relay.ended(0, Status.STOPPED, 102.0)
    relay.check()
    relay.close(cut_short=True)
    assert diary.told == [
        ("begin",), ("started", 0, {"x": 1}, 100.0), ("reported", POINT), ("improved", BEST),
        ("paused", 0, 101.0), ("ended", 0, Status.STOPPED, 102.0), ("end", True),
    ]  # fmt: skip
    (thread,) = diary.threads
    assert thread is not threading.current_thread()
    assert not thread.is_alive()


def test_what_was_told_is_flushed_after_the_interval_and_not_again():
    diary = Diary()
    relay = Relay(diary, "diary", interval=0.01)
    relay.reported(POINT)
    assert diary.flushed.wait(10)
    relay.close()
    words = [word for word, *_ in diary.told]
    assert words.index("flush") > words.index("begin")
    assert words.count("flush") <= 2


@pytest.mark.parametrize("word", ["begin", "reported", "flush", "end"])
def test_an_error_is_raised_to_who_tells(word):
    relay = Relay(Diary(fails_at=word), "diary", interval=0.0)
    relay.reported(POINT)
    if word != "end":
        relay._thread.join(10)
        with pytest.raises(RuntimeError, match=f"no {word}"):
            relay.check()
    with pytest.raises(RuntimeError, match=f"no {word}"):
        relay.close()


def test_the_end_does_not_wait_for_ever(caplog):
    diary, go_on = Diary(), threading.Event()
    diary.reported = lambda point: go_on.wait(10)
    relay = Relay(diary, "diary")
    relay.reported(POINT)
    with caplog.at_level(logging.WARNING):
        relay.close(patience=0.01)
    assert "diary: not everything could be sent within 0.01 s" in caplog.text
    go_on.set()
    relay._thread.join(10)


class Observer(TrackerObserver):
    name = "Diary"

    def __init__(self, diary):
        self.diary = diary

    def tracker(self, experiment):
        return self.diary


def test_a_run_is_told_from_its_beginning_to_its_end(make_tuner):
    diary = Diary()
    experiment = make_tuner(Observer(diary), n=20, type="stopping").run()
    words = [word for word, *_ in diary.told if word != "flush"]
    assert words[0] == "begin"
    assert diary.told[-1] == ("end", False)
    assert words.count("started") == words.count("ended") == experiment.table().n_trials
    rows = [row for row in experiment.rows() if row["status"] == "InProgress"]
    assert words.count("reported") == len(rows)


@pytest.mark.parametrize("word", ["begin", "reported", "end"])
def test_a_tracker_that_fails_does_not_end_the_run(make_tuner, monkeypatch, caplog, word):
    monkeypatch.setattr(default_registry(), "strict", False)  # CI turns logged failures into errors
    with caplog.at_level(logging.ERROR):
        experiment = make_tuner(Observer(Diary(fails_at=word)), n=20).run()
    assert len(list(experiment.rows())) >= 20
    assert f"no {word}" in caplog.text
    assert "Observer" in caplog.text
