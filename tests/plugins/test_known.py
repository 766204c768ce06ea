from __future__ import annotations

import pytest

from synecore.plugins import known

DOCUMENTED_GROUPS = [
    *("gpsearchers", "kde", "bore", "raytune", "benchmarks", "aws", "botorch"),
    *("blackbox_repository", "yahpo", "moo", "visual", "sklearn", "backends"),
]


@pytest.mark.parametrize("group", DOCUMENTED_GROUPS)
def test_every_documented_group_says_what_brings_it(group: str) -> None:
    text = known.group_message(group)
    assert text.startswith(group.replace("_", "-") + " ")
    assert "comes with" in text or "is planned for synecore-" in text


def test_there_are_thirteen_documented_groups() -> None:
    assert set(known.GROUPS) == {group.replace("_", "-") for group in DOCUMENTED_GROUPS}


def test_the_group_for_plots_is_among_the_defaults() -> None:
    assert known.group_message("visual") == (
        'visual comes with synecore-analysis: pip install "synecore[default]".'
    )


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(KeyError, match="is none of gpsearchers"):
        known.group_message("gp")


def test_commands_quote_what_a_shell_would_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "RELEASED", known.RELEASED | {"synecore-gp", "synecore-sql"})
    assert known.install(["synecore-gp"]) == "pip install synecore-gp"
    assert known.install(["synecore-gp", "synecore-sql[postgres]"]) == (
        'pip install synecore-gp "synecore-sql[postgres]"'
    )
    assert known.install(known.DEFAULT) == 'pip install "synecore[default]"'


def test_what_is_not_released_is_not_offered() -> None:
    assert known.brought_by("synecore-dask") == (
        "planned for synecore-dask, which is not released yet"
    )
    assert known.brought_by(["synecore-ray[default]", "synecore-dask", "synecore-local"]) == (
        "planned for synecore-ray[default] and synecore-dask, which are not released yet"
    )


def test_a_component_names_its_distribution() -> None:
    assert known.distribution_of("store", "sqlite") == "synecore-stores"
    assert known.distribution_of("store", "asha") is None
    assert known.distribution_of("kernel", "matern") is None
    assert known.names("display") == ["rich"]
