"""How much is tried: all in `make verify`, and in every other run what finds most mistakes."""

from collections.abc import Iterable
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet
from hypothesis import settings

THOROUGH = "thorough"
_SHARE = 5
DEFAULT = 100
"""Examples of a property that names no number."""


def examples(number: int = DEFAULT, **options: Any) -> settings:
    """Return the settings of a property that takes `number` examples to be sure of.

    Only the thorough profile of `make verify` takes all of them, every other run a fifth.
    """
    is_thorough = settings.get_current_profile_name() == THOROUGH
    return settings(max_examples=number if is_thorough else number // _SHARE, **options)


def rarely(*values: Any) -> list[ParameterSet]:
    """Return values of a parameter that only `make verify` tries."""
    return [pytest.param(value, marks=pytest.mark.verify) for value in values]


def sampled(rows: Iterable[tuple[Any, ...]], every: int) -> list[ParameterSet]:
    """Return the rows of a table, of which `make verify` alone tries all.

    Every other run tries one of `every`, from the first one on.
    """
    return [
        pytest.param(*row, marks=[pytest.mark.verify] if number % every else [])
        for number, row in enumerate(rows)
    ]
