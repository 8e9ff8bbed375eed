"""Decoding a response body into a page of typed items.

A page is decoded at once, in C. If that fails each item is decoded by itself, in C too, and an item
that fails again is read leaf by leaf (`lenient.py`), so that a bad value costs no other item. An
item that cannot be shown is left out and its place in the page kept: positions still count what the
platform counts.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from gateway.upstream.customer_view import payload as customer_view
from gateway.upstream.customer_view.payload import CustomerPagePayload, CustomerPromotionPayload
from gateway.upstream.decoding.drift import DriftKind, PayloadDrift
from gateway.upstream.decoding.enum_fields import EnumFields
from gateway.upstream.decoding.json_text import (
    NotJsonError,
    parse_exactly,
    parse_json,
    without_lone_surrogates,
)
from gateway.upstream.decoding.lazy_field import LazyField
from gateway.upstream.decoding.lenient import Lenient, UnreadableError
from gateway.upstream.definitions import payload as definitions
from gateway.upstream.definitions.payload import DefinitionPagePayload, DefinitionPayload
from gateway.upstream.normalise.warnings import UpstreamWarning, parse_code, parse_warnings
from gateway.upstream.programs.payload import ProgramListPayload, ProgramPayload
from gateway.upstream.successor.definition import SuccessorDefinition
from gateway.upstream.successor.normalise import parse_definition, parse_program_id
from gateway.upstream.successor.payload import SuccessorPagePayload, SuccessorPayload

Item = TypeVar("Item")
_Payload = CustomerPagePayload | DefinitionPagePayload | SuccessorPagePayload | ProgramListPayload

# Bounds on the time that decoding may block the event loop. A window has at most 100 items; the
# sandbox's largest has some 22,000 values.
_MAX_ITEMS = 1_000
_MAX_VALUES = 300_000
_MAX_VALUES_BY_ITEM = 50_000
_MAX_REFUSAL_BYTES = 64 * 1024
_MAX_ERRORS = 100
_OK = 200
_TOO_MANY_ITEMS = "too many items"
_DECODE_ERRORS = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


class MalformedPayloadError(Exception):
    """The body is not what the endpoint documents, in a part that no page can do without."""


class Refusal(NamedTuple):
    """A documented error body: ``{"errors": [{"status": false, "code": 8015, ...}]}``.

    `code` is None where none can be read. The platform's message is dropped, since it may contain
    personal data.
    """

    code: int | None


class UpstreamPage(NamedTuple, Generic[Item]):
    """A window of an upstream list.

    `items` has None where an item was dropped. `total` is the upstream's ``totalEntries``, None
    where it cannot be read; `customer_id` is whose page it is, where the endpoint says so.
    `foreign` counts the items dropped because they were not requested, `drift` the values that are
    not as documented: of another type, converted where that is unambiguous and null otherwise, of
    no known word, or because of which an item was dropped.
    """

    items: list[Item | None]
    total: int | None
    warnings: tuple[UpstreamWarning, ...] = ()
    customer_id: int | None = None
    foreign: int = 0
    drift: PayloadDrift = PayloadDrift()

    @property
    def dropped(self) -> int:
        """Return the number of dropped items."""
        return self.items.count(None)

    @property
    def unreadable(self) -> int:
        """Return the number of items that could not be read; it is unknown which those were."""
        return self.dropped - self.foreign

    def only(self, is_wanted: Callable[[Item], bool]) -> "UpstreamPage[Item]":
        """Return the page without the items that were not requested."""
        items = [None if item is None or not is_wanted(item) else item for item in self.items]
        return self._replace(items=items, foreign=items.count(None) - self.dropped)


class Format(NamedTuple):
    """How the responses of one endpoint are decoded; `items_key` is the list's key on the wire."""

    page: type[_Payload]
    item: type[msgspec.Struct]
    items_key: str
    lazy_fields: tuple[LazyField[Any], ...]
    enum_fields: EnumFields
    prefer_iso_dates: Callable[[Iterable[Any]], None]
    decode: Callable[[bytes], _Payload]
    decode_item: Callable[[msgspec.Raw], msgspec.Struct]


