"""What to install when a component's import finds a package missing."""

from __future__ import annotations

import re

from synecore.plugins import known
from synecore.plugins.index import Entry, normalized, requirements

# Where a package is imported by another name than it is installed by.
_INSTALLED_AS = {
    "PIL": "pillow",
    "dateutil": "python-dateutil",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*)[^;]*(;.*extra\s*==\s*['\"](?P<extra>[^'\"]+))?"
)


def missing_package(error: BaseException, entry: Entry) -> str | None:
    """Return what to install, None if the error is of another sort.

    A module that is missing from the plugin itself is the plugin's fault, not the installation's.
    """
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    package = error.name.partition(".")[0]
    if package == entry.module.partition(".")[0]:
        return None
    return f"the package {package!r} is missing: {_command(package, entry)}"


def _command(package: str, entry: Entry) -> str:
    wanted = normalized(_INSTALLED_AS.get(package, package))
    for requirement in requirements(entry.distribution):
        match = _REQUIREMENT.match(requirement)
        if match is not None and normalized(match["name"]) == wanted:
            if match["extra"]:
                return f'pip install "{entry.distribution}[{match["extra"]}]"'
            return f"pip install {wanted}"
    if package.startswith("synecore_"):
        return f"it {known.brought_by(normalized(package))}"
    return f"{entry.distribution} does not say what brings it; try pip install {wanted}"
