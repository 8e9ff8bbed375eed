"""Fields of a payload that stay JSON until they are selected.

They are most of a page, and equal in many items. Whether such a field is readable is checked when
its page is decoded, because an unreadable essential field drops its item, whatever is selected.
JSON that was checked before is recognised by Python's 64-bit hash, which is seeded, so that nobody
can construct a collision.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Generic, TypeVar

import msgspec

from gateway.upstream.decoding.annotations import structs_in
from gateway.upstream.decoding.drift import PayloadDrift
from gateway.upstream.decoding.enum_fields import EnumFields
from gateway.upstream.decoding.json_text import parse_exactly
from gateway.upstream.decoding.lenient import LeafError, Lenient

_V = TypeVar("_V")
_MAX_SEEN = 8192
_MAX_CACHED_BYTES = 64 * 1024
_NULL = b"null"


class LazyField(Generic[_V]):
    """A field with the wire name `key`, whose JSON is the `attribute` of its item.

    `annotation` is the type of its value. Where `is_essential`, an item whose field is present but
    unreadable is dropped. `postprocess` is called with each decoded value.
    """

    def __init__(
        self,
        key: str,
        attribute: str,
        annotation: type[_V] | Any,
        *,
        is_essential: bool = False,
        postprocess: Callable[[_V], None] | None = None,
    ) -> None:
        self.key, self.annotation, self.is_essential = key, annotation, is_essential
        self.attribute, self._get, self._postprocess = (
            attribute,
            attrgetter(attribute),
            postprocess,
        )
        (struct,) = structs_in(annotation)
        self.enum_fields = EnumFields(struct, (key,))
        self._decode = msgspec.json.Decoder(annotation, strict=False).decode
        # Hashes, of JSON with unknown words with these.
        self._readable: set[int] = set()
        self._unknown: dict[int, PayloadDrift] = {}
        self._last: tuple[bytes, _V | None] = b"", None

    def read(self, json: bytes) -> _V | None:
        """Return the value of an item's field; None where it is absent, or nested too deep.

        The last value is cached, because the fields of one item are read one after the other.
        """
        cached, value = self._last
        if json is cached:
            return value
        try:
            value = self._decode(json) if json else None
        except msgspec.ValidationError:  # `store` has written figures beyond a float
            value = Lenient().value(parse_exactly(json), self.annotation)
        except RecursionError:
            value = None
        if value is not None and self._postprocess is not None:
            self._postprocess(value)
        if len(json) <= _MAX_CACHED_BYTES:
            self._last = json, value
        return value

    def are_readable(self, items: Sequence[msgspec.Struct], drift: PayloadDrift) -> bool:
        """Whether the field of every item is readable; sets each to bytes, null to ``b""``.

        Unknown words of enums are counted in `drift`.
        """
        attribute, readable = self.attribute, self._readable
        values = list(map(bytes, map(self._get, items)))
        if not readable.issuperset(map(hash, values)):  # bytes cache their hash
            for index, json in enumerate(values):
                if json == _NULL:
                    values[index] = b""
                elif hash(json) not in readable and not self._is_readable(json, drift):
                    return False
        for item, json in zip(items, values, strict=True):
            setattr(item, attribute, json)
        return True

    def _is_readable(self, json: bytes, drift: PayloadDrift) -> bool:
        unknown = self._unknown.get(hash(json))
        if unknown is None:
            try:
                value = self._decode(json) if json else None
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
                return False
            unknown = self._unknown_words(value)
            if len(self._readable) + len(self._unknown) >= _MAX_SEEN:
                self._readable.clear()
                self._unknown.clear()
            if unknown:
                self._unknown[hash(json)] = unknown
            else:
                self._readable.add(hash(json))
        drift.add(unknown)
        return True

    def _unknown_words(self, value: Any) -> PayloadDrift:
        drift = PayloadDrift()
        if value:
            self.enum_fields.count(value if isinstance(value, list) else (value,), drift)
        return drift

    def store(self, item: msgspec.Struct, raw: object, reader: Lenient) -> None:
        """Read the field leaf by leaf from what `parse_exactly` returned, and set it as JSON.

        Raise UnreadableError where the item must be dropped.
        """
        try:
            value = reader.field(self.key, raw, self.annotation, is_needed=self.is_essential)
        except LeafError:
            value = None
        reader.drift.add(self._unknown_words(value))
        try:
            json = b"" if value is None else msgspec.json.encode(value)
        except RecursionError:
            json = b""
        setattr(item, self.attribute, json)
