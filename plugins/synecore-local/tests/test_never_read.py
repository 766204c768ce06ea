from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from synecore.unread import Unread
from synecore_local.never_read import NeverRead

SCRIPT = """
from argparse import ArgumentParser
from synecore import parse_config
parser = ArgumentParser()
parser.add_argument("--max_training_steps", type=int, default=2)
parser.add_argument("--lr", type=float, default=0.1)
config = parse_config(parser)
for step in range(config.max_training_steps):
    report(training_iter=step + 1, reward=config.lr)
"""


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_a_name_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    never_read = NeverRead()
    with caplog.at_level(logging.WARNING):
        never_read.note(3, None)
        for _ in range(2):
            never_read.note(4, Unread(["a", "b"], []))
        never_read.note(5, Unread(["b", "c"], []))
    first, second = warnings_of(caplog)
    assert first.startswith(
        "trial 4 never read 'a', 'b' of its configuration, so what is set there has no effect. Give"
    )
    assert second.startswith("trial 5 never read 'c' of its configuration")


def test_the_documented_example_is_warned_of_with_the_name_that_was_meant(
    workshop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    backend = workshop.backend(workshop.python(SCRIPT))
    with caplog.at_level(logging.WARNING):
        for trial in range(3):
            backend.start(workshop.job(trial, {"max_iterations": 100, "lr": 0.5}))
        events = workshop.collect(backend, n_ends=3)
    assert [report["training_iter"] for report in events.reports(0)] == [1, 2]
    (warning,) = warnings_of(caplog)
    assert (
        "never read 'max_iterations' of its configuration, so what is set there has no effect; the "
        "script takes 'max_training_steps', which it was not given; did you mean "
        "'max_training_steps'? Give both the same name"
    ) in warning


@pytest.mark.parametrize("as_json", [False, True])
def test_a_configuration_that_is_read_is_not_warned_of(
    workshop: Any, caplog: pytest.LogCaptureFixture, as_json: bool
) -> None:
    with caplog.at_level(logging.WARNING):
        config = {"max_training_steps": 3, "lr": 0.5}
        events = workshop.run(SCRIPT, config, pass_args_as_json=as_json)
    assert len(events.reports()) == 3
    assert warnings_of(caplog) == []


def test_lists_and_dictionaries_arrive_as_they_are_and_what_is_not_read_is_said(
    workshop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    script = """
from argparse import ArgumentParser
from synecore import add_config_json_to_argparse, load_config_json
parser = ArgumentParser()
parser.add_argument("--st_checkpoint_dir")
add_config_json_to_argparse(parser)
config = load_config_json(vars(parser.parse_known_args()[0]))
report(config={name: config[name] for name in ("sizes", "nested", "flag", "text", "rate")})
"""
    config = {
        "sizes": [3, [1, 2.5]],
        "nested": {"a": {"b": [None, True]}},
        "flag": False,
        "text": "x" * 200_000 + " \u00e4'\"\n",
        "rate": 1e-300,
    }
    with caplog.at_level(logging.WARNING):
        events = workshop.run(script, {**config, "unused": 1}, pass_args_as_json=True)
    assert events.reports() == [{"config": json.loads(json.dumps(config))}]
    assert events.end().exit == "ok"
    (warning,) = warnings_of(caplog)
    assert warning.startswith("trial 0 never read 'unused' of its configuration")


def test_a_failed_trial_may_leave_something_unread(
    workshop: Any, caplog: pytest.LogCaptureFixture
) -> None:
    script = "from synecore import parse_config\nparse_config()\nsys.exit(3)"
    with caplog.at_level(logging.WARNING):
        assert workshop.run(script, {"lr": 0.5}).end().exit == "failed"
    assert warnings_of(caplog) == []
