"""Bytes to a typed page, at any cost to the upstream's lies and none to the other items.

A page is decoded at once, in C. Only when that fails is each item decoded by itself, in C too, and
only an item that fails again is read leaf by leaf (`lenient.py`). An item that cannot be shown is
left out and its place in the page kept, so that positions still count what the upstream counts.
"""

from collections.abc import Callable, Sized
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from gateway.upstream.customer_view import payload as customer_view_payload
from gateway.upstream.customer_view.payload import (
    CustomerPagePayload,
    CustomerPromotionPayload,
    restrictions_part,
)
from gateway.upstream.decoding.json_text import NotJsonError, parse_exactly, parse_json, whole
from gateway.upstream.decoding.lazy_field import LazyField
from gateway.upstream.decoding.lenient import Lenient, UnreadableError
from gateway.upstream.definitions import payload as definition_payload
from gateway.upstream.definitions.payload import (
    DefinitionPagePayload,
    DefinitionPayload,
    rules_part,
    rulesets_part,
)
from gateway.upstream.normalise.warnings import UpstreamWarning, read_code, read_warnings

Item = TypeVar("Item")
_Struct = TypeVar("_Struct", bound=msgspec.Struct)
_Envelope = TypeVar("_Envelope", CustomerPagePayload, DefinitionPagePayload)

# Bounds on the time that one answer may take, for nothing else runs meanwhile. A window has 100
# items at most, and the sandbox's largest has some 22,000 values.
_MOST_ITEMS = 1_000
_MOST_VALUES = 300_000
_MOST_VALUES_BY_ITEM = 50_000
_LONGEST_REFUSAL = 64 * 1024
_MOST_ERRORS = 100


class MalformedPayloadError(Exception):
    """The answer is not what the endpoint documents, in a part that no page can do without."""


class Refusal(NamedTuple):
    """A documented error body: ``{"errors": [{"status": false, "code": 8015, ...}]}``.

    `code` is null where none can be read. The upstream's own message is left behind: nobody vouches
    for what it holds.
    """

    code: int | None


class UpstreamPage(NamedTuple, Generic[Item]):
    """A window of an upstream list.

    `items` has None where an item was left out; `total` is the upstream's ``totalEntries``, null
    where it cannot be read; `customer_id` is whose page it is, where the endpoint says so.
    `foreign` counts the items that were left out because they were not asked for, `surprises` the
    values that were not as documented: read as what they plainly are, or null.
    """

    items: list[Item | None]
    total: int | None
    warnings: tuple[UpstreamWarning, ...] = ()
    customer_id: int | None = None
    foreign: int = 0
    surprises: int = 0

    @property
    def left_out(self) -> int:
        """How many items are not shown."""
        return self.items.count(None)

    @property
    def unreadable(self) -> int:
        """How many items could not be read: nobody knows which they are."""
        return self.left_out - self.foreign

    def only(self, is_wanted: Callable[[Item], bool]) -> "UpstreamPage[Item]":
        """Leave out what was not asked for; its place is kept."""
        items = [None if item is None or not is_wanted(item) else item for item in self.items]
        return self._replace(items=items, foreign=items.count(None) - self.left_out)


_PARTS: dict[type[msgspec.Struct], tuple[LazyField[Any], ...]] = {
    CustomerPromotionPayload: (restrictions_part,),
    DefinitionPayload: (rules_part, rulesets_part),
}
_CUSTOMER_PAGE = msgspec.json.Decoder(CustomerPagePayload, strict=False)
_DEFINITION_PAGE = msgspec.json.Decoder(DefinitionPagePayload, strict=False)
_ITEMS: dict[type[msgspec.Struct], msgspec.json.Decoder[Any]] = {
    kind: msgspec.json.Decoder(kind, strict=False) for kind in _PARTS
}
_BY_KEY = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ENTRIES = msgspec.json.Decoder(list[msgspec.Raw])
_NULL = msgspec.Raw(b"null")


def decode_customer_page(body: bytes) -> UpstreamPage[CustomerPromotionPayload] | Refusal:
    """Read an answer of the customer view.

    Raises MalformedPayloadError where it is not JSON, has no readable ``customerId``, or has
    no list of promotions although its total is not 0.
    """
    payload, surprises = _decode(
        body, _CUSTOMER_PAGE, CustomerPagePayload, CustomerPromotionPayload
    )
    if isinstance(payload, Refusal):
        return payload
    warnings = read_warnings(payload.warnings) if payload.warnings is not None else ()
    page: UpstreamPage[CustomerPromotionPayload] = _page(
        payload, surprises, warnings, payload.customer_id
    )
    customer_view_payload.prefer_iso_dates(page.items)
    return page


def decode_definition_page(body: bytes) -> UpstreamPage[DefinitionPayload] | Refusal:
    """Read an answer of the legacy list.

    Raises MalformedPayloadError where it is not JSON, or has no list of promotions although its
    total is not 0.
    """
    payload, surprises = _decode(body, _DEFINITION_PAGE, DefinitionPagePayload, DefinitionPayload)
    if isinstance(payload, Refusal):
        return payload
    page: UpstreamPage[DefinitionPayload] = _page(payload, surprises)
    definition_payload.prefer_iso_dates(page.items)
    return page