_CUSTOMER_VIEW = Format(
    CustomerPagePayload,
    CustomerPromotionPayload,
    "promotions",
    (customer_view.restrictions_field,),
    EnumFields(CustomerPromotionPayload),
    customer_view.prefer_iso_dates,
    msgspec.json.Decoder(CustomerPagePayload, strict=False).decode,
    msgspec.json.Decoder(CustomerPromotionPayload, strict=False).decode,
)
_DEFINITIONS = Format(
    DefinitionPagePayload,
    DefinitionPayload,
    "data",
    (definitions.rules_field, definitions.rulesets_field),
    EnumFields(DefinitionPayload),
    definitions.prefer_iso_dates,
    msgspec.json.Decoder(DefinitionPagePayload, strict=False).decode,
    msgspec.json.Decoder(DefinitionPayload, strict=False).decode,
)
_SUCCESSOR = Format(
    SuccessorPagePayload,
    SuccessorPayload,
    "content",
    (),
    EnumFields(SuccessorPayload),
    lambda _items: None,  # all its dates are in the ISO form
    msgspec.json.Decoder(SuccessorPagePayload, strict=False).decode,
    msgspec.json.Decoder(SuccessorPayload, strict=False).decode,
)
_PROGRAMS = Format(
    ProgramListPayload,
    ProgramPayload,
    "data",
    (),
    EnumFields(ProgramPayload),
    lambda _items: None,
    msgspec.json.Decoder(ProgramListPayload, strict=False).decode,
    msgspec.json.Decoder(ProgramPayload, strict=False).decode,
)
FORMATS = {
    "promotionData": _CUSTOMER_VIEW,
    "promotionsV2": _DEFINITIONS,
    "promotionById": _DEFINITIONS,
    "promotionsV3": _SUCCESSOR,
    "programs": _PROGRAMS,
}
"""The formats by endpoint."""
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_NULL = msgspec.Raw(b"null")


def _decode_page(form: Format, body: bytes) -> UpstreamPage[Any] | Refusal:
    """Decode a response body; return the documented error body instead where it is one.

    Raise MalformedPayloadError where it is not JSON, has no list of promotions although its total
    is not 0, or has no ``customerId`` although the endpoint documents it.
    """
    drift = PayloadDrift()
    payload = _decode_at_once(form, body, drift)
    if payload is None:
        reader = Lenient()
        payload, drift = _decode_by_item(form, body, reader), reader.drift
    if isinstance(payload, Refusal):
        return payload
    items: list[Any] = payload.items or []
    total = payload.total
    if payload.items is None and total != 0:
        raise MalformedPayloadError(f"{form.items_key} is absent")
    if len(items) > _MAX_ITEMS:
        raise MalformedPayloadError(_TOO_MANY_ITEMS)
    form.prefer_iso_dates(items)
    if not isinstance(payload, CustomerPagePayload):
        return UpstreamPage(items, total, drift=drift)
    warnings = parse_warnings(payload.warnings) if payload.warnings else ()
    return UpstreamPage(items, total, warnings, payload.customer_id, drift=drift)


decode_customer_page: Callable[[bytes], UpstreamPage[CustomerPromotionPayload] | Refusal] = partial(
    _decode_page, _CUSTOMER_VIEW
)
decode_definition_page: Callable[[bytes], UpstreamPage[DefinitionPayload] | Refusal] = partial(
    _decode_page, _DEFINITIONS
)
decode_programs: Callable[[bytes], UpstreamPage[ProgramPayload] | Refusal] = partial(
    _decode_page, _PROGRAMS
)


class _Envelope(msgspec.Struct, gc=False):
    """A response of the successor, whose page is in ``data``."""

    data: msgspec.Raw = msgspec.Raw(b"null")
    errors: Any = None


_decode_envelope = msgspec.json.Decoder(_Envelope).decode


class SuccessorPage(NamedTuple):
    """A page of the successor.

    `definitions` has the published promotions; `version_ids` the ids of all items that could be
    read, and `listed` the number of items, those included that could not. Items whose program is a
    word are left out as the documents lead one to expect: `drift` has them, `unreadable` has not.
    """

    definitions: list[SuccessorDefinition]
    version_ids: list[str]
    listed: int
    total: int | None
    unreadable: int
    drift: PayloadDrift


def decode_successor_page(body: bytes) -> SuccessorPage | Refusal:
    """Decode a response of the successor; return its errors instead where it has some.

    Raise MalformedPayloadError as `_decode_page` does. Where a key stands twice, the last counts.
    """
    try:
        envelope = _decode_envelope(without_lone_surrogates(body))
    except (NotJsonError, *_DECODE_ERRORS):
        raise MalformedPayloadError("not a JSON object, or nested too deep") from None
    if envelope.errors:
        return _listed_refusal(envelope.errors)
    page = _decode_page(_SUCCESSOR, bytes(envelope.data))
    if isinstance(page, Refusal):
        return page
    items: list[SuccessorPayload] = [item for item in page.items if item is not None]
    definitions = [found for item in items if (found := parse_definition(item)) is not None]
    for general in (item.general for item in items if item.general.promotion_id):
        if parse_program_id(general.program_id) is None:
            page.drift.count(DriftKind.DROPPED, "metadata.programId")
    version_ids = [item.version_id for item in items if item.version_id]
    return SuccessorPage(
        definitions, version_ids, len(page.items), page.total, page.dropped, page.drift
    )


