"""Where the journal of an experiment is kept: JSON lines or SQLite."""
