"""A component's state as one JSON file and one file of arrays, recognised when damaged."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from synecore.errors import StoreError
from synecore.protocols import Snapshot, State
from synecore.tuning.files import write_atomically
from synecore.tuning.values import AnyArray, mapping_from_json, mapping_to_json

FORMAT = 1
_HEAD = b'{"checksum":"00000000",'  # the checksum is over everything after these bytes


def save_state(path: Path, state: State, n_events: int, *, durable: bool = True) -> None:
    """Write `state`, which held after `n_events` events, to the JSON file `path`.

    Its arrays go into a file of the same name with the ending .npz. The JSON file is written last
    and carries the checksums of both, so that a crash in between leaves what stood there before or
    something that `load_state` refuses.

    Args:
        path: Path of the JSON file; its ending may be left out.
        state: Nested mappings with string keys, of JSON values and arrays.
        n_events: Number of events the state covers.
        durable: Whether it must survive a crash of the machine; one that did not is refused by
            `load_state`.

    Raises:
        StoreError: The state holds something else, or the files cannot be written.
    """
    arrays: dict[str, AnyArray] = {}
    body: dict[str, Any] = {
        "format": FORMAT,
        "n_events": int(n_events),
        "arrays": None,
        "state": mapping_to_json(state, "state", arrays),
    }
    try:
        if arrays:
            packed = _pack(arrays)
            body["arrays"] = {"size": len(packed), "checksum": _checksum(packed)}
            write_atomically(_beside(path, ".npz"), packed, durable=durable)
        text = json.dumps(body, separators=(",", ":"), allow_nan=False).encode("ascii")[1:]
        head = _HEAD.replace(b"00000000", _checksum(text).encode("ascii"))
        write_atomically(_beside(path, ".json"), head + text, durable=durable)
    except OSError as error:
        raise StoreError(
            f"the snapshot {_beside(path, '.json')} could not be written: {error}; "
            "the journal and earlier snapshots are unharmed"
        ) from error


def load_state(path: Path) -> Snapshot:
    """Read what `save_state` wrote.

    Raises:
        StoreError: A file is missing, damaged, or of another format.
    """
    path = _beside(path, ".json")
    try:
        body = _parse(path.read_bytes())
        arrays = {} if body["arrays"] is None else _read_arrays(path, body["arrays"])
        state = mapping_from_json(body["state"], arrays)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"the snapshot {path} cannot be read: {error}") from error
    return Snapshot(n_events=body["n_events"], state=state)


def _parse(data: bytes) -> dict[str, Any]:
    text = data[len(_HEAD) :]
    if data[: len(_HEAD)] != _HEAD.replace(b"00000000", _checksum(text).encode("ascii")):
        raise ValueError("it is damaged (its checksum does not hold)")
    body: dict[str, Any] = json.loads(b"{" + text)
    if body["format"] != FORMAT:
        raise ValueError(f"it is of format {body['format']}; this synecore reads format {FORMAT}")
    return body


def _read_arrays(path: Path, described: Mapping[str, Any]) -> dict[str, AnyArray]:
    beside = _beside(path, ".npz")
    packed = beside.read_bytes()
    if len(packed) != described["size"] or _checksum(packed) != described["checksum"]:
        raise ValueError(f"{beside.name} is damaged or belongs to another snapshot")
    with np.load(io.BytesIO(packed), allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


def _pack(arrays: Mapping[str, AnyArray]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # the stub lets only a bool be named
    return buffer.getvalue()


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name.removesuffix(".json") + ending)


def _checksum(data: bytes) -> str:
    return f"{zlib.crc32(data):08x}"
