from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synecore import seeds
from synecore.errors import (
    ExperimentError,
    OptionError,
    PluginError,
    UnknownComponentError,
    UnsupportedProblemError,
)
from synecore.options import ComponentRef
from synecore.plugins.make import (
    make,
    make_acquisition,
    make_backend,
    make_scheduler,
    make_searcher,
    make_store,
    make_surrogate,
    rebuild,
    spec_of,
)
from synecore.plugins.spec import ComponentSpec
from synecore.problem import Fidelity, Problem
from synecore.space import loguniform, randint, subject_to
from synecore.tuning.queue import PointQueue

SPACE = {"lr": loguniform(1e-4, 1), "width": randint(1, 8), "epochs": 27}
Install = Callable[..., Path]
PLUGIN = """
    import attrs
    from attrs.validators import ge
    from synecore.options import ComponentRef, component, option
    from synecore.plugins import Capability, Component, hookimpl, preset

    @attrs.frozen(kw_only=True)
    class HalvingOptions:
        reduction_factor: float = option(ge(2), default=3, doc="One in.", also=("eta",))
        max_level: int | None = option(default=None, doc="Last.", aliases=("max_resource_level",))
        probe: object = option(default=None, doc="Anything.")
        searcher: ComponentRef = component("searcher", default="walk")

    @attrs.frozen(kw_only=True)
    class PlainOptions:
        searcher: ComponentRef = component("searcher", default="walk")

    @attrs.frozen(kw_only=True)
    class WrapOptions:
        scheduler: ComponentRef = component("scheduler", default="plain")

    @attrs.frozen(kw_only=True)
    class WalkOptions:
        step: float = option(default=0.1, doc="How far.")
        inner: ComponentRef | None = component("searcher", default=None)

    @attrs.frozen(kw_only=True)
    class SetOptions:
        pace: float = option(default=0.5, doc="Of the searcher.", to="searcher.step")

    @hookimpl
    def synecore_schedulers():
        return [
            Component("halving", "toy_kit.things:Scheduler", HalvingOptions,
                      supports={Capability.FIDELITY}, requires={Capability.FIDELITY}),
            Component("plain", "toy_kit.things:Scheduler", PlainOptions,
                      supports=set(Capability)),
            Component("simple", "toy_kit.things:Scheduler", ignores={"eta"}),
            Component("wrap", "toy_kit.things:Wrap", WrapOptions, supports=set(Capability)),
            Component("set", preset("scheduler", "halving", searcher="walk", reduction_factor=4),
                      SetOptions),
            Component("round", preset("scheduler", "round")),
        ]

    @hookimpl
    def synecore_searchers():
        return [
            Component("walk", "toy_kit.things:Searcher", WalkOptions,
                      supports={Capability.CONSTRAINTS}, ignores={"debug_log"}),
            Component("late", "toy_kit.things:late"),
        ]

    @hookimpl
    def synecore_surrogates():
        return [Component("flat", "toy_kit.things:Slotted")]

    @hookimpl
    def synecore_acquisitions():
        return [Component("even", "toy_kit.things:even")]

    @hookimpl
    def synecore_backends():
        return [Component("nowhere", "toy_kit.things:Thing")]

    @hookimpl
    def synecore_stores():
        return [Component("void", "toy_kit.things:Thing")]

    @hookimpl
    def synecore_components(kind):
        return [Component("wide", "toy_kit.things:Thing")]
"""
THINGS = """
    import attrs

    class Thing:
        def __init__(self, setup, options):
            self.setup, self.options, self.problem = setup, options, setup.problem

    class Scheduler(Thing):
        def __init__(self, setup, options):
            super().__init__(setup, options)
            if options is not None:
                self.searcher = setup.make("searcher", options.searcher)

    class Wrap(Thing):
        def __init__(self, setup, options):
            super().__init__(setup, options)
            self.scheduler = setup.make("scheduler", options.scheduler)

    class Searcher(Thing):
        tags = {}
        def __init__(self, setup, options):
            super().__init__(setup, options)
            if options.inner is not None:
                self.inner = setup.make("searcher", options.inner)

    def late(setup, options):
        import package_that_is_not_here

    @attrs.define
    class Slotted:
        setup: object
        options: object

    def even(setup, options):
        return lambda inputs: None
"""
ENTRIES = {
    "schedulers": ["halving", "plain", "simple", "wrap", "set", "round"],
    "searchers": ["walk", "late"],
    "surrogates": ["flat"],
    "acquisitions": ["even"],
    "backends": ["nowhere"],
    "stores": ["void"],
    "displays": ["wide"],
}


