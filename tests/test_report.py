from __future__ import annotations

import contextvars
import io
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synecore.errors import OptionError
from synecore.report import TAG, Reporter, give_up, parse_line, report_to, retrieve

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def printed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return retrieve(capsys.readouterr().out.splitlines())


def run_script(
    tmp_path: Path, source: str, *flags: str, **env: str
) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "script.py"
    script.write_text(source)
    return subprocess.run(
        [sys.executable, *flags, str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **env},
    )


def test_a_report_is_one_line_of_the_documented_form(capsys: pytest.CaptureFixture[str]) -> None:
    Reporter()(step=1, metric=1 / 3)
    out = capsys.readouterr().out
    number = r"\d+\.\d+(e-\d+)?"
    assert re.fullmatch(
        r'\[tune-metric\]: \{"step": 1, "metric": 0\.3333333333333333, '
        rf'"st_worker_timestamp": {number}, "st_worker_time": {number}, "st_worker_iter": 0\}}\n',
        out,
    )


def test_calls_are_counted_from_zero_and_time_from_the_making_of_the_reporter(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = Reporter()
    for epoch in range(1, 4):
        report(epoch=epoch)
    reports = printed(capsys)
    assert [r["st_worker_iter"] for r in reports] == [0, 1, 2]
    times = [r["st_worker_time"] for r in reports]
    assert times == sorted(times)
    assert 0 <= times[0] < 5


def test_time_can_be_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    Reporter(add_time=False)(loss=1)
    assert set(printed(capsys)[0]) == {"loss", "st_worker_timestamp", "st_worker_iter"}


@pytest.mark.parametrize(
    ("options", "has_cost"),
    [({}, True), ({"add_cost": False}, False), ({"add_time": False}, False)],
)
def test_cost_is_added_where_the_price_is_known_and_time_is_added(
    options: dict[str, bool],
    has_cost: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SM_HP_ST_INSTANCE_PRICE", "3.6")
    monkeypatch.setenv("SM_HP_ST_INSTANCE_COUNT", "2")
    Reporter(**options)(loss=1)
    (report,) = printed(capsys)
    assert ("st_worker_cost" in report) == has_cost
    if has_cost:
        assert report["st_worker_cost"] == pytest.approx(report["st_worker_time"] * 7.2 / 3600)


def test_there_is_no_cost_outside_sagemaker(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("SM_HP_ST_INSTANCE_PRICE", raising=False)
    Reporter()(loss=1)
    assert "st_worker_cost" not in printed(capsys)[0]


@given(metrics=st.dictionaries(st.text(min_size=1), json_values, min_size=1))
def test_what_was_reported_is_retrieved(metrics: dict[str, Any]) -> None:
    metrics = {f"m{name}": value for name, value in metrics.items()}
    stream = io.StringIO()
    stdout, sys.stdout = sys.stdout, stream
    try:
        Reporter()(**metrics)
    finally:
        sys.stdout = stdout
    line = stream.getvalue()
    assert line.count("\n") == 1
    (back,) = retrieve([line])
    assert {name: back[name] for name in metrics} == metrics
    assert parse_line(line.encode()) == back


def test_scalars_of_array_libraries_are_written_as_numbers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Tensor:  # a torch tensor, as far as the reporter looks
        def item(self) -> float:
            return 0.25

    Reporter()(
        a=np.float32(0.5),
        b=np.int64(3),
        c=np.bool_(True),
        d=np.array(7.5),
        e=np.array([2]),
        f=Tensor(),
        g=[np.float64(1.5), {"h": np.int8(4)}],
        i=np.float64("nan"),
    )
    (report,) = printed(capsys)
    assert report["a"] == 0.5
    assert report["b"] == 3
    assert report["c"] is True
    assert report["d"] == 7.5
    assert report["e"] == 2
    assert report["f"] == 0.25
    assert report["g"] == [1.5, {"h": 4}]
    assert math.isnan(report["i"])


def test_nan_and_infinities_are_written_as_the_literals_json_readers_accept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Reporter()(a=float("nan"), b=float("inf"), c=-float("inf"))
    out = capsys.readouterr().out
    assert '"a": NaN, "b": Infinity, "c": -Infinity' in out
    report = parse_line(out.encode())
    assert report is not None
    assert math.isnan(report["a"])
    assert (report["b"], report["c"]) == (math.inf, -math.inf)


def test_a_report_without_metrics_is_an_error() -> None:
    with pytest.raises(
        OptionError,
        match=r"^report\(\) was called without a metric; give at least one, as in "
        r"report\(loss=0\.3\)$",
    ):
        Reporter()()


def test_a_reserved_name_is_an_error() -> None:
    with pytest.raises(
        OptionError,
        match=r"^report\(\): the name 'st_worker_time' is reserved; names that start with 'st_' "
        "belong to synecore, so rename the metric$",
    ):
        Reporter()(loss=1, st_worker_time=3)


def circular() -> list[Any]:
    values: list[Any] = []
    values.append(values)
    return values


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.arange(3.0), "array([0., 1., 2.]) of type ndarray"),
        ({1, 2}, "{1, 2} of type set"),
        (1j, "1j of type complex"),
        (b"x", "b'x' of type bytes"),
        (circular(), "[[...]] of type list"),
    ],
)
def test_a_value_that_json_cannot_hold_is_an_error_that_names_the_metric(
    value: Any, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report = Reporter()
    with pytest.raises(OptionError) as error:
        report(loss=1.0, bad=value)
    assert str(error.value) == (
        f"report(): metric 'bad' cannot be written as JSON: {shown}; give a number, a string, or "
        "lists and mappings of these (float(x), or x.tolist() for an array)"
    )
    report(loss=2.0)
    (after,) = printed(capsys)
    assert after["st_worker_iter"] == 0  # the refused call printed and counted nothing


def test_a_closed_standard_output_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    for stream in (None, closed):
        monkeypatch.setattr(sys, "stdout", stream)
        with pytest.raises(OptionError, match="standard output is closed"):
            Reporter()(loss=1)


def test_retrieve_finds_reports_among_other_lines() -> None:
    lines = [
        "epoch 1 of 3",
        '[tune-metric]: {"a": 1}',
        '12:00:01 INFO [tune-metric]: {"a": 2} # done',
        '50%|#####     |\r[tune-metric]: {"a": 3}\r',
        "[tune-metric]: {'a': 4}",
        '[tune-metric]: [{"a": 5}]',
        '[other-metric]: {"a": 6}',
        'two at once\n[tune-metric]:{"a": 7}\n[tune-metric]: {"a": 8}\n',
        "[tune-metric]: ",
        "",
    ]
    assert retrieve(lines) == [{"a": 1}, {"a": 2}, {"a": 3}, {"a": 7}, {"a": 8}]


def test_numbers_beyond_the_range_of_floats_are_read_as_infinite() -> None:
    assert parse_line(b'[tune-metric]: {"a": 1e400, "b": -1e400}') == {
        "a": math.inf,
        "b": -math.inf,
    }


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"plain text",
        TAG.encode(),
        b'[tune-metric]: {"loss": ',
        b'[tune-metric]: {"loss": nan}',
        b'[tune-metric]: {"loss": ' + b"9" * 10_000 + b"}",  # more digits than Python reads
        b"[tune-metric]: " + b'{"a":' * 100_000,  # nested deeper than Python reads
        b"[tune-metric]: \xff\xfe",
    ],
)
def test_lines_without_a_readable_report_give_none(line: bytes) -> None:
    assert parse_line(line) is None


