"""What of the machine a trial has while it runs: GPUs of its own, CPU cores to itself."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from .cores import cores_of_trials
from .devices import Devices
from .options import ProcessOptions


@attrs.frozen
class Place:
    devices: tuple[str, ...] = ()  # its CUDA_VISIBLE_DEVICES; (): what all trials see
    cores: frozenset[int] | None = None  # what its processes are bound to; None: to nothing


class Places:
    """Finds a place for each trial that begins.

    Args:
        options: How much of the machine a trial needs.
        devices: The GPUs that trials may use, as entries of CUDA_VISIBLE_DEVICES.
        n_workers: How many trials there are at a time, at the most.
    """

    def __init__(self, options: ProcessOptions, devices: Sequence[str], n_workers: int) -> None:
        rotate = options.rotate_gpus and bool(devices)
        self._devices = Devices(devices, options.num_gpus_per_trial, n_workers) if rotate else None
        self._cores = cores_of_trials(options.num_cpus_per_trial, n_workers)
        self.visible = devices if devices and not rotate else None  # to all trials; None: anything
        self.threads = options.threads_per_trial
        if self.threads is None and self._cores is not None:
            self.threads = self._cores.per_trial

    def take(self) -> Place | None:
        """Return a place for a trial; None while it has to wait for devices."""
        devices = self._devices.take() if self._devices is not None else ()
        if devices is None:
            return None
        return Place(devices, self._cores.take() if self._cores is not None else None)

    def give_back(self, place: Place) -> None:
        """The trial that had this place is over."""
        if self._devices is not None:
            self._devices.give_back(place.devices)
        if self._cores is not None and place.cores is not None:
            self._cores.give_back(place.cores)
