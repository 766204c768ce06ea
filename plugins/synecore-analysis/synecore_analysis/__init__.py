"""Experiments as data frames, tables, plots and a live display."""
