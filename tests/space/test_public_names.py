from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import synecore.space


def test_every_public_name_can_be_imported() -> None:
    for name in synecore.space.__all__:
        assert getattr(synecore.space, name).__module__.startswith("synecore.space.")
    assert set(synecore.space.__all__) <= set(dir(synecore.space))
    with pytest.raises(AttributeError, match="no attribute 'unifrom'"):
        _ = synecore.space.unifrom


def test_what_type_checkers_see_is_what_there_is() -> None:
    tree = ast.parse(Path(str(synecore.space.__file__)).read_text())
    seen = {
        (str(node.module).rpartition(".")[2], alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("synecore.space.")
        for alias in node.names
    }
    assert seen == {(module, name) for name, module in synecore.space._WHERE.items()}


def test_describing_a_space_does_not_import_numpy() -> None:
    code = """
import argparse, sys
from synecore.space import add_to_argparse, choice, config_space_to_json_dict, loguniform
from synecore.space import parse_domain
space = {"a": loguniform(1e-4, 1), "b": choice(["x"]), "c": parse_domain("randint(1, 3)")}
config_space_to_json_dict(space), repr(space), space["c"].cast("2"), space["a"].is_valid(1)
add_to_argparse(argparse.ArgumentParser(), space)
sys.exit("numpy" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
