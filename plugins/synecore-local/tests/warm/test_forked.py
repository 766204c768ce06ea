"""A forked trial is what a process is that was started for it."""

from __future__ import annotations

from typing import Any

import pytest

HELPER = """
import os, sys
print("imported")
print("imported, with a warning", file=sys.stderr)
log = None
def open_log(path):
    global log
    log = open(path, "w")
    log.write("not flushed")
"""

# What a script can see of the process that it runs in.
SHOWN = """
import gc, json, locale, multiprocessing, os, resource, signal, sys, threading
import helper
main = sys.modules["__main__"]
def file(stream):
    return [type(stream.buffer).__name__, stream.encoding, stream.errors, stream.line_buffering,
            stream.write_through, stream.isatty()]
report = {
    "main": {name: repr(value)[:60] for name, value in vars(main).items()
             if name.startswith("__") and name != "__loader__"},
    "loader": [type(main.__loader__).__name__, main.__loader__.path],
    "arguments": [sys.argv, sys.orig_argv, sys.executable, str(sys.flags), sys.warnoptions],
    "path": sys.path,
    "folder": os.getcwd(),
    "environment": {k: v for k, v in os.environ.items() if k != "SYNECORE_MARKS"},
    "in": sys.stdin.read(),
    "out": [file(sys.stdin), file(sys.stdout), file(sys.stderr)],
    "descriptors": sorted(map(int, os.listdir("/proc/self/fd")))[:4],
    "leads": os.getsid(0) == os.getpgid(0) == os.getpid(),
    "signals": {s.name: str(signal.getsignal(s)) for s in signal.Signals},
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "cores": sorted(os.sched_getaffinity(0)),
    "limits": [os.umask(0), os.nice(0), resource.getrlimit(resource.RLIMIT_NOFILE),
               sys.getrecursionlimit()],
    "collects": [gc.isenabled(), gc.get_threshold()],
    "thread": [threading.current_thread().name, threading.active_count(),
               threading.main_thread() is threading.current_thread()],
    "process": [multiprocessing.current_process().name, multiprocessing.active_children()],
    "hook": sys.excepthook is sys.__excepthook__,
}
print("[tune-metric]: " + json.dumps(report, sort_keys=True), flush=True)
"""

# Ends of a process: what is printed, by whom, and the exit status.
ENDS = """
import atexit, ctypes, multiprocessing, os, pickle, signal, subprocess, sys, threading, time
import helper
class Loud:
    def __init__(self, word): self.word = word
    def __del__(self): print("deleted", self.word)
def square(x): return x * x
def fail(n):
    if n: fail(n - 1)
    raise ValueError("too bad")
def late():
    time.sleep(0.05)
    print("late")
def forever():
    while True: time.sleep(0.001)
case, folder = sys.argv[2], os.path.dirname(sys.argv[-1])
match case:
    case "status": sys.exit(3)
    case "negative": sys.exit(-1)
    case "wrapped": sys.exit(256)
    case "none": sys.exit()
    case "text": sys.exit("a reason")
    case "at once": print("x"); os._exit(7)
    case "error": fail(2)
    case "chain":
        try: fail(0)
        except ValueError as error: raise RuntimeError("more") from error
    case "hook":
        sys.excepthook = lambda kind, error, trace: print("hook", error, trace.tb_lineno)
        fail(1)
    case "bad hook":
        sys.excepthook = lambda *_: 1 / 0
        fail(0)
    case "interrupt": raise KeyboardInterrupt
    case "SIGINT" | "SIGTERM" | "SIGSEGV":
        os.kill(os.getpid(), getattr(signal, case)); time.sleep(10)
    case "exit handlers":
        atexit.register(print, "bye")
        atexit.register(fail, 0)
        threading.Thread(target=late).start()
        threading.Thread(target=forever, daemon=True).start()
        print("end")
    case "objects":
        loud = Loud("a global")
        Loud("a cycle").self = Loud("in it")
        file = open(folder + "/log", "w")
        file.write("not flushed")
        helper.open_log(folder + "/log of a module")
        ctypes.CDLL(None).printf(b"from C\\n")
    case "full": sys.stdout = open("/dev/full", "w"); print("x")
    case "closed": sys.stdout.close()
    case "fork pool":
        with multiprocessing.get_context("fork").Pool(2) as pool: print(pool.map(square, range(4)))
    case "pickle":
        loud = pickle.loads(pickle.dumps(Loud("a copy")))
    case "replaced": os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", "print('new')"])
"""
CASES = [
    "status", "negative", "wrapped", "none", "text", "at once", "error", "chain", "hook",
    "bad hook", "interrupt", "SIGINT", "SIGTERM", "SIGSEGV", "exit handlers", "objects", "full",
    "closed", "fork pool", "pickle", "replaced",
]  # fmt: skip


