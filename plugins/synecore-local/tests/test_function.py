from __future__ import annotations

import functools
import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synecore import make_backend
from synecore.errors import ExperimentError, OptionError
from synecore.plugins.construct import spec_of
from synecore.plugins.make import rebuild
from synecore.problem import Problem
from synecore.report import Reporter
from synecore.space import uniform

LOCK = threading.Lock()
OFFSET = 100
SPACE = {"lr": uniform(0.0, 1.0), "depth": 3, "epochs": 9}
CONFIG = {"lr": 0.5, "depth": 3, "epochs": 9}


def problem(metric: str | list[str] = "loss", **words: Any) -> Problem:
    return Problem.create(SPACE, metric=metric, **words)


def metrics(reported: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in reported.items() if not name.startswith("st_")}


class Trials:
    """Runs one trial after the other, each of a function of its own."""

    def __init__(self, workshop: Any) -> None:
        self._workshop = workshop

    def __call__(
        self,
        function: Callable[..., Any],
        of: Problem | None = None,
        config: dict[str, Any] | None = None,
        **job: Any,
    ) -> Any:
        workshop = self._workshop
        self.backend = workshop.function_backend(function, {"problem": of or problem()})
        self.backend.start(workshop.job(config=config or CONFIG, **job))
        return workshop.collect(self.backend)

    def reported(self, *arguments: Any, **changes: Any) -> list[dict[str, Any]]:
        events = self(*arguments, **changes)
        assert events.end().exit == "ok", events.end().error
        return list(map(metrics, events.reports()))


@pytest.fixture
def run(workshop: Any) -> Trials:
    return Trials(workshop)


# ---- arguments ----------------------------------------------------------------------------


def test_gets_the_entries_that_it_takes(run: Trials) -> None:
    def train(depth, lr, *more, extra="default"):
        return {"loss": lr, "depth": depth, "more": len(more), "extra": extra}

    assert run.reported(train) == [{"loss": 0.5, "depth": 3, "more": 0, "extra": "default"}]


def test_gets_the_whole_configuration_by_two_asterisks(run: Trials) -> None:
    assert run.reported(lambda **config: {"loss": 1, "got": config}) == [{"loss": 1, "got": CONFIG}]


def test_an_argument_that_a_conditional_configuration_lacks_keeps_its_default(run: Trials) -> None:
    def train(lr, momentum=0.9):
        return {"loss": lr, "momentum": momentum}

    assert run.reported(train) == [{"loss": 0.5, "momentum": 0.9}]


def test_gets_the_folder_of_checkpoints_if_it_takes_it(run: Trials, workshop: Any) -> None:
    def train(lr, st_checkpoint_dir):
        import os

        return {
            "loss": lr,
            "folder": st_checkpoint_dir,
            "exists": os.path.exists(st_checkpoint_dir),
        }

    folder = workshop.experiment / "0" / "checkpoints"
    assert run.reported(train) == [{"loss": 0.5, "folder": str(folder), "exists": False}]


def test_finds_no_trace_of_how_it_came(run: Trials) -> None:
    def look(lr):
        import sys

        return {"loss": lr, "arguments": len(sys.argv) - 1, "input": sys.stdin.read()}

    assert run.reported(look) == [{"loss": 0.5, "arguments": 0, "input": ""}]


def test_a_missing_argument_is_an_error_before_the_first_trial(workshop: Any) -> None:
    def train(learn_rate, epochz): ...

    with pytest.raises(OptionError) as caught:
        workshop.function_backend(train, {"problem": problem()})
    assert str(caught.value) == (
        "the function train needs the argument(s) 'learn_rate', 'epochz', but the configuration "
        "space has 'lr', 'depth', 'epochs'. Arguments are names of the space: rename them, give "
        "them defaults, or take the whole configuration by **config"
    )
    assert not workshop.experiment.exists()
    with pytest.raises(OptionError, match=r"'epochs'; did you mean 'epochs'\? Arguments are"):
        workshop.function_backend(lambda epochz: 0, {"problem": problem()})


def test_a_hyperparameter_without_effect_is_a_warning(
    workshop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    workshop.function_backend(lambda depth: 0, {"problem": problem()})
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "takes no argument 'lr': what the configuration says there has no" in record.message


def test_the_space_of_the_documented_constructor_is_accepted() -> None:
    backend = make_backend("python", tune_function=lambda lr: lr, config_space=SPACE)
    assert backend.entry_point == Path("lambda")


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (3, "'tune_function' must be a function: 3"),
        (eval("lambda lr, /: lr"), "takes 'lr' by position only"),
        (type("No", (), {"__call__": 3})(), "the arguments of No cannot be told"),
    ],
)
def test_what_cannot_be_called_by_names_is_refused(function: Any, text: str) -> None:
    with pytest.raises(OptionError, match=re.escape(text)):
        make_backend("python", tune_function=function)


# ---- reports ------------------------------------------------------------------------------


