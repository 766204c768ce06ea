"""How trials are started: each as a process from nothing, or forked from one that is warm."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from .process import ColdProcess, TrialProcess
from .program import Invocation, Program
from .warm.zygote import Lost, Unfit, Zygote

logger = logging.getLogger(__name__)

_MOST_ARGUMENTS = 100_000  # characters; from 131,072 bytes in one, Linux starts no process
_MOST_LOST = 1  # zygotes that may be lost without giving up


class Starter(Protocol):
    """Starts the processes of trials."""

    def start(
        self, invocation: Invocation, environment: Mapping[str, str], out: Path, err: Path
    ) -> TrialProcess:
        """Start a process whose output is appended to two files.

        Raises:
            OSError: The system refused a file or the process.
            ValueError, TypeError: The arguments cannot be handed over.
        """

    def close(self) -> None: ...


class ColdStarter:
    """Starts each trial as a process from nothing."""

    def start(
        self, invocation: Invocation, environment: Mapping[str, str], out: Path, err: Path
    ) -> TrialProcess:
        return ColdProcess(invocation.command, environment, out, err, invocation.stdin)

    def close(self) -> None:
        pass


class WarmStarter:
    """Forks trials from a process that has done what they all begin with.

    Where that is not possible it says so once, and starts them cold.

    Args:
        program: What the trials run.
        environment: That of the process that forks.
    """

    def __init__(self, program: Program, environment: Mapping[str, str]) -> None:
        self._program = program
        self._environment = environment
        self._cold = ColdStarter()
        self._only_cold = False
        self._zygote: Zygote | None = None
        self._n_lost = 0

    def start(
        self, invocation: Invocation, environment: Mapping[str, str], out: Path, err: Path
    ) -> TrialProcess:
        # What no process can be started with is refused with or without a zygote.
        too_long = sum(map(len, invocation.command)) > _MOST_ARGUMENTS
        while not too_long and (zygote := self._current_zygote()) is not None:
            try:
                return zygote.fork(invocation, environment, out, err)
            except Lost as how:
                self._lose(zygote, how)
        return self._cold.start(invocation, environment, out, err)

    def _current_zygote(self) -> Zygote | None:
        if self._zygote is not None and not self._zygote.is_current():
            logger.info("the code of %s has changed; it is imported anew", self._name)
            self._zygote.retire()
            self._zygote = None
        if self._zygote is None and not self._only_cold:
            self._zygote = self._begun()
        return self._zygote

    def _begun(self) -> Zygote | None:
        try:
            plan = self._program.plan()
            if plan is not None:
                return Zygote(plan, self._environment)
            self._only_cold = True
            logger.info("warm=True has no effect on %s, which is no Python program", self._name)
        except Unfit as why:
            self._only_cold = True
            logger.warning("trials of %s are not started warm: %s", self._name, why)
        except Lost as how:
            self._only_cold = True
            logger.warning(
                "trials of %s are not started warm: the process that made their imports is gone "
                "(%s)", self._name, how,
            )  # fmt: skip
        except OSError as error:  # a trial that is started cold has it, too, and fails
            logger.info("no warm start: %s", error)
        return None

    def _lose(self, zygote: Zygote, how: Lost) -> None:
        zygote.retire()
        self._zygote = None
        self._n_lost += 1
        self._only_cold = self._n_lost > _MOST_LOST
        logger.warning(
            "the process that forks the trials of %s is gone (%s); %s", self._name, how,
            "trials start cold from now on" if self._only_cold else "another one is begun",
        )  # fmt: skip

    @property
    def _name(self) -> str:
        return repr(str(self._program.entry_point))

    def close(self) -> None:
        if self._zygote is not None:
            self._zygote.end()
            self._zygote = None


def starter_for(program: Program, warm: bool, environment: Mapping[str, str]) -> Starter:
    """Return what starts trials of `program`.

    Args:
        program: What they run.
        warm: Whether to fork them where that is possible.
        environment: That of a process that forks.
    """
    if not warm:
        return ColdStarter()
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        logger.info("warm=True has no effect on this system: it needs Linux 5.3 or later")
        return ColdStarter()
    return WarmStarter(program, environment)
