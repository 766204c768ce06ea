from __future__ import annotations

import json
import subprocess
import sys

import pytest

from synecore.errors import SynecoreError
from synecore_integrations.framework import MissingFrameworkError, imported

# Importing a module of synecore_integrations where one package, first, cannot be found.
HIDDEN = """
import sys

class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1].split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Hide())
import importlib
try:
    importlib.import_module("synecore_integrations." + sys.argv[2])
except ImportError as error:
    print(type(error).__name__, error)
"""
LIGHT = """
import sys
before = set(sys.modules)
import synecore_integrations, synecore_integrations.metric_reports
import synecore_integrations.framework, synecore_integrations.booster_checkpoint
import json
print(json.dumps(sorted(set(sys.modules) - before)))
"""


@pytest.mark.parametrize(
    ("extra", "title", "hidden"),
    [
        ("lightning", "PyTorch Lightning", "pytorch_lightning"),
        ("huggingface", "Hugging Face transformers", "transformers"),
        ("keras", "Keras", "keras"),
        ("xgboost", "XGBoost", "xgboost"),
        ("lightgbm", "LightGBM", "lightgbm"),
        ("sklearn", "scikit-learn", "sklearn"),
    ],
)
def test_a_missing_framework_says_what_to_install(extra: str, title: str, hidden: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HIDDEN, f"{hidden},lightning", extra],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == (
        f"MissingFrameworkError synecore_integrations.{extra} needs {title}, and the package "
        f"{hidden!r} is not installed in this environment: "
        f'pip install "synecore-integrations[{extra}]"\n'
    )


def test_it_is_an_import_error_and_one_of_synecore() -> None:
    with pytest.raises(ImportError) as error, imported("Frame", "no_such_frame", "frame"):
        import no_such_frame  # noqa: F401
    assert isinstance(error.value, SynecoreError)
    assert error.value.name == "no_such_frame"


def test_what_a_framework_itself_lacks_is_another_matter() -> None:
    with pytest.raises(ModuleNotFoundError) as error, imported("Frame", "frame", "frame"):
        import no_such_dependency_of_frame  # noqa: F401
    assert not isinstance(error.value, MissingFrameworkError)


def test_a_training_script_gets_the_standard_library_alone() -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert loaded - sys.stdlib_module_names == {"synecore", "synecore_integrations"}
