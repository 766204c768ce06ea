"""Watches what a component may not touch: global random state and clocks."""

from __future__ import annotations

import contextlib
import datetime
import random
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from synecore.testing.equality import difference

CLOCKS = (
    "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns",
    "process_time", "process_time_ns", "thread_time", "thread_time_ns", "sleep",
)  # fmt: skip


@contextlib.contextmanager
def global_randomness(poison: int) -> Iterator[Callable[[], str]]:
    """Seed the global generators with `poison`; yields a function that says which one was used.

    The generators are put back as they were at the end.
    """
    kept = random.getstate(), np.random.get_state()  # noqa: NPY002 the legacy state is what is watched
    random.seed(poison)
    np.random.seed(poison)  # noqa: NPY002 as above
    seeded = random.getstate(), np.random.get_state()  # noqa: NPY002 as above

    def used() -> str:
        names = ("random", "numpy.random")
        now = random.getstate(), np.random.get_state()  # noqa: NPY002 as above
        return ", ".join(
            name for name, a, b in zip(names, seeded, now, strict=True) if difference(a, b)
        )

    try:
        yield used
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])  # noqa: NPY002 as above


class ClockRead(AssertionError):
    """A component asked what time it is."""


@contextlib.contextmanager
def stopped_clocks(component: Any) -> Iterator[None]:
    """Make every clock raise `ClockRead` for code of the component's packages and of synecore.

    Others may look, since a library may time itself: logging stamps its records.
    """
    packages = _packages_of(component)

    def watched(module: str) -> bool:
        top = module.partition(".")[0]
        return top in packages or top.startswith("synecore")

    replaced: dict[int, Any] = {}
    for name in CLOCKS:
        clock = getattr(time, name)
        replaced[id(clock)] = _guarded(clock, f"time.{name}", watched)
    replaced[id(datetime.datetime)] = _guarded_datetime(watched)
    with contextlib.ExitStack() as stack:
        for module in _modules(watched):
            for name, value in list(vars(module).items()):
                if id(value) in replaced and not name.startswith("__"):
                    stack.callback(setattr, module, name, value)
                    setattr(module, name, replaced[id(value)])
        yield


def _guarded(
    clock: Callable[..., Any], name: str, watched: Callable[[str], bool]
) -> Callable[..., Any]:
    def read(*args: Any) -> Any:
        caller = sys._getframe(1).f_globals.get("__name__", "")
        if watched(caller):
            raise ClockRead(
                f"{caller} called {name}; a component is given the time as `now`, "
                "and counts iterations instead of seconds"
            )
        return clock(*args)

    return read


def _guarded_datetime(watched: Callable[[str], bool]) -> type[datetime.datetime]:
    original = datetime.datetime

    class AsBefore(type):
        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, original)

    class GuardedDatetime(datetime.datetime, metaclass=AsBefore):
        """`datetime.datetime` whose current time is not for components."""

    for name in ("now", "utcnow", "today"):
        clock = getattr(datetime.datetime, name)
        setattr(GuardedDatetime, name, staticmethod(_guarded(clock, f"datetime.{name}", watched)))
    return GuardedDatetime


def _modules(watched: Callable[[str], bool]) -> list[Any]:
    """Where a clock may be bound to a name: its own module, and those of the watched packages."""
    bound = [module for name, module in list(sys.modules.items()) if module and watched(name)]
    return [time, datetime, *(m for m in bound if not m.__name__.startswith(__name__))]


def _packages_of(component: Any, depth: int = 3) -> set[str]:
    """Top-level packages of a component and of the components it holds."""
    found = {type(component).__module__.partition(".")[0]}
    if depth:
        for part in getattr(component, "__dict__", {}).values():
            if hasattr(part, "state_dict"):
                found |= _packages_of(part, depth - 1)
    return found
