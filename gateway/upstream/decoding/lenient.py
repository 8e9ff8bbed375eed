"""Reading one struct leaf by leaf, where decoding it as a whole has failed.

A value of another shape than documented is taken for what it plainly is: a number or boolean where
a text is due for its digits or its word, an object or list there for its JSON, a single entry where
a list is due for a list of one, a list of one object for that object, ``{}`` for an empty list, and
``[]`` for an empty object.

An unreadable leaf takes its default; but where a struct must not be shown without it (a field
without default, or one marked `ESSENTIAL` in `readable.py`) the whole reading fails. An empty
string is absence, not garbage. Whatever is not as documented is counted as a surprise.
"""

import math
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec

from gateway.upstream.decoding.field_types import ESSENTIAL, EXACT, EXACT_BELOW
from gateway.upstream.decoding.json_text import Number, write_json

_S = TypeVar("_S", bound=msgspec.Struct)

_LARGEST_FLOAT = Decimal("1.7976931348623157e308")
_FIGURE = re.compile(r"\d{1,309}(\.\d{1,309})?([eE][+-]?\d{1,3})?", re.ASCII)

_fields = cache(msgspec.structs.fields)  # which reads all annotations anew


class UnreadableError(Exception):
    """A part is unreadable that its item must not be shown without."""


class LeafError(Exception):
    """A leaf, or a list, map or object as a whole, is not of its type."""


class Lenient:
    """A reader of one item or envelope; `surprises` counts what was not as documented."""

    def __init__(self) -> None:
        self.surprises = 0

    def struct(self, raw: object, kind: type[_S]) -> _S:
        """Build a struct from JSON that `parse_json` or `parse_exactly` has parsed.

        Raises UnreadableError where an essential part of it, at any depth, cannot be read.
        """
        if not isinstance(raw, dict):
            raise UnreadableError(f"{kind.__name__} is not an object")
        values = {}
        for field in _fields(kind):
            if field.encode_name not in raw:
                if field.required:
                    raise UnreadableError(f"{field.encode_name} is missing")
                continue
            value = raw[field.encode_name]
            try:
                values[field.name] = self.value(value, field.type)
            except LeafError:
                essential = field.required or (value != "" and _is_essential(field.type))
                if essential:
                    raise UnreadableError(f"{field.encode_name} cannot be read") from None
                self.surprises += value != ""
        return kind(**values)

    def value(self, raw: object, annotation: Any) -> Any:
        """Build what an annotation says: a struct, what holds them, or a leaf.

        Raises LeafError where it is not of its type, and UnreadableError as `struct` does.
        """
        for kind in arms(annotation):
            container, arguments = get_origin(kind), get_args(kind)
            if _is_struct(kind):
                is_none = raw is None or (raw == [] and _has_required(kind))
                return None if is_none else self.struct(self._object(raw), kind)
            if container is list and raw is not None:
                entries = self._entries(raw, arguments[0], annotation)
                if len(entries) > _most(annotation):
                    raise LeafError
                return [self._entry(entry, arguments[0]) for entry in entries]
            if container is dict and raw is not None:
                items = self._object(raw).items()
                return {key: self.value(item, arguments[1]) for key, item in items}
        return self._leaf(raw, annotation)

    def _object(self, raw: object) -> dict[str, Any]:
        if isinstance(raw, list) and len(raw) < 2:
            self.surprises += 1
            raw = raw[0] if raw else {}
        if not isinstance(raw, dict):
            raise LeafError
        return raw

    def _entries(self, raw: object, kind: Any, annotation: Any) -> list[Any]:
        if isinstance(raw, list):
            return raw
        names = _entry_names(annotation)
        if names and isinstance(raw, dict) and names[0] not in raw:
            self.surprises += 1
            return [dict(zip(names, entry, strict=True)) for entry in raw.items()]
        is_one = isinstance(raw, dict) or not (raw == "" or kind is Any or _is_struct(kind))
        if not is_one:
            raise LeafError
        self.surprises += 1
        return [] if raw == {} else [raw]

    def _entry(self, raw: object, kind: Any) -> Any:
        """Read one entry of a list; an entry that is to be an object cannot be null instead."""
        return self.struct(raw, kind) if _is_struct(kind) else self.value(raw, kind)

    def _leaf(self, raw: object, annotation: Any) -> Any:
        if _is_raw(annotation):
            return msgspec.Raw(_written(raw))
        if _is_text(annotation) and not isinstance(raw, str | NoneType):
            self.surprises += 1
            return _text(raw, annotation)
        try:
            if isinstance(raw, Number | list | dict):
                return msgspec.json.decode(_written(raw), type=annotation, strict=False)
            return msgspec.convert(raw, annotation, strict=False)
        except (msgspec.DecodeError, RecursionError):
            if _is_exact(annotation):
                return _large_figure(raw)
            raise LeafError from None


def _written(raw: object) -> bytes:
    try:
        return write_json(raw)
    except RecursionError:
        raise LeafError from None


def _text(raw: object, annotation: Any) -> str:
    """Write a number or boolean as it is, and what has parts as JSON unless it must be a text."""
    if isinstance(raw, list | dict) and (not raw or annotation is str):
        raise LeafError
    return _written(raw).decode()


def _large_figure(raw: object) -> Decimal:
    """Read a figure that a float has not every digit of; no other is read here."""
    digits = raw.digits if isinstance(raw, Number) else raw
    if not isinstance(digits, str) or not _FIGURE.fullmatch(digits):
        raise LeafError
    figure = Decimal(digits)
    if not EXACT_BELOW <= figure <= _LARGEST_FLOAT:
        raise LeafError
    return figure


@cache
def _most(annotation: Any) -> float:
    """Return how many entries a list may have."""
    lengths = [meta.max_length for meta in _metas(annotation) if meta.max_length is not None]
    return min(lengths, default=math.inf)


def arms(annotation: Any) -> Iterator[Any]:
    """Take ``Annotated[A | None, ...]`` apart into A."""
    if get_origin(annotation) is Annotated:
        yield from arms(get_args(annotation)[0])
    elif get_origin(annotation) in {Union, UnionType}:
        for arm in get_args(annotation):
            yield from arms(arm)
    elif annotation is not NoneType:
        yield annotation


def _metas(annotation: Any) -> Iterator[msgspec.Meta]:
    if get_origin(annotation) is Annotated:
        inner, *metas = get_args(annotation)
        yield from (meta for meta in metas if isinstance(meta, msgspec.Meta))
        yield from _metas(inner)
    elif get_origin(annotation) in {Union, UnionType}:
        for arm in get_args(annotation):
            yield from _metas(arm)


@cache
def _has_required(kind: Any) -> bool:
    return any(field.required for field in _fields(kind))


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


@cache
def _is_text(annotation: Any) -> bool:
    return list(arms(annotation)) == [str]


@cache
def _is_raw(annotation: Any) -> bool:
    return list(arms(annotation)) == [msgspec.Raw]


@cache
def _entry_names(annotation: Any) -> tuple[str, ...]:
    extras = [meta.extra or {} for meta in _metas(annotation)]
    return next((extra["entries"] for extra in extras if "entries" in extra), ())


@cache
def _is_exact(annotation: Any) -> bool:
    return EXACT in _metas(annotation)


def _is_essential(annotation: Any) -> bool:
    return get_origin(annotation) is Annotated and ESSENTIAL in get_args(annotation)[1:]
