"""What generated code calls: the loops over lists, and the way out to `Exact`."""

from collections.abc import Callable
from typing import Any

import msgspec

from gateway.execution.leaf_types import LONGEST_JSON_KEPT

_encode = msgspec.json.Encoder().encode

Make = Callable[..., Any]


class UnexpectedError(Exception):
    """The generated code has met something that only the exact execution can tell."""


def absent(value: object) -> None:
    """Return null for null; what is of another class than declared is left to `Exact`."""
    if value is not None:
        raise UnexpectedError


def never(_: object = None) -> Any:
    """Leave to `Exact` what is null, or of another class, where it must not be."""
    raise UnexpectedError


def views(  # noqa: PLR0913, PLR0917 - generated code has no names for them
    items: Any, make: Make, view: type, other: Make, run: Any, leaves: int
) -> list[Any]:
    """Write a list of views of so many leaves each; `other` writes what is of another class."""
    if not items:
        return check(items)
    if items.__class__ is not list:
        check(items)
    run.leaves += len(items) * leaves
    if run.leaves > run.stop:
        run.halt()
    return [make(each, run) if each.__class__ is view else other(each) for each in items]


def views_at(  # noqa: PLR0913, PLR0917 - as above
    items: Any, make: Make, view: type, other: Make, run: Any, leaves: int, path: tuple[Any, ...]
) -> list[Any]:
    """Write a list of views below which something is fetched; `path` is the list's."""
    check(items)
    run.count(len(items) * leaves)
    return [
        make(each, run, (*path, index)) if each.__class__ is view else other(each)
        for index, each in enumerate(items)
    ]


def objects(items: Any, make: Make, run: Any, leaves: int) -> Any:
    """Write a list of views, by a function of the whole list."""
    if not items:
        return check(items)
    if items.__class__ is not list:
        check(items)
    run.leaves += len(items) * leaves
    if run.leaves > run.stop:
        run.halt()
    return make(items, run)


def payloads(items: Any, make: Make, run: Any, leaves: int) -> Any:
    """Write a list of payloads, by a function of the whole list; none is an empty list."""
    return objects(items, make, run, leaves) if items else []


def values(items: Any, make: Make, run: Any, leaves: int) -> list[Any]:
    """Write a list of values of several classes, which `make` tells."""
    check(items)
    run.count(len(items) * leaves)
    return [make(each, run) for each in items]


def values_at(items: Any, make: Make, run: Any, leaves: int, path: tuple[Any, ...]) -> list[Any]:
    """Write a list of values of several classes below which something is fetched."""
    check(items)
    run.count(len(items) * leaves)
    return [make(each, run, (*path, index)) for index, each in enumerate(items)]


def kept_payloads(items: Any, kept: dict[Any, Any], run: Any, leaves: int) -> list[Any]:
    """Write a list of payloads that recur; none is an empty list."""
    if not items:
        return []
    run.leaves += len(items) * leaves
    if run.leaves > run.stop:
        run.halt()
    return [kept[each] for each in items]


def check(items: object) -> list[Any]:
    """Leave to `Exact` what is no list; what is one is taken for an empty one."""
    if items.__class__ is not list and not isinstance(items, tuple):
        raise UnexpectedError
    return []


class _Uncounted:
    """The `run` of a function whose result is kept: it has no lists, and no time of its own."""

    leaves, stop = 0, -1

    def halt(self) -> None:
        """Refuse a list: its leaves count in each response that shows it."""
        raise UnexpectedError

    @staticmethod
    def weigh(leaf: Any) -> Any:
        """Return a text or JSON as it is: the whole is encoded and measured."""
        return leaf


_UNCOUNTED = _Uncounted()


def encoded(
    make: Make, read: Callable[[Any], Any] | None, *, is_nullable: bool
) -> Callable[[Any], msgspec.Raw]:
    """Return the function from a payload, or the value that it is `read` from, to its data as JSON.

    It raises UnexpectedError for null where that is not allowed, for a list, and for JSON that is
    too long to be kept.
    """

    def encode(raw: Any) -> msgspec.Raw:
        payload = raw if read is None else read(raw)
        if payload is None and not is_nullable:
            raise UnexpectedError
        written = _encode(None if payload is None else make(payload, _UNCOUNTED))
        if len(written) > LONGEST_JSON_KEPT:
            raise UnexpectedError
        return msgspec.Raw(written)

    return encode
