"""Events and states on disk: exact in both directions, and recognised when damaged."""

from __future__ import annotations

import enum
import json
import math
import typing
from collections import UserDict
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synecore.actions import (
    Amended,
    Asked,
    Decided,
    Ended,
    Event,
    Reported,
    ReportedBlock,
    Resumed,
    Retried,
    Started,
    Status,
)
from synecore.errors import StoreError
from synecore.tuning.journal import (
    decode_batch,
    encode_batch,
    event_from_json,
    event_to_json,
    load_state,
    save_state,
)

inf, nan = math.inf, math.nan

# Every field of every kind, each away from its default.
FULL: list[Event] = [
    Asked(at=1.5, n=3, reply="wait"),
    Started(
        at=2.25,
        trial=7,
        config={"lr": 1e-3, "units": [3, 4], "name": "NaN", "flag": True},
        until=81.0,
        milestone=3.0,
        parent=2,
        tags={"rung": 1.0, "score": nan},
        why={"source": "random", "rank": 3, "of": 9, "last": False, "gap": -inf, "none": None},
    ),
    Resumed(at=3.0, trial=7, until=9.0, milestone=9.0, tags={"rung": 2.0}, why={"cutoff": 0.31}),
    Reported(at=4.0, trial=7, metrics={"loss": 0.5, "epoch": 1, "text": "ok", "more": {"a": [1]}}),
    ReportedBlock(trial=7, at=np.array([1.0, 2.5]), metrics={"loss": [0.5, nan], "epoch": [1, 2]}),
    Decided(
        at=5.0, trial=7, action="update", by="tuner", milestone=27.0, tags={"r": 1.0}, why={"x": 1}
    ),
    Retried(at=6.0, trial=7, attempt=2, error="exit status 1\nTraceback …", lost=True),
    Ended(at=7.0, trial=7, exit="killed", status=Status.PAUSED, error="NaN", hopeless=True),
    Amended(
        at=8.0, problem={"start_points": [{"lr": inf}]}, stop_criterion={"max_wallclock_time": inf}
    ),
]
# The same kinds with nothing but what must be given.
BARE: list[Event] = [
    Asked(at=0.0, n=1),
    Started(at=0.0, trial=0, config={}, until=inf, milestone=inf),
    Resumed(at=0.0, trial=0, until=inf, milestone=inf),
    Reported(at=0.0, trial=0, metrics={}),
    ReportedBlock(trial=0, at=np.empty(0), metrics={}),
    Decided(at=0.0, trial=0, action="stop"),
    Retried(at=0.0, trial=0, attempt=1, error=""),
    Ended(at=0.0, trial=0, exit="ok"),
    Amended(at=0.0),
]


