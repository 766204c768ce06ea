"""Messages between the tuner and its zygote: JSON with its length in front, and descriptors."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from typing import Any

_LENGTH = 4  # bytes
_CHUNK = 1 << 16
_MOST_FDS = 2


def send(channel: socket.socket, message: Any, fds: Sequence[int] = ()) -> None:
    """Send a message, and descriptors that the other process gets copies of."""
    data = json.dumps(message).encode()
    data = len(data).to_bytes(_LENGTH, "big") + data
    sent = socket.send_fds(channel, [data], fds) if fds else 0
    channel.sendall(data[sent:])


def receive(channel: socket.socket) -> tuple[Any, list[int]]:
    """Receive a message and its descriptors.

    Raises:
        EOFError: There is nobody at the other end.
        TimeoutError: Nothing came in the time that the channel was set to wait.
    """
    data, fds, _, _ = socket.recv_fds(channel, _CHUNK, _MOST_FDS)
    while len(data) < _LENGTH or len(data) < _LENGTH + int.from_bytes(data[:_LENGTH], "big"):
        more = channel.recv(_CHUNK)
        if not more:
            raise EOFError("nobody is at the other end")
        data += more
    return json.loads(data[_LENGTH:]), list(fds)
