"""The three ways in which a field is declared, and nothing else is needed of a resolver.

*plain*      an attribute of the view's payload, through a pure normaliser; `timed` gives that the
             time of the answer
*computed*   synchronous, from the payload and the field's arguments
*fetching*   asynchronous, through a loader; it declares how many upstream calls it can cause, and
             may declare which fields below it looks ahead to, and which it looks for

A declaration is kept in the Strawberry field's metadata, where an executor finds it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

import strawberry

from gateway.pagination.arguments import max_windows
from gateway.schema.info import Info
from gateway.schema.lookahead import DECLARATION, LooksFor

PAYLOAD = ""  # a plain field of the payload as a whole

_R = TypeVar("_R", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Plain:
    """``normalise(payload.attribute)``; `attribute` may be a path, null where a part of it is.

    With `is_timed` it is ``normalise(payload.attribute, now)``.
    """

    attribute: str
    normalise: Callable[..., Any] | None
    is_timed: bool = False


@dataclass(frozen=True, slots=True)
class Computed:
    """A method that does no I/O; what it gives is shown through views, where it says so."""

    shows: "AsView | AsViews | None" = None


class CostArguments(NamedTuple):
    """What is known of a selection before anything is fetched; for `Calls` to count with.

    `arguments` has a number as it is, of a list its length, and null or true for all else;
    `source_types` is in how many a definition is looked for, `most_calls` what one operation may
    make.
    """

    arguments: Mapping[str, int | None]
    source_types: int
    most_calls: int

    def length(self, argument: str) -> int:
        """Return a list's length; a null is none."""
        return self.arguments.get(argument) or 0


Calls = Callable[[CostArguments], int]
"""How many upstream calls one result of a fetching field can cause, retries aside: at the most."""


def no_call(_: CostArguments) -> int:
    """Count none, because another field counts them."""
    return 0


def one_call(_: CostArguments) -> int:
    """Count one."""
    return 1


def any_calls(asked: CostArguments) -> int:
    """Count all that an operation may make, where nobody knows how many it takes."""
    return asked.most_calls


def calls_of_a_page(asked: CostArguments) -> int:
    """Count a page's windows."""
    arguments = asked.arguments
    return max_windows(arguments.get("first"), arguments.get("last"), "before" in arguments)


def calls_of_a_definition(asked: CostArguments) -> int:
    """Count two in each source type: a page of the list, and what is not on it by its id."""
    return 2 * (1 if asked.arguments.get("sourceType") else asked.source_types)


@dataclass(frozen=True, slots=True)
class Fetching:
    """A coroutine method; `looks_ahead_to` names (type, field) pairs below it.

    `calls` counts for each result. Where a field that it looks ahead to is selected below, that one
    counts instead, unless nobody knows how many calls this takes. `each_of` names the list argument
    that has one result for each of its items. `at_hand` takes the view and the arguments, and gives
    the value where it needs no network after all, else `NOT_PREFETCHED`; it raises what the method
    would. `looks_for` is what the field itself fetches differently for.
    """

    looks_ahead_to: tuple[tuple[str, str], ...]
    calls: Calls
    each_of: str | None = None
    at_hand: Callable[..., Any] | None = None
    looks_for: LooksFor | None = None


NOT_PREFETCHED: Any = object()
"""Says of a fetching field that its value has to be fetched."""


@dataclass(frozen=True, slots=True)
class AsView:
    """A normaliser that shows a payload, or what is read from it, through a view.

    Where `read` is recurring, what is shown may be kept by what it is read from.
    """

    view: Callable[..., Any]
    read: Callable[[Any], Any] | None = None

    def __call__(self, payload: Any) -> Any:
        """Show one payload; null stays null."""
        if self.read is not None:
            payload = self.read(payload)
        return None if payload is None else self.view(payload=payload)


@dataclass(frozen=True, slots=True)
class AsViews:
    """A normaliser that shows a list of payloads, or what is read from it, through a view.

    `read` reads the list as a whole, `each` one item of it. Where either is recurring, what is
    shown may be kept by what it is read from.
    """

    view: Callable[..., Any]
    read: Callable[[Any], Any] | None = None
    each: Callable[[Any], Any] | None = None

    def __call__(self, items: Any) -> Any:
        """Show each item; null becomes an empty list."""
        if self.read is not None:
            items = self.read(items)
        each = self.each
        if each is not None:
            items = [each(item) for item in items or ()]
        return [self.view(payload=payload) for payload in items or ()]


def plain(attribute: str, description: str, normalise: Callable[[Any], Any] | None = None) -> Any:
    """Declare a field that is an attribute of the payload; its type is the class annotation.

    `attribute` is its name, or a path such as ``rules.is_stackable``, or `PAYLOAD`.
    """
    read = reader(attribute)
    if normalise is None:

        def resolve(root):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - Strawberry takes the type from the class
            return read(root.payload)
    else:

        def resolve(root):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - as above
            return normalise(read(root.payload))

    return strawberry.field(
        resolver=resolve,
        description=description,
        metadata={DECLARATION: Plain(attribute, normalise)},
    )


def timed(attribute: str, description: str, judge: Callable[[Any, datetime], Any]) -> Any:
    """Declare a field that is an attribute of the payload as `judge` sees it at the answer's time.

    As with `plain`, the field's type is the class annotation, and `attribute` may be `PAYLOAD`.
    """
    read = reader(attribute)

    def resolve(root, info: Info):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - as above
        return judge(read(root.payload), info.context.now)

    return strawberry.field(
        resolver=resolve,
        description=description,
        metadata={DECLARATION: Plain(attribute, judge, is_timed=True)},
    )


def reader(attribute: str) -> Callable[[Any], Any]:
    """Return the function that reads an attribute of a payload."""
    first, _, rest = attribute.partition(".")
    if attribute == PAYLOAD:
        return lambda payload: payload
    if not rest:
        return attrgetter(first)

    def read(payload: Any) -> Any:
        part = getattr(payload, first)
        return None if part is None else getattr(part, rest)

    return read


def computed(description: str, shows: "AsView | AsViews | None" = None) -> Callable[[_R], _R]:
    """Declare a field that is computed from the payload and its arguments.

    With `shows` the method gives payloads, and the graph's type is that view.
    """

    def declare(method: _R) -> _R:
        resolver: Callable[..., Any] = method
        kind: Any = None
        if shows is not None:
            resolver = wraps(method)(lambda *args, **kwargs: shows(method(*args, **kwargs)))
            kind = list[shows.view] if isinstance(shows, AsViews) else shows.view  # type: ignore[name-defined]
        field: Any = strawberry.field(
            resolver=resolver,
            description=description,
            metadata={DECLARATION: Computed(shows)},
            graphql_type=kind,
        )
        return field  # type: ignore[no-any-return]  # to a type checker a field is its method

    return declare


def fetching(
    description: str,
    *looks_ahead_to: tuple[str, str],
    calls: Calls,
    each_of: str | None = None,
    at_hand: Callable[..., Any] | None = None,
    looks_for: LooksFor | None = None,
) -> Callable[[_R], _R]:
    """Declare a field that needs a loader, and how many calls that can cause (`Fetching`)."""

    def declare(method: _R) -> _R:
        field: Any = strawberry.field(
            resolver=method,
            description=description,
            metadata={DECLARATION: Fetching(looks_ahead_to, calls, each_of, at_hand, looks_for)},
        )
        return field  # type: ignore[no-any-return]  # as above

    return declare