def test_bytes_that_are_not_utf8_do_not_hide_a_report() -> None:
    report = parse_line(b'\xff\xfe [tune-metric]: {"note": "caf\xe9", "loss": 1}')
    assert report == {"note": "caf�", "loss": 1}


def test_lines_of_forked_children_do_not_interleave(tmp_path: Path) -> None:
    source = """
import os
from synecore.report import Reporter
report = Reporter()
print("left in the buffer", end=" ")
children = []
for child in range(4):
    pid = os.fork() if child else 0
    if pid == 0 and child:
        for i in range(200):
            report(child=child, text="x" * 3000 * child)
        os._exit(0)
    children.append(pid)
for i in range(200):
    report(child=0, text="")
for pid in children[1:]:
    os.waitpid(pid, 0)
"""
    out = tmp_path / "out"
    script = tmp_path / "script.py"
    script.write_text(source)
    with open(out, "ab") as stream:
        subprocess.run([sys.executable, str(script)], stdout=stream, check=True, timeout=60)
    reports = retrieve(out.read_text().splitlines())
    assert sorted(r["child"] for r in reports) == sorted(list(range(4)) * 200)
    assert all(len(r["text"]) == 3000 * r["child"] for r in reports)


@pytest.mark.parametrize("flags", [(), ("-u",)])
def test_a_report_is_out_before_the_call_returns(tmp_path: Path, flags: tuple[str, ...]) -> None:
    result = run_script(
        tmp_path,
        "import os\nfrom synecore.report import Reporter\nReporter()(a=1)\nos._exit(0)\n",
        *flags,
    )
    assert [r["a"] for r in retrieve(result.stdout.splitlines())] == [1]


def test_the_module_imports_nothing_but_four_light_modules(tmp_path: Path) -> None:
    source = """
import sys
import __future__, json, os, sys, time
before = set(sys.modules)
from synecore import Reporter
print(sorted(set(sys.modules) - before))
"""
    result = run_script(tmp_path, source, PYTHONPATH="")
    assert result.returncode == 0, result.stderr
    loaded = json.loads(result.stdout.replace("'", '"'))
    assert [name for name in loaded if not name.startswith("synecore")] == []
    assert {"synecore", "synecore.report"} >= set(loaded)


def test_reports_of_a_context_go_where_it_says_and_others_are_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    taken: list[dict[str, Any]] = []
    report = Reporter(add_time=False)
    mine = contextvars.copy_context()
    mine.run(report_to, taken.append)
    mine.run(report, loss=np.float32(0.5), shape=(1, 2), worst=math.inf)
    report(loss=1)
    mine.run(report_to, None)
    mine.run(report, loss=2)
    (reported,) = taken
    del reported["st_worker_timestamp"]
    assert reported == {"loss": 0.5, "shape": [1, 2], "worst": math.inf, "st_worker_iter": 0}
    assert [r["loss"] for r in printed(capsys)] == [1, 2]


def test_what_cannot_be_printed_cannot_be_taken_either() -> None:
    context = contextvars.copy_context()
    context.run(report_to, lambda report: None)
    with pytest.raises(OptionError, match="metric 'loss' cannot be written as JSON"):
        context.run(Reporter(), loss=object())


def test_giving_up_says_why_to_who_catches_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        give_up("too deep")
    assert caught.value.code == 78
    assert caught.value.__notes__ == ["too deep"]
    assert capsys.readouterr().err == "too deep\n"
