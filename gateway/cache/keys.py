"""Opaque cache keys: who reads the shared cache learns no customer identifier and no credential."""

import hmac
import secrets
from base64 import urlsafe_b64encode

_MIN_SECRET_BYTES = 16
_PSEUDONYM_LENGTH = 16
_KEY_BYTES = 24  # 192 bits: practically free of collisions, and 32 characters of base64


def random_secret() -> bytes:
    """Return a secret for a cache that no other process shares."""
    return secrets.token_bytes(32)


def derive(secret: bytes, purpose: str) -> bytes:
    """Derive the 32-byte secret of one purpose, so that no two purposes share one.

    Raise ValueError for a `secret` below 16 bytes.
    """
    if len(secret) < _MIN_SECRET_BYTES:
        raise ValueError(f"a cache's secret has at least {_MIN_SECRET_BYTES} bytes")
    return hmac.digest(secret, f"promotion-gateway cache: {purpose}".encode(), "sha256")


def secret_for(purpose: str, configured: str) -> bytes:
    """Derive the secret of one purpose from the configured one, or from a random one if empty.

    Raise ValueError for a configured secret below 16 bytes.
    """
    return derive(configured.encode() or random_secret(), purpose)


class KeyMaker:
    """Derives keys from lists of strings; the same `secret` gives the same keys in every replica.

    Raise ValueError for a `secret` below 16 bytes.
    """

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = derive(secret, "key")

    def key(self, *parts: str) -> str:
        """Return the key of `parts`: 32 characters of URL-safe base64 of an HMAC-SHA256.

        Each part is preceded by its length, so that ("ab", "c") and ("a", "bc") differ. A lone
        surrogate, which JSON lets a caller send, is encoded like any other character.
        """
        message = bytearray()
        for part in parts:
            raw = part.encode("utf-8", "surrogatepass")
            message += len(raw).to_bytes(8, "big")
            message += raw
        digest = hmac.digest(self._secret, bytes(message), "sha256")
        return urlsafe_b64encode(digest[:_KEY_BYTES]).decode("ascii")

    def pseudonym(self, customer_id: str) -> str:
        """Return what stands for a customer in the log, by the platform's id: 16 characters.

        It is no key of the cache, nor a part of one: the log does not tell whose an entry is.
        """
        return self.key("logged", customer_id)[:_PSEUDONYM_LENGTH]
