from __future__ import annotations

import os
import signal
import threading

import pytest

from synecore.tuning.interrupt import interrupt_switch


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_only_flips_the_switch(signum):
    with interrupt_switch() as switch:
        assert not switch()
        os.kill(os.getpid(), signum)
        assert switch()


def test_the_second_signal_ends_at_once():
    with interrupt_switch():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_sigterm_ends_with_its_exit_code():
    with interrupt_switch() as switch:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(SystemExit) as error:
            switch.raise_for_signal()
    assert error.value.code == 143


def test_handlers_are_put_back():
    before = signal.getsignal(signal.SIGINT)
    with interrupt_switch():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_other_threads_catch_nothing():
    caught = []

    def work() -> None:
        with interrupt_switch() as switch:
            caught.append(switch())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert caught == [False]
