"""The GPUs of trials: which there are, and who has them."""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Collection, Sequence

from synecore.errors import OptionError

from .environment import VISIBLE_DEVICES
from .num_gpu import get_num_gpus
from .options import ProcessOptions

logger = logging.getLogger(__name__)


class Devices:
    """Hands out GPUs: of the free ones those that were handed out least often, then the first.

    Args:
        names: Entries of CUDA_VISIBLE_DEVICES, all different.
        per_trial: How many a trial gets; at most as many as there are.
        n_workers: How many trials there may be at a time; a warning says if some will wait.
    """

    def __init__(self, names: Sequence[str], per_trial: int, n_workers: int) -> None:
        if len(names) < per_trial * n_workers:
            logger.warning(
                "%d workers with %d GPU(s) a trial need %d, and trials may use %d: some will wait "
                "for others to end. With rotate_gpus=False all trials share the GPUs",
                n_workers, per_trial, per_trial * n_workers, len(names),
            )  # fmt: skip
        self._per_trial = per_trial
        self._assigned = dict.fromkeys(names, 0)  # how often so far
        self._free = set(names)

    def take(self) -> tuple[str, ...] | None:
        """Return the devices of a trial that begins; None while too few are free."""
        if len(self._free) < self._per_trial:
            return None
        free = (name for name in self._assigned if name in self._free)
        taken = set(sorted(free, key=self._assigned.__getitem__)[: self._per_trial])
        self._free -= taken
        for name in taken:
            self._assigned[name] += 1
        return tuple(name for name in self._assigned if name in taken)

    def give_back(self, devices: Collection[str]) -> None:
        """The trial that had these devices is over."""
        self._free.update(devices)


def devices_of_trials(options: ProcessOptions) -> tuple[str, ...]:
    """Return the devices that trials may use, as entries of CUDA_VISIBLE_DEVICES.

    None where the machine has none, and where nothing needs to be known of them. If the tuner
    itself sees only some devices, `gpus_to_use` counts among those.

    Raises:
        OptionError: `gpus_to_use` or `num_gpus_per_trial` asks for more than there are.
    """
    if not options.rotate_gpus and options.gpus_to_use is None:
        return ()
    names = _visible(options.num_gpus)
    chosen = range(len(names)) if options.gpus_to_use is None else options.gpus_to_use
    highest = max(chosen, default=-1)
    if highest >= len(names):
        raise OptionError(
            f"gpus_to_use names GPU {highest}, counted from 0, but {_there_are(names, options)}"
        )
    # The default of one a trial does for machines without GPUs, too.
    if options.rotate_gpus and options.num_gpus_per_trial > max(len(chosen), 1):
        raise OptionError(
            f"num_gpus_per_trial is {options.num_gpus_per_trial}, more than trials may use: "
            + (
                _there_are(names, options)
                if options.gpus_to_use is None
                else f"gpus_to_use is {list(options.gpus_to_use)}"
            )
        )
    return tuple(names[index] for index in chosen)


def _visible(number: int | None) -> list[str]:
    """Return what this process sees of `number` devices: indices, or the ids it was given.

    Nobody is asked for the number where it does not matter.
    """
    value = os.environ.get(VISIBLE_DEVICES)
    if value is not None and not value.strip():
        return []
    if number is None:
        number = get_num_gpus()
    if number == 0 or value is None:
        return [str(index) for index in range(number)]
    # As CUDA reads it: from the first entry on that is no device, nothing is visible.
    entries = (entry.strip() for entry in value.split(","))
    seen = itertools.takewhile(lambda entry: _may_be_device(entry, number), entries)
    return list(dict.fromkeys(seen))


def _may_be_device(entry: str, number: int) -> bool:
    try:
        return 0 <= int(entry) < number
    except ValueError:
        return entry.startswith(("GPU-", "MIG-"))


def _there_are(names: Sequence[str], options: ProcessOptions) -> str:
    given = os.environ.get(VISIBLE_DEVICES)
    if given is not None and (names or not given.strip()):
        return f"{VISIBLE_DEVICES} is {given!r} for the tuner"
    if options.num_gpus is not None:
        return f"num_gpus is {options.num_gpus}"
    return f"nvidia-smi lists {len(names)}; if that is wrong, state the number by num_gpus"