@pytest.fixture(autouse=True)
def kit(install: Install) -> None:
    """A distribution with a component of each kind."""
    install(
        "toy-kit",
        {
            f"synecore.v1.{kind}": dict.fromkeys(names, "toy_kit.plugin")
            for kind, names in ENTRIES.items()
        },
        {"toy_kit/plugin.py": PLUGIN, "toy_kit/things.py": THINGS},
        requires=("package-that-is-not-here",),
    )


def scheduler(name: Any = "halving", space: Any = SPACE, **words: Any) -> Any:
    if not isinstance(space, Problem):
        words = {"metric": "loss", "random_seed": 0, **words}
    return make_scheduler(name, space, **words)


def problem(**words: Any) -> Problem:
    return Problem.create(SPACE, **{"metric": "loss", **words})


def refusal(error: type[Exception] = OptionError, **words: Any) -> str:
    with pytest.raises(error) as caught:
        scheduler(**words)
    return str(caught.value)


# ---- the words about the problem ----------------------------------------------------------


def test_a_scheduler_is_built_from_the_users_words() -> None:
    made = scheduler(
        mode="max", resource_attr="step", max_t=9, points_to_evaluate=[], reduction_factor="4"
    )
    assert made.options.reduction_factor == 4.0
    assert made.problem == Problem.create(
        SPACE, metric="loss", mode="max", resource_attr="step", max_t=9, points_to_evaluate=[]
    )


def test_the_resource_is_called_epoch_where_the_maximum_is_known() -> None:
    assert scheduler().problem.fidelity == Fidelity(name="epoch", high=27)
    made = scheduler(max_resource_attr="epochs", max_t=9)
    assert made.problem.fidelity == Fidelity(name="epoch", high=9, attr="epochs")


def test_a_scheduler_that_needs_the_largest_resource_says_how_to_give_it() -> None:
    said = (
        "scheduler 'halving' needs to know the largest resource: give max_t, or "
        "max_resource_attr naming a constant of the configuration space, such as "
        "'epochs'; and resource_attr, the reported value that counts it up."
    )
    space = {"lr": loguniform(1e-4, 1)}
    assert refusal(UnsupportedProblemError, space=space) == said
    assert refusal(UnsupportedProblemError, space=space, resource_attr="epoch") == said


@pytest.mark.parametrize("name", ["plain", "simple"])
def test_a_scheduler_of_full_trials_ignores_the_largest_resource(name: str) -> None:
    assert scheduler(name, max_resource_attr="epochs", max_t=9).problem.fidelity is None


def test_a_scheduler_may_be_told_a_resource_without_its_end() -> None:
    fidelity = scheduler(
        "plain", {"lr": loguniform(1e-4, 1)}, resource_attr="step"
    ).problem.fidelity
    assert fidelity == Fidelity(name="step", high=float("inf"))
    assert scheduler("simple", resource_attr="step").problem.fidelity is None


