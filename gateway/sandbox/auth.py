"""Who may call: Basic credentials of a till, or an OAuth token in one of two headers."""

import base64
import binascii
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

# Two pages of the vendor name two headers; both are accepted here.
TOKEN_HEADERS = ("x-cap-api-oauth-token", "cap-api-access-token")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the sandbox accepts; the defaults are for demonstrations and are no secret."""

    username: str = "sandbox"
    password: str = "sandbox"  # noqa: S105 - the embedded sandbox's own, published on purpose
    oauth_key: str = "sandbox-key"
    oauth_secret: str = "sandbox-secret"  # noqa: S105 - as above


class TokenRequest(msgspec.Struct):
    """The body of `POST /v3/oauth/token/generate`."""

    key: str
    secret: str


class Authentication:
    """Checks a call's credentials, and generates tokens that expire by the sandbox's clock."""

    def __init__(
        self, credentials: Credentials, clock: Callable[[], datetime], token_ttl_s: int
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._ttl_s = token_ttl_s
        self._expiry_by_token: dict[str, datetime] = {}

    def accepts(self, headers: Mapping[str, str]) -> bool:
        """Whether the headers carry a live token or, without any token, the Basic credentials."""
        for name in TOKEN_HEADERS:
            token = headers.get(name)
            if token is not None:
                expiry = self._expiry_by_token.get(token)
                return expiry is not None and self._clock() < expiry
        return self._accepts_basic(headers.get("authorization", ""))

    def _accepts_basic(self, header: str) -> bool:
        scheme, _, encoded = header.partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            given = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            return False
        expected = f"{self._credentials.username}:{self._credentials.password}".encode()
        return secrets.compare_digest(given, expected)

    def generate_token(self, body: bytes) -> dict[str, Any] | None:
        """Answer a token request's body; None where key or secret are wrong.

        `{"data": {"accessToken", "ttlSeconds"}, "errors": null}`, by the vendor's OAuth page.
        """
        try:
            request = msgspec.json.decode(body, type=TokenRequest)
        except msgspec.DecodeError:
            return None
        expected = f"{self._credentials.oauth_key}:{self._credentials.oauth_secret}".encode()
        if not secrets.compare_digest(f"{request.key}:{request.secret}".encode(), expected):
            return None
        token = secrets.token_urlsafe(24)
        now = self._clock()
        self._expiry_by_token = {t: e for t, e in self._expiry_by_token.items() if e > now}
        self._expiry_by_token[token] = now + timedelta(seconds=self._ttl_s)
        return {"data": {"accessToken": token, "ttlSeconds": self._ttl_s}, "errors": None}

    def shorten(self, token: str, life: timedelta) -> None:
        """Let a token that lives end so long from now, whatever was said of it; others stay."""
        if token in self._expiry_by_token:
            self._expiry_by_token[token] = self._clock() + life
