"""Trials as subprocesses of any executable script on this machine."""

from .num_gpu import get_num_gpus

__all__ = ["get_num_gpus"]
