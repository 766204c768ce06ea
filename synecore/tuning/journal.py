"""Events as lines of JSON, exact in both directions.

One event is one JSON object: its kind under "e", its fields under their own names, fields that
hold their default left out. `docs/reference/journal.md` describes every kind. The paths are
written by hand because a journal line stands between every report and the decision on it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from synecore.actions import (
    Amended,
    Asked,
    Decided,
    Ended,
    Event,
    Reported,
    ReportedBlock,
    Resumed,
    Retried,
    Started,
    Status,
)
from synecore.errors import StoreError, did_you_mean
from synecore.tuning.snapshot import load_state, save_state
from synecore.tuning.values import (
    from_json,
    mapping_from_json,
    mapping_to_json,
    number_from_json,
    number_to_json,
    to_json,
)

__all__ = [
    "decode_batch",
    "encode_batch",
    "event_from_json",
    "event_to_json",
    "load_state",
    "save_state",
]

Written = dict[str, Any]  # an event as it is written

_loads = json.JSONDecoder().decode
_dumps = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode


def event_to_json(event: Event) -> Written:
    """Return an event as a JSON object.

    Raises:
        StoreError: A metric, tag, configuration value or reason is no JSON value.
    """
    try:
        write = _WRITERS[type(event)]
    except KeyError:
        raise StoreError(
            f"{event!r:.80} of type {type(event).__name__} is no event; "
            f"events are {', '.join(kind.__name__ for kind in _WRITERS)}"
        ) from None
    try:
        return write(event)
    except StoreError as error:
        trial = getattr(event, "trial", None)
        of = "" if trial is None else f" of trial {trial}"
        raise StoreError(f"{type(event).__name__}{of}: {error}") from None


def event_from_json(written: Mapping[str, Any]) -> Event:
    """Undo `event_to_json`.

    Mappings and lists come back as `dict` and `list`, the times of a block as an array (r,) and
    its columns as lists.

    Raises:
        StoreError: The kind is unknown, or a field is missing or of the wrong kind.
    """
    is_mapping = type(written) is dict or isinstance(written, Mapping)
    kind = written.get("e") if is_mapping else None
    if kind not in _READERS:
        raise StoreError(
            f"no event is of kind {kind!r}{did_you_mean(str(kind), _READERS)}; known are "
            f"{', '.join(_READERS)}. A newer synecore may have written it: read it with that one"
        )
    try:
        return _READERS[kind](written)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError(
            f"an event of kind {kind!r} cannot be read ({type(error).__name__}: {error}): "
            f"{written!r:.200}"
        ) from None


def encode_batch(events: Iterable[Event]) -> bytes:
    """Return the events of one append as one JSON array in ASCII, without an end of line."""
    return _dumps([event_to_json(event) for event in events]).encode("ascii")


def decode_batch(line: bytes) -> list[Event]:
    """Undo `encode_batch`.

    Raises:
        StoreError: The line is no JSON array of events.
    """
    try:
        batch = _loads(line.decode())
    except ValueError as error:
        raise StoreError(f"not a line of JSON ({error}): {line!r:.80}") from None
    if type(batch) is not list:
        raise StoreError(f"not a JSON array of events: {line!r:.80}")
    return [event_from_json(written) for written in batch]


# ---- each kind of event, to and from JSON ------------------------------------------------


def _asked(event: Asked) -> Written:
    written: Written = {"e": "asked", "at": number_to_json(event.at), "n": int(event.n)}
    if event.reply:
        written["reply"] = event.reply
    return written


def _read_asked(w: Written) -> Asked:
    return Asked(at=number_from_json(w["at"]), n=w["n"], reply=w.get("reply", ""))


def _started(event: Started) -> Written:
    written: Written = {
        "e": "started",
        "at": number_to_json(event.at),
        "trial": int(event.trial),
        "config": mapping_to_json(event.config, "config"),
    }
    _write_target(written, event)
    if event.parent != -1:
        written["parent"] = int(event.parent)
    return _write_reasons(written, event)


def _read_started(w: Written) -> Started:
    return Started(
        at=number_from_json(w["at"]),
        trial=w["trial"],
        config=mapping_from_json(w["config"]),
        until=number_from_json(w.get("until", math.inf)),
        milestone=number_from_json(w.get("milestone", math.inf)),
        parent=w.get("parent", -1),
        tags=mapping_from_json(w.get("tags", {})),
        why=mapping_from_json(w.get("why", {})),
    )


def _resumed(event: Resumed) -> Written:
    written = {"e": "resumed", "at": number_to_json(event.at), "trial": int(event.trial)}
    _write_target(written, event)
    return _write_reasons(written, event)


def _read_resumed(w: Written) -> Resumed:
    return Resumed(
        at=number_from_json(w["at"]),
        trial=w["trial"],
        until=number_from_json(w.get("until", math.inf)),
        milestone=number_from_json(w.get("milestone", math.inf)),
        tags=mapping_from_json(w.get("tags", {})),
        why=mapping_from_json(w.get("why", {})),
    )


def _reported(event: Reported) -> Written:
    return {
        "e": "reported",
        "at": number_to_json(event.at),
        "trial": int(event.trial),
        "metrics": mapping_to_json(event.metrics, "metrics"),
    }


def _read_reported(w: Written) -> Reported:
    return Reported(
        at=number_from_json(w["at"]), trial=w["trial"], metrics=mapping_from_json(w["metrics"])
    )


def _block(event: ReportedBlock) -> Written:
    return {
        "e": "block",
        "trial": int(event.trial),
        "at": to_json(np.asarray(event.at, dtype=np.float64), "at"),
        "metrics": mapping_to_json(event.metrics, "metrics"),
    }


def _read_block(w: Written) -> ReportedBlock:
    return ReportedBlock(
        trial=w["trial"],
        at=np.array(from_json(w["at"]), dtype=np.float64),
        metrics=mapping_from_json(w["metrics"]),
    )


def _decided(event: Decided) -> Written:
    written: Written = {
        "e": "decided",
        "at": number_to_json(event.at),
        "trial": int(event.trial),
        "action": event.action,
    }
    if event.by != "scheduler":
        written["by"] = event.by
    if event.milestone is not None:
        written["milestone"] = number_to_json(event.milestone)
    return _write_reasons(written, event)


def _read_decided(w: Written) -> Decided:
    return Decided(
        at=number_from_json(w["at"]),
        trial=w["trial"],
        action=w["action"],
        by=w.get("by", "scheduler"),
        milestone=number_from_json(w["milestone"]) if "milestone" in w else None,
        tags=mapping_from_json(w.get("tags", {})),
        why=mapping_from_json(w.get("why", {})),
    )


def _retried(event: Retried) -> Written:
    written: Written = {
        "e": "retried",
        "at": number_to_json(event.at),
        "trial": int(event.trial),
        "attempt": int(event.attempt),
        "error": event.error,
    }
    if event.lost:
        written["lost"] = True
    return written


def _read_retried(w: Written) -> Retried:
    return Retried(
        at=number_from_json(w["at"]),
        trial=w["trial"],
        attempt=w["attempt"],
        error=w["error"],
        lost=w.get("lost", False),
    )


def _ended(event: Ended) -> Written:
    written: Written = {
        "e": "ended",
        "at": number_to_json(event.at),
        "trial": int(event.trial),
        "exit": event.exit,
    }
    if event.status is not None:
        written["status"] = event.status.name
    if event.error:
        written["error"] = event.error
    if event.hopeless:
        written["hopeless"] = True
    return written


def _read_ended(w: Written) -> Ended:
    return Ended(
        at=number_from_json(w["at"]),
        trial=w["trial"],
        exit=w["exit"],
        status=Status[w["status"]] if "status" in w else None,
        error=w.get("error", ""),
        hopeless=w.get("hopeless", False),
    )


def _amended(event: Amended) -> Written:
    written: Written = {"e": "amended", "at": number_to_json(event.at)}
    if event.problem is not None:
        written["problem"] = mapping_to_json(event.problem, "problem")
    if event.stop_criterion is not None:
        written["stop_criterion"] = mapping_to_json(event.stop_criterion, "stop_criterion")
    return written


def _read_amended(w: Written) -> Amended:
    return Amended(
        at=number_from_json(w["at"]),
        problem=mapping_from_json(w["problem"]) if "problem" in w else None,
        stop_criterion=mapping_from_json(w["stop_criterion"]) if "stop_criterion" in w else None,
    )


def _write_target(written: Written, event: Started | Resumed) -> None:
    if event.until != math.inf:
        written["until"] = number_to_json(event.until)
    if event.milestone != math.inf:
        written["milestone"] = number_to_json(event.milestone)


def _write_reasons(written: Written, event: Started | Resumed | Decided) -> Written:
    if event.tags:
        written["tags"] = mapping_to_json(event.tags, "tags")
    if event.why:
        written["why"] = mapping_to_json(event.why, "why")
    return written


_WRITERS: dict[type, Callable[[Any], Written]] = {
    Asked: _asked,
    Started: _started,
    Resumed: _resumed,
    Reported: _reported,
    ReportedBlock: _block,
    Decided: _decided,
    Retried: _retried,
    Ended: _ended,
    Amended: _amended,
}
_READERS: dict[str, Callable[[Any], Event]] = {
    "asked": _read_asked,
    "started": _read_started,
    "resumed": _read_resumed,
    "reported": _read_reported,
    "block": _read_block,
    "decided": _read_decided,
    "retried": _read_retried,
    "ended": _read_ended,
    "amended": _read_amended,
}
