"""Parts of a payload that stay JSON until they are selected: most of a page, and the same in many.

That such a part can be read is seen to when its page is decoded, for an item may be left out for
it whatever is selected. What has been seen before is known by Python's own hash, of 64 bits that
nobody can foresee.
"""

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

import msgspec

from gateway.upstream.decoding.json_text import parse_exactly
from gateway.upstream.decoding.lenient import LeafError, Lenient, UnreadableError

_P = TypeVar("_P")
_MOST_SEEN = 8192
_LONGEST_REMEMBERED = 64 * 1024
_NULL = b"null"


class LazyField(Generic[_P]):
    """One such part: its wire `key`, the `attribute` that holds its JSON, and its type.

    Without one that `is_essential`, and is there, an item must not be shown. What has been decoded
    is given to `finish`.
    """

    def __init__(
        self,
        key: str,
        attribute: str,
        kind: type[_P] | Any,
        *,
        is_essential: bool = False,
        finish: Callable[[_P], None] | None = None,
    ) -> None:
        self.key, self._attribute, self._kind = key, attribute, kind
        self._is_essential, self._finish = is_essential, finish
        self._decode = msgspec.json.Decoder(kind, strict=False).decode
        self._seen: set[int] = set()
        self._last: tuple[bytes, _P | None] = b"", None

    def read(self, json: bytes) -> _P | None:
        """Read the part of an item; null where there is none, or it is nested too deep.

        What has been read last is remembered: one item after the other is shown, field by field.
        """
        known, part = self._last
        if json is known:
            return part
        try:
            part = self._decode(json) if json else None
        except msgspec.ValidationError:  # `put` has written it: with figures beyond a float
            part = Lenient().value(parse_exactly(json), self._kind)
        except RecursionError:
            part = None
        if part is not None and self._finish is not None:
            self._finish(part)
        if len(json) <= _LONGEST_REMEMBERED:
            self._last = json, part
        return part

    def are_readable(self, items: Iterable[msgspec.Struct]) -> bool:
        """Return whether each item's part can be read; from then on it is bytes, null is none."""
        attribute, readable = self._attribute, self._seen
        for item in items:
            json = bytes(getattr(item, attribute))
            if hash(json) not in readable:  # bytes keep their hash
                if json == _NULL:
                    json = b""
                elif not self._is_readable(json):
                    return False
            setattr(item, attribute, json)
        return True

    def _is_readable(self, json: bytes) -> bool:
        try:
            if json:
                self._decode(json)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return False
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen.add(hash(json))
        return True

    def put(self, item: msgspec.Struct, raw: object, reader: Lenient) -> None:
        """Read the part leaf by leaf from what `parse_exactly` has parsed, and give it to an item.

        Null is none. Raises UnreadableError where the item must not be shown.
        """
        try:
            part = reader.value(raw, self._kind)
        except LeafError:
            part = None
            if self._is_essential and raw != "":
                raise UnreadableError(f"{self.key} cannot be read") from None
            reader.surprises += raw != ""
        try:
            json = b"" if part is None else msgspec.json.encode(part)
        except RecursionError:
            json = b""
        setattr(item, self._attribute, json)
