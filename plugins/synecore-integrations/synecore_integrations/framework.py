"""Frameworks that may not be installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from synecore.errors import SynecoreError


class MissingFrameworkError(SynecoreError, ImportError):
    """A framework is not installed where the training script runs."""


@contextmanager
def imported(title: str, package: str, extra: str) -> Iterator[None]:
    """Say what to install if the `package` imported in this context is missing.

    Args:
        title: What people call the framework.
        package: Its top-level package; of other modules that are missing, it says nothing.
        extra: The extra of this distribution that brings it.

    Raises:
        MissingFrameworkError: the package is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise MissingFrameworkError(
            f"synecore_integrations.{extra} needs {title}, and the package {package!r} is not "
            f'installed in this environment: pip install "synecore-integrations[{extra}]"',
            name=package,
        ) from error
