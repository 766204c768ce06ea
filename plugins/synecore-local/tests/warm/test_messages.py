from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from synecore_local.warm.messages import Channel


@pytest.fixture
def pair() -> Iterator[tuple[Channel, Channel]]:
    one, other = (Channel(end) for end in socket.socketpair())
    yield one, other
    one.close()
    other.close()


def test_messages_come_whole_and_in_order(pair: tuple[Channel, Channel]) -> None:
    messages = [{"a": [1, "ü", "\udcff"]}, {"long": "x" * 1_000_000}, {}]

    def answer() -> None:
        for message in messages:
            pair[0].send(message)
            assert pair[0].receive()[0] == "seen"

    thread = threading.Thread(target=answer)
    thread.start()
    for message in messages:
        assert pair[1].receive() == (message, [])
        pair[1].send("seen")
    thread.join()


def test_descriptors_come_along(pair: tuple[Channel, Channel], tmp_path: Path) -> None:
    with open(tmp_path / "a", "w") as a, open(tmp_path / "b", "w") as b:
        pair[0].send({"x": "y" * 200_000}, [a.fileno(), b.fileno()])
    message, fds = pair[1].receive()
    assert len(message["x"]) == 200_000
    for fd in fds:
        os.write(fd, b"written")
        os.close(fd)
    assert [(tmp_path / name).read_text() for name in "ab"] == ["written"] * 2


def test_messages_that_wait_are_taken_one_by_one_with_their_descriptors(
    pair: tuple[Channel, Channel], tmp_path: Path
) -> None:
    pair[0].send("first")
    with open(tmp_path / "a", "w") as a:
        pair[0].send("second", [a.fileno()])
    pair[0].send("third")
    assert not pair[1].has_message()
    assert pair[1].receive() == ("first", [])
    message, (fd,) = pair[1].receive()
    assert message == "second"
    os.write(fd, b"written")
    os.close(fd)
    assert (tmp_path / "a").read_text() == "written"
    assert pair[1].receive() == ("third", [])
    assert not pair[1].has_message()


def test_what_was_sent_before_the_channel_is_shut_down_is_received(
    pair: tuple[Channel, Channel],
) -> None:
    pair[0].send("answer")
    pair[1].shut_down()
    assert pair[1].receive() == ("answer", [])
    with pytest.raises(BrokenPipeError):
        pair[0].send("too late")
    with pytest.raises(EOFError):
        pair[1].receive()


@pytest.mark.parametrize("sent", [b"", b"\0\0", b"\0\0\0\5{}"])
def test_a_message_without_an_end_is_the_end(sent: bytes) -> None:
    one, other = socket.socketpair()
    with one, other:
        one.sendall(sent)
        one.close()
        with pytest.raises(EOFError):
            Channel(other).receive()