@pytest.mark.parametrize(
    ("spelled", "plain"),
    [
        ({"metrics": ["a"], "metric": None}, {"metric": ["a"]}),
        ({"time_attr": "step", "max_t": 9}, {"resource_attr": "step", "max_t": 9}),
        ({"constraint_attr": "c"}, {"constraints": {"c": 0.0}}),
        ({"search_options": {"constraint_attr": "c"}}, {"constraints": {"c": 0.0}}),
        ({"search_options": {"cost_attr": "s"}}, {"cost_attr": "s"}),
        ({"searcher": "walk", "search_options": {"cost_attr": "s"}}, {"cost_attr": "s"}),
    ],
)
def test_documented_spellings_of_words_are_accepted(
    spelled: dict[str, Any], plain: dict[str, Any]
) -> None:
    assert scheduler("plain", **spelled).problem == scheduler("plain", **plain).problem


def test_a_documented_spelling_for_the_largest_resource() -> None:
    made = scheduler("set", {"lr": loguniform(1e-4, 1)}, max_resource_level=9)
    assert made.problem.fidelity.high == 9


def test_a_word_that_the_scheduler_has_as_an_option_is_its_own() -> None:
    made = scheduler(max_resource_level=9)
    assert made.options.max_level == 9
    assert made.problem.fidelity.high == 27


def test_a_word_is_given_once() -> None:
    assert refusal(metrics=["a"]) == "metric: given as 'metrics' too; give it once."


def test_a_time_keeper_is_accepted_and_has_no_effect(caplog: pytest.LogCaptureFixture) -> None:
    scheduler(time_keeper=object())
    assert caplog.messages == ["time_keeper has no effect: schedulers are told the time."]


def test_a_ready_problem_stands_for_all_words() -> None:
    ready = problem(resource_attr="epoch", max_t=9)
    made = scheduler(space=ready, random_seed=1)
    assert made.problem is ready
    assert refusal(space=ready, metric="loss", max_t=3) == (
        "scheduler 'halving': metric, max_t: the problem says it already."
    )


def test_errors_of_words_name_the_scheduler() -> None:
    assert refusal(metric=None) == (
        "scheduler 'halving': metric: missing; name the reported value to optimise, "
        "as in metric='loss'."
    )
    assert refusal(space=[1]).startswith("scheduler 'halving': config_space: [1] is not a mapping")


def test_a_misspelt_word_is_hinted_at_before_anything_is_missing() -> None:
    assert refusal(metric=None, metrc="loss") == (
        "scheduler 'halving': unknown option 'metrc', did you mean 'metric'?\n"
        "  Options: reduction_factor, max_level, probe, searcher."
    )


# ---- options ------------------------------------------------------------------------------


def test_wrong_options_are_named_with_the_scheduler() -> None:
    assert refusal(reduction_facto=3, eta=4) == (
        "scheduler 'halving': unknown option 'reduction_facto', did you mean 'reduction_factor'?; "
        "unknown option 'eta', did you mean 'reduction_factor'?\n"
        "  Options: reduction_factor, max_level, probe, searcher."
    )
    assert refusal(reduction_factor=1) == (
        "scheduler 'halving': 'reduction_factor' must be >= 2: 1.0. "
        "Options: reduction_factor, max_level, probe, searcher."
    )


