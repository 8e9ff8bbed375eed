"""Ids as the graph gives them: text, and null where the wire says -1 for nobody."""

from collections.abc import Callable

parse_id: Callable[[int | str], str] = str
"""Write an id as text."""


def parse_optional_id(raw: int | str | None) -> str | None:
    """Write an id as text; null for -1 (docs/platform.md#no-user), for "" and for none."""
    return None if raw in {None, -1, "-1", ""} else str(raw)


def parse_ids(raw: list[int | str] | None) -> list[str]:
    """Write a list of ids as texts; none is an empty list."""
    return [str(key) for key in raw or ()]
