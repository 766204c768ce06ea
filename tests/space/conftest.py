"""Hypothesis without a clock and with the same examples in every run."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("space", deadline=None, derandomize=True, max_examples=150)
settings.load_profile("space")
