"""Ids as the graph shows them: as text, and -1 for nobody as null."""

from collections.abc import Callable

parse_id: Callable[[int | str], str] = str
"""Return an id as text."""


def parse_optional_id(raw: int | str | None) -> str | None:
    """Return an id as text; None for -1 (docs/platform.md#no-user), "" and None."""
    return None if raw in {None, -1, "-1", ""} else str(raw)


def parse_ids(raw: list[int | str] | None) -> list[str]:
    """Return a list of ids as texts; an absent list is empty."""
    return [str(key) for key in raw or ()]
