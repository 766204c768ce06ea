"""One start of a trial as a call of its function, in a thread of the tuner's process."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Mapping
from contextvars import copy_context
from queue import SimpleQueue
from typing import Any, Literal

import attrs

from synecore.constants import EXIT_NO_RETRY
from synecore.protocols import Job
from synecore.report import Reporter, report_to

from .. import results
from ..results import metrics_of, report_yields

_OWN_FILES = (__file__, results.__file__)  # whose frames a function's author need not see


class TrialStopped(BaseException):
    """Raised in a function by its report, when its trial is to stop.

    No `Exception`, so that the `except Exception` of a training loop lets it pass.
    """


@attrs.frozen
class End:
    """How a call ended."""

    exit: Literal["ok", "failed", "killed"]
    error: str = ""
    hopeless: bool = False
    interrupt: KeyboardInterrupt | None = None  # which is the tuner's business


@attrs.frozen
class News:
    """What a call hands over: a report, its end, or both at once where it returned a result."""

    call: Call
    metrics: dict[str, Any] | None
    end: End | None


@attrs.define(eq=False)
class Call:
    """A call that waits at each report until it may go on.

    The tuner's side sets `stopping` and calls `go_on`; `run` and what it calls is the thread's.
    """

    job: Job
    function: Callable[..., Any]
    arguments: Mapping[str, Any]
    metric: str | None  # that a number is; None where there are several
    resource: Mapping[str, int]  # of a returned result: all that the trial was given
    refuse: Callable[[str], None]  # told what was returned and is no metric
    news: SimpleQueue[News]
    begun: bool = False
    stopping: bool = False
    given_up: bool = False  # it did not end in time, and counts as ended
    final: bool = False  # it will never go on from its checkpoint
    _turn: SimpleQueue[None] = attrs.field(init=False, factory=SimpleQueue)
    _context: Any = attrs.field(init=False, factory=copy_context)  # so np.errstate holds in it too
    _result: dict[str, Any] | None = attrs.field(init=False, default=None)
    _returned: bool = attrs.field(init=False, default=False)

    def go_on(self) -> None:
        """Let it go on from its report."""
        self._turn.put(None)

    def run(self) -> None:
        """Make the call. Whatever the function raises is its end."""
        try:
            self._context.run(self._make)
        except BaseException as error:
            end = _end_by(error)
        else:
            end = End("ok")
        self.news.put(News(self, self._result, end))

    def _make(self) -> None:
        report_to(self._take)
        report = Reporter()
        result = self.function(**self.arguments)
        result = report_yields(result, self.metric, report, self.refuse)
        metrics = metrics_of(result, self.metric, self.resource, self.refuse)
        if metrics:
            self._returned = True
            report(**metrics)

    def _take(self, metrics: dict[str, Any]) -> None:
        """Hand a report over, and wait until the scheduler has decided on it."""
        if self._returned:  # there is nothing left to decide
            self._result = metrics
            return
        if not self.stopping:
            self.news.put(News(self, metrics, None))
            self._turn.get()
        if self.stopping:
            raise TrialStopped


class Worker:
    """A thread that makes one call after the other."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        # A daemon: a function that never returns must not keep the process from ending.
        threading.Thread(target=self._work, name="synecore-function", daemon=True).start()

    def make(self, call: Call) -> None:
        self._calls.put(call)

    def leave(self) -> None:
        """End the thread, after the call it may be making."""
        self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call.run()
            del call  # or its arguments would live on while there is nothing to do


def _end_by(error: BaseException) -> End:
    if isinstance(error, TrialStopped):
        return End("killed")
    if isinstance(error, KeyboardInterrupt):
        return End("killed", interrupt=error)
    if isinstance(error, SystemExit):
        return _end_by_exit(error)
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename in _OWN_FILES:
        trace = trace.tb_next
    return End("failed", "".join(traceback.format_exception(type(error), error, trace)).rstrip())


def _end_by_exit(error: SystemExit) -> End:
    """As a process that exits would end: with a status, or with a text and status 1."""
    if not error.code:
        return End("ok")
    said = [] if isinstance(error.code, int) else [str(error.code)]
    said += getattr(error, "__notes__", ())  # `give_up` puts the reason there
    text = f"exit code {error.code if isinstance(error.code, int) else 1}"
    return End("failed", ": ".join([text, *said]), hopeless=error.code == EXIT_NO_RETRY)
