from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from synecore.errors import ExperimentError, OptionError
from synecore.plugins import scaffold

TEMPLATE = Path(__file__).parents[2] / "contrib" / "template"


def test_the_packed_template_is_that_of_the_repository() -> None:
    assert scaffold.PACKED.read_text() == scaffold.pack(TEMPLATE), (
        "run python -m synecore.plugins.scaffold contrib/template"
    )


def test_a_plugin_of_the_templates_name_is_the_template(tmp_path: Path) -> None:
    made = scaffold.new_plugin("example", tmp_path)
    assert made == tmp_path / "synecore-example"
    assert scaffold.pack(made) == scaffold.pack(TEMPLATE)


def test_a_plugin_gets_its_authors_name_everywhere(tmp_path: Path) -> None:
    made = scaffold.new_plugin("synecore-hill-climb", tmp_path)
    assert (made / "synecore_hill_climb" / "searcher.py").is_file()
    text = scaffold.pack(made)
    assert 'name = "synecore-hill-climb"' in text
    assert 'hill-climb = "synecore_hill_climb.plugin"' in text
    assert "class HillClimbOptions" in text
    assert "class TestHillClimb(SearcherSuite)" in text
    assert "xample" not in text


@pytest.mark.parametrize("name", ["My Search", "-a", "a--b", "1st", "a/b", "synecore-", ""])
def test_a_name_that_no_component_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(OptionError, match="is not a valid name; use lower-case letters"):
        scaffold.new_plugin(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(tmp_path: Path) -> None:
    scaffold.new_plugin("mine", tmp_path)
    with pytest.raises(ExperimentError, match="synecore-mine exists already; choose another name"):
        scaffold.new_plugin("mine", tmp_path)


@pytest.mark.slow
def test_a_new_plugin_passes_its_tests_when_its_wheel_is_installed(tmp_path: Path) -> None:
    """The wheel is unpacked on the path, so that nothing is downloaded."""
    made = scaffold.new_plugin("hill-climb", tmp_path)
    build = "import sys; from flit_core import buildapi; buildapi.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, tmp_path], check=True, cwd=made)
    (wheel,) = tmp_path.glob("synecore_hill_climb-*.whl")
    site = tmp_path / "site"
    subprocess.run([sys.executable, "-m", "zipfile", "-e", wheel, site], check=True)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", made / "tests"],
        env={**os.environ, "PYTHONPATH": str(site)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
