"""Parameters as arguments of a script."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from synecore.errors import SpaceError
from synecore.space.domain import Domain


def add_to_argparse(parser: argparse.ArgumentParser, config_space: Mapping[str, Any]) -> None:
    """Add an argument for each parameter of the space that is not a constant.

    Its values are of the domain's type. It is required, unless the parameter can be inactive, in
    which case it is None by default. Bounds are not checked: a script may be run with other values
    by hand.
    """
    for name, domain in config_space.items():
        if isinstance(domain, Domain):
            parser.add_argument(
                f"--{name}",
                type=_reader(domain),
                required=not domain.condition,
                default=None,
                metavar=domain.value_type.__name__.upper(),
                help=repr(domain).replace("%", "%%"),
            )


def _reader(domain: Domain) -> Callable[[str], Any]:
    if domain.value_type is not bool:
        return domain.value_type

    def read(text: str) -> bool:
        try:
            return bool(domain.cast(text))
        except SpaceError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read
