"""How the graph's types and fields are declared: a type is a view over one payload.

Each field is one of three, and a resolver needs nothing else:

*plain*      an attribute of the payload through a pure normaliser, which the attribute's own type
             carries (`Normalised`); `timed` passes the time of the response to it
*computed*   synchronous, from the payload and the field's arguments
*fetching*   asynchronous, through a DataLoader; it declares how many upstream calls it may cause,
             and may declare look-ahead

A declaration is kept in the Strawberry field's metadata, where the executor finds it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cache, wraps
from operator import attrgetter
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    NamedTuple,
    TypeVar,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

import strawberry

from gateway.execution.bridge import has_object_definition
from gateway.pagination.arguments import max_windows
from gateway.schema.info import Info
from gateway.schema.lookahead import DECLARATION, LooksFor
from gateway.upstream.decoding.field_types import Normalised

PAYLOAD = ""  # the attribute of a plain field that is read from the payload as a whole

_R = TypeVar("_R", bound=Callable[..., Any])
_V = TypeVar("_V", bound=type)


@dataclass(frozen=True, slots=True)
class Plain:
    """``normalise(payload.attribute)``; `attribute` may be a path, null where a part of it is null.

    With `is_timed` it is ``normalise(payload.attribute, now)``.
    """

    attribute: str
    normalise: Callable[..., Any] | None
    is_timed: bool = False


@dataclass(frozen=True, slots=True)
class Computed:
    """A method that does no I/O; `view` is what shows the payloads that it returns, if any.

    `looks_for` has the selections below the field that a field above it may look ahead to.
    """

    view: "AsView | AsViews | None" = None
    looks_for: LooksFor | None = None


class CostArguments(NamedTuple):
    """What is known of a selection before anything is fetched, for `Calls` to count with.

    `arguments` has a number as it is, a list as its length, and null or true for anything else.
    `max_calls` is the number of an operation's calls, `scan_calls` that of those for a whole list.
    """

    arguments: Mapping[str, int | None]
    max_calls: int
    scan_calls: int

    def length(self, argument: str) -> int:
        """Return the length of a list argument, 0 for null."""
        return self.arguments.get(argument) or 0


Calls = Callable[[CostArguments], int]
"""The maximum number of upstream calls, retries aside, for one result of a fetching field."""


def no_call(_: CostArguments) -> int:
    """Return 0, for a field whose calls another field counts."""
    return 0


def one_call(_: CostArguments) -> int:
    """Return 1."""
    return 1


def any_calls(known: CostArguments) -> int:
    """Return the operation's whole call budget, where the number cannot be known beforehand."""
    return known.max_calls


def calls_of_a_page(known: CostArguments) -> int:
    """Return the number of windows of a page."""
    arguments = known.arguments
    return max_windows(arguments.get("first"), arguments.get("last"), "before" in arguments)


def calls_of_a_customers_page(known: CostArguments) -> int:
    """Return the number of windows of a page, or of the whole list where that is read."""
    if known.arguments.keys().isdisjoint(_WHOLE_LIST_ARGUMENTS):
        return calls_of_a_page(known)
    return known.scan_calls


def calls_of_a_definition(_: CostArguments) -> int:
    """Return 2: a page of the list, and a look-up by id (`DefinitionByPromotionLoader`)."""
    return 2


@dataclass(frozen=True, slots=True)
class Fetching:
    """A coroutine method; `looks_ahead_to` names (type, field) pairs below it.

    `calls` counts for each result, and once for a list that neither `each_of` nor `is_each_own`
    describes. Where a field of `looks_ahead_to` is selected below, its calls count instead, unless
    the number is unknown (`any_calls`). `each_of` names the list argument that has one result for
    each of its items; with `is_each_own` there is one for each customer of the caller's token.
    `prefetched` takes the view and the arguments and returns the value where no
    network is needed, else `NOT_PREFETCHED`; it raises what the method would raise. `looks_for` has
    the selections below the field that change what it fetches. `spares` names (type, field) pairs
    that cause no call anywhere below it.
    """

    looks_ahead_to: tuple[tuple[str, str], ...]
    calls: Calls
    each_of: str | None = None
    prefetched: Callable[..., Any] | None = None
    looks_for: LooksFor | None = None
    is_each_own: bool = False
    spares: frozenset[tuple[str, str]] = frozenset()