def test_options_of_siblings_are_accepted_where_they_are_ignored(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert scheduler("simple", eta=3).options is None
    assert caplog.messages == ["scheduler 'simple': no effect here: 'eta'."]


def test_a_scheduler_without_a_searcher_says_so() -> None:
    assert refusal(name="simple", searcher="walk") == (
        "scheduler 'simple': unknown option 'searcher'.\n  It takes no options."
    )
    assert scheduler("simple", search_options=None).options is None
    assert scheduler("simple", search_options={}).options is None


@pytest.mark.parametrize(
    "words",
    [
        {"searcher": "walk", "search_options": {"step": 0.2}},
        {"searcher": {"name": "walk", "step": "0.2"}},
        {"searcher": ComponentRef("walk", {"step": 0.2}), "search_options": None},
        {"searcher": {"step": 0.2}},
        {"search_options": {"step": 0.2}},
        {"name": {"name": "halving", "searcher": {"step": 0.2}}},
    ],
)
def test_the_searcher_is_given_in_many_ways(words: dict[str, Any]) -> None:
    made = scheduler(**words)
    assert isinstance(made.searcher, PointQueue)
    assert made.searcher.searcher.options.step == 0.2


def test_a_ready_searcher_is_used_as_it_is() -> None:
    ready = make_searcher("walk", problem(), seed=3)
    assert scheduler(searcher=ready).searcher is ready
    mine = ready.searcher
    made = scheduler(searcher=mine).searcher
    assert isinstance(made, PointQueue)
    assert made.searcher is mine


def test_options_for_a_ready_searcher_are_refused() -> None:
    ready = make_searcher("walk", problem(), seed=3)
    assert refusal(searcher=ready, search_options={"step": 1}) == (
        "search_options: give them to the searcher itself, where it is a ready object."
    )
    assert refusal(search_options=[1]) == "search_options: [1] is not a mapping."


def test_a_wrong_option_of_the_searcher_names_both() -> None:
    assert refusal(searcher={"name": "walk", "stpe": 0.2}) == (
        "scheduler 'halving', searcher 'walk': unknown option 'stpe', did you mean 'step'?\n"
        "  Options: step, inner."
    )


def test_the_searchers_ignored_options_are_mentioned_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scheduler(search_options={"debug_log": False})
    assert caplog.messages == ["scheduler 'halving', searcher 'walk': no effect here: 'debug_log'."]


def test_an_unknown_searcher_is_an_error_before_anything_heavy_is_imported() -> None:
    import sys

    with pytest.raises(
        UnknownComponentError, match="no searcher named 'wlak'; did you mean 'walk'"
    ):
        scheduler(searcher="wlak")
    assert "toy_kit.things" not in sys.modules


def test_a_name_is_text_or_a_mapping_with_one() -> None:
    with pytest.raises(OptionError, match="scheduler: 5 is not a name, a mapping with a name"):
        scheduler(5)
    with pytest.raises(OptionError, match="a ready scheduler needs no making"):
        scheduler(scheduler())


def test_a_searcher_for_a_wrapper_goes_to_the_scheduler_within() -> None:
    made = scheduler("wrap", searcher="walk", search_options={"step": 0.2})
    assert made.scheduler.searcher.searcher.options.step == 0.2
    made = scheduler("wrap", scheduler="halving", search_options={"step": 0.3})
    assert made.scheduler.searcher.searcher.options.step == 0.3
    assert made.scheduler.component_spec.name == "halving"


def test_a_wrapper_needs_what_the_scheduler_within_needs() -> None:
    assert scheduler("wrap").problem.fidelity is None
    assert scheduler("wrap", scheduler="halving").problem.fidelity.high == 27
    said = refusal(
        UnsupportedProblemError, name="wrap", scheduler="halving", space={"lr": SPACE["lr"]}
    )
    assert said.startswith("scheduler 'wrap' needs to know the largest resource")


# ---- capabilities -------------------------------------------------------------------------


def test_a_problem_that_would_be_treated_in_part_is_refused_before_the_import() -> None:
    import sys

    assert refusal(UnsupportedProblemError, metric=["loss", "time"]) == (
        "scheduler 'halving' of toy-kit 0.1.0 does not support several objectives, "
        "and the problem has loss, time. It supports: fidelity."
    )
    assert "toy_kit.things" not in sys.modules


def test_a_searcher_must_treat_what_its_scheduler_leaves_to_it() -> None:
    assert scheduler("plain", constraints=["c <= 0"]).problem.constraints
    assert refusal(UnsupportedProblemError, name="plain", metric=["a", "b"]) == (
        "searcher 'walk' of toy-kit 0.1.0 does not support several objectives, "
        "and the problem has a, b. It supports: constraints."
    )


def test_a_component_that_supports_nothing_more_says_so() -> None:
    space = subject_to(SPACE, "width <= epochs")
    assert refusal(UnsupportedProblemError, name="simple", space=space) == (
        "scheduler 'simple' of toy-kit 0.1.0 does not support conditional spaces, "
        "which the space has. It supports: one objective, no more."
    )


# ---- presets ------------------------------------------------------------------------------


def test_a_preset_builds_what_it_sets_up() -> None:
    made = scheduler("set")
    assert made.options.reduction_factor == 4.0
    assert made.searcher.searcher.options.step == 0.5
    made = scheduler("set", pace=0.7, reduction_factor=5, search_options={"inner": "walk"})
    assert made.options.reduction_factor == 5.0
    assert made.searcher.searcher.options.step == 0.7
    assert made.searcher.searcher.inner.options.step == 0.1


def test_a_preset_of_itself_is_an_error_of_its_plugin() -> None:
    with pytest.raises(PluginError, match="scheduler 'round': a preset of a preset"):
        scheduler("round")


# ---- seeds --------------------------------------------------------------------------------


def test_nested_components_share_the_seed_which_roles_tell_apart() -> None:
    made = scheduler(random_seed=5)
    draw = seeds.stream(made.setup.seed, "searcher/initial").integers(2**60)
    inner = made.searcher.searcher.setup.seed
    assert seeds.stream(inner, "searcher/initial").integers(2**60) == draw
    assert seeds.stream(seeds.sequence(5), "searcher/initial").integers(2**60) == draw


def test_a_nested_component_may_have_a_seed_and_a_problem_of_its_own() -> None:
    made, other = scheduler(random_seed=5), problem(mode="max")
    seed = seeds.child(made.setup.seed, "second")
    second = made.setup.make("searcher", "walk", problem=other, seed=seed, step=0.3).searcher
    assert second.problem is other
    assert second.setup.seed is seed
    assert second.options.step == 0.3


def test_a_seed_is_drawn_and_logged_where_none_is_given(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        made = scheduler(random_seed=None)
    (text,) = caplog.messages
    match = re.fullmatch(r"scheduler 'halving': random_seed=(\d+), drawn because none .*", text)
    assert match is not None
    assert made.component_spec.seed == int(match[1])


def test_a_wrong_seed_is_refused() -> None:
    assert refusal(random_seed=-1) == "random_seed: -1 is not an integer >= 0."


# ---- start points -------------------------------------------------------------------------


def test_only_the_outermost_searcher_serves_start_points() -> None:
    made = scheduler(searcher={"name": "walk", "inner": {"name": "walk", "step": 0.9}}).searcher
    assert isinstance(made, PointQueue)
    assert not isinstance(made.searcher.inner, PointQueue)
    assert made.searcher.inner.options.step == 0.9


def test_a_searcher_can_be_made_without_serving_start_points() -> None:
    assert isinstance(make_searcher("walk", problem(), seed=0), PointQueue)
    assert not isinstance(make_searcher("walk", problem(), seed=0, start_points=False), PointQueue)


# ---- specs --------------------------------------------------------------------------------


def test_what_is_built_says_what_it_was_built_from() -> None:
    spec = scheduler(random_seed=3, searcher={"name": "walk", "inner": "walk"}).component_spec
    walk = {"name": "walk", "step": 0.1}
    assert spec == ComponentSpec(
        kind="scheduler",
        name="halving",
        distribution="toy-kit",
        version="0.1.0",
        options={
            "reduction_factor": 3.0,
            "max_level": None,
            "probe": None,
            "searcher": {**walk, "inner": {**walk, "inner": None}},
        },
        seed=3,
        within={"toy-kit": "0.1.0"},
    )
    assert spec.versions() == {"toy-kit": "0.1.0"}
    assert ComponentSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("halving", {"reduction_factor": 5, "searcher": {"name": "walk", "inner": "walk"}}),
        ("set", {"pace": 0.7, "reduction_factor": 9, "searcher": {"inner": "walk"}}),
        ("plain", {}),
        ("simple", {}),
        ("toy-kit:halving", {}),
    ],
)
def test_an_equal_one_is_built_from_json(name: str, words: dict[str, Any]) -> None:
    made = scheduler(name, random_seed=3, **words)
    again = rebuild(json.loads(json.dumps(made.component_spec.to_json())), made.problem)
    assert again.component_spec == made.component_spec
    assert again.options == made.options
    assert again.setup.seed.entropy == 3
    if made.options is not None:
        assert again.searcher.searcher.options == made.searcher.searcher.options


