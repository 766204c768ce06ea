"""Spaces for models that also learn from earlier tasks: the task is a parameter, held fixed.

The union of all tasks' configurations is described by one space with a categorical parameter for
the task. New points are drawn for the active task only, and from a narrower space if one is given,
while data of all tasks keep one encoding. The kernel over such features belongs to the surrogate;
the task's columns come first, see `SearchSpace.feature_ranges`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from synecore.errors import SpaceError, did_you_mean
from synecore.space.categories import Categorical
from synecore.space.search_space import SearchSpace


def warm_start_space(
    config_space: Mapping[str, Any],
    task_attr: str,
    active_task: Any,
    active_config_space: Mapping[str, Any] | None = None,
) -> SearchSpace:
    """Return the space of all tasks, drawing from the active task's part of it.

    Args:
        config_space: of all tasks, with a categorical parameter `task_attr` of their names.
        task_attr: the parameter that says the task; it becomes the first column.
        active_task: the task that new configurations are for.
        active_config_space: narrower domains for new configurations; it need not have `task_attr`.

    Raises:
        SpaceError: if `task_attr` is no categorical parameter, or `active_task` none of its values.
    """
    tasks = config_space.get(task_attr)
    if not isinstance(tasks, Categorical):
        raise SpaceError(
            f"{task_attr!r} must be a choice of the names of all tasks, got {tasks!r}"
            f"{did_you_mean(task_attr, config_space)}"
        )
    if active_task not in tasks.categories:
        raise SpaceError(
            f"active task {active_task!r} is none of {', '.join(map(repr, tasks.categories))}"
            f"{did_you_mean(str(active_task), map(str, tasks.categories))}"
        )
    active = {**(active_config_space or {}), task_attr: active_task}
    return SearchSpace(config_space, active=active, first=(task_attr,))


def of_active_task(task_attr: str, active_task: Any) -> Callable[[Mapping[str, Any]], bool]:
    """Return a test for configurations of the active task, which alone count as incumbents."""
    return lambda config: bool(config[task_attr] == active_task)
