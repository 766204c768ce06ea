"""Trials forked from a process that has made their imports."""
