from __future__ import annotations

import re
from pathlib import Path

import pytest

from synecore import baselines
from synecore.baselines import BASELINES, Baseline
from synecore.errors import UnknownComponentError
from synecore.plugins import known
from synecore.plugins.settings import _SPELLINGS
from synecore.problem import Fidelity
from synecore.space import loguniform, randint

PAGE = (Path(__file__).parents[1] / "docs" / "reference" / "names.md").read_text()
SPACE = {"lr": loguniform(1e-4, 1), "width": randint(1, 8), "epochs": 27}
DOCUMENTED = """
    RandomSearch GridSearch BayesianOptimization ASHA MOBSTER HyperTune DyHPO PASHA BOHB
    SyncHyperband SyncBOHB DEHB SyncMOBSTER BORE ASHABORE BoTorch REA MORandomScalarizationBayesOpt
    NSGA2 MOREA MOLinearScalarizationBayesOpt ConstrainedBayesianOptimization ZeroShotTransfer
    ASHACTS KDE CQR ASHACQR
"""


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading of the page, without its own heading."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def code(cell: str) -> str:
    return cell.strip("`")


def test_every_documented_method_has_its_name() -> None:
    assert set(DOCUMENTED.split()) <= set(dir(baselines))


def test_the_page_lists_what_the_table_says() -> None:
    listed = {}
    for name, scheduler, searcher, options, _ in rows("Methods"):
        given = dict(re.findall(r'(\w+)="(\w+)"', options))
        listed[code(name)] = (code(scheduler), None if searcher == "own" else code(searcher), given)
    assert listed == {
        name: (found.scheduler, found.searcher, dict(found.options))
        for name, found in BASELINES.items()
    }


def test_the_page_names_the_distributions_that_bring_each() -> None:
    for name, *_, distributions in rows("Methods"):
        found = BASELINES[code(name)]
        brought = [known.distribution_of("scheduler", found.scheduler)]
        if found.searcher is not None:
            brought.append(known.distribution_of("searcher", found.searcher))
        listed = [code(item.strip()) for item in distributions.split(",")]
        assert listed == list(dict.fromkeys(brought)), name


def test_the_searchers_on_the_page_are_known() -> None:
    for documented, here in rows("Searchers"):
        assert known.distribution_of("searcher", code(here)) is not None
        assert code(documented).replace("_", "-") == code(here)


def test_the_schedulers_and_backends_on_the_page_are_known() -> None:
    for _, call in rows("Schedulers and backends"):
        match = re.match(r'`make_(scheduler|backend)\("([a-z-]+)"', call)
        assert match is not None, call
        assert known.distribution_of(match[1], match[2]) is not None, call


def test_the_spellings_on_the_page_are_those_accepted() -> None:
    listed = {code(also): code(word) for word, also in rows("Words of `make_scheduler`")}
    for spelling, word in _SPELLINGS.items():
        if spelling != "constraint_attr":
            assert listed[spelling] == word


def test_random_search_is_a_scheduler_and_a_searcher() -> None:
    made = baselines.RandomSearch(SPACE, "loss", mode="max", random_seed=0)
    assert made.component_spec.name == "fifo"
    assert made.component_spec.options["searcher"]["name"] == "random"
    assert made.problem.fidelity is None


def test_words_may_be_given_by_position_or_by_name() -> None:
    by_position = baselines.ASHA(SPACE, "loss", "step", max_t=9, random_seed=0)
    by_name = baselines.ASHA(
        config_space=SPACE, metric="loss", resource_attr="step", max_t=9, random_seed=0
    )
    assert by_position.problem == by_name.problem
    assert by_position.component_spec == by_name.component_spec
    assert by_position.problem.fidelity == Fidelity(name="step", high=9)


def test_grid_search_takes_options_of_its_searcher() -> None:
    made = baselines.GridSearch(
        SPACE, "loss", random_seed=0, search_options={"shuffle_config": False}
    )
    assert made.component_spec.options["searcher"]["name"] == "grid"
    assert made.component_spec.options["searcher"]["shuffle_config"] is False


def test_a_method_that_is_not_installed_says_where_it_will_come_from() -> None:
    with pytest.raises(UnknownComponentError) as caught:
        baselines.DEHB(SPACE, "loss", "epoch", max_t=9, random_seed=0)
    assert str(caught.value).startswith(
        "scheduler 'dehb' is not installed; it is planned for synecore-dehb, "
        "which is not released yet. Installed: asha, fifo"
    )


def test_keywords_of_a_methods_searcher_go_there(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {}
    monkeypatch.setattr("synecore.plugins.make.make_scheduler", lambda *a, **k: given.update(k))
    baselines.REA(SPACE, "loss", population_size=9, search_options={"sample_size": 3})
    assert given == {
        "metric": "loss",
        "searcher": "regularized-evolution",
        "search_options": {"population_size": 9, "sample_size": 3},
    }


def test_too_many_words_or_one_twice_are_refused() -> None:
    with pytest.raises(TypeError, match="RandomSearch takes config_space, metric by position, and"):
        baselines.RandomSearch(SPACE, "loss", "epoch")
    with pytest.raises(TypeError, match="RandomSearch got 'metric' twice"):
        baselines.RandomSearch(SPACE, "loss", metric="loss")


def test_names_are_imported_once_and_say_what_they_are() -> None:
    from synecore.baselines import ASHA, PASHA

    assert ASHA is baselines.ASHA
    assert PASHA.__name__ == "PASHA"
    assert "The scheduler 'asha'" in str(PASHA.__doc__)


def test_an_unknown_name_is_an_attribute_error_with_a_hint() -> None:
    with pytest.raises(
        AttributeError, match=r"has no attribute 'MOBSTR'; did you mean 'MOBSTER'\?"
    ):
        _ = baselines.MOBSTR
    assert isinstance(BASELINES["ASHA"], Baseline)
