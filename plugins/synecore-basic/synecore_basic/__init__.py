"""The schedulers and searchers that need no model."""
