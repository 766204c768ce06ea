from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synecore.report import retrieve
from synecore_local import output as module
from synecore_local.output import Output


def line(**metrics: Any) -> bytes:
    return b"[tune-metric]: " + json.dumps(metrics).encode() + b"\n"


class Writer:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, data: bytes) -> None:
        with open(self.path, "ab") as stream:
            stream.write(data)


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    return Writer(tmp_path / "std.out")


@pytest.fixture
def output(write: Writer) -> Iterator[Output]:
    with Output(write.path, trial=7) as output:
        yield output


def test_reads_each_line_once(output: Output, write: Writer) -> None:
    assert output.read() == ([], False)
    write(line(a=1) + b"chatter\n" + line(a=2))
    assert output.read() == ([{"a": 1}, {"a": 2}], False)
    assert output.read() == ([], False)
    write(line(a=3))
    assert output.read() == ([{"a": 3}], False)


def test_a_line_counts_once_it_is_complete(output: Output, write: Writer) -> None:
    whole = line(a=1)
    for i in range(len(whole) - 1):
        write(whole[i : i + 1])
        assert output.read() == ([], False)
    write(b"\n")
    assert output.read() == ([{"a": 1}], False)


def test_a_last_line_without_its_break_counts_at_the_end_if_it_is_whole(
    output: Output, write: Writer
) -> None:
    write(line(a=1) + line(a=2).rstrip())
    assert output.read() == ([{"a": 1}], False)
    assert output.finish() == [{"a": 2}]
    assert output.finish() == []
    write(b"\n" + line(a=3) + b'[tune-metric]: {"a": ')
    assert output.read() == ([{"a": 3}], False)
    assert output.finish() == []


def test_goes_on_after_it_was_closed(output: Output, write: Writer) -> None:
    write(line(a=1))
    output.read()
    output.close()
    write(line(a=2))
    with output:
        assert output.read() == ([{"a": 2}], False)


def test_skips_what_is_there(output: Output, write: Writer) -> None:
    write(b"x\n" + line(a=1))
    output.skip()
    write(line(a=2))
    assert output.read() == ([{"a": 2}], False)
    assert output.line == 3


@given(
    parts=st.lists(
        st.binary(max_size=30)
        | st.builds(lambda i: line(i=i), st.integers())
        | st.just(b"\n")
        | st.just(b'[tune-metric]: {"i": '),
        max_size=12,
    ),
    cuts=st.lists(st.integers(0, 400), max_size=6),
    chunk=st.integers(1, 64),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_the_bytes_arrive_the_reports_are_those_of_the_whole_log(
    tmp_path: Path, parts: list[bytes], cuts: list[int], chunk: int
) -> None:
    data = b"".join(parts)
    path = tmp_path / "log"
    path.write_bytes(b"")
    reports = []
    with pytest.MonkeyPatch.context() as patch, Output(path, trial=0) as output:
        patch.setattr(module, "_CHUNK", chunk)
        write, position = Writer(path), 0
        for cut in [*sorted(cuts), len(data)]:
            write(data[position:cut])
            position = max(position, cut)
            reports += output.read()[0]
        reports += output.finish()
        assert output.line == data.count(b"\n")
    assert reports == retrieve(data.decode("utf-8", "replace").split("\n"))


def test_gives_way_to_other_trials_after_some_megabytes(
    output: Output, write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CHUNK", 1 << 10)
    monkeypatch.setattr(module, "_ROUND", 1 << 12)
    write(b"x" * 99 + b"\n" + line(a=1) + (b"x" * 99 + b"\n") * 60 + line(a=2))
    assert output.read() == ([{"a": 1}], True)
    assert output.read() == ([{"a": 2}], False)


def test_a_line_longer_than_the_limit_is_no_report_and_takes_no_memory(
    output: Output, write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CHUNK", 100)
    monkeypatch.setattr(module, "LONGEST_LINE", 1000)
    write(line(a=1) + line(text="x" * 2000) + line(a=2))
    assert output.read() == ([{"a": 1}, {"a": 2}], False)
    write(b"y" * 100_000)
    assert output.read() == ([], False)
    assert sum(map(len, output._partial)) <= 1100
    write(b"\n" + line(a=3))
    assert output.read() == ([{"a": 3}], False)


def test_a_report_of_some_megabytes_is_read(output: Output, write: Writer) -> None:
    write(line(text="x" * 3_000_000, a=1))
    (report,), _ = output.read()
    assert report["a"] == 1


def test_an_emptied_file_is_read_from_its_beginning(output: Output, write: Writer) -> None:
    write(line(a=1) * 10)
    output.read()
    os.truncate(write.path, 0)
    write(line(a=2))
    assert output.read() == ([{"a": 2}], False)


SAID = b'[tune-unread]: {"unread": ["lr"], "takes": ["rate"]}'


@pytest.mark.parametrize(
    "end",
    [SAID, SAID + b"\n", b"goodbye " + SAID + b"\n" + line(a=9), SAID + b"\n" + b"x\n" * 10_000],
)
@pytest.mark.parametrize("before", [b"", b"chatter\n" * 100_000])
def test_what_a_script_says_at_its_end_that_it_never_read_is_found(
    output: Output, write: Writer, before: bytes, end: bytes
) -> None:
    write(before + line(a=1) + end)
    while output.read()[1]:
        pass
    output.finish()
    assert output.unread() == (["lr"], ["rate"])


@pytest.mark.parametrize("end", [b"", line(a=1), b"[tune-unread]: what is that?\n"])
def test_a_script_that_read_everything_says_nothing(
    output: Output, write: Writer, end: bytes
) -> None:
    write(end)
    output.read()
    assert output.unread() is None


def test_a_broken_report_is_warned_about_once_with_trial_and_line(
    output: Output, write: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        write(b"one\ntwo\n" + line(a=1) + b"[tune-metric]: {'a': 2}\n" + line(a=3))
        assert output.read() == ([{"a": 1}, {"a": 3}], False)
        write(b"see [tune-metric]: in the manual\n[tune-metric]: {nan}\n")
        assert output.read() == ([], False)
    assert [record.getMessage() for record in caplog.records] == [
        f"trial 7: line 4 of {output.path} begins like a report but cannot be read as one: "
        "\"[tune-metric]: {'a': 2}\". It is passed over, and so are further ones of this trial. A "
        'report is one line, [tune-metric]: {"name": value, ...}, in JSON.'
    ]
