"""Conformance suites: one pytest class a kind of component."""
