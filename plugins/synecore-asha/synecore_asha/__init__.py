"""Asynchronous successive halving: rungs, brackets, stopping and promotion."""
