"""Faults that the sandbox plays on purpose: what can go wrong, how often, and for which calls."""
