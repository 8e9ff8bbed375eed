"""Leaves: how a value becomes one of its scalar or enum, and what is known of it beforehand."""

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
"""The classes that a value can have, `INT32` for an int of 32 bits; None: nobody can tell.

msgspec has checked what it has decoded, and mypy the records and the pure functions of `wire`. No
type of Python tells a finite float or an int of 32 bits; these two are checked as they are written.
"""

INT32 = "an int of 32 bits"
_LIMIT = 2**31
_SCALARS = {str, int, float, bool, NoneType, INT32}
# What the scalars of GraphQL write as it is.
_AS_IT_IS: dict[str, set[Any]] = {"String": {str}, "ID": {str}, "Boolean": {bool}, "Int": {INT32}}

_MOST_KEPT = 2048
_LONGEST_KEPT = 40
_MOST_CHARACTERS_KEPT = 2048
LONGEST_JSON_KEPT = 8 * 1024
_MOST_BYTES_KEPT = 2 * 1024 * 1024


def nullable(kind: Any) -> Any:
    """Return a type without its non-null."""
    return kind.of_type if isinstance(kind, GraphQLNonNull) else kind


def coerce_leaf(kind: Any, value: Any) -> Any:
    """Write a value as its scalar or enum, or a list of them; null where it is null.

    Raises whatever the type raises, and TypeError for null where it must not be.
    """
    if value.__class__ is not str and isinstance(value, Exception):
        raise value
    inner = nullable(kind)
    if value is None or value is Undefined:
        written = None
    elif hasattr(inner, "of_type"):
        if not is_iterable(value):
            raise TypeError("not a list")
        written = [coerce_leaf(inner.of_type, item) for item in value]
    else:
        written = inner.coerce_output_value(value)
        if written is None or written is Undefined:
            raise TypeError("a scalar has written null")
    if written is None and inner is not kind:
        raise TypeError("null where it must not be")
    return written


@cache
def coercion(kind: Any) -> Callable[[Any], Any]:
    """Return `coerce_leaf` for one type."""
    return lambda value: coerce_leaf(kind, value)


class Memo(dict[Any, Any]):
    """What a pure function gives for each raw value: the last few, none of them long.

    They are bounded in number, and with the values in bytes.
    """

    def __init__(self, make: Callable[[Any], Any], most: int = _MOST_KEPT) -> None:
        super().__init__()
        self.make, self._most, self._size = make, most, 0

    def __missing__(self, raw: Any) -> Any:
        made = self.make(raw)
        longest = _LONGEST_KEPT if raw.__class__ is str else _MOST_CHARACTERS_KEPT
        size = _characters(raw)
        if size > longest:
            return made
        if made.__class__ is Raw:  # as long as the client's names for what is in it
            length = len(memoryview(made))
            if length > LONGEST_JSON_KEPT:
                return made
            size += length
        self._size += size
        if len(self) >= self._most or self._size > _MOST_BYTES_KEPT:
            self.clear()
            self._size = size
        self[raw] = made
        return made


def _characters(raw: Any) -> int:
    """Count what a value holds in texts: words of megabytes, which a lie may have, are not kept."""
    if isinstance(raw, str | bytes):
        return len(raw)
    if isinstance(raw, Struct):
        raw = astuple(raw)
    return sum(map(_characters, raw)) if isinstance(raw, tuple) else 0


@cache
def kept(normalise: Callable[[Any], Any], kind: Any) -> Memo:
    """Return what a normaliser and a leaf type together make of raw values."""
    return Memo(lambda raw: coerce_leaf(kind, normalise(raw)))


@cache
def enum_class(kind: Any) -> type[Enum] | None:
    """Return the class whose members an enum type writes by their own names; None for any other."""
    members = bridge.enum_class(kind)
    if members is None or not isinstance(kind, GraphQLEnumType):
        return None
    written = [kind.coerce_output_value(member) == member.name for member in members]
    return members if all(written) else None


def is_written_as_it_is(kind: Any, domain: Domain) -> bool:
    """Return whether every value of a domain is already what the leaf type writes."""
    if domain is None:
        return False
    allowed = _AS_IT_IS.get(getattr(nullable(kind), "name", ""), set())
    return domain <= (allowed if isinstance(kind, GraphQLNonNull) else allowed | {NoneType})


def may_be_key(domain: Domain) -> bool:
    """Whether equal values of a domain are the same: 1, 1.0 and True, 0.0 and -0.0 are not."""
    numbers = {int, bool}
    if domain is None or not domain <= _SCALARS or float in domain:
        return False
    return len({int if each is INT32 else each for each in domain} & numbers) <= 1


def domain_of(payload: Any, attribute: str) -> Domain:
    """Find what msgspec lets an attribute of decoded structs be; `attribute` may be a path."""
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
    """Return whether a class has typed fields, checked by msgspec or, where we make them, mypy."""
    return isinstance(kind, type) and (issubclass(kind, Struct) or hasattr(kind, "_fields"))


@cache
def returned_by(normalise: Any) -> Domain:
    """Find what a normaliser of ours says that it gives; mypy has checked that it does."""
    if normalise is str:
        return frozenset({str})
    try:
        return _domain(get_type_hints(normalise, include_extras=True).get("return"), None)
    except (TypeError, NameError):  # an instance that is called has no hints of its own
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