_WHOLE_LIST_ARGUMENTS = frozenset({"search", "validity", "orderBy"})

NOT_PREFETCHED: Any = object()
"""Returned by `Fetching.prefetched` for a value that has to be fetched."""


@dataclass(frozen=True, slots=True)
class AsView:
    """A normaliser that shows a payload, or what `read` makes of it, through a view.

    Where `read` is memoizable, the result may be cached by the value that it is read from.
    """

    view: Callable[..., Any]
    read: Callable[[Any], Any] | None = None

    def __call__(self, payload: Any) -> Any:
        """Return the view of one payload; null stays null."""
        if self.read is not None:
            payload = self.read(payload)
        return None if payload is None else self.view(payload=payload)


@dataclass(frozen=True, slots=True)
class AsViews:
    """A normaliser that shows a list of payloads through a view.

    `read` makes the list of another value, `each` a payload of each item. Where either is
    memoizable, the result may be cached by the value that it is read from.
    """

    view: Callable[..., Any]
    read: Callable[[Any], Any] | None = None
    each: Callable[[Any], Any] | None = None

    def __call__(self, items: Any) -> Any:
        """Return the views of the items; null becomes an empty list."""
        if self.read is not None:
            items = self.read(items)
        each = self.each
        if each is not None:
            items = [each(item) for item in items or ()]
        return [self.view(payload=payload) for payload in items or ()]


class _PlainField(NamedTuple):
    """A plain field before `view` has looked up its attribute."""

    description: str
    attribute: str | None
    normalise: Callable[..., Any] | None
    within: str = ""
    is_timed: bool = False


def plain(
    description: str,
    attribute: str | None = None,
    normalise: Callable[[Any], Any] | None = None,
    *,
    within: str = "",
) -> Any:
    """Declare a field that is an attribute of the payload; its type is the class annotation.

    `attribute` defaults to the field's name; `PAYLOAD` is the payload itself. `within` is the
    attribute of the payload that has it, where the payload itself does not. `normalise` defaults to
    the normaliser that the attribute's type carries (`Normalised`).
    """
    return _PlainField(description, attribute, normalise, within)


def timed(description: str, judge: Callable[[Any, datetime], Any], attribute: str = PAYLOAD) -> Any:
    """Declare a field that `judge` computes from an attribute and the time of the response."""
    return _PlainField(description, attribute, judge, is_timed=True)


@dataclass_transform(kw_only_default=True, field_specifiers=(strawberry.field,))
def view(*, description: str | None = None) -> Callable[[_V], _V]:
    """Declare a Strawberry type as a view over its `payload`: one struct, or a union of them.

    Raise TypeError for a plain field whose attribute a struct of the payload does not have, of
    which two structs carry different normalisers, or which lacks the one for an enum.
    """

    def declare(cls: _V) -> _V:
        payload = get_args(cls.__annotations__["payload"])[0]
        for name, declared in list(vars(cls).items()):
            if isinstance(declared, _PlainField):
                setattr(cls, name, _plain_field(declared, name, payload, cls.__annotations__[name]))
        return strawberry.type(cls, description=description)

    return declare


def _plain_field(declared: _PlainField, name: str, payload: Any, kind: Any) -> Any:
    path = name if declared.attribute is None else declared.attribute
    if declared.within:
        path = f"{declared.within}.{path}"
    types = attribute_types(payload, path) if path != PAYLOAD else []
    normalise = declared.normalise or _normaliser(types, kind, path)
    return strawberry.field(
        resolver=_resolver(reader(path), normalise, is_timed=declared.is_timed),
        description=declared.description,
        metadata={DECLARATION: Plain(path, normalise, declared.is_timed)},
    )


def _resolver(read: Callable[[Any], Any], normalise: Any, *, is_timed: bool) -> Callable[..., Any]:
    """Return the function of a plain field; Strawberry takes its type from the class."""

    def resolve(root):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - see above
        return read(root.payload)

    def resolve_normalised(root):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - see above
        return normalise(read(root.payload))

    def resolve_timed(root, info: Info):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - see above
        return normalise(read(root.payload), info.context.now)

    if is_timed:
        return resolve_timed
    return resolve if normalise is None else resolve_normalised


