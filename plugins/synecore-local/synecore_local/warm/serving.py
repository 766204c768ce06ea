"""What a zygote does: prepare what trials have in common, and fork one at each request.

The first message on its socket is the plan, a `synecore_local.program.Plan`; the pickled function
of a function trial is on standard input, as for `function_trial`. It is answered by
`{"unfit": REASON}` or by `{"files": [[PATH, TIME, SIZE], ...]}`, the user's own files that all
forks have read. Then

- a request for a trial (see `zygote.Zygote.fork`) comes with descriptors for its output,
  and is answered by the fork, once it leads a session: `{"pid": PID}`. The zygote answers if there
  is none: `{"error": TEXT}`;
- `{"ended": PID, "status": STATUS}` is said of a fork as soon as it has ended; null if its status
  cannot be known. It stays a zombie, so that nobody else gets its id, until
- `{"reap": PID}`, which is not answered.

The zygote ends with its socket.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import select
import sys
import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from .. import function_trial
from . import ahead, forked
from .messages import Channel
from .own_modules import OwnModules, stamps
from .random_states import RandomStates
from .shown_environment import ShownEnvironment

if TYPE_CHECKING:
    from .imports import Steps

Main: TypeAlias = Callable[[list[str]], object]


def main(channel: Channel, loaded: Collection[str]) -> NoReturn:
    """Serve until the end of the socket; in a fork, run a trial.

    Args:
        channel: To the tuner.
        loaded: Top-level modules that each interpreter has from its beginning.
    """
    began = time.time_ns()
    plan, _ = channel.receive()
    marks = ShownEnvironment(plan["marks"])
    states = RandomStates()
    printed = ahead.Printed()
    try:
        run = _prepare(plan, loaded)
    except ahead.Unfit as reason:
        channel.send({"unfit": str(reason)})
        os._exit(0)
    states.look()
    printed.keep()
    own = OwnModules()
    files = {str(module.__file__) for module in own.loaded()}
    if plan["script"] is not None:
        files.add(plan["script"])
    channel.send({"files": stamps(sorted(files), began)})
    finalizers = ahead.Finalizers()
    collects = ahead.settle()

    trial = _serve(channel)
    if trial is None:
        finalizers.run()
        os._exit(0)
    request, fds = trial
    # From here on this is a fork.
    forked.move_in(fds, set(request["cores"]))
    try:
        channel.send({"pid": os.getpid()})
    except OSError:  # the tuner has given it up
        os._exit(1)
    channel.close()
    marks.show(request["environment"].get(plan["marks"]))
    forked.furnish(request)
    states.renew()
    printed.repeat()
    if collects:
        gc.enable()
    sys.orig_argv[:] = [*plan["interpreter"], *request["arguments"]]
    forked.run(functools.partial(run, request["arguments"]), own)


def _prepare(plan: Mapping[str, Any], loaded: Collection[str]) -> Main:
    """Do what trials have in common; return what is left.

    Raises:
        Unfit: Forks would not be what processes are that were started for a trial.
    """
    if plan["script"] is None:
        return _prepare_function(plan["steps"])
    path = plan["script"]
    folder = sys.path[0] = os.path.dirname(path)
    ahead.check_names({name.partition(".")[0] for name in sys.modules}.difference(loaded), folder)
    argv = sys.argv = ahead.Arguments([path])
    main = sys.modules["__main__"] = forked.main_module(path)
    ahead.import_all(plan["steps"])
    ahead.make_a_parser()
    ahead.check(argv)
    with open(path, "rb") as script:
        source = script.read()
    code = functools.cache(functools.partial(compile, source, path, "exec", dont_inherit=True))
    with contextlib.suppress(SyntaxError, ValueError):  # each trial will say so
        code()

    def run(arguments: list[str]) -> None:
        argv[:] = arguments
        exec(code(), main.__dict__)

    return run


def _prepare_function(steps: Steps) -> Main:
    sys.argv[:] = [function_trial.__file__]
    sys.modules["__main__"] = function_trial
    try:
        function = function_trial.received()
    except Exception as error:
        raise ahead.Unfit(f"the function cannot be loaded: {error!r}") from error
    ahead.import_all(steps)
    ahead.check()

    def run(arguments: list[str]) -> None:
        function_trial.main(function, *arguments[1:])

    return run


def _serve(channel: Channel) -> tuple[Any, list[int]] | None:
    """Answer messages; return the request in a fork for one, and None at the end of the socket."""
    forks: dict[int, int] = {}  # process descriptor -> process, of those that have not ended
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    try:
        while True:
            if not channel.has_message():
                ready = {fd for fd, _ in poll.poll()}
                for fd in ready.intersection(forks):
                    pid = forks.pop(fd)
                    poll.unregister(fd)
                    os.close(fd)
                    channel.send({"ended": pid, "status": _status(pid)})
                if channel.fileno() not in ready:
                    continue
            message, fds = channel.receive()
            if "reap" in message:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(message["reap"], 0)
                continue
            try:
                pid = os.fork()
                if pid == 0:
                    for fd in forks:
                        os.close(fd)
                    return message, fds
            except OSError as error:
                channel.send({"error": str(error)})
            else:
                fork = os.pidfd_open(pid)
                forks[fork] = pid
                poll.register(fork, select.POLLIN)
            for fd in fds:
                os.close(fd)
    except (EOFError, OSError):
        return None


def _status(pid: int) -> int | None:
    """Return the exit status of a fork that has ended, and leave it to be reaped."""
    try:
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    except ChildProcessError:  # an imported module has waited for it
        return None
    assert ended is not None  # without WNOHANG
    return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
