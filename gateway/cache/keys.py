"""Keys that tell nothing: whoever reads the shared cache learns no identifier and no credential."""

import hmac
import secrets
from base64 import urlsafe_b64encode

_LEAST_SECRET_BYTES = 16
_KEY_BYTES = 24  # 192 bits: no two part lists ever meet, and a key stays at 32 characters


def random_secret() -> bytes:
    """Make a secret for a cache that this process shares with nobody."""
    return secrets.token_bytes(32)


def derive(secret: bytes, purpose: str) -> bytes:
    """Derive the 32-byte secret of one purpose, so that no two purposes share one.

    Raises ValueError for a `secret` below 16 bytes.
    """
    if len(secret) < _LEAST_SECRET_BYTES:
        raise ValueError(f"a cache's secret has at least {_LEAST_SECRET_BYTES} bytes")
    return hmac.digest(secret, f"promotion-gateway cache: {purpose}".encode(), "sha256")


def secret_for(purpose: str, configured: str) -> bytes:
    """Derive the secret of one purpose from the configured one; where that is empty, a random one.

    Raises ValueError for one below 16 bytes.
    """
    return derive(configured.encode() or random_secret(), purpose)


class KeyMaker:
    """Makes keys of lists of texts; the same `secret` makes the same keys in every replica.

    Raises ValueError for a `secret` below 16 bytes.
    """

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = derive(secret, "key")

    def key(self, *parts: str) -> str:
        """Make the key of `parts`: 32 characters of URL-safe base64 of an HMAC-SHA256.

        Each part goes in with its length, so that ("ab", "c") and ("a", "bc") differ. A lone
        surrogate, which JSON lets a caller send, is a text like any other.
        """
        message = bytearray()
        for part in parts:
            raw = part.encode("utf-8", "surrogatepass")
            message += len(raw).to_bytes(8, "big")
            message += raw
        digest = hmac.digest(self._secret, bytes(message), "sha256")
        return urlsafe_b64encode(digest[:_KEY_BYTES]).decode("ascii")
