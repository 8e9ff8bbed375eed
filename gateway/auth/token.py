"""A JSON Web Token: signed by a key that counts, for this gateway, and at this time (RFC 8725)."""

import base64
import binascii
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from joserfc.jws import JWSRegistry

from gateway.auth.keys import KeySource
from gateway.errors import TokenRefusedError

_T = TypeVar("_T")

_LONGEST = 16 * 1024  # characters, which a head of 32 KB still holds
_MAX_HEADER = 4 * 1024  # characters: it is read before its signature says that it is worth it
_LONGEST_KID = 256
_PARTS = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)
_TYPES = {"jwt", "at+jwt", "application/at+jwt"}
_MOST_TRIED = 8  # keys without an id, or with the same one
LEEWAY_S = 30.0

Instant = Annotated[float, msgspec.Meta(ge=0, lt=1e11)]  # what is later is no second any more


class _Header(msgspec.Struct):
    """What is read of a header; where a key is offered in it (jwk, jku, x5c, x5u) is not."""

    alg: str
    kid: Annotated[str, msgspec.Meta(max_length=_LONGEST_KID)] | None = None
    typ: str | None = None


class _Registered(msgspec.Struct):
    """The registered claims that decide; `aud` is one audience or a list."""

    iss: str
    aud: str | list[str]
    exp: Instant
    nbf: Instant = 0.0
    iat: Instant = 0.0
    sub: str = ""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token that counts says: whom it is about, and all its claims as they came."""

    subject: str
    all: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TokenVerifier:
    """Checks tokens; `algorithms` are those that are allowed, `clock` gives the time in UTC."""

    keys: KeySource
    issuer: str
    audience: str
    algorithms: frozenset[str]
    clock: Callable[[], datetime]

    async def verify(self, token: str) -> Claims:
        """Return the claims of a token that counts.

        Raises TokenRefusedError for any other, and KeysUnavailableError.
        """
        if len(token) > _LONGEST:
            raise TokenRefusedError("too_long")
        parts = _PARTS.fullmatch(token)
        if parts is None:
            raise TokenRefusedError("no_token")
        if len(parts[1]) > _MAX_HEADER:
            raise TokenRefusedError("too_long")
        header = self._read_header(parts[1])
        await self._check_signature(header, token, _decode(parts[3]))
        claims = _read_object(parts[2])
        return Claims(self._check(claims).sub, claims)

    def _read_header(self, encoded: str) -> _Header:
        read = _read_object(encoded)
        if {"crit", "b64"} & read.keys():  # it asks for what this gateway does not understand
            raise TokenRefusedError("header")
        header = _convert(read, _Header, "header")
        if header.alg not in self.algorithms:
            raise TokenRefusedError("algorithm")
        if header.typ is not None and header.typ.lower() not in _TYPES:
            raise TokenRefusedError("type")
        return header

    async def _check_signature(self, header: _Header, token: str, signature: bytes) -> None:
        """Try the keys that fit: of their kind, for this algorithm, and by the token's key id."""
        known = await self.keys.keys(header.kid)
        fitting = [key for key in known if key.fits(header.kid, header.alg)]
        if not fitting:
            raise TokenRefusedError("key")
        # The library warns of the name EdDSA, which RFC 9864 has replaced, and issuers have not.
        name = "Ed25519" if header.alg == "EdDSA" else header.alg
        algorithm = JWSRegistry.algorithms[name]
        signed = token.rpartition(".")[0].encode("ascii")
        if not any(algorithm.verify(signed, signature, one.key) for one in fitting[:_MOST_TRIED]):
            raise TokenRefusedError("signature")

    def _check(self, claims: dict[str, Any]) -> _Registered:
        registered = _convert(claims, _Registered, "claims")
        audiences = [registered.aud] if isinstance(registered.aud, str) else registered.aud
        if registered.iss != self.issuer:
            raise TokenRefusedError("issuer")
        if self.audience not in audiences:
            raise TokenRefusedError("audience")
        now = self.clock().timestamp()
        if registered.exp + LEEWAY_S <= now:
            raise TokenRefusedError("expired", "The bearer token has expired.")
        if max(registered.nbf, registered.iat) - LEEWAY_S > now:
            raise TokenRefusedError("not_yet", "The bearer token is not valid yet.")
        return registered


def _convert(read: dict[str, Any], kind: type[_T], reason: str) -> _T:
    try:
        return msgspec.convert(read, kind)
    except msgspec.ValidationError:
        raise TokenRefusedError(reason) from None


def _decode(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise TokenRefusedError("no_token") from None


def _read_object(part: str) -> dict[str, Any]:
    """Read a part that holds a JSON object, in which each name stands once."""
    try:
        read = json.loads(_decode(part), object_pairs_hook=_unique, parse_constant=_no_number)
    except (ValueError, RecursionError):  # a UnicodeDecodeError is a ValueError
        raise TokenRefusedError("no_token") from None
    if not isinstance(read, dict):
        raise TokenRefusedError("no_token")
    return read


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a name stands twice")
    return read


def _no_number(_name: str) -> float:
    raise ValueError("not a number")
