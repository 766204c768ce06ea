from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from synecore import unread
from synecore.errors import OptionError
from synecore.script_config import (
    add_config_json_to_argparse,
    load_config_json,
    parse_bool,
    parse_config,
)
from synecore.space import add_to_argparse, choice, loguniform, randint
from synecore.unread import ScriptConfig, Unread, unread_of

CONFIG = {
    "lr": 0.25,
    "epochs": 27,
    "nesterov": True,
    "name": "adam",
    "sizes": [3, [1, 2]],
    "nested": {"a": {"b": None}},
}


@pytest.fixture(autouse=True)
def no_line_at_the_end_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(unread.atexit, "register", lambda *_: None)
    yield
    unread._CONFIGS.clear()


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG))
    return str(path)


def script_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--nesterov", type=parse_bool, default=False)
    return parser


def words(line: str) -> list[str]:
    return line.split()


def left(config: ScriptConfig) -> Unread:
    return unread_of([config])


# ---- the documented functions -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [("True", True), ("false", False), ("1", True), ("0", False), (" YES ", True), ("off", False)],
)
def test_truth_values_are_read(text: str, value: bool) -> None:
    assert parse_bool(text) is value
    assert parse_bool(value) is value


def test_what_is_no_truth_value_is_an_error_that_argparse_understands(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(OptionError, match=r"'maybe' is neither true nor false; allowed are true,"):
        parse_bool("maybe")
    with pytest.raises(SystemExit):
        script_parser().parse_args(["--lr", "1", "--nesterov", "maybe"])
    assert "argument --nesterov: invalid parse_bool value: 'maybe'" in capsys.readouterr().err


def test_the_file_and_the_arguments_are_one_configuration(file: str) -> None:
    parser = argparse.ArgumentParser()
    add_config_json_to_argparse(parser)
    parser.add_argument("--st_checkpoint_dir")
    parser.add_argument("--lr", type=float, default=9.0)
    parser.add_argument("--seed", type=int, default=7)
    args, _ = parser.parse_known_args(
        ["--st_config_json_filename", file, "--st_checkpoint_dir", "c"]
    )
    config = load_config_json(vars(args))
    assert config["lr"] == 0.25  # the tuner's value, not the default
    assert {name: config[name] for name in CONFIG} == CONFIG
    assert (config["seed"], config["st_checkpoint_dir"]) == (7, "c")


def test_without_a_file_the_arguments_are_all_there_is() -> None:
    config = load_config_json({"lr": 1.0, "st_config_json_filename": None})
    assert config["lr"] == 1.0
    assert left(config).unread == []


@pytest.mark.parametrize("content", ["", "[1, 2]", '{"a": '])
def test_a_file_that_is_no_configuration_is_an_error_that_names_it(
    tmp_path: Path, content: str
) -> None:
    file = tmp_path / "config.json"
    file.write_text(content)
    with pytest.raises(OptionError, match=r"--st_config_json_filename: .*config\.json"):
        load_config_json({"st_config_json_filename": str(file)})
    with pytest.raises(OptionError, match=r"--st_config_json_filename: .*config\.json"):
        parse_config(argv=["--st_config_json_filename", str(file)])


# ---- parse_config ------------------------------------------------------------------------------


def test_arguments_and_a_file_make_the_same_configuration(file: str) -> None:
    arguments = words("--lr 0.25 --epochs 27 --nesterov True --name adam --st_checkpoint_dir c")
    by_file = ["--st_config_json_filename", file, "--st_checkpoint_dir", "c"]
    for argv in (arguments, by_file):
        config = parse_config(script_parser(), argv)
        found = [config[name] for name in ("lr", "epochs", "nesterov", "name", "st_checkpoint_dir")]
        assert found == [0.25, 27, True, "adam", "c"]
        assert config.epochs == 27
        assert left(config).takes == []


def test_defaults_hold_where_nothing_is_given(file: str) -> None:
    config = parse_config(script_parser(), ["--lr", "1"])
    assert (config.lr, config.epochs, config.nesterov) == (1.0, 3, False)
    assert config.st_checkpoint_dir is None
    assert config.st_config_json_filename is None


def test_an_argument_stands_above_the_file(file: str) -> None:
    config = parse_config(script_parser(), ["--lr", "1", "--st_config_json_filename", file])
    assert (config.lr, config.epochs) == (1.0, 27)


def test_what_is_required_has_to_be_somewhere(file: str) -> None:
    with pytest.raises(SystemExit):
        parse_config(script_parser(), ["--epochs", "3"])


def test_without_a_parser_values_are_read_as_the_tuner_writes_them() -> None:
    argv = words(
        "--lr 1e-05 --n -3 --flag False --rate=-0.5 --name adam --on --st_checkpoint_dir=c"
    )
    config = parse_config(argv=argv)
    assert dict(config) == {
        "lr": 1e-05,
        "n": -3,
        "flag": False,
        "rate": -0.5,
        "name": "adam",
        "on": True,
        "st_checkpoint_dir": "c",
        "st_config_json_filename": None,
    }
    assert [type(config[name]) for name in ("lr", "n", "flag")] == [float, int, bool]


def test_no_name_is_completed() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr_decay", type=float, default=0.0)
    config = parse_config(parser, ["--lr", "0.1"])
    assert (config.lr_decay, config.lr) == (0.0, 0.1)


@pytest.mark.parametrize("name", ["batch-size", "batch_size"])
@pytest.mark.parametrize("option", ["batch-size", "batch_size"])
def test_a_dash_is_as_good_as_an_underscore(tmp_path: Path, option: str, name: str) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({name: 8}))
    for argv in ([f"--{name}", "8"], ["--st_config_json_filename", str(file)]):
        parser = argparse.ArgumentParser()
        parser.add_argument(f"--{option}", type=int, required=True)
        config = parse_config(parser, argv)
        assert left(config) == ([name], [])
        assert config.batch_size == 8
        assert left(config) == ([], [])