def test_reports_as_documented(run: Trials) -> None:
    def train(lr, epochs):
        from synecore import Reporter

        report = Reporter()
        for epoch in range(1, epochs + 1):
            report(epoch=epoch, loss=lr / epoch)

    expected = [{"epoch": epoch, "loss": 0.5 / epoch} for epoch in range(1, 10)]
    assert run.reported(train) == expected


@pytest.mark.parametrize(
    ("returned", "reported"),
    [
        (2, [{"loss": 2}]),
        (0.1, [{"loss": 0.1}]),
        (np.float32(0.5), [{"loss": 0.5}]),
        (np.array(3), [{"loss": 3}]),
        ({"loss": 1, "size": [1, 2]}, [{"loss": 1, "size": [1, 2]}]),
        (None, []),
    ],
)
def test_what_it_returns_is_its_last_report(
    run: Trials, returned: Any, reported: list[dict[str, Any]]
) -> None:
    assert run.reported(lambda lr: returned) == reported
    assert run.backend.stderr(0) == []


@pytest.mark.parametrize("returned", [True, "good", [0.5], np.zeros(2)])
def test_what_is_no_metric_is_not_reported(run: Trials, returned: Any) -> None:
    assert run.reported(lambda lr: returned) == []
    text = "\n".join(run.backend.stderr(0))
    assert text.startswith(f"synecore: the function returned {returned!r} (")
    assert text.endswith("return 'loss' or a mapping of metrics to have it reported, or None")


def test_a_number_stands_for_one_metric_only(run: Trials) -> None:
    both = problem(["loss", "size"], mode="min")
    assert run.reported(lambda lr: 0.5, both) == []
    assert "return a mapping of metrics to" in run.backend.stderr(0)[0]
    assert run.reported(lambda lr: {"loss": 1, "size": 2}, both) == [{"loss": 1, "size": 2}]


def test_a_generator_reports_what_it_yields_and_then_what_it_returns(run: Trials) -> None:
    def train(lr):
        yield {"loss": 3, "epoch": 1}
        yield "nothing"
        yield 2
        return {"loss": 1}

    assert run.reported(train) == [{"loss": 3, "epoch": 1}, {"loss": 2}, {"loss": 1}]
    assert run.backend.stderr(0) == [
        "synecore: the function yielded 'nothing' (str), which is not reported; yield 'loss' or a "
        "mapping of metrics to have it reported, or None"
    ]


def test_what_it_returns_carries_the_time_that_it_took(run: Trials) -> None:
    def train(lr):
        import time

        time.sleep(0.05)
        return lr

    (report,) = run(train).reports()
    assert report["st_worker_time"] >= 0.05


def test_what_it_returns_counts_for_all_its_resource(run: Trials) -> None:
    epochs = problem(resource_attr="epoch", max_resource_attr="epochs")
    assert run.reported(lambda lr: 0.5, epochs, until=9.0) == [{"epoch": 9, "loss": 0.5}]
    given = {"loss": 0.5, "epoch": 4}
    assert run.reported(lambda lr: given, epochs, until=9.0) == [given]
    assert run.reported(lambda lr: 0.5, epochs) == [{"loss": 0.5}], "the limit is not known"


def test_an_exception_fails_the_trial_with_its_message(run: Trials) -> None:
    def train(lr):
        raise RuntimeError(f"no luck with {lr}")

    end = run(train).end()
    assert end.exit == "failed"
    assert end.error.startswith("exit code 1; end of std.err:\n")
    assert "in train" in end.error
    assert end.error.endswith("RuntimeError: no luck with 0.5")


# ---- kinds of functions -------------------------------------------------------------------


def plain(lr):
    return OFFSET + lr


def decorator(function):
    @functools.wraps(function)
    def wrapped(*arguments, **named):
        return -function(*arguments, **named)

    return wrapped


@decorator
def decorated(lr):
    return OFFSET + lr


class Scaled:
    def __init__(self, factor):
        self.factor = factor

    def loss(self, lr):
        return self.factor * lr

    def __call__(self, lr):
        return self.factor * lr


def with_a_table():
    table = np.arange(1_000_000.0)  # far more than a pipe holds
    return lambda lr: table.sum() + lr


@pytest.mark.parametrize(
    ("function", "loss", "name"),
    [
        (plain, 100.5, "plain"),
        (decorated, -100.5, "decorated"),
        (decorator(lambda lr: lr), -0.5, "lambda"),
        (functools.partial(lambda scale, lr: scale * lr, 4), 2.0, "lambda"),
        (functools.partial(plain, lr=2.0), 100.5, "plain"),
        (Scaled(3.0).loss, 1.5, "loss"),
        (Scaled(3.0), 1.5, "Scaled"),
        (with_a_table(), 499_999_500_000.5, "lambda"),
    ],
)
def test_any_kind_of_function_is_a_trial(
    run: Trials, function: Callable[..., Any], loss: float, name: str
) -> None:
    assert run.reported(function) == [{"loss": loss}]
    assert run.backend.entry_point == run.backend.entrypoint_path() == Path(name)


