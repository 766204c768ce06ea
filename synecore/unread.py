"""Worker side: a configuration that notes what is read of it, and the line that tells the rest.

A name that is spelled one way in the configuration space and another way in the script is the
quietest of mistakes: the script takes its default, and the tuner searches where nothing changes. So
a script that ends normally prints what it was given and never read, as one line of standard output,
``[tune-unread]: {"unread": [...], "takes": [...]}``, and the backend warns about it.
"""

from __future__ import annotations

import atexit
import json
import os
import sys

TYPE_CHECKING = False  # `typing` itself would cost every trial some milliseconds
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any, NamedTuple

    _Entries = dict[str, Any]

    class Unread(NamedTuple):
        unread: list[str]  # as the configuration space has them
        takes: list[str]  # what the script would take, and was not given
else:
    from collections import namedtuple

    _Entries = dict
    Unread = namedtuple("Unread", ["unread", "takes"])

TAG = "[tune-unread]:"
_TAG_BYTES = TAG.encode()
_DECODER = json.JSONDecoder()


class ScriptConfig(_Entries):
    """A configuration that notes which of its entries are read.

    An entry is read by `config[name]`, `config.name`, `get` or `pop`; all of them are by iteration,
    `items()`, `values()`, `dict(config)` or `f(**config)`. To ask whether a name is there, or to
    print it all, reads nothing. `config.name` is `config["name"]` where no method has that name.

    Args:
        entries: All that the script has, values by name.
        given: What the tuner gave: name in the configuration space -> name in `entries`.
        takes: Names that the script would take, and was not given.
    """

    __slots__ = ("_given", "_read", "_takes")

    def __init__(
        self,
        entries: Mapping[str, Any],
        given: Mapping[str, str] | None = None,
        takes: Iterable[str] = (),
    ) -> None:
        super().__init__(entries)
        self._given = dict(given or {})
        self._takes = list(takes)
        self._read: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self._read.add(name)
        return super().__getitem__(name)

    def __getattr__(self, name: str) -> Any:
        if name in self and not name.startswith("_"):
            return self[name]
        from synecore.errors import did_you_mean  # only needed when something is wrong

        hint = did_you_mean(name, dict.keys(self))
        raise AttributeError(f"the configuration has no entry {name!r}{hint}")

    def get(self, name: str, default: Any = None) -> Any:
        self._read.add(name)
        return super().get(name, default)

    def setdefault(self, name: str, default: Any = None) -> Any:
        self._read.add(name)
        return super().setdefault(name, default)

    def pop(self, name: str, *default: Any) -> Any:
        self._read.add(name)
        return super().pop(name, *default)

    def popitem(self) -> tuple[str, Any]:
        self._read_all()
        return super().popitem()

    def __iter__(self) -> Iterator[str]:
        self._read_all()
        return super().__iter__()

    def keys(self) -> Any:
        self._read_all()
        return super().keys()

    def values(self) -> Any:
        self._read_all()
        return super().values()

    def items(self) -> Any:
        self._read_all()
        return super().items()

    def copy(self) -> dict[str, Any]:
        return dict(self)

    def __or__(self, other: Any) -> Any:
        return dict(self) | other

    def __reduce__(self) -> Any:
        return dict, (dict(self),)  # a copy, or in another process: whatever is read there counts

    def _read_all(self) -> None:
        self._read.update(dict.keys(self))


_CONFIGS: list[ScriptConfig] = []  # of this script, usually one


def told_at_end(config: ScriptConfig) -> ScriptConfig:
    """Have the script say at its normal end what of `config` it did not read; return `config`."""
    if not _CONFIGS:
        atexit.register(_tell, os.getpid())
    _CONFIGS.append(config)
    return config


def unread_of(configs: Sequence[ScriptConfig]) -> Unread:
    """Return what of these was read in none of them."""
    read = set().union(*(config._read for config in configs))
    given = {name: key for config in configs for name, key in config._given.items()}
    unread = [name for name, key in given.items() if key not in read]
    takes = [name for config in configs for name in config._takes if name not in given]
    return Unread(unread, list(dict.fromkeys(takes)))


def parse_unread(line: bytes) -> Unread | None:
    """Return what a line of output says was not read; None if it says nothing of the kind.

    The tag may stand anywhere in the line, as that of a report may.
    """
    _, _, text = line.partition(_TAG_BYTES)
    try:
        said, _ = _DECODER.raw_decode(text.decode("utf-8", "replace").lstrip(" \t"))
        return Unread([str(name) for name in said["unread"]], [str(n) for n in said["takes"]])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _tell(pid: int) -> None:
    if os.getpid() != pid or getattr(sys, "last_value", None) is not None:
        return  # a forked child, or an exception has ended the script before it read all it would
    unread, takes = unread_of(_CONFIGS)
    if unread:
        try:
            sys.stdout.write(f"{TAG} {json.dumps({'unread': unread, 'takes': takes})}\n")
            sys.stdout.flush()
        except (AttributeError, OSError, ValueError):  # the script has closed it
            return
