"""Event files read by TensorBoard itself: its library, and its server over HTTP."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from synecore import Tuner, make_scheduler
from synecore.space import choice, uniform
from synecore.testing import InlineBackend
from synecore.tuning.stopping import StoppingCriterion

pytestmark = [
    pytest.mark.heavy,
    # TensorBoard's own: it reads NumPy types and package data in ways that are on their way out.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def evaluate(config, resource):
    return {"epoch": resource, "loss": config["x"] + 1 / resource}


def run(n):
    scheduler = make_scheduler(
        "asha", {"x": uniform(0, 1), "act": choice(["relu", "tanh"]), "epochs": 9}, metric="loss",
        resource_attr="epoch", max_resource_attr="epochs", random_seed=0,
    )  # fmt: skip
    return Tuner(
        InlineBackend(evaluate), scheduler, StoppingCriterion(max_num_evaluations=n), 2,
        tuner_name="watched", suffix_tuner_name=False, display="none", callbacks=["tensorboard"],
    ).run()  # fmt: skip


def resume(n):
    return Tuner.resume(
        "watched", trial_backend=InlineBackend(evaluate), display="none",
        stop_criterion=StoppingCriterion(max_num_evaluations=n),
    ).run()  # fmt: skip


def expected(experiment):
    """Return run -> (epoch, loss) of its reports, from the journal."""
    found = {}
    for row in experiment.rows():
        if row["status"] == "InProgress":
            run = found.setdefault(f"trial-{row['trial_id']}", [])
            run.append((row["epoch"], pytest.approx(row["loss"])))
    return found


def test_the_accumulator_reads_every_curve_once_also_after_a_resumption():
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run(20)
    experiment = resume(60)
    folder = experiment.path / "tensorboard_output"
    for name, points in expected(experiment).items():
        accumulator = EventAccumulator(str(folder / name), {"scalars": 0})
        accumulator.Reload()
        assert [(e.step, e.value) for e in accumulator.Scalars("loss")] == points
        assert "_hparams_/session_start_info" in accumulator.Tags()["tensors"]
    best = EventAccumulator(str(folder / "best"), {"scalars": 0})
    best.Reload()
    values = [event.value for event in best.Scalars("best/loss")]
    assert values == sorted(values, reverse=True)
    assert values[-1] == pytest.approx(experiment.best_config()["loss"])


def test_the_hparams_tab_has_a_row_a_trial():
    from tensorboard import context
    from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
    from tensorboard.plugins import base_plugin
    from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups

    experiment = run(40)
    folder = str(experiment.path / "tensorboard_output")
    runs = plugin_event_multiplexer.EventMultiplexer().AddRunsFromDirectory(folder)
    runs.Reload()
    provider = data_provider.MultiplexerDataProvider(runs, folder)
    tab = backend_context.Context(base_plugin.TBContext(data_provider=provider))
    request = api_pb2.ListSessionGroupsRequest(
        allowed_statuses=range(4), aggregation_type=1, slice_size=100
    )
    asked = context.RequestContext()
    rows = list_session_groups.Handler(asked, tab, "", request).run().session_groups
    table = experiment.table()
    assert {row.name for row in rows} == {f"trial-{t}" for t in range(table.n_trials)}
    for row in rows:
        config = table.configs[int(row.name.partition("-")[2])]
        assert row.hparams["x"].number_value == config["x"]
        assert row.hparams["act"].string_value == config["act"]
        assert row.sessions[0].status == 1  # success
    last = {name: points[-1] for name, points in expected(experiment).items()}
    shown = {
        row.name: (value.training_step, value.value) for row in rows for value in row.metric_values
    }
    assert shown == last


@pytest.fixture
def server(tmp_path):
    """A function that starts TensorBoard on a folder and returns a function that asks it."""
    running = []

    def start(folder, *, fast):
        log = tmp_path / "server.log"
        with open(log, "wb") as errors:
            command = [
                sys.executable, "-W", "ignore", "-m", "tensorboard.main", "--logdir", str(folder),
                "--host", "127.0.0.1", "--port", "0", "--reload_interval", "1",
                f"--load_fast={fast}",
            ]  # fmt: skip
            running.append(subprocess.Popen(command, stderr=errors, stdout=errors))
        address = eventually(lambda: re.search(r"http://127\.0\.0\.1:\d+/", log.read_text()))[0]

        def ask(path, **query):
            url = f"{address}data/{path}?{urllib.parse.urlencode(query)}"
            try:
                with urllib.request.urlopen(url, timeout=20) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError:  # not loaded yet
                return None

        return ask

    yield start
    for process in running:
        process.terminate()
        process.wait(20)


def eventually(look, patience=60.0):
    deadline = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


# TensorBoard reads by a data server of its own, where there is one for the platform, or by Python.
@pytest.mark.parametrize("fast", ["auto", "false"])
def test_a_server_that_is_running_follows_a_run_over_a_resumption(server, fast):
    experiment = run(20)
    ask = server(experiment.path / "tensorboard_output", fast=fast)

    def curve(name):
        points = ask("plugin/scalars/scalars", run=name, tag="loss") or []
        return [(step, value) for _, step, value in points]

    for n in (None, 60):
        if n is not None:
            experiment = resume(n)
        curves = expected(experiment)
        eventually(lambda curves=curves: set(curves) <= set(ask("runs")))
        for name, points in curves.items():
            eventually(lambda name=name, points=points: len(curve(name)) >= len(points))
            assert curve(name) == points
    texts = ask("plugin/text/text", run="best", tag="best_config")
    assert f"trial {experiment.best_config()['trial_id']}" in texts[-1]["text"]
