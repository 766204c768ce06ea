"""Functions called in the tuner's own process."""