def test_a_script_sees_the_same_process(workshop: Any) -> None:
    workshop.script(HELPER, "helper.py")
    [cold], [warm] = workshop.cold_and_warm(SHOWN, [{"lr": 0.5}])
    assert cold["reports"] == warm["reports"]
    assert cold["out"][0] == "imported"
    assert cold == warm


def test_a_trial_ends_in_the_same_way(workshop: Any) -> None:
    workshop.script(HELPER, "helper.py")
    cold, warm = workshop.cold_and_warm(ENDS, [{"case": case} for case in CASES])
    assert dict(zip(CASES, warm, strict=True)) == dict(zip(CASES, cold, strict=True))
    logs = warm[CASES.index("objects")]["logs"]
    assert logs == {"log": "not flushed", "log of a module": "not flushed"}
    assert warm[0]["error"] == "exit code 3; end of std.err:\nimported, with a warning"


@pytest.mark.parametrize("source", ["x = (", "import sys\nreturn 3", "import no_such_module"])
def test_a_script_with_a_mistake_says_the_same(workshop: Any, source: str) -> None:
    cold, warm = workshop.cold_and_warm(source, [{}])
    assert cold == warm
    assert cold[0]["exit"] == "failed"


@pytest.mark.slow
@pytest.mark.parametrize("way", ["spawn", "forkserver"])
def test_new_interpreters_find_the_script(workshop: Any, way: str) -> None:
    source = (
        "import multiprocessing\n"
        "def square(x): return x * x\n"
        "if __name__ == '__main__':\n"
        f"    with multiprocessing.get_context({way!r}).Pool(1) as pool:\n"
        "        print(pool.map(square, range(4)))"
    )
    cold, warm = workshop.cold_and_warm(source, [{}])
    assert cold[0]["out"] == warm[0]["out"] == ["[0, 1, 4, 9]"]


# ---- random numbers -----------------------------------------------------------------------

DRAW = """
import json, random, sys
import numpy as np
import helper
if sys.argv[2] != "none":
    random.seed(int(sys.argv[2]))
    np.random.seed(int(sys.argv[2]))
print("[tune-metric]:", json.dumps({"python": random.random(), "numpy": np.random.rand()}))
"""


def test_random_numbers_differ_unless_they_are_seeded(workshop: Any) -> None:
    workshop.script("import numpy, random\nrandom.random()\nnumpy.random.rand()", "helper.py")
    cold, warm = workshop.cold_and_warm(DRAW, [{"seed": seed} for seed in ("none", "none", 7, 8)])
    drawn = [end["reports"][0] for end in [*cold[:2], *warm[:2]]]
    assert len({numbers["python"] for numbers in drawn}) == 4
    assert len({numbers["numpy"] for numbers in drawn}) == 4
    assert cold[2:] == warm[2:]
    assert warm[2] != warm[3]


def test_what_a_module_seeds_is_seeded(workshop: Any) -> None:
    workshop.script("import numpy, random\nrandom.seed(3)\nnumpy.random.seed(3)", "helper.py")
    cold, warm = workshop.cold_and_warm(DRAW, [{"seed": "none"}] * 2)
    assert cold == warm
    assert warm[0] == warm[1]


TORCH = """
import json, random, sys
import numpy, torch
if sys.argv[2] != "none":
    torch.manual_seed(int(sys.argv[2]))
layer = torch.nn.Linear(4, 2)
optimizer = torch.optim.Adam(layer.parameters())
for _ in range(3):
    optimizer.zero_grad()
    loss = layer(torch.randn(8, 4)).square().mean()
    loss.backward()
    optimizer.step()
print("[tune-metric]:", json.dumps({"loss": loss.item(), "threads": torch.get_num_threads()}))
"""


@pytest.mark.heavy
def test_a_network_is_trained_to_the_same_weights(workshop: Any) -> None:
    configs = [{"seed": seed} for seed in ("none", "none", 7, 8)]
    cold, warm = workshop.cold_and_warm(TORCH, configs)
    losses = [end["reports"][0]["loss"] for end in [*cold[:2], *warm[:2]]]
    assert len(set(losses)) == 4
    assert cold[2:] == warm[2:]
    assert warm[2] != warm[3]
