"""Faults that the sandbox injects: what goes wrong, how often, and for which calls."""
