"""Authentication of calls: Basic credentials of a till, or an OAuth token in one of two headers."""

import base64
import binascii
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

# Two pages of the vendor name two different headers; both are accepted.
TOKEN_HEADERS = ("x-cap-api-oauth-token", "cap-api-access-token")


@dataclass(frozen=True, slots=True)
class Credentials:
    """The accepted credentials; the defaults are for demonstrations and not secret."""

    username: str = "sandbox"
    password: str = "sandbox"  # noqa: S105 - published for demonstrations
    oauth_key: str = "sandbox-key"
    oauth_secret: str = "sandbox-secret"  # noqa: S105 - as above


class TokenRequest(msgspec.Struct):
    """The body of `POST /v3/oauth/token/generate`."""

    key: str
    secret: str


class Authentication:
    """Checks credentials and generates tokens, which expire by the clock of the sandbox."""

    def __init__(
        self, credentials: Credentials, clock: Callable[[], datetime], token_ttl_s: int
    ) -> None:
        self._credentials = credentials
        self._clock = clock
        self._ttl_s = token_ttl_s
        self._expiry_by_token: dict[str, datetime] = {}

    def accepts(self, headers: Mapping[str, str]) -> bool:
        """Whether the headers have an unexpired token or, without any token, valid credentials."""
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
            received = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            return False
        expected = f"{self._credentials.username}:{self._credentials.password}".encode()
        return secrets.compare_digest(received, expected)

    def generate_token(self, body: bytes) -> tuple[dict[str, Any], int]:
        """Return the payload and status of a token request, by the vendor's OAuth page."""
        try:
            request = msgspec.json.decode(body, type=TokenRequest)
        except msgspec.DecodeError:
            request = TokenRequest("", "")
        expected = f"{self._credentials.oauth_key}:{self._credentials.oauth_secret}".encode()
        if not secrets.compare_digest(f"{request.key}:{request.secret}".encode(), expected):
            return {
                "data": None,
                "errors": [{"code": 401, "message": "Invalid key or secret"}],
            }, 401
        token = secrets.token_urlsafe(24)
        now = self._clock()
        self._expiry_by_token = {t: e for t, e in self._expiry_by_token.items() if e > now}
        self._expiry_by_token[token] = now + timedelta(seconds=self._ttl_s)
        return {"data": {"accessToken": token, "ttlSeconds": self._ttl_s}, "errors": None}, 200

    def expire_in(self, token: str, lifetime: timedelta) -> None:
        """Set the remaining lifetime of an unexpired token."""
        if token in self._expiry_by_token:
            self._expiry_by_token[token] = self._clock() + lifetime