def identical(a: Any, b: Any) -> bool:
    """Equal in value and in type, NaN equal to itself, -0.0 unequal to 0.0."""
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and a.tobytes() == b.tobytes()
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(identical(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(identical, a, b))
    if isinstance(a, float):
        return repr(a) == repr(b)
    if attrs.has(type(a)):
        return all(identical(getattr(a, f.name), getattr(b, f.name)) for f in attrs.fields(type(a)))
    return bool(a == b)


def through_json(event: Event) -> Event:
    text = json.dumps(event_to_json(event), allow_nan=False)
    return event_from_json(json.loads(text))


def reported(value: Any) -> Any:
    event = Reported(at=0.0, trial=0, metrics={"x": value})
    back = through_json(event)
    assert isinstance(back, Reported)
    return back.metrics["x"]


@pytest.mark.parametrize("event", FULL + BARE, ids=lambda event: type(event).__name__)
def test_every_kind_of_event_comes_back_exactly(event: Event) -> None:
    assert identical(through_json(event), event)


def test_the_samples_cover_every_field_of_every_kind() -> None:
    kinds = typing.get_args(Event)
    assert [type(event) for event in FULL] == list(kinds) == [type(event) for event in BARE]
    for event in FULL:
        for field in attrs.fields(type(event)):
            if field.default is not attrs.NOTHING:
                default = field.default
                if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
                    default = default.factory()
                assert getattr(event, field.name) != default


def test_defaults_are_left_out() -> None:
    assert event_to_json(BARE[1]) == {"e": "started", "at": 0.0, "trial": 0, "config": {}}
    assert event_to_json(BARE[5]) == {"e": "decided", "at": 0.0, "trial": 0, "action": "stop"}
    assert event_to_json(BARE[8]) == {"e": "amended", "at": 0.0}


def test_an_empty_amendment_differs_from_none() -> None:
    back = through_json(Amended(at=0.0, problem={}))
    assert isinstance(back, Amended)
    assert back.problem == {}
    assert back.stop_criterion is None


def test_a_line_reads_as_its_documentation_says() -> None:
    events = [
        Asked(at=12.5, n=1),
        Started(at=12.5, trial=4, config={"lr": 0.01}, until=81.0, milestone=1.0, tags={"rung": 0}),
        Reported(at=13.0, trial=4, metrics={"epoch": 1, "loss": nan, "note": "NaN"}),
        Ended(at=14.0, trial=4, exit="ok", status=Status.COMPLETED),
    ]
    assert encode_batch(events) == (
        b'[{"e":"asked","at":12.5,"n":1},'
        b'{"e":"started","at":12.5,"trial":4,"config":{"lr":0.01},"until":81.0,"milestone":1.0,'
        b'"tags":{"rung":0}},'
        b'{"e":"reported","at":13.0,"trial":4,'
        b'"metrics":{"epoch":1,"loss":"NaN","note":"~NaN"}},'
        b'{"e":"ended","at":14.0,"trial":4,"exit":"ok","status":"COMPLETED"}]'
    )


def test_every_kind_and_field_is_documented() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "journal.md"
    rows = {
        line.split("|")[1].strip(" `"): line
        for line in page.read_text().splitlines()
        if line.startswith("| `")
    }
    for event in FULL:
        written = event_to_json(event)
        for field in written.keys() - {"e"}:
            assert f"`{field}`" in rows[written["e"]], (written["e"], field)


@pytest.mark.parametrize("number", [nan, inf, -inf, -0.0, 0.1, 1e-310, 1e22, 5.0])
def test_floats_come_back_bit_for_bit_wherever_they_stand(number: float) -> None:
    assert identical(reported(number), number)
    assert identical(reported([number, {"a": number}]), [number, {"a": number}])
    back = through_json(
        Started(at=number, trial=0, config={}, until=number, milestone=number, tags={"t": number})
    )
    assert isinstance(back, Started)
    assert identical([back.at, back.until, back.milestone, back.tags["t"]], [number] * 4)


@pytest.mark.parametrize(
    "text",
    ["NaN", "Infinity", "-Infinity", "~NaN", "~~-Infinity", "nan", "inf", "~", "~~", "NaN ", "xNaN",
     "", "é\n\x00\u2028", "\ud800", '"', "\\"],
)  # fmt: skip
def test_strings_come_back_whatever_they_look_like(text: str) -> None:
    assert identical(reported(text), text)
    assert identical(reported([text, {text: text}]), [text, {text: text}])


@pytest.mark.parametrize(
    "value", [True, 1, 1.0, False, 0, 0.0, 2**127 + 1, -(10**40), None, [], {}]
)
def test_integers_floats_and_flags_are_told_apart(value: Any) -> None:
    assert identical(reported(value), value)


@pytest.mark.parametrize(
    ("given_", "stored"),
    [
        (np.float64(0.1), 0.1),
        (np.float32(0.1), 0.10000000149011612),
        (np.float64(nan), nan),
        (np.float32(-inf), -inf),
        (np.int64(-3), -3),
        (np.uint8(3), 3),
        (np.bool_(True), True),
        (np.str_("NaN"), "NaN"),
        (np.array([1.0, nan]), [1.0, nan]),
        (np.array([[1, 2]]), [[1, 2]]),
        (np.array(2.5), 2.5),
        (np.array(["a", "NaN"]), ["a", "NaN"]),
        ((1, (2, nan)), [1, [2, nan]]),
        (UserDict({"a": np.int32(1)}), {"a": 1}),
        (Status.PAUSED, 3),
        (enum.StrEnum("E", {"A": "NaN"}).A, "NaN"),
    ],
)
def test_numpy_values_and_their_kin_become_json(given_: Any, stored: Any) -> None:
    assert identical(reported(given_), stored)


def test_numpy_numbers_are_taken_in_every_field() -> None:
    event = Started(
        at=np.float32(0.5),
        trial=np.int64(3),
        config={"n": np.int64(2)},
        until=np.int32(9),
        milestone=np.float64(nan),
        parent=np.int64(1),
        tags={"rung": np.float64(1.0)},
    )
    back = through_json(event)
    assert identical(
        back,
        Started(
            at=0.5, trial=3, config={"n": 2}, until=9, milestone=nan, parent=1, tags={"rung": 1.0}
        ),
    )


def test_the_columns_of_a_block_may_be_arrays() -> None:
    block = ReportedBlock(
        trial=1,
        at=np.array([0.1, 0.2, 0.3]),
        metrics={
            "loss": np.array([0.5, nan, -inf]),
            "epoch": np.array([1, 2, 3]),
            "ok": np.array([True, False, True]),
            "curve": np.array([[1.0, 2.0]] * 3),
            "note": ["a", None, "NaN"],
        },
    )
    back = through_json(block)
    assert isinstance(back, ReportedBlock)
    assert identical(back.at, block.at)
    assert identical(
        back.metrics,
        {
            "loss": [0.5, nan, -inf],
            "epoch": [1, 2, 3],
            "ok": [True, False, True],
            "curve": [[1.0, 2.0]] * 3,
            "note": ["a", None, "NaN"],
        },
    )


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["NaN", "Infinity", "-Infinity", "~NaN", "~~Infinity"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), json_values, max_size=6), st.floats(), st.integers(0, 10**6))
def test_any_json_value_comes_back(metrics: dict[str, Any], at: float, trial: int) -> None:
    event = Reported(at=at, trial=trial, metrics=metrics)
    line = encode_batch([event])
    assert b"\n" not in line
    line.decode("ascii")
    json.loads(line, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert identical(decode_batch(line), [event])


def test_encoding_leaves_the_event_as_it_was() -> None:
    metrics = {"loss": nan, "name": "NaN", "list": [np.int64(1)]}
    encode_batch([Reported(at=0.0, trial=0, metrics=metrics)])
    assert metrics["name"] == "NaN"
    assert isinstance(metrics["list"][0], np.int64)


def test_a_value_that_cannot_be_stored_is_named() -> None:
    with pytest.raises(StoreError) as caught:
        encode_batch([Reported(at=0.0, trial=3, metrics={"a": 1, "b": [{"c": {1, 2}}]})])
    assert str(caught.value) == (
        "Reported of trial 3: metrics['b'][0]['c'] is {1, 2} of type set, which cannot be stored; "
        "allowed are JSON values (numbers, strings, true, false, null, lists and mappings with "
        "string keys), numpy numbers and numpy arrays of numbers or strings"
    )
    for value in (object(), b"bytes", 1j, np.datetime64("2020-01-01"), np.array([object()])):
        with pytest.raises(StoreError, match=r"metrics\['x'\]"):
            reported(value)


def test_a_key_that_is_no_string_is_refused() -> None:
    with pytest.raises(StoreError) as caught:
        encode_batch([Started(at=0.0, trial=3, config={"w": {1: 2}}, until=inf, milestone=inf)])
    assert str(caught.value) == (
        "Started of trial 3: config['w'] has the key 1 of type int, which cannot be stored; keys "
        "must be strings; write it as a string, or use a list of pairs"
    )
    with pytest.raises(StoreError, match="metrics has the key 2 of type int"):
        encode_batch([Reported(at=0.0, trial=3, metrics={2: 2})])  # type: ignore[dict-item]


def test_what_is_no_event_is_refused() -> None:
    with pytest.raises(StoreError, match="'loss' of type str is no event; events are Asked, Star"):
        event_to_json("loss")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'[{"e":"reportd","at":0,"trial":0}]', "of kind 'reportd'; did you mean 'reported'?"),
        (b'[{"at":0}]', "no event is of kind None"),
        (b"[5]", "no event is of kind None"),
        (b'[{"e":"reported","at":0.0,"trial":0}]', "of kind 'reported' cannot be read"),
        (b'[{"e":"asked","at":"soon","n":1}]', "of kind 'asked' cannot be read"),
        (b'[{"e":"ended","at":0,"trial":0,"exit":"ok","status":"GONE"}]', "of kind 'ended' cannot"),
        (b'[{"e":"asked","at":0.0', "not a line of JSON"),
        (b'{"e":"asked","at":0.0,"n":1}', "not a JSON array of events"),
        (b"\x00\xff", "not a line of JSON"),
    ],
)
def test_a_damaged_line_is_an_error_that_says_what_is_wrong(line: bytes, message: str) -> None:
    with pytest.raises(StoreError, match=message.replace("?", r"\?")):
        decode_batch(line)


