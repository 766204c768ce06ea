from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synecore.checkpoint_files import json_load_save_functions
from synecore.errors import OptionError

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(state=st.dictionaries(st.text(), values, max_size=4), resource=st.integers(0, 10**6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_plain_values_come_back_equal(tmp_path: Path, state: dict[str, Any], resource: int) -> None:
    _, save = json_load_save_functions(state)
    save(str(tmp_path), resource)
    loaded: dict[str, Any] = {"other": 1}
    load, _ = json_load_save_functions(loaded)
    assert load(str(tmp_path)) == resource
    assert loaded == {"other": 1, **state}


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "bool"])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (0,), (0, 2)])
def test_arrays_are_filled_in_place(tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    expected = np.random.default_rng(0).normal(size=shape).astype(dtype)
    json_load_save_functions({"weights": expected})[1](str(tmp_path), 1)
    weights = np.zeros(shape, dtype)
    assert json_load_save_functions({"weights": weights})[0](str(tmp_path)) == 1
    np.testing.assert_array_equal(weights, expected)


def test_a_generator_goes_on_where_it_was(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rng.normal(size=5)
    state = {"rng": rng.bit_generator.state, "best": np.float32(0.5), "loss": float("inf")}
    json_load_save_functions(state)[1](str(tmp_path), 2)
    expected = rng.normal(size=3)
    loaded: dict[str, Any] = {}
    json_load_save_functions(loaded)[0](str(tmp_path))
    rng.bit_generator.state = loaded["rng"]
    assert loaded["best"] == 0.5
    assert loaded["loss"] == float("inf")
    np.testing.assert_array_equal(rng.normal(size=3), expected)


def test_no_file_loads_as_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert json_load_save_functions({})[0](str(tmp_path)) == 0
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("left", [0, 1, 20])
def test_a_cut_off_file_is_said_and_training_begins_anew(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], left: int
) -> None:
    state = {"x": 1.0}
    load, save = json_load_save_functions(state, "state.json")
    save(str(tmp_path), 5)
    file = tmp_path / "state.json"
    file.write_bytes(file.read_bytes()[:left])
    state["x"] = 7.0
    assert load(str(tmp_path)) == 0
    assert state == {"x": 7.0}
    said = capfd.readouterr().err
    assert said.startswith(f"synecore: the checkpoint {str(file)!r} cannot be read (")
    assert said.endswith("; training begins at the beginning\n")


def test_an_array_of_another_shape_is_an_error(tmp_path: Path) -> None:
    json_load_save_functions({"w": np.zeros((2, 3))})[1](str(tmp_path), 1)
    load, _ = json_load_save_functions({"w": np.zeros((3, 2))})
    with pytest.raises(OptionError, match=r"'w' in the checkpoint .* shape is \(2, 3\), not \(3"):
        load(str(tmp_path))


def test_what_json_cannot_hold_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    state: dict[str, Any] = {"x": 1}
    load, save = json_load_save_functions(state)
    save(str(tmp_path), 1)
    state["x"] = {2}
    with pytest.raises(OptionError, match=r"the state holds \{2\} \(set\)"):
        save(str(tmp_path), 2)
    assert load(str(tmp_path)) == 1
    assert state == {"x": 1}


def test_a_kill_at_any_time_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """\
        import sys
        from synecore.checkpointing import json_load_save_functions
        state = {"n": 0, "filling": list(range(20_000))}
        load, save = json_load_save_functions(state)
        resource = load(sys.argv[1])
        assert resource == state["n"]
        print(resource, flush=True)
        while True:
            state["n"] += 1
            save(sys.argv[1], state["n"])
            print(state["n"], flush=True)
        """
    )
    last = 0
    for kill_after in (3, 5, 9):
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        seen = [int(process.stdout.readline()) for _ in range(kill_after)]
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert seen[0] >= last
        last = seen[-1]
        saved = json.loads((tmp_path / "checkpoint.json").read_text())
        assert saved["resource"] == saved["state"]["n"] >= last
    assert set(os.listdir(tmp_path)) <= {"checkpoint.json", "checkpoint.json.new"}
