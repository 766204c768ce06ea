"""What holds without the libraries."""

from __future__ import annotations

import subprocess
import sys

import pytest

import synecore_trackers
from synecore.errors import OptionError, PluginError
from synecore.plugins.make import make
from synecore_trackers import MlflowCallback, WandbCallback


@pytest.fixture
def nothing_installed(monkeypatch):
    for name in ("mlflow", "wandb"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("MLFLOW_DISABLE_TELEMETRY", "WANDB_ERROR_REPORTING"):
        monkeypatch.setenv(name, "true")


@pytest.mark.parametrize(
    ("callback", "extra"), [(MlflowCallback, "mlflow"), (WandbCallback, "wandb")]
)
def test_a_missing_library_is_named_with_what_brings_it(nothing_installed, callback, extra):
    with pytest.raises(PluginError) as raised:
        callback()
    assert str(raised.value) == (
        f"{callback.__name__} needs the package {extra!r}, which is missing: "
        f'pip install "synecore-trackers[{extra}]"'
    )


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_so_it_is_for_a_callback_given_by_name(nothing_installed, make_tuner, name):
    with pytest.raises(PluginError, match=rf'pip install "synecore-trackers\[{name}\]"'):
        make_tuner(name)


def test_naming_the_components_imports_no_library():
    code = (
        "import sys, synecore_trackers.plugin\n"
        "from synecore_trackers import MlflowCallback, WandbCallback\n"
        "assert not {'mlflow', 'wandb', 'sqlalchemy'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert {"MlflowCallback", "WandbCallback"} <= set(dir(synecore_trackers))


def test_a_mode_that_wandb_does_not_have_is_refused():
    with pytest.raises(OptionError, match=r"'mode' must be one of offline, online, disabled, got"):
        WandbCallback(mode="offlin")
    with pytest.raises(OptionError, match="mode"):
        make("callback", "wandb", mode="dryrun")
