"""Decodes a struct leaf by leaf, where decoding it at once has failed.

A value of another type than documented is converted where that is unambiguous:

- to a text: a number or boolean by its digits or word, an object or list as JSON;
- to a list: a single entry to a list of one, and ``{}`` to an empty list;
- to an object: a list of one object to that object, and ``[]`` to an empty one.

An unreadable leaf gets its default, unless it is required or `ESSENTIAL` (`field_types.py`): then
the whole struct is unreadable. An empty string means that the value is absent; every other value
that is not as documented is counted in `Lenient.drift`.
"""

import math
import re
from decimal import Decimal
from functools import cache
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from gateway.upstream.decoding.annotations import (
    is_essential,
    is_struct,
    metas,
    struct_fields,
    union_members,
)
from gateway.upstream.decoding.drift import DriftKind, PayloadDrift
from gateway.upstream.decoding.field_types import EXACT, EXACT_BELOW
from gateway.upstream.decoding.json_text import Number, write_json

_S = TypeVar("_S", bound=msgspec.Struct)

_MAX_FLOAT = Decimal("1.7976931348623157e308")
_FIGURE = re.compile(r"\d{1,309}(\.\d{1,309})?([eE][+-]?\d{1,3})?", re.ASCII)


class UnreadableError(Exception):
    """A required or essential part of an item is unreadable; `field` is its path."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}".lstrip())
        self.field = field


class LeafError(Exception):
    """A leaf, or a whole list, map or object, is not of its type."""


class Lenient:
    """Reads one item or page; `drift` counts the values that are not as documented."""

    def __init__(self) -> None:
        self.drift = PayloadDrift()
        self._path: list[str] = []

    def struct(self, raw: object, kind: type[_S]) -> _S:
        """Build a struct from parsed JSON (`parse_json`, `parse_exactly`).

        Raise UnreadableError where a required or essential part, at any depth, is unreadable.
        """
        if not isinstance(raw, dict):
            raise UnreadableError(self._field(), "is not an object")
        values = {}
        for field in struct_fields(kind):
            if field.encode_name not in raw:
                if field.required:
                    raise UnreadableError(self._field(field.encode_name), "is missing")
                continue
            key, value = field.encode_name, raw[field.encode_name]
            is_needed = field.required or is_essential(field.type)
            try:
                values[field.name] = self.field(key, value, field.type, is_needed=is_needed)
            except LeafError:
                if field.required:
                    raise UnreadableError(self._field(key), "cannot be read") from None
        return kind(**values)

    def field(self, key: str, raw: object, annotation: Any, *, is_needed: bool) -> Any:
        """Return the value of a field of what is being read.

        Raise LeafError where it is unreadable, which is counted unless it is empty; where it
        `is_needed` and not empty, raise UnreadableError instead.
        """
        self._path.append(key)
        try:
            return self.value(raw, annotation)
        except LeafError:
            if raw != "":
                if is_needed:
                    raise UnreadableError(self._field(), "cannot be read") from None
                self._count(DriftKind.NULL)
            raise
        finally:
            self._path.pop()

    def value(self, raw: object, annotation: Any) -> Any:
        """Return the value of an annotated type: a struct, a list or map, or a leaf.

        Raise LeafError where it is not of its type, and UnreadableError as `struct` does.
        """
        for kind in union_members(annotation):
            container, arguments = get_origin(kind), get_args(kind)
            if is_struct(kind):
                is_none = raw is None or (raw == [] and _has_required(kind))
                if is_none and not _is_nullable(annotation):
                    raise LeafError
                return None if is_none else self.struct(self._object(raw), kind)
            if container is list and raw is not None:
                entries = self._entries(raw, arguments[0], annotation)
                if len(entries) > _max_length(annotation):
                    raise LeafError
                return [self._entry(entry, arguments[0]) for entry in entries]
            if container is dict and raw is not None:
                items = self._object(raw).items()
                return {key: self.value(item, arguments[1]) for key, item in items}
        return self._leaf(raw, annotation)

    def _field(self, *more: str) -> str:
        return ".".join((*self._path, *more))

    def _count(self, kind: DriftKind) -> None:
        self.drift.count(kind, self._field())

    def _object(self, raw: object) -> dict[str, Any]:
        if isinstance(raw, list) and len(raw) < 2:
            self._count(DriftKind.CONVERTED)
            raw = raw[0] if raw else {}
        if not isinstance(raw, dict):
            raise LeafError
        return raw

    def _entries(self, raw: object, kind: Any, annotation: Any) -> list[Any]:
        if isinstance(raw, list):
            return raw
        names = _entry_names(annotation)
        if names and isinstance(raw, dict) and names[0] not in raw:
            self._count(DriftKind.CONVERTED)
            return [dict(zip(names, entry, strict=True)) for entry in raw.items()]
        if not isinstance(raw, dict) and (raw == "" or kind is Any or is_struct(kind)):
            raise LeafError
        self._count(DriftKind.CONVERTED)
        return [] if raw == {} else [raw]

    def _entry(self, raw: object, kind: Any) -> Any:
        """Return one entry of a list; an entry that is documented as an object is not nullable."""
        return self.struct(raw, kind) if is_struct(kind) else self.value(raw, kind)

    def _leaf(self, raw: object, annotation: Any) -> Any:
        if _is_only(annotation, msgspec.Raw):
            return msgspec.Raw(_write(raw))
        if _is_only(annotation, str) and not isinstance(raw, str | NoneType):
            self._count(DriftKind.CONVERTED)
            return _text(raw, annotation)
        try:
            if isinstance(raw, Number | list | dict):
                return msgspec.json.decode(_write(raw), type=annotation, strict=False)
            return msgspec.convert(raw, annotation, strict=False)
        except (msgspec.DecodeError, RecursionError):
            if _is_exact(annotation):
                return _large_figure(raw)
            raise LeafError from None


def _write(raw: object) -> bytes:
    try:
        return write_json(raw)
    except RecursionError:
        raise LeafError from None


def _text(raw: object, annotation: Any) -> str:
    """Return a number or boolean as text, an object or list as JSON unless text is required."""
    if isinstance(raw, list | dict) and (not raw or not _is_nullable(annotation)):
        raise LeafError
    return _write(raw).decode()


def _large_figure(raw: object) -> Decimal:
    """Return a figure of `EXACT_BELOW` or more; raise LeafError for any other."""
    digits = raw.digits if isinstance(raw, Number) else raw
    if not isinstance(digits, str) or not _FIGURE.fullmatch(digits):
        raise LeafError
    figure = Decimal(digits)
    if not EXACT_BELOW <= figure <= _MAX_FLOAT:
        raise LeafError
    return figure


@cache
def _max_length(annotation: Any) -> float:
    lengths = [meta.max_length for meta in metas(annotation) if meta.max_length is not None]
    return min(lengths, default=math.inf)


@cache
def _has_required(kind: Any) -> bool:
    return any(field.required for field in struct_fields(kind))


@cache
def _is_only(annotation: Any, kind: type) -> bool:
    return list(union_members(annotation)) == [kind]


@cache
def _entry_names(annotation: Any) -> tuple[str, ...]:
    extras = [meta.extra or {} for meta in metas(annotation)]
    return next((extra["entries"] for extra in extras if "entries" in extra), ())


@cache
def _is_exact(annotation: Any) -> bool:
    return EXACT in metas(annotation)


@cache
def _is_nullable(annotation: Any) -> bool:
    return NoneType in union_members(annotation, with_none=True)
