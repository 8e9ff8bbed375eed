"""Leaf types: coercion of values to scalars and enums, and the classes that a value can have."""

from collections.abc import Callable
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from graphql import GraphQLEnumType, GraphQLNonNull, Undefined
from msgspec import Meta, Raw, Struct
from msgspec.structs import astuple

from gateway.execution import bridge
from gateway.execution.bridge import is_iterable
from gateway.schema.declare import attributes_of, union_members

Domain = frozenset[Any] | None
"""The classes that a value can have, `INT32` for an int of 32 bits; None where that is unknown.

msgspec checks the values that it decodes, mypy our own records and normalisers. No Python type
stands for a finite float or an int of 32 bits; these two are checked when they are coerced.
"""

INT32 = "an int of 32 bits"
_LIMIT = 2**31
_SCALARS = {str, int, float, bool, NoneType, INT32}
# The classes whose values GraphQL's scalars leave as they are.
_UNCHANGED: dict[str, set[Any]] = {"String": {str}, "ID": {str}, "Boolean": {bool}, "Int": {INT32}}

# Of one memo; a string is a key up to 40 characters, a struct or a tuple up to 2,048 in all.
_MAX_ENTRIES = 2048
_MAX_STRING = 40
_MAX_CHARACTERS = 2048
MAX_JSON = 8 * 1024
_MAX_BYTES = 2 * 1024 * 1024


def nullable(kind: Any) -> Any:
    """Return a type without its non-null."""
    return kind.of_type if isinstance(kind, GraphQLNonNull) else kind


def coerce_leaf(kind: Any, value: Any) -> Any:
    """Return a value as its scalar or enum, or as a list of them; null for null.

    Raise whatever the type raises, and TypeError for null where it is not allowed.
    """
    coerced: Any
    if value.__class__ is not str and isinstance(value, Exception):
        raise value
    inner = nullable(kind)
    if value is None or value is Undefined:
        coerced = None
    elif hasattr(inner, "of_type"):
        if not is_iterable(value):
            raise TypeError("not a list")
        coerced = [coerce_leaf(inner.of_type, item) for item in value]
    else:
        coerced = inner.coerce_output_value(value)
        if coerced is None or coerced is Undefined:
            raise TypeError("a scalar has returned null")
    if coerced is None and inner is not kind:
        raise TypeError("null where it is not allowed")
    return coerced


class Memo(dict[Any, Any]):
    """The results of a pure function by its argument, bounded in number and in bytes.

    Long arguments and results are not stored. A memo that is full starts again.
    """

    def __init__(self, make: Callable[[Any], Any], max_entries: int = _MAX_ENTRIES) -> None:
        super().__init__()
        self.make, self._max_entries, self._size = make, max_entries, 0

    def __missing__(self, raw: Any) -> Any:
        made = self.make(raw)
        size = _characters(raw)
        if size > (_MAX_STRING if raw.__class__ is str else _MAX_CHARACTERS):
            return made
        if made.__class__ is Raw:  # its length depends on the client's aliases
            length = len(memoryview(made))
            if length > MAX_JSON:
                return made
            size += length
        self._size += size
        if len(self) >= self._max_entries or self._size > _MAX_BYTES:
            self.clear()
            self._size = size
        self[raw] = made
        return made


def _characters(raw: Any) -> int:
    """Return the number of characters in a value's strings, which upstream may make long."""
    if isinstance(raw, str | bytes):
        return len(raw)
    if isinstance(raw, Struct):
        raw = astuple(raw)
    return sum(map(_characters, raw)) if isinstance(raw, tuple) else 0


@cache
def memo_of(normalise: Callable[[Any], Any], kind: Any) -> Memo:
    """Return the memo of a normaliser together with a leaf type, by raw value."""
    return Memo(lambda raw: coerce_leaf(kind, normalise(raw)))


@cache
def enum_class(kind: Any) -> type[Enum] | None:
    """Return the class of an enum type whose values have their members' names; None for others."""
    members = bridge.enum_class(kind)
    if members is None or not isinstance(kind, GraphQLEnumType):
        return None
    has_names = all(kind.coerce_output_value(member) == member.name for member in members)
    return members if has_names else None


def is_unchanged(kind: Any, domain: Domain) -> bool:
    """Whether a leaf type leaves every value of a domain as it is."""
    if domain is None:
        return False
    allowed = _UNCHANGED.get(getattr(nullable(kind), "name", ""), set())
    return domain <= (allowed if isinstance(kind, GraphQLNonNull) else allowed | {NoneType})


def may_be_key(domain: Domain) -> bool:
    """Whether equal values of a domain look the same: 1, 1.0 and True, 0.0 and -0.0 do not."""
    numbers = {int, bool}
    if domain is None or not domain <= _SCALARS or float in domain:
        return False
    return len({int if each is INT32 else each for each in domain} & numbers) <= 1


def domain_of(payload: Any, attribute: str) -> Domain:
    """Return the domain of an attribute of decoded structs; `attribute` may be a path."""
    first, _, rest = attribute.partition(".")
    found: set[Any] = set()
    for struct in union_members(payload):
        if struct is NoneType:
            found.add(NoneType)
            continue
        if not _is_record(struct):
            return None
        hint = attributes_of(struct).get(first)
        inner = domain_of(hint, rest) if rest else _domain(hint, None)
        if inner is None:
            return None
        found |= inner
    return frozenset(found)


def _is_record(kind: Any) -> bool:
    """Whether a class has typed fields: a struct, or a named tuple."""
    return isinstance(kind, type) and (issubclass(kind, Struct) or hasattr(kind, "_fields"))


@cache
def returned_by(normalise: Any) -> Domain:
    """Return the domain of a function's results by its annotation, which mypy has checked."""
    if normalise is str:
        return frozenset({str})
    try:
        return _domain(get_type_hints(normalise, include_extras=True).get("return"), None)
    except (TypeError, NameError):  # a callable instance has no annotations
        return None


def _domain(annotation: Any, bounds: Meta | None) -> Domain:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        metas = [each for each in arguments[1:] if isinstance(each, Meta) and each.le is not None]
        return _domain(arguments[0], metas[0] if metas else bounds)
    if origin in {Union, UnionType}:
        parts = [_domain(part, bounds) for part in arguments]
        return None if None in parts else frozenset().union(*(part or () for part in parts))
    annotation = getattr(annotation, "__supertype__", annotation)  # ID is a new type of str
    if annotation is int and bounds is not None and _is_int32(bounds):
        return frozenset({INT32})
    is_leaf = annotation in _SCALARS or (
        isinstance(annotation, type) and issubclass(annotation, Enum)
    )
    return frozenset({annotation}) if is_leaf else None


def _is_int32(bounds: Meta) -> bool:
    low, high = bounds.ge, bounds.le
    return low is not None and high is not None and low >= -_LIMIT and high < _LIMIT
