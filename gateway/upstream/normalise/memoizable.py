"""Normalisers whose results may be cached, because their few arguments recur."""

from collections.abc import Callable
from typing import Any, TypeVar

_N = TypeVar("_N", bound=Callable[..., Any])
_MEMOIZABLE: set[Any] = set()


def memoizable(normalise: _N) -> _N:
    """Mark a pure normaliser of hashable values that recur, such as words and days."""
    _MEMOIZABLE.add(normalise)
    return normalise


def is_memoizable(normalise: object) -> bool:
    """Whether a normaliser is marked."""
    return normalise in _MEMOIZABLE
