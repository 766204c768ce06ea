"""Trials as subprocesses of any executable script on this machine."""
