"""The annotations of payload fields: their structs, bounds and marks."""

from collections.abc import Iterator
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from gateway.upstream.decoding.field_types import ESSENTIAL

struct_fields = cache(msgspec.structs.fields)
"""The fields of a struct; uncached, msgspec evaluates all annotations at each call."""


def union_members(annotation: Any, *, with_none: bool = False) -> Iterator[Any]:
    """Yield A and B of ``Annotated[A | B | None, ...]``."""
    if get_origin(annotation) is Annotated:
        yield from union_members(get_args(annotation)[0], with_none=with_none)
    elif get_origin(annotation) in {Union, UnionType}:
        for member in get_args(annotation):
            yield from union_members(member, with_none=with_none)
    elif with_none or annotation is not NoneType:
        yield annotation


def metas(annotation: Any) -> Iterator[msgspec.Meta]:
    """Yield all bounds and marks of msgspec's type, those of a union's members included."""
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        yield from (mark for mark in marks if isinstance(mark, msgspec.Meta))
        yield from metas(inner)
    elif get_origin(annotation) in {Union, UnionType}:
        for member in get_args(annotation):
            yield from metas(member)


def is_struct(kind: Any) -> bool:
    """Whether a type is a struct."""
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def is_essential(annotation: Any) -> bool:
    """Whether a field is marked `ESSENTIAL`."""
    return get_origin(annotation) is Annotated and ESSENTIAL in get_args(annotation)[1:]


def structs_in(annotation: Any) -> Iterator[Any]:
    """Yield the structs in a type, through its lists and maps."""
    for kind in union_members(annotation):
        if is_struct(kind):
            yield kind
        elif get_origin(kind) in {list, dict}:
            yield from structs_in(get_args(kind)[-1])
