"""The command line: tune, resume, stop, add, list, show, results, plot, why, plugins.

Modules of this package import light; what a command needs is imported when it runs.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from synecore import __version__
from synecore.cli import control, plugins, results, tune, why
from synecore.cli.parser import Parser
from synecore.errors import (
    OptionError,
    SynecoreError,
    UnknownComponentError,
    UnsupportedProblemError,
)

_MODULES = (tune, control, results, why, plugins)
_EPILOG = """\
examples:
  synecore tune train.py --param "lr=loguniform(1e-4,1)" --param epochs=27 \\
      --metric loss --resource-attr epoch --max-resource-attr epochs --max-wallclock-time 60
  synecore resume train                 # the latest experiment of that name
  synecore results train --best
  synecore why train 7                  # what happened to trial 7, and why

Experiments lie in ~/synecore; SYNECORE_FOLDER names another place.
"""


def parser(*, with_plugins: bool = False) -> argparse.ArgumentParser:
    """The whole command line; with the subcommands of plugins, if asked for."""
    top = Parser(
        prog="synecore",
        description="Tune hyperparameters with any installed method and backend.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"synecore {__version__}")
    top.add_argument("-v", "--verbose", action="count", default=0, help="log more; twice: debug")
    commands = top.add_subparsers(metavar="COMMAND", dest="command", required=True)
    for module in _MODULES:
        module.add_to(commands)
    if with_plugins:
        from synecore.plugins.registry import default_registry

        default_registry().add_commands(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code.

    0 done · 1 failed · 2 wrong use: an unknown name or a wrong option · 130 Ctrl-C · 143 SIGTERM
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    named = next((word for word in argv if not word.startswith("-")), None)
    own = {name for module in _MODULES for name in module.NAMES}
    arguments = parser(with_plugins=named not in own).parse_args(argv)
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(arguments.verbose, 2)]
    logging.basicConfig(level=level, format="%(levelname)s: %(message)s")
    try:
        code = arguments.run(arguments)
    except (OptionError, UnknownComponentError, UnsupportedProblemError) as error:
        return _say(error, 2)
    except SynecoreError as error:
        return _say(error, 1)
    except ModuleNotFoundError as error:
        if not str(error).count("pip install"):
            raise
        return _say(error, 1)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `synecore list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return int(code or 0)


def _say(error: Exception, code: int) -> int:
    print(f"synecore: {error}", file=sys.stderr)
    return code
