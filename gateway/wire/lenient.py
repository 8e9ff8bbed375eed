"""Reading one struct leaf by leaf, where decoding it as a whole has failed.

An unreadable leaf takes its default; but where a struct must not be shown without it (a field
without default, or one marked `ESSENTIAL` in `readable.py`) the whole reading fails. An empty
string is absence, not garbage.
"""

import math
from collections.abc import Iterator
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec

from gateway.wire.readable import ESSENTIAL

_S = TypeVar("_S", bound=msgspec.Struct)


_fields = cache(msgspec.structs.fields)  # which reads all annotations anew


class UnreadableError(Exception):
    """A part is unreadable that its item must not be shown without."""


class _LeafError(Exception):
    """A leaf, or a list, map or object as a whole, is not of its type."""


def read_struct(raw: object, kind: type[_S]) -> _S:
    """Build a struct from decoded JSON.

    Raises UnreadableError where an essential part of it, at any depth, cannot be read.
    """
    try:
        return _struct(raw, kind)
    except _LeafError:
        raise UnreadableError(f"{kind.__name__} is not an object") from None


def read_value(raw: object, annotation: Any) -> Any:
    """Build what an annotation says, a struct or what holds them; null where it is not of its type.

    Raises UnreadableError as `read_struct` does, which it is for a struct.
    """
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return read_struct(raw, annotation)
    try:
        return _value(raw, annotation)
    except _LeafError:
        return None


def _struct(raw: object, kind: type[_S]) -> _S:
    if not isinstance(raw, dict):
        raise _LeafError
    values = {}
    for field in _fields(kind):
        if field.encode_name not in raw:
            if field.required:
                raise UnreadableError(f"{field.encode_name} is missing")
            continue
        value = raw[field.encode_name]
        try:
            values[field.name] = _value(value, field.type)
        except _LeafError:
            essential = field.required or (value != "" and _is_essential(field.type))
            if essential:
                raise UnreadableError(f"{field.encode_name} cannot be read") from None
    return kind(**values)


def _value(raw: object, annotation: Any) -> Any:
    for kind in _arms(annotation):
        container = get_origin(kind)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return None if raw is None else _struct(raw, kind)
        if container is list and isinstance(raw, list):
            if len(raw) > _most(annotation):
                raise _LeafError
            return [_entry(item, get_args(kind)[0]) for item in raw]
        if container is dict and isinstance(raw, dict):
            return {key: _value(item, get_args(kind)[1]) for key, item in raw.items()}
    try:
        return msgspec.convert(raw, annotation, strict=False)
    except (msgspec.ValidationError, RecursionError):
        raise _LeafError from None


def _entry(raw: object, annotation: Any) -> Any:
    """Read one entry of a list; an entry that is to be an object cannot be null instead."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return read_struct(raw, annotation)
    return _value(raw, annotation)


@cache
def _most(annotation: Any) -> float:
    """Give how many entries a list may have."""
    arguments = get_args(annotation)
    if get_origin(annotation) is Annotated:
        for meta in arguments[1:]:
            if isinstance(meta, msgspec.Meta) and meta.max_length is not None:
                return meta.max_length
        return _most(arguments[0])
    if get_origin(annotation) in {Union, UnionType}:
        return min(map(_most, arguments))
    return math.inf


def _arms(annotation: Any) -> Iterator[Any]:
    """Take ``Annotated[A | None, ...]`` apart into A."""
    if get_origin(annotation) is Annotated:
        yield from _arms(get_args(annotation)[0])
    elif get_origin(annotation) in {Union, UnionType}:
        for arm in get_args(annotation):
            yield from _arms(arm)
    elif annotation is not NoneType:
        yield annotation


def _is_essential(annotation: Any) -> bool:
    return get_origin(annotation) is Annotated and ESSENTIAL in get_args(annotation)[1:]
