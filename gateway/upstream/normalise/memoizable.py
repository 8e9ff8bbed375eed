"""Normalisers whose values come again and again: their results may be kept."""

from collections.abc import Callable
from typing import Any, TypeVar

_N = TypeVar("_N", bound=Callable[..., Any])
_RECURRING: set[Any] = set()


def memoizable(normalise: _N) -> _N:
    """Mark a pure normaliser of text, numbers or null whose few values recur: words, days."""
    _RECURRING.add(normalise)
    return normalise


def is_memoizable(normalise: object) -> bool:
    """Return whether a normaliser has been marked."""
    return normalise in _RECURRING