def test_arguments_of_a_space_are_a_parser_too() -> None:
    space = {
        "lr": loguniform(1e-4, 1.0),
        "n": randint(1, 9),
        "act": choice(["a", "b"]),
        "epochs": 9,
    }
    parser = argparse.ArgumentParser()
    add_to_argparse(parser, space)
    config = parse_config(parser, words("--lr 0.5 --n 3 --act b --epochs 9"))
    assert (config.lr, config.n, config.act) == (0.5, 3, "b")
    assert left(config) == (["epochs"], [])


def test_a_parser_that_has_the_arguments_of_the_backend_keeps_them() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--st_checkpoint_dir", type=Path)
    assert parse_config(parser, ["--st_checkpoint_dir", "c"]).st_checkpoint_dir == Path("c")


# ---- what is never read ------------------------------------------------------------------------


def test_the_documented_example_of_a_name_that_nobody_reads() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--max_training_steps", type=int, default=100)
    parser.add_argument("--lr", type=float, default=5e-5)
    parser.add_argument("--gamma", type=float, default=0.99)
    argv = words("--max_iterations 100 --gamma 0.7 --lr 1e-4 --st_checkpoint_dir c")
    config = parse_config(parser, argv)
    assert (config.max_training_steps, config.lr, config.gamma) == (100, 1e-4, 0.7)
    assert left(config) == (["max_iterations"], ["max_training_steps"])


def test_what_is_declared_and_given_has_to_be_read_too(file: str) -> None:
    for argv in (["--lr", "1", "--epochs", "9"], ["--st_config_json_filename", file]):
        config = parse_config(script_parser(), argv)
        assert "epochs" in left(config).unread
        assert config.epochs in (9, 27)
        assert "epochs" not in left(config).unread
        assert "lr" in left(config).unread


def test_of_a_file_the_names_in_it_have_to_be_read(file: str) -> None:
    config = load_config_json({"st_config_json_filename": file, "size": 3, "st_checkpoint_dir": ""})
    assert left(config) == (list(CONFIG), ["size"])
    assert config.get("lr") == 0.25
    assert config["nested"]["a"]["b"] is None
    assert left(config).unread == ["epochs", "nesterov", "name", "sizes"]


def test_a_name_that_only_looks_like_a_default_was_not_read() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--learning-rate", dest="lr", type=float, default=0.5)
    config = parse_config(parser, ["--lr", "0.1"])
    assert config.lr == 0.5
    assert left(config) == (["lr"], ["learning-rate"])