def attribute_types(payload: Any, path: str) -> list[Any]:
    """Return the annotation of an attribute in each struct of a payload; `path` may have two parts.

    Raise TypeError where a struct lacks it. Nothing is known of a payload of type `Any`.
    """
    first, _, rest = path.partition(".")
    found: list[Any] = []
    for struct in union_members(payload):
        if struct is Any or struct is NoneType:
            continue
        hints = attributes_of(struct)
        if first not in hints:
            raise TypeError(f"{struct.__name__} has no attribute {first}")
        found += attribute_types(hints[first], rest) if rest else [hints[first]]
    return found


@cache
def attributes_of(struct: type) -> dict[str, Any]:
    """Return the annotations of a struct's attributes and properties, by name."""
    hints = get_type_hints(struct, include_extras=True)
    for name, member in vars(struct).items():
        if isinstance(member, property):
            hints[name] = get_type_hints(member.fget, include_extras=True).get("return")
    return hints


def union_members(annotation: Any) -> Iterator[Any]:
    """Yield the types of a union, or the only type, without their annotations."""
    if get_origin(annotation) is Annotated:
        yield from union_members(get_args(annotation)[0])
    elif get_origin(annotation) in {Union, UnionType}:
        for member in get_args(annotation):
            yield from union_members(member)
    else:
        yield annotation


def _normaliser(types: list[Any], kind: Any, path: str) -> Callable[..., Any] | None:
    """Return the normaliser of a plain field of type `kind`, by its attribute's types."""
    marks = {_mark(each) for each in types} or {Normalised()}
    if len(marks) > 1:
        raise TypeError(f"{path} has several normalisers")
    (mark,) = marks
    inner = next(each for each in union_members(kind) if each is not NoneType)
    if isinstance(inner, type) and issubclass(inner, Enum):
        if mark.member is None and any(
            {*union_members(each)} - {inner, NoneType} for each in types
        ):
            raise TypeError(f"{path} has no normaliser for {inner.__name__}")
        return mark.member
    if isinstance(inner, type) and has_object_definition(inner):
        return AsView(inner, mark.read)
    if get_origin(inner) is list and has_object_definition(get_args(inner)[0]):
        return AsViews(get_args(inner)[0], mark.read)
    return mark.read


def _mark(annotation: Any) -> Normalised:
    marks = getattr(annotation, "__metadata__", ())
    return next((mark for mark in marks if isinstance(mark, Normalised)), Normalised())


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


def computed(
    description: str,
    view: "AsView | AsViews | None" = None,
    *,
    looks_for: LooksFor | None = None,
) -> Callable[[_R], _R]:
    """Declare a field that is computed from the payload and its arguments.

    With `view` the method returns payloads, and the field's type in the graph is that view; it is
    nullable where the view's `read` may return None.
    """

    def declare(method: _R) -> _R:
        resolver: Callable[..., Any] = method
        kind: Any = None
        if view is not None:
            resolver = wraps(method)(lambda *args, **kwargs: view(method(*args, **kwargs)))
            kind = list[view.view] if isinstance(view, AsViews) else view.view  # type: ignore[name-defined]
            if isinstance(view, AsView) and view.read is not None:
                read = get_type_hints(view.read).get("return")
                kind = kind | None if NoneType in {*union_members(read)} else kind
        field: Any = strawberry.field(
            resolver=resolver,
            description=description,
            metadata={DECLARATION: Computed(view, looks_for)},
            graphql_type=kind,
        )
        return field  # type: ignore[no-any-return]  # to a type checker a field is its method

    return declare


def fetching(
    description: str,
    *looks_ahead_to: tuple[str, str],
    calls: Calls,
    each_of: str | None = None,
    prefetched: Callable[..., Any] | None = None,
    looks_for: LooksFor | None = None,
    is_each_own: bool = False,
    spares: frozenset[tuple[str, str]] = frozenset(),
    name: str | None = None,
) -> Callable[[_R], _R]:
    """Declare a field that needs a DataLoader (`Fetching`); `name` replaces that of its method."""
    declared = Fetching(looks_ahead_to, calls, each_of, prefetched, looks_for, is_each_own, spares)

    def declare(method: _R) -> _R:
        field: Any = strawberry.field(
            resolver=method, name=name, description=description, metadata={DECLARATION: declared}
        )
        return field  # type: ignore[no-any-return]  # as above

    return declare