# ---- states ------------------------------------------------------------------------------

STATE: dict[str, Any] = {
    "rng": np.random.PCG64(3).state,
    "big": 2**200,
    "rungs": [{"level": 1.0, "values": [0.1, nan, -inf]}],
    "none": None,
    "text": ["NaN", "~NaN", "é"],
    "$array": "a0",
    "$$x": {"$array": {"$array": "a1"}},
    "searcher": {
        "params": np.array([[1.0, nan], [inf, -0.0]]),
        "rows": [np.arange(3, dtype=np.int32), np.array(2.5), np.empty((0, 4))],
        "flags": np.array([True, False]),
        "names": np.array(["a", "Zürich"]),
        "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    },
}


def test_a_state_comes_back_with_arrays_nan_and_big_integers(tmp_path: Path) -> None:
    save_state(tmp_path / "snapshot-12.json", STATE, 12)
    back = load_state(tmp_path / "snapshot-12.json")
    assert back.n_events == 12
    assert identical(back.state, STATE)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["snapshot-12.json", "snapshot-12.npz"]
    generator = np.random.PCG64()
    generator.state = back.state["rng"]
    assert generator.random_raw() == np.random.PCG64(3).random_raw()


def test_a_state_without_arrays_is_one_file_of_plain_json(tmp_path: Path) -> None:
    save_state(tmp_path / "s.json", {"a": nan}, 0)
    assert [p.name for p in tmp_path.iterdir()] == ["s.json"]
    body = json.loads((tmp_path / "s.json").read_text(), parse_constant=pytest.fail)
    assert body["state"] == {"a": "NaN"}
    assert identical(load_state(tmp_path / "s").state, {"a": nan})


def test_dots_in_a_name_are_kept(tmp_path: Path) -> None:
    save_state(tmp_path / "run.v1", {"x": np.arange(2)}, 1)
    save_state(tmp_path / "run.v2", {"x": np.arange(3)}, 2)
    assert load_state(tmp_path / "run.v1").n_events == 1
    assert load_state(tmp_path / "run.v2.json").n_events == 2


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"rungs": {1: 2}}, r"state\['rungs'\] has the key 1 of type int, which cannot be stored"),
        ({"m": [object()]}, r"state\['m'\]\[0\] is <object"),
        ({"m": np.array([None])}, r"state\['m'\] is a ndarray of dtype object"),
        ({"m": np.ma.array([1.0])}, r"state\['m'\] is a MaskedArray of dtype float64"),
        ({"m": {1, 2}}, r"state\['m'\] is {1, 2} of type set"),
    ],
)
def test_a_state_that_cannot_be_stored_is_refused_and_leaves_no_file(
    tmp_path: Path, state: dict[str, Any], message: str
) -> None:
    with pytest.raises(StoreError, match=message):
        save_state(tmp_path / "s.json", state, 1)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".json", ".npz"])
