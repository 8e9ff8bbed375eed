"""Comparison of the outcomes of two executions."""

from collections import Counter
from typing import Any

import msgspec

from gateway.execution.outcome import Outcome

_Errors = dict[tuple[Any, ...], Counter[tuple[Any, ...]]]


def difference(one: Outcome, other: Outcome) -> str | None:
    """Return a description of how two outcomes differ; None where they are the same.

    Data is compared byte for byte, errors as a multiset of path, code and message. Below a path
    that null propagation has removed, each must have an error, but not the same one.
    """
    # The odd schema returns objects that cannot be encoded as JSON; both executors have the same.
    first, second = (msgspec.json.encode(each.data, enc_hook=repr) for each in (one, other))
    if first != second:
        return f"data\n  {first[:2000]!r}\n  {second[:2000]!r}\n  {one.errors}\n  {other.errors}"
    return difference_of_errors(one, other)


def difference_of_errors(one: Outcome, other: Outcome) -> str | None:
    """Return a description of how the errors of two outcomes with the same data differ."""
    errors, others = _by_place(one), _by_place(other)
    if errors.keys() != others.keys():
        return f"errors at\n  {sorted(errors, key=str)}\n  {sorted(others, key=str)}"
    for place, found in errors.items():
        is_removed = any(path != place for path, *_ in [*found, *others[place]])
        if not is_removed and found != others[place]:
            return f"errors\n  {found}\n  {others[place]}"
    return None


def removed(outcome: Outcome) -> int:
    """Return the number of errors that have made more null than their own field."""
    return sum(
        count
        for place, found in _by_place(outcome).items()
        for (path, *_), count in found.items()
        if path != place
    )


def _by_place(outcome: Outcome) -> _Errors:
    """Return errors by the path that is null because of them."""
    places: _Errors = {}
    data = msgspec.json.decode(msgspec.json.encode(outcome.data, enc_hook=repr))
    for error in outcome.errors:
        path = tuple(error.get("path") or ())
        found = (path, error["extensions"]["code"], error["message"])
        places.setdefault(_null_on(data, path), Counter())[found] += 1
    return places


def _null_on(data: Any, path: tuple[Any, ...]) -> tuple[Any, ...]:
    for length, step in enumerate(path):
        if data is None:
            return path[:length]
        data = data[step]
    return path