def _decode_at_once(form: Format, body: bytes, drift: PayloadDrift) -> _Payload | Refusal | None:
    """Decode a body of which every value is as documented; return None for any other."""
    if len(body) > _MAX_VALUES:
        _check_values(body, _MAX_VALUES, b",[{")
    try:
        payload = form.decode(body)
    except _DECODE_ERRORS:
        return None
    if payload.errors:
        return _listed_refusal(payload.errors)
    if isinstance(payload, DefinitionPagePayload):
        status, errors = payload.status, payload.validation_errors
        if errors or (isinstance(status, dict) and status.get("code") != _OK):
            refusal = _status_refusal(status, errors)
            if refusal is not None:
                return refusal
    items = payload.items or ()
    for field in form.lazy_fields:
        if not field.are_readable(items, drift):
            return None
    form.enum_fields.count(items, drift)
    return payload


def _decode_by_item(form: Format, body: bytes, reader: Lenient) -> _Payload | Refusal:
    """Decode a body item by item."""
    _check_values(body, _MAX_VALUES_BY_ITEM, b",[{\\")
    try:
        values = _decode_object(without_lone_surrogates(body))
        listed = values.pop(form.items_key, _NULL)
        raw = {key: parse_json(bytes(value)) for key, value in values.items()}
        refusal = _refusal(raw)
        if refusal is not None:
            return refusal
        payload = reader.struct(raw, form.page)
        if listed != _NULL:
            items: Any = [
                _decode_item(form, entry, reader)
                for entry in _split(listed, form.items_key, reader)
            ]
            if items == [None] and bytes(listed)[:1] == b"{":
                raise MalformedPayloadError(f"{form.items_key} is not a list")
            payload.items = items  # None among them, as in `UpstreamPage.items`
    except UnreadableError as error:
        raise MalformedPayloadError(str(error)) from None
    except (NotJsonError, msgspec.DecodeError, RecursionError):
        raise MalformedPayloadError("not a JSON object, or nested too deep") from None
    return payload


def _split(listed: msgspec.Raw, key: str, reader: Lenient) -> list[msgspec.Raw]:
    """Split a list into its items; a single object is a list of one, ``{}`` an empty list."""
    first = bytes(listed)[:1]
    if first == b"[":
        entries = _decode_list(listed)
        if len(entries) > _MAX_ITEMS:
            raise MalformedPayloadError(_TOO_MANY_ITEMS)
        return entries
    if first != b"{":
        raise MalformedPayloadError(f"{key} is not a list")
    reader.drift.count(DriftKind.CONVERTED, key)
    return [listed] if _decode_object(listed) else []


def _decode_item(form: Format, json: msgspec.Raw, reader: Lenient) -> msgspec.Struct | None:
    """Decode one item at once, or else leaf by leaf; None where a required part is unreadable."""
    try:
        item = form.decode_item(json)
    except _DECODE_ERRORS:
        pass
    else:
        drift = PayloadDrift()
        if all(field.are_readable((item,), drift) for field in form.lazy_fields):
            form.enum_fields.count((item,), drift)
            reader.drift.add(drift)
            return item
    try:
        raw = parse_exactly(bytes(json))
        lazy = isinstance(raw, dict) and [raw.pop(field.key, None) for field in form.lazy_fields]
        item = reader.struct(raw, form.item)
        for field, value in zip(form.lazy_fields, lazy or (), strict=False):
            field.store(item, value, reader)
    except (UnreadableError, NotJsonError) as error:
        at_fault = getattr(error, "field", "") or form.items_key
        reader.drift.count(DriftKind.DROPPED, at_fault)
        return None
    form.enum_fields.count((item,), reader.drift)
    return item


def _check_values(body: bytes, maximum: int, marks: bytes) -> None:
    """Raise MalformedPayloadError for a body with more than `maximum` of the bytes in `marks`.

    Each precedes a value. They are counted in C, before anything is allocated.
    """
    if len(body) > maximum and sum(body.count(mark) for mark in marks) > maximum:
        raise MalformedPayloadError("too many values")


def read_refusal(body: bytes) -> Refusal | None:
    """Return a documented error body, whatever its HTTP status; None where there is none."""
    if len(body) > _MAX_REFUSAL_BYTES:
        return None
    try:
        return _refusal(parse_json(body))
    except NotJsonError:
        return None


def _refusal(raw: object) -> Refusal | None:
    if not isinstance(raw, dict):
        return None
    errors = raw.get("errors")
    refusal = _listed_refusal(errors) if errors else None
    return refusal or _status_refusal(raw.get("status"), raw.get("validationErrors"))


def _listed_refusal(errors: object) -> Refusal:
    """Return the first code in a list of errors, or in one error."""
    for error in errors[:_MAX_ERRORS] if isinstance(errors, list) else [errors]:
        code = parse_code(error.get("code")) if isinstance(error, dict) else None
        if code is not None:
            return Refusal(code)
    return Refusal(None)


def _status_refusal(status: object, validation_errors: object) -> Refusal | None:
    """Return the error of a legacy response: its status code unless 200, or validation errors."""
    code = parse_code(status.get("code")) if isinstance(status, dict) else None
    if code is not None and code != _OK:
        return Refusal(code)
    return _listed_refusal(validation_errors) if validation_errors else None
