"""Worker side: print reports from a training script, and read them back.

A report is one line of standard output, ``[tune-metric]: {json}``; see
``docs/reference/worker-protocol.md``. Every trial imports this module, so it imports nothing but
`json`, `os`, `sys` and `time`.
"""

from __future__ import annotations

import json
import os
import sys
import time

TYPE_CHECKING = False  # `typing` itself would cost every trial some milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextvars import ContextVar
    from typing import Any, NoReturn, TypeAlias

    Sink: TypeAlias = Callable[[dict[str, Any]], object]

TAG = "[tune-metric]:"
RESERVED = "st_"  # names with this prefix are written by the reporter itself

EXIT_NO_RETRY = 78  # as in `synecore.constants`, which would cost every trial an import

_TAG_BYTES = TAG.encode()
_SECONDS_AN_HOUR = 3600.0


class Reporter:
    """Report metrics from a training script: ``report = Reporter()``, then ``report(loss=0.3)``.

    Each call prints one line at once. Besides the metrics it carries `st_worker_timestamp` (seconds
    since 1970), `st_worker_time` (seconds since the reporter was made), `st_worker_iter` (calls
    before this one) and, where the price of the machine is known, `st_worker_cost` (dollars since
    the reporter was made). The price is known in a SageMaker job whose hyperparameters include
    `st_instance_price` (dollars an hour and instance) and, if not 1, `st_instance_count`.

    Args:
        add_time: Add `st_worker_time`, and with it `st_worker_cost`.
        add_cost: Add `st_worker_cost` where the price is known. Needs `add_time`.
    """

    def __init__(self, add_time: bool = True, add_cost: bool = True) -> None:
        self.add_time = add_time
        self.add_cost = add_cost
        self._price = _dollars_an_hour() if add_time and add_cost else None
        self._calls = 0
        self._start = time.perf_counter()

    def __call__(self, **metrics: Any) -> None:
        """Print one report.

        Args:
            **metrics: Numbers, strings, truth values, None, or lists and mappings of these; also
                one-element NumPy arrays, torch tensors and the like (anything with `item()`).

        Raises:
            OptionError: There is no metric, a name is reserved, or a value cannot be written.
        """
        if not metrics:
            _refuse(
                "report() was called without a metric; give at least one, as in report(loss=0.3)"
            )
        fields = dict(metrics)
        for name in metrics:
            if name.startswith(RESERVED):
                _refuse(
                    f"report(): the name {name!r} is reserved; names that start with "
                    f"{RESERVED!r} belong to synecore, so rename the metric"
                )
        fields["st_worker_timestamp"] = time.time()
        if self.add_time:
            seconds = time.perf_counter() - self._start
            fields["st_worker_time"] = seconds
            if self._price is not None:
                fields["st_worker_cost"] = seconds * self._price / _SECONDS_AN_HOUR
        fields["st_worker_iter"] = self._calls
        line = _to_json(fields)
        sink = _sinks[0].get() if _sinks else None
        if sink is None:
            _print_line(f"{TAG} {line}\n")
        else:
            sink(_DECODER.decode(line))
        self._calls += 1


def report_to(sink: Sink | None) -> None:
    """Let reports made in this context (see `contextvars`) go to `sink`, for None to be printed.

    For a backend whose trials run in the tuner's own process, each in a context of its own. The
    sink gets what a reader of the printed line would get.
    """
    if not _sinks:
        from contextvars import ContextVar  # no trial that is a process of its own needs it

        _sinks.append(ContextVar("synecore_report_to", default=None))
    _sinks[0].set(sink)


def give_up(reason: str) -> NoReturn:
    """End the script: this configuration fails again however often it is tried.

    Writes the reason to standard error and exits with status 78, upon which a failed trial is not
    retried. Metrics reported before are kept.
    """
    print(reason, file=sys.stderr, flush=True)
    end = SystemExit(EXIT_NO_RETRY)
    end.add_note(reason)  # for who catches it, in a trial that is no process
    raise end


def retrieve(log_lines: Iterable[str]) -> list[dict[str, Any]]:
    """Return the reports found in lines of a log, in order; other lines are passed over."""
    reports = (
        _parse(line[start + len(TAG) :])
        for chunk in log_lines
        for line in chunk.split("\n")
        if (start := line.find(TAG)) >= 0
    )
    return [report for report in reports if report is not None]


def parse_line(line: bytes) -> dict[str, Any] | None:
    """Return the metrics of one line of output, None if it holds no readable report.

    The tag may stand anywhere in the line, since scripts also print progress without a line break.
    """
    start = line.find(_TAG_BYTES)
    if start < 0:
        return None
    return _parse(line[start + len(_TAG_BYTES) :].decode("utf-8", "replace"))


def _parse(text: str) -> dict[str, Any] | None:
    text = text.lstrip(" \t")
    if not text.startswith("{"):
        return None
    try:
        metrics, _ = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return metrics  # type: ignore[no-any-return]  # an object, by its first character


def _plain(value: Any) -> Any:
    """Turn a scalar of an array library into a Python number, for the JSON encoder."""
    item = getattr(value, "item", None)
    if item is None:
        raise TypeError
    return item()


_sinks: list[ContextVar[Sink | None]] = []  # one, made when first needed
_DECODER = json.JSONDecoder()
_ENCODER = json.JSONEncoder(default=_plain)


def _to_json(fields: dict[str, Any]) -> str:
    try:
        return _ENCODER.encode(fields)
    except (TypeError, ValueError, RecursionError, RuntimeError):
        for name, value in fields.items():
            _require_writable(name, value)
        raise


def _require_writable(name: str, value: Any) -> None:
    try:
        _ENCODER.encode(value)
    except (TypeError, ValueError, RecursionError, RuntimeError):
        shown = repr(value)
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        _refuse(
            f"report(): metric {name!r} cannot be written as JSON: {shown} of type "
            f"{type(value).__name__}; give a number, a string, or lists and mappings of these "
            f"(float(x), or x.tolist() for an array)"
        )


def _refuse(message: str) -> NoReturn:
    from .errors import OptionError  # only needed when something is already wrong

    raise OptionError(message)


def _print_line(line: str) -> None:
    """Write a whole line in one system call, so that lines of forked processes stay whole."""
    stream = sys.stdout
    if stream is None or getattr(stream, "closed", False):
        _refuse(
            "report(): the script's standard output is closed, and reports are lines printed "
            "there; report before closing it, or leave it open"
        )
    stream.flush()
    stream.write(line)
    stream.flush()


def _dollars_an_hour() -> float | None:
    """Price of this job, from the hyperparameters that SageMaker shows as SM_HP_... variables."""
    try:
        price = float(os.environ["SM_HP_ST_INSTANCE_PRICE"])
        return price * int(os.environ.get("SM_HP_ST_INSTANCE_COUNT", "1"))
    except (KeyError, ValueError):
        return None
