from __future__ import annotations

import subprocess
import sys

import pytest

from synecore import make
from synecore.errors import OptionError
from synecore_analysis.display import RichDisplay


def test_the_display_is_made_by_its_name() -> None:
    assert isinstance(make("display", "rich", trials=3, refresh_per_second="2"), RichDisplay)


def test_its_options_are_checked() -> None:
    with pytest.raises(OptionError, match=r"display 'rich'.*refresh_per_second"):
        make("display", "rich", refresh_per_second=0)
    with pytest.raises(OptionError, match="did you mean 'decisions'"):
        make("display", "rich", decision=3)


def test_pandas_and_matplotlib_wait_until_they_are_needed() -> None:
    code = (
        "import sys, synecore_analysis\n"
        "synecore_analysis.load_experiment, synecore_analysis.plot_best\n"
        "import synecore_analysis.display\n"
        "assert not {'pandas', 'matplotlib'} & set(sys.modules), 'too early'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_public_name_can_be_imported() -> None:
    import synecore_analysis

    for name in synecore_analysis.__all__:
        assert getattr(synecore_analysis, name) is not None
        assert name in dir(synecore_analysis)
    with pytest.raises(AttributeError, match="no attribute 'plots_best'"):
        _ = synecore_analysis.plots_best
