"""Messages between the tuner and its zygote: JSON with its length in front, and descriptors."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from typing import Any

_LENGTH = 4  # bytes
_CHUNK = 1 << 16
_MOST_FDS = 8


class Channel:
    """One end of a pair of connected sockets."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._data = b""  # received, and no whole message yet
        self._fds: list[int] = []  # received, of messages that are not whole yet

    def fileno(self) -> int:
        return self._socket.fileno()

    def settimeout(self, seconds: float) -> None:
        """Let `send` and `receive` raise TimeoutError if nothing moves for so long."""
        self._socket.settimeout(seconds)

    def send(self, message: Any, fds: Sequence[int] = ()) -> None:
        """Send a message, and descriptors that the other process gets copies of."""
        data = json.dumps([message, len(fds)]).encode()
        data = len(data).to_bytes(_LENGTH, "big") + data
        sent = socket.send_fds(self._socket, [data], fds) if fds else 0
        self._socket.sendall(data[sent:])

    def receive(self) -> tuple[Any, list[int]]:
        """Receive a message and its descriptors.

        Raises:
            EOFError: There is nobody at the other end.
        """
        while not self.has_message():
            data, fds, _, _ = socket.recv_fds(self._socket, _CHUNK, _MOST_FDS)
            self._fds += fds
            if not data:
                raise EOFError("nobody is at the other end")
            self._data += data
        end = _LENGTH + self._length()
        message, n_fds = json.loads(self._data[_LENGTH:end])
        self._data = self._data[end:]
        fds, self._fds = self._fds[:n_fds], self._fds[n_fds:]
        return message, fds

    def has_message(self) -> bool:
        """Is a whole message here already, so that `receive` has nothing to wait for?"""
        return len(self._data) >= _LENGTH and len(self._data) >= _LENGTH + self._length()

    def _length(self) -> int:
        return int.from_bytes(self._data[:_LENGTH], "big")

    def shut_down(self) -> None:
        """Let nothing through any more; what has been received can still be read."""
        self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._socket.close()
