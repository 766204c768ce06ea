"""What the options of every named component must keep to."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from synecore import options
from synecore.errors import OptionError
from synecore.options import ComponentRef
from synecore.plugins.construct import spec_of
from synecore.plugins.registry import default_registry
from synecore.plugins.resolve import Resolved, resolve
from synecore.plugins.spec import ComponentSpec, objects_in


class OptionSuite:
    """Checks of the options with which a component was made by its name.

    A component that was made by hand has no name, and nothing here applies to it.
    """

    @pytest.fixture
    def component(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} needs a fixture `component`")

    def test_options_round_trip(self, component: Any) -> None:
        spec = spec_of(component)
        if spec is None or objects_in(spec.options):
            return
        read = ComponentSpec.from_json(json.loads(json.dumps(spec.to_json())))
        again = resolved(read).spec(spec.seed)
        assert again.to_json() == spec.to_json()

    def test_every_documented_option_exists(self, component: Any) -> None:
        spec = spec_of(component)
        if spec is None or objects_in(spec.options):
            return
        built = resolved(spec)
        for row in options.describe(option_class(built)):
            assert row.doc, f"option {row.name!r} has no doc line"
            assert row.name in spec.options, f"option {row.name!r} is not on record"
            for name in (row.name, *row.aliases):
                given = {key: value for key, value in spec.options.items() if key != row.name}
                given[name] = spec.options[row.name]
                renamed = resolved(attrs.evolve(spec, options=given))
                assert renamed.options == built.options

    def test_an_unknown_option_is_refused_by_name(self, component: Any) -> None:
        spec = spec_of(component)
        if spec is None:
            return
        given = {**spec.options, "no_such_option": 1}
        with pytest.raises(OptionError, match="no_such_option"):
            resolved(attrs.evolve(spec, options=given))


def resolved(spec: ComponentSpec) -> Resolved:
    """A component and its options from what is on record of it."""
    ref = ComponentRef(f"{spec.distribution}:{spec.name}", dict(spec.options))
    return resolve(default_registry(), ref, spec.kind)


def option_class(found: Resolved) -> type | None:
    return None if found.options is None else type(found.options)
