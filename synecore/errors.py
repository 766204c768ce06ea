"""Everything synecore raises on purpose, and the words "did you mean".

A message says what failed and where, the value that was given, what is allowed, and what to do
next, in that order.
"""

from __future__ import annotations

from collections.abc import Iterable


class SynecoreError(Exception):
    """Base of all errors raised on purpose."""


class OptionError(SynecoreError, ValueError):
    """A value given by the user is wrong: an option, a metric, a field of the problem."""


class SpaceError(OptionError):
    """A configuration space, a domain or a configuration is wrong."""


class UnknownComponentError(SynecoreError, LookupError):
    """No usable component of this name, or more than one."""


class PluginError(SynecoreError):
    """A plugin could not be loaded, or did not keep what its metadata promised."""


class UnsupportedProblemError(SynecoreError):
    """The component cannot handle what the problem asks for."""


class DeadlockError(SynecoreError):
    """A scheduler waits although nothing is queued, running or stopping."""


class SchedulerError(SynecoreError):
    """A scheduler's answer breaks its contract."""


class StoreError(SynecoreError):
    """A result store could not be written or read."""


class ResumeMismatchError(SynecoreError):
    """A replayed decision differs from the one on record."""


class ExperimentError(SynecoreError):
    """An experiment cannot be created, found, resumed or ended as asked."""


class TrialError(SynecoreError):
    """A trial reported something that cannot be used, or failed for good."""


def near(name: str, known: Iterable[str]) -> str | None:
    """Return the known name nearest to `name`, None if none is near."""
    from difflib import get_close_matches  # only needed when something is already wrong

    spelled = {other.lower().replace("_", "-"): other for other in known}
    matches = get_close_matches(name.lower().replace("_", "-"), spelled, n=1)
    return spelled[matches[0]] if matches else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" for the known name nearest to `name`, "" if none is near."""
    match = near(str(name), known)
    return f"; did you mean {match!r}?" if match is not None else ""
