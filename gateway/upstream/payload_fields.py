"""The documented fields of the payloads, from their types: the labels of the metrics of drift."""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple, get_origin

from gateway.telemetry.label_values import PayloadFields
from gateway.upstream.decoding.annotations import (
    is_essential,
    is_struct,
    struct_fields,
    structs_in,
    union_members,
)
from gateway.upstream.decoding.decode import FORMATS, Format
from gateway.upstream.decoding.drift import DriftKind
from gateway.upstream.decoding.enum_fields import enum_words


class _PayloadField(NamedTuple):
    path: str
    annotation: Any
    is_required: bool = False

    @property
    def is_needed(self) -> bool:
        """Whether it drops its promotion: also by an entry of a list that is no object."""
        has_entries = any(
            get_origin(kind) in {list, dict} and list(structs_in(kind))
            for kind in union_members(self.annotation)
        )
        return self.is_required or is_essential(self.annotation) or has_entries

    @property
    def effects(self) -> Iterator[DriftKind]:
        """What may become of its values of an undocumented shape, as `Lenient` reads them."""
        kinds = list(union_members(self.annotation))
        if any(is_struct(kind) or get_origin(kind) in {list, dict} for kind in kinds) or kinds == [
            str
        ]:
            yield DriftKind.CONVERTED
        if not self.is_required and not is_essential(self.annotation):
            yield DriftKind.NULL


@cache
def payload_fields() -> PayloadFields:
    """Return the fields of all endpoints of `FORMATS`."""
    found = [(endpoint, field) for endpoint, form in FORMATS.items() for field in _fields_of(form)]
    return PayloadFields(
        tuple((endpoint, field.path) for endpoint, field in found if field.is_needed),
        tuple(
            (endpoint, field.path, effect.value)
            for endpoint, field in found
            for effect in field.effects
        ),
        tuple((endpoint, field.path) for endpoint, field in found if enum_words(field.annotation)),
    )


def _fields_of(form: Format) -> Iterator[_PayloadField]:
    """Yield the fields beside the items, their list, and the fields of one item."""
    for each in struct_fields(form.page):
        if each.encode_name == form.items_key:
            yield _PayloadField(each.encode_name, each.type)
        else:
            yield from _walk(_PayloadField(each.encode_name, each.type, each.required))
    lazy_fields = {field.attribute: field for field in form.lazy_fields}
    for each in struct_fields(form.item):
        lazy = lazy_fields.get(each.name)
        if lazy is None:
            yield from _walk(_PayloadField(each.encode_name, each.type, each.required))
        else:
            yield from _walk(_PayloadField(each.encode_name, lazy.annotation, lazy.is_essential))


def _walk(field: _PayloadField, above: tuple[Any, ...] = ()) -> Iterator[_PayloadField]:
    """Yield a field and those within it; a struct within itself is not repeated."""
    yield field
    for struct in structs_in(field.annotation):
        if struct in above:
            continue
        for each in struct_fields(struct):
            path = f"{field.path}.{each.encode_name}"
            yield from _walk(_PayloadField(path, each.type, each.required), (*above, struct))