def read_refusal(body: bytes) -> Refusal | None:
    """Find a documented error body, whatever HTTP status it came with; None where there is none."""
    if len(body) > _LONGEST_REFUSAL:
        return None
    try:
        return _refusal(parse_json(body))
    except NotJsonError:
        return None


def _page(
    payload: CustomerPagePayload | DefinitionPagePayload,
    surprises: int,
    warnings: tuple[UpstreamWarning, ...] = (),
    customer_id: int | None = None,
) -> UpstreamPage[Any]:
    total = payload.page_details.total if payload.page_details is not None else None
    if payload.items is None and total != 0:
        raise MalformedPayloadError("there is no list of promotions")
    _check_items(payload.items)
    items: list[Any] = payload.items or []
    return UpstreamPage(items, total, warnings, customer_id, surprises=surprises)


def _decode(
    body: bytes,
    decoder: msgspec.json.Decoder[_Envelope],
    envelope: type[_Envelope],
    item: type[msgspec.Struct],
) -> tuple[_Envelope | Refusal, int]:
    _check_values(body, _MOST_VALUES, b",[{")
    try:
        payload = decoder.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return _decode_by_item(body, envelope, item)
    refusal = _listed_refusal(payload.errors)
    if refusal is None and isinstance(payload, DefinitionPagePayload):
        refusal = _status_refusal(payload.status, payload.validation_errors)
    if refusal is not None:
        return refusal, 0
    items = payload.items or ()
    if all(part.are_readable(items) for part in _PARTS[item]):
        return payload, 0
    return _decode_by_item(body, envelope, item)


def _decode_by_item(
    body: bytes, envelope: type[_Envelope], item: type[msgspec.Struct]
) -> tuple[_Envelope | Refusal, int]:
    _check_values(body, _MOST_VALUES_BY_ITEM, b",[{\\")
    list_name = next(f.encode_name for f in msgspec.structs.fields(envelope) if f.name == "items")
    reader = Lenient()
    try:
        by_key = _BY_KEY.decode(whole(body))
        listed = by_key.pop(list_name, _NULL)
        raw = {key: parse_json(bytes(value)) for key, value in by_key.items()}
        refusal = _refusal(raw)
        if refusal is not None:
            return refusal, 0
        payload = reader.struct(raw, envelope)
        if listed != _NULL:
            entries = _entries(listed, list_name, reader)
            items: Any = [_read_item(entry, item, reader) for entry in entries]
            if items == [None] and bytes(listed)[:1] == b"{":
                raise MalformedPayloadError(f"{list_name} is not a list")
            payload.items = (
                items  # None where one was left out, which `Page.items` says and this does not
            )
    except UnreadableError as error:
        raise MalformedPayloadError(str(error)) from None
    except (NotJsonError, msgspec.DecodeError, RecursionError):
        raise MalformedPayloadError("it is no JSON object, or nested too deep") from None
    return payload, reader.surprises


def _entries(listed: msgspec.Raw, name: str, reader: Lenient) -> list[msgspec.Raw]:
    """Cut a list into its items; an object in its place is the only one, and ``{}`` is none."""
    first = bytes(listed)[:1]
    if first == b"[":
        entries = _ENTRIES.decode(listed)
        _check_items(entries)
        return entries
    if first != b"{":
        raise MalformedPayloadError(f"{name} is not a list")
    reader.surprises += 1
    return [listed] if _BY_KEY.decode(listed) else []


def _check_values(body: bytes, most: int, marks: bytes) -> None:
    """Count the signs that values stand behind, at the speed of C and before anything is made."""
    if len(body) > most and sum(body.count(mark) for mark in marks) > most:
        raise MalformedPayloadError("it has too many values")


def _check_items(items: Sized | None) -> None:
    if items is not None and len(items) > _MOST_ITEMS:
        raise MalformedPayloadError("it has too many items")


def _read_item(json: msgspec.Raw, kind: type[_Struct], reader: Lenient) -> _Struct | None:
    """Read one item at once, or else leaf by leaf; None where it must not be shown."""
    parts = _PARTS[kind]
    try:
        item: _Struct = _ITEMS[kind].decode(json)
        if all(part.are_readable((item,)) for part in parts):
            return item
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        pass
    try:
        raw = parse_exactly(bytes(json))
        later = [raw.pop(part.key, None) for part in parts] if isinstance(raw, dict) else []
        item = reader.struct(raw, kind)
        for part, its_raw in zip(parts, later, strict=False):
            part.put(item, its_raw, reader)
    except (UnreadableError, NotJsonError):
        return None
    return item


def _refusal(raw: object) -> Refusal | None:
    if not isinstance(raw, dict):
        return None
    listed = _listed_refusal(raw.get("errors"))
    return listed or _status_refusal(raw.get("status"), raw.get("validationErrors"))


def _listed_refusal(errors: object) -> Refusal | None:
    if not errors:
        return None
    for error in errors[:_MOST_ERRORS] if isinstance(errors, list) else [errors]:
        code = read_code(error.get("code")) if isinstance(error, dict) else None
        if code is not None:
            return Refusal(code)
    return Refusal(None)


def _status_refusal(status: object, validation_errors: object) -> Refusal | None:
    """Find an error in the legacy envelope: a status code other than 200, or validation errors."""
    code = read_code(status.get("code")) if isinstance(status, dict) else None
    if code is not None and code != 200:
        return Refusal(code)
    return _listed_refusal(validation_errors)
