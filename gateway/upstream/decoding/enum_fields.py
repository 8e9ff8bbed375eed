"""Counts the words of enum fields that are none of the enum's: the graph shows them as UNKNOWN.

Nearly all words are known, and few combinations of them occur: those are recognised in C, so that
a page costs one set operation.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Annotated, Any, NamedTuple, get_args, get_origin

import msgspec

from gateway.upstream.decoding.annotations import struct_fields, structs_in
from gateway.upstream.decoding.drift import DriftKind, PayloadDrift
from gateway.upstream.decoding.field_types import EnumWords

_MAX_SEEN, _MAX_LENGTH = 1024, 200  # combinations, and characters of each


class _EnumFieldPath(NamedTuple):
    path: str
    is_known: Callable[[str], bool]


class EnumFields:
    """The enum fields of a struct, at any depth; `path` is that of the struct.

    A struct within itself, such as a group of activities in another, has no fields of its own:
    `above` are the structs that the path leads through.
    """

    def __init__(
        self,
        kind: type[msgspec.Struct] | Any,
        path: tuple[str, ...] = (),
        above: tuple[Any, ...] = (),
    ) -> None:
        attributes: list[str] = []
        self._fields: list[_EnumFieldPath] = []
        self._inner: list[tuple[Callable[[Any], Any], EnumFields]] = []
        for field in struct_fields(kind):
            inner_path = (*path, field.encode_name)
            words = enum_words(field.type)
            if words is not None:
                attributes.append(field.name)
                self._fields.append(_EnumFieldPath(".".join(inner_path), words.is_known))
            for struct in structs_in(field.type):
                if struct is kind or struct in above:
                    continue
                inner = EnumFields(struct, inner_path, (*above, kind))
                if inner.paths:
                    self._inner.append((attrgetter(field.name), inner))
        # The first is there twice: a getter of one attribute would return no tuple.
        self._get = attrgetter(*attributes, attributes[0]) if attributes else None
        self._known: set[tuple[str | None, ...]] = set()

    @property
    def paths(self) -> list[str]:
        """The paths of the fields."""
        return [
            *(field.path for field in self._fields),
            *(path for _get, inner in self._inner for path in inner.paths),
        ]

    def count(self, structs: Sequence[Any], drift: PayloadDrift) -> None:
        """Count the unknown words of some structs."""
        get = self._get
        if get is not None and not self._known.issuperset(map(get, structs)):
            for struct in structs:
                self._count_each(get(struct), drift)
        for get_inner, inner in self._inner:
            found = list(_flat(filter(None, map(get_inner, structs))))
            if found:
                inner.count(found, drift)

    def _count_each(self, words: tuple[str | None, ...], drift: PayloadDrift) -> None:
        if words in self._known:
            return
        is_known = True
        for field, word in zip(self._fields, words, strict=False):
            if word and not field.is_known(word):
                is_known = False
                drift.count(DriftKind.UNKNOWN, field.path)
        if is_known and sum(len(word or "") for word in words) <= _MAX_LENGTH:
            if len(self._known) >= _MAX_SEEN:
                self._known.clear()
            self._known.add(words)


def _flat(values: Iterable[Any]) -> Iterable[Any]:
    """Return structs, those in lists included; there are none in maps."""
    return chain.from_iterable(each if isinstance(each, list) else (each,) for each in values)


def enum_words(annotation: Any) -> EnumWords | None:
    """Return the mark of an enum field, None for any other."""
    marks = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    return next((mark for mark in marks if isinstance(mark, EnumWords)), None)