SCRIPT = """
import sys
from pathlib import Path

import synecore
from synecore.space import uniform

sys.path.insert(0, "modules")
import beside

FACTOR = 2.0

class Model:
    def loss(self, lr):
        return FACTOR * lr + beside.OFFSET

def train(lr):
    return Model().loss(lr)

def loss_of(function):
    experiment = synecore.tune(
        function, {"lr": uniform(0.0, 1.0)}, metric="loss", method="random",
        points_to_evaluate=[{"lr": 0.5}], max_num_trials_finished=1, display="none",
    )
    return next(row["loss"] for row in experiment.rows())

print(loss_of(train), loss_of(beside.train))
"""


def test_functions_of_a_script_and_of_a_module_beside_it(tmp_path: Path) -> None:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "beside.py").write_text(
        "OFFSET = 10.0\ndef train(lr):\n    return OFFSET - lr\n"
    )
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout == "11.0 9.5\n", done.stderr


def test_a_function_of_a_module_that_cannot_be_imported_goes_by_value(run: Trials) -> None:
    module = type(sys)("made_on_the_fly")
    exec("OFFSET = 7\ndef train(lr):\n    return OFFSET + lr", module.__dict__)
    sys.modules[module.__name__] = module
    try:
        assert run.reported(module.train) == [{"loss": 7.5}]
        assert run.reported(functools.partial(module.train)) == [{"loss": 7.5}]
    finally:
        del sys.modules[module.__name__]


# ---- what cannot travel -------------------------------------------------------------------


def uses(value):
    return lambda lr: value


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: uses(LOCK), "'value' (lock)"),
        (lambda: uses({"a": [0, LOCK]}), "'value['a'][1]' (lock)"),
        (lambda: uses(uses(LOCK)), "'value' (lock)"),
        (lambda: decorator(uses(LOCK)), "'value' (lock)"),
        (lambda: Scaled(LOCK), "'Scaled.factor' (lock)"),
        (lambda: Scaled(LOCK).loss, "'self.factor' (lock)"),
        (lambda: uses(Scaled(LOCK)), "'value.factor' (lock)"),
        (lambda: lambda lr, lock=LOCK: lr, "'lock' (lock)"),
        (lambda: functools.partial(lambda lock, lr: lr, LOCK), "'<lambda>: argument 1' (lock)"),
        (lambda: uses(i for i in range(3)), "'value' (generator)"),
    ],
)
def test_what_cannot_travel_is_named(make: Callable[[], Any], part: str) -> None:
    with pytest.raises(OptionError) as caught:
        make_backend("python", tune_function=make())
    text = str(caught.value)
    assert re.match(r"the function \S+ cannot be sent to a process of its own, because of ", text)
    assert f"because of {part}: cannot pickle " in text
    assert "Make such objects inside the function" in text


def test_an_open_file_cannot_travel(tmp_path: Path) -> None:
    with (
        open(tmp_path / "log.txt", "w") as log,
        pytest.raises(OptionError, match=r"because of 'log' \(TextIOWrapper\)"),
    ):
        make_backend("python", tune_function=lambda lr: log.write(str(lr)))


# ---- nothing kept -------------------------------------------------------------------------


def test_nothing_of_the_function_is_on_disk(run: Trials, workshop: Any) -> None:
    run.reported(lambda lr: lr)
    files = {path.name for path in workshop.experiment.rglob("*") if path.is_file()}
    assert files == {"config.json", "std.out", "std.err"}


def test_another_process_cannot_build_it_again() -> None:
    spec = spec_of(make_backend("python", tune_function=Reporter))
    assert spec is not None
    assert spec.options["tune_function"] == {"$object": "synecore.report.Reporter"}
    with pytest.raises(ExperimentError) as caught:
        rebuild(spec)
    assert str(caught.value).endswith(
        "was given synecore.report.Reporter, which no file can keep; build the backend again in "
        'Python and pass it, as in Tuner.resume(name, trial_backend=make_backend("python", '
        "tune_function=...))."
    )


def test_scripts_do_not_need_cloudpickle(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("")
    code = (
        "import sys; from synecore import make_backend; "
        "make_backend('local', entry_point='train.py'); sys.exit('cloudpickle' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0


def test_a_large_function_does_not_hold_up_a_stop(workshop: Any) -> None:
    function = with_a_table()
    backend = workshop.function_backend(function, {"problem": problem()})
    backend.start(workshop.job(config=CONFIG))
    backend.stop(0, keep_checkpoint=False)
    assert workshop.collect(backend).end().exit == "killed"


def test_goes_through_a_nameless_file_where_memory_has_none(
    run: Trials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    assert run.reported(with_a_table()) == [{"loss": 499_999_500_000.5}]