def test_damage_at_any_byte_is_recognised(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "s.json"
    save_state(path, {"a": 0.5, "x": np.arange(4.0)}, 12)
    damaged = path.with_suffix(ending)
    good = damaged.read_bytes()
    for at in range(len(good)):
        damaged.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(StoreError, match=r"the snapshot .*s\.json cannot be read: .*damaged"):
            load_state(path)
        damaged.write_bytes(good[:at])
        with pytest.raises(StoreError, match=r"the snapshot .*s\.json cannot be read: .*damaged"):
            load_state(path)
    damaged.write_bytes(good)
    assert load_state(path).n_events == 12


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"the snapshot .*s\.json cannot be read: .*No such file"):
        load_state(tmp_path / "s.json")
    save_state(tmp_path / "s.json", STATE, 3)
    (tmp_path / "s.npz").unlink()
    with pytest.raises(StoreError, match=r"No such file .*s\.npz"):
        load_state(tmp_path / "s.json")


def test_a_snapshot_of_another_one_is_not_mixed_in(tmp_path: Path) -> None:
    save_state(tmp_path / "a.json", {"x": np.arange(3.0)}, 1)
    save_state(tmp_path / "b.json", {"x": np.arange(3.0) + 1}, 1)
    (tmp_path / "b.npz").replace(tmp_path / "a.npz")
    with pytest.raises(StoreError, match=r"a\.npz is damaged or belongs to another snapshot"):
        load_state(tmp_path / "a.json")


def test_a_state_that_cannot_be_written_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.json"
    save_state(path, {"a": 1}, 1)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreError, match=r"s\.json could not be written: .*No space left"):
        save_state(path, {"a": 2}, 2)
    monkeypatch.undo()
    assert load_state(path).state == {"a": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["s.json"]


def test_a_state_cannot_be_written_where_a_file_stands_for_the_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("")
    with pytest.raises(StoreError, match=r"Not a directory.*earlier snapshots are unharmed"):
        save_state(tmp_path / "folder" / "s.json", {}, 1)