def test_a_searcher_is_built_again_with_its_sequence() -> None:
    seed = seeds.child(seeds.sequence(3), "mine")
    made = make_searcher("walk", problem(), seed=seed)
    again = rebuild(made.component_spec, made.searcher.problem)
    np.testing.assert_array_equal(
        again.searcher.setup.seed.generate_state(4), seed.generate_state(4)
    )


def test_an_object_of_the_users_own_cannot_be_built_again() -> None:
    spec = scheduler(probe=print).component_spec
    assert spec.options["probe"] == {"$object": "builtins.print"}
    with pytest.raises(ExperimentError) as caught:
        rebuild(spec, problem())
    assert str(caught.value) == (
        "scheduler 'halving' of toy-kit 0.1.0 was given builtins.print, which no file can keep; "
        "build the scheduler again in Python and pass it, as in "
        "Tuner.resume(name, scheduler=...)."
    )
    ready = make_searcher("walk", problem(), seed=3, start_points=False)
    spec = scheduler(searcher=ready).component_spec
    with pytest.raises(ExperimentError, match=r"was given toy_kit\.things\.Searcher"):
        rebuild(json.loads(json.dumps(spec.to_json())), problem())


def test_a_distribution_that_is_gone_or_has_changed_is_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    spec = scheduler().component_spec.to_json()
    with pytest.raises(ExperimentError) as caught:
        rebuild({**spec, "distribution": "toy-gone"}, problem())
    assert str(caught.value) == (
        "scheduler 'halving' of toy-gone 0.1.0 is not installed any more: "
        "pip install toy-gone==0.1.0"
    )
    rebuild({**spec, "version": "0.0.9"}, problem(resource_attr="epoch", max_t=9))
    assert caplog.messages == ["scheduler 'halving' of toy-kit 0.0.9 is built by 0.1.0 now"]


