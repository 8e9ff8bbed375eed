"""Verify a JSON Web Token: its signature, its issuer, audience and times (RFC 8725)."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from joserfc.jws import CompactSignature, JWSRegistry, validate_compact

from gateway.auth.keys import ALGORITHMS, KeySource
from gateway.errors import TokenRefusedError

_T = TypeVar("_T")

_MAX_LENGTH = 16 * 1024  # characters; the server accepts heads of 32 KB
_MAX_HEADER = 4 * 1024  # characters: the header is parsed before the signature is verified
_MAX_KID = 256
_PARTS = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)
_TYPES = {"jwt", "at+jwt", "application/at+jwt"}
_MAX_TRIED_KEYS = 8  # keys without an id, or with the same one
# RFC 9864 has replaced the name EdDSA, which issuers still use and the library warns of.
_LIBRARY_NAMES = {"EdDSA": "Ed25519"}
_REGISTRY = JWSRegistry(
    algorithms={_LIBRARY_NAMES.get(name, name) for name in ALGORITHMS}, strict_check_header=False
)
LEEWAY_S = 30.0

Instant = Annotated[float, msgspec.Meta(ge=0, lt=1e11)]  # what is later is in milliseconds


class _Header(msgspec.Struct):
    """The parameters that decide; keys offered in a header (jwk, jku, x5c, x5u) are not read."""

    alg: str
    kid: Annotated[str, msgspec.Meta(max_length=_MAX_KID)] | None = None
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
    """The claims of a valid token: its subject, and all of them as they came."""

    subject: str
    all: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TokenVerifier:
    """Verifies tokens signed with one of the allowed `algorithms`; `clock` returns UTC."""

    keys: KeySource
    issuer: str
    audience: str
    algorithms: frozenset[str]
    clock: Callable[[], datetime]

    async def verify(self, token: str) -> Claims:
        """Return the claims of a valid token.

        Raise TokenRefusedError for any other, and KeysUnavailableError.
        """
        if len(token) > _MAX_LENGTH:
            raise TokenRefusedError("too_long")
        parts = _PARTS.fullmatch(token)
        if parts is None:
            raise TokenRefusedError("no_token")
        if len(parts[1]) > _MAX_HEADER:
            raise TokenRefusedError("too_long")
        header = self._read_header(parts[1])
        await self._check_signature(header, parts[1], parts[2], parts[3])
        claims = _read_object(parts[2])
        return Claims(self._check_registered(claims).sub, claims)

    def _read_header(self, encoded: str) -> _Header:
        parameters = _read_object(encoded)
        if {"crit", "b64"} & parameters.keys():  # extensions that this gateway does not support
            raise TokenRefusedError("header")
        header = _convert(parameters, _Header, "header")
        if header.alg not in self.algorithms:
            raise TokenRefusedError("algorithm")
        if header.typ is not None and header.typ.lower() not in _TYPES:
            raise TokenRefusedError("type")
        return header

    async def _check_signature(
        self, header: _Header, encoded: str, payload: str, signature: str
    ) -> None:
        """Try the keys that fit: of the algorithm's type, and with the token's key id."""
        known = await self.keys.keys(header.kid)
        fitting = [key for key in known if key.fits(header.kid, header.alg)]
        if not fitting:
            raise TokenRefusedError("key")
        algorithm = _LIBRARY_NAMES.get(header.alg, header.alg)
        signed = CompactSignature({"alg": algorithm}, b"")  # the segments are verified
        signed.segments = {
            "header": encoded.encode(),
            "payload": payload.encode(),
            "signature": signature.encode(),
        }
        if not any(
            validate_compact(signed, one.key, registry=_REGISTRY)
            for one in fitting[:_MAX_TRIED_KEYS]
        ):
            raise TokenRefusedError("signature")

    def _check_registered(self, claims: dict[str, Any]) -> _Registered:
        """Return the registered claims.

        Audience and issuer come first: only the bearer of a token for this gateway learns of its
        times.
        """
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


def _convert(members: dict[str, Any], kind: type[_T], reason: str) -> _T:
    try:
        return msgspec.convert(members, kind)
    except msgspec.ValidationError:
        raise TokenRefusedError(reason) from None


def _read_object(part: str) -> dict[str, Any]:
    """Decode a part that holds a JSON object without duplicate names."""
    try:
        raw = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
        members = json.loads(raw, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    # binascii.Error and UnicodeDecodeError are ValueErrors.
    except (ValueError, RecursionError):
        raise TokenRefusedError("no_token") from None
    if not isinstance(members, dict):
        raise TokenRefusedError("no_token")
    return members


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate name")
    return members


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
