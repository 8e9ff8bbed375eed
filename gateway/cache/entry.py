"""One remembered answer, and how it is written into a level that others can write to."""

import hashlib
import hmac
import math

import msgspec

from gateway.cache.keys import derive

FORMAT = 1  # part of the shared level's key prefix, so that two releases never overwrite each other
_MAGIC = b"PGC" + FORMAT.to_bytes(1, "big")
_TAG_BYTES = 16
_HEAD_BYTES = len(_MAGIC) + _TAG_BYTES


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An answer's bytes and how long they are good; times are wall-clock seconds since 1970.

    From `stored_at` it is fresh for `fresh_for_s`, may then be served while it is asked for anew
    for `revalidate_for_s`, and where asking fails for `stale_for_s`, counted from the same moment
    and at least as long. `is_negative` says that the answer was "not here"; its payload is whatever
    the caller wanted remembered of it.
    """

    payload: bytes
    stored_at: float
    fresh_for_s: float
    revalidate_for_s: float = 0.0
    stale_for_s: float = 0.0
    is_negative: bool = False

    @property
    def expires_at(self) -> float:
        """When it is of no use to anybody."""
        return self.stored_at + self.fresh_for_s + self.stale_for_s


class EntryCodec:
    """Writes entries as bytes, and reads back only those that this gateway wrote under this key.

    The bytes are a version, a keyed BLAKE2b over key and content, and the content in msgpack. The
    tag makes anything truncated, planted, or moved from one key to another (so: from one customer
    to another) no entry. Raises ValueError for a `secret` below 16 bytes.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = derive(secret, "entry")
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(Entry)

    def encode(self, key: str, entry: Entry) -> bytes:
        """Write `entry` as it is kept under `key`."""
        body = self._encoder.encode(entry)
        return _MAGIC + self._tag(key, body) + body

    def decode(self, key: str, raw: bytes) -> Entry | None:
        """Read what `encode` wrote under the same key; None for anything else."""
        if not raw.startswith(_MAGIC) or len(raw) <= _HEAD_BYTES:
            return None
        tag, body = raw[len(_MAGIC) : _HEAD_BYTES], raw[_HEAD_BYTES:]
        if not hmac.compare_digest(tag, self._tag(key, body)):
            return None
        try:
            entry = self._decoder.decode(body)
        except msgspec.DecodeError:
            return None
        return entry if _is_sound(entry) else None

    def _tag(self, key: str, body: bytes) -> bytes:
        name = key.encode()
        digest = hashlib.blake2b(key=self._secret, digest_size=_TAG_BYTES)
        digest.update(len(name).to_bytes(8, "big") + name)
        digest.update(body)
        return digest.digest()


def _is_sound(entry: Entry) -> bool:
    spans = (entry.fresh_for_s, entry.revalidate_for_s, entry.stale_for_s)
    return math.isfinite(entry.stored_at) and all(math.isfinite(s) and s >= 0 for s in spans)
