from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from synecore_local.messages import receive, send


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_messages_come_whole_and_in_order(pair: tuple[socket.socket, socket.socket]) -> None:
    messages = [{"a": [1, "ü", "\udcff"]}, {"long": "x" * 1_000_000}, {}]

    def answer() -> None:
        for message in messages:
            send(pair[0], message)
            assert receive(pair[0])[0] == "seen"

    thread = threading.Thread(target=answer)
    thread.start()
    for message in messages:
        assert receive(pair[1]) == (message, [])
        send(pair[1], "seen")
    thread.join()


def test_descriptors_come_along(pair: tuple[socket.socket, socket.socket], tmp_path: Path) -> None:
    with open(tmp_path / "a", "w") as a, open(tmp_path / "b", "w") as b:
        send(pair[0], {"x": "y" * 200_000}, [a.fileno(), b.fileno()])
    message, fds = receive(pair[1])
    assert len(message["x"]) == 200_000
    for fd in fds:
        os.write(fd, b"written")
        os.close(fd)
    assert [(tmp_path / name).read_text() for name in "ab"] == ["written"] * 2


@pytest.mark.parametrize("sent", [b"", b"\0\0", b"\0\0\0\5{}"])
def test_a_message_without_an_end_is_the_end(
    pair: tuple[socket.socket, socket.socket], sent: bytes
) -> None:
    pair[0].sendall(sent)
    pair[0].close()
    with pytest.raises(EOFError):
        receive(pair[1])
