"""One tuner a folder."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from types import TracebackType

from synecore.errors import ExperimentError

_FILE = "tuner.lock"


class FolderLock:
    """Held while a tuner writes an experiment; taken over when its owner's process is gone.

    The owner is known by host, process id and the time its process began, so that an id used again
    by another process does not keep the folder locked.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._held = False

    def __enter__(self) -> FolderLock:
        mine = json.dumps({"host": socket.gethostname(), **_process(os.getpid())})
        while True:
            try:
                descriptor = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
            except FileExistsError:
                self._take_over_or_raise()
                continue
            except OSError as error:
                raise ExperimentError(
                    f"cannot write to the experiment's folder {self._path.parent}: "
                    f"{error.strerror}; "
                    "choose another one with SYNECORE_FOLDER"
                ) from error
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(mine)
            self._held = True
            return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._held:
            self._held = False
            self._path.unlink(missing_ok=True)

    def _take_over_or_raise(self) -> None:
        owner = read_lock(self._path.parent)
        if owner is None:
            # Made but not yet written by a tuner that died in between, or just released.
            self._path.unlink(missing_ok=True)
            return
        if owner["host"] == socket.gethostname() and not _alive(owner):
            self._path.unlink(missing_ok=True)
            return
        raise ExperimentError(
            f"experiment '{self._path.parent.name}' is being written by process {owner['pid']} on "
            f"{owner['host']}; stop that tuner first (`synecore stop "
            f"{self._path.parent.name}`), or "
            f"delete {self._path} if that process is certainly gone"
        )


def read_lock(folder: Path) -> dict[str, int | str] | None:
    """Who holds the folder, as written; None if nobody does."""
    try:
        owner = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return owner if isinstance(owner, dict) and "pid" in owner else None


def is_running(folder: Path) -> bool:
    """Whether a tuner that is alive, or on another host, holds the folder."""
    owner = read_lock(folder)
    return owner is not None and (owner["host"] != socket.gethostname() or _alive(owner))


def _process(pid: int) -> dict[str, int | str]:
    return {"pid": pid, "began": _began(pid)}


def _began(pid: int) -> str:
    """The kernel's start time of a process; empty where /proc does not exist."""
    fields = _stat(pid)
    return fields[19] if fields else ""


def _stat(pid: int) -> list[str]:
    """What the kernel says of a process after its name, its state first; empty if it is silent."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return []
    return stat.rpartition(")")[2].split()


def _alive(owner: dict[str, int | str]) -> bool:
    pid = int(owner["pid"])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is alive and somebody else's
    if _stat(pid)[:1] in (["Z"], ["X"]):
        return False  # killed; its parent, in a container often one that never does, has yet to see
    return not owner.get("began") or _began(pid) == owner["began"]