def test_an_object_with_slots_has_a_spec_too() -> None:
    made = make_surrogate("flat", problem())
    spec = spec_of(made)
    assert spec is not None
    assert spec.name == "flat"
    assert spec_of(object()) is None


# ---- the other kinds ----------------------------------------------------------------------


def test_every_kind_can_be_made() -> None:
    assert make_backend("nowhere").setup.problem is None
    assert make_store("toy-kit:void").component_spec.kind == "store"
    assert spec_of(make_acquisition("even")) is not None
    assert make("display", "wide").component_spec.name == "wide"
    assert rebuild(make_store("void").component_spec).component_spec == (
        make_store("void").component_spec
    )


def test_a_ready_component_of_any_kind_is_returned() -> None:
    backend = make_backend("nowhere")
    assert make_backend(backend) is backend


def test_options_of_any_kind_are_checked() -> None:
    with pytest.raises(OptionError, match=r"^backend 'nowhere': unknown option 'path'\."):
        make_backend("nowhere", path="x")


def test_a_package_missing_while_building_is_named() -> None:
    with pytest.raises(PluginError) as caught:
        make_searcher("late", problem(), seed=0)
    assert str(caught.value) == (
        "searcher 'late' of toy-kit 0.1.0: the package 'package_that_is_not_here' is missing: "
        "pip install package-that-is-not-here"
    )


def test_a_default_backend_that_is_not_installed_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from synecore.plugins.index import default_index
    from synecore.plugins.registry import default_registry

    monkeypatch.setenv("SYNECORE_ENABLE", "toy-kit")
    default_index.cache_clear()
    default_registry.cache_clear()
    with pytest.raises(PluginError, match=r"backend 'local' of synecore-local .* is switched off"):
        make_backend("local", entry_point="x.py")
