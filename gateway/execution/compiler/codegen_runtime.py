"""What generated code calls: loops over lists, and the ways out for unexpected values.

In the lists' functions `leaves` is the number of leaves that each item has at least.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from gateway.execution.leaf_types import MAX_JSON

Make = Callable[..., Any]

_encode = msgspec.json.Encoder().encode


class UnexpectedError(Exception):
    """Raised by generated code at a value that only the interpreter can complete."""


def expect_null(value: object) -> None:
    """Return null for null; raise UnexpectedError for a value of another class than declared."""
    if value is not None:
        raise UnexpectedError


def unexpected(_: object = None) -> Any:
    """Raise UnexpectedError: the value is null or of another class where that is not allowed."""
    raise UnexpectedError


def complete_views(  # noqa: PLR0913, PLR0917 - generated code calls it without names
    items: Any, make: Make, view: type, other: Make, run: Any, leaves: int
) -> list[Any]:
    """Return the data of a list of views; `other` completes values of other classes."""
    if not items:
        return check_list(items)
    if items.__class__ is not list:
        check_list(items)
    run.leaves += len(items) * leaves
    if run.leaves > run.next_check:
        run.check_progress()
    return [make(each, run) if each.__class__ is view else other(each) for each in items]


def complete_views_with_path(  # noqa: PLR0913, PLR0917 - as above
    items: Any, make: Make, view: type, other: Make, run: Any, leaves: int, path: tuple[Any, ...]
) -> list[Any]:
    """Return the data of a list of views that have fields to fetch; `path` is the list's."""
    if items.__class__ is not list:
        check_list(items)
    run.leaves += len(items) * leaves
    if run.leaves > run.next_check:
        run.check_progress()
    return [
        make(each, run, (*path, index)) if each.__class__ is view else other(each)
        for index, each in enumerate(items)
    ]


def complete_list(items: Any, make: Make, run: Any, leaves: int) -> Any:
    """Return the data of a list by a function of the list."""
    if not items:
        return check_list(items)
    if items.__class__ is not list:
        check_list(items)
    run.leaves += len(items) * leaves
    if run.leaves > run.next_check:
        run.check_progress()
    return make(items, run)


def complete_payloads(items: Any, make: Make, run: Any, leaves: int) -> Any:
    """Return the data of a list of payloads by a function of the list; of null an empty list."""
    return complete_list(items, make, run, leaves) if items else []


def complete_any(items: Any, make: Make, run: Any, leaves: int) -> list[Any]:
    """Return the data of a list of values of several classes, which `make` tells apart."""
    check_list(items)
    run.count_leaves(len(items) * leaves)
    return [make(each, run) for each in items]


def complete_any_with_path(
    items: Any, make: Make, run: Any, leaves: int, path: tuple[Any, ...]
) -> list[Any]:
    """Return the data of a list of values of several classes that have fields to fetch."""
    check_list(items)
    run.count_leaves(len(items) * leaves)
    return [make(each, run, (*path, index)) for index, each in enumerate(items)]


def memoized_payloads(items: Any, memo: dict[Any, Any], run: Any, leaves: int) -> list[Any]:
    """Return the data of a list of payloads from their memo; of null an empty list."""
    if not items:
        return []
    run.leaves += len(items) * leaves
    if run.leaves > run.next_check:
        run.check_progress()
    return [memo[each] for each in items]


def check_list(items: object) -> list[Any]:
    """Return an empty list; raise UnexpectedError for a value that is not a list or a tuple."""
    if items.__class__ is not list and not isinstance(items, tuple):
        raise UnexpectedError
    return []


class _NoRun:
    """The execution of a function whose result is memoized: it must not depend on any."""

    leaves, next_check = 0, -1

    def check_progress(self) -> None:
        """Refuse a list: its leaves count in each response that shows it."""
        raise UnexpectedError

    @staticmethod
    def encode_leaf(leaf: Any) -> Any:
        """Return a leaf as it is: the object around it is encoded and measured."""
        return leaf


_NO_RUN = _NoRun()


def encoded(
    make: Make, read: Callable[[Any], Any] | None, *, is_nullable: bool
) -> Callable[[Any], msgspec.Raw]:
    """Return the function from a payload, or from the value that it is `read` from, to its JSON.

    It raises UnexpectedError for null where that is not allowed, for a list in the payload, and for
    JSON that is too long for a memo.
    """

    def encode(raw: Any) -> msgspec.Raw:
        payload = raw if read is None else read(raw)
        if payload is None and not is_nullable:
            raise UnexpectedError
        json = _encode(None if payload is None else make(payload, _NO_RUN))
        if len(json) > MAX_JSON:
            raise UnexpectedError
        return msgspec.Raw(json)

    return encode
