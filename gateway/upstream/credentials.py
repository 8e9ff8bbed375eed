"""The credentials of calls: Basic, an OAuth token, the caller's own, or none (docs/platform.md)."""

import asyncio
import base64
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Annotated

import msgspec

from gateway.config.settings import Settings
from gateway.config.upstream import UpstreamAuth
from gateway.context import RequestContext
from gateway.errors import (
    CredentialMissingError,
    UpstreamAuthFailedError,
    UpstreamBadPayloadError,
)
from gateway.upstream.http_statuses import SUCCESSES
from gateway.upstream.http_transport import is_value
from gateway.upstream.response import UpstreamResponse
from gateway.upstream.response_errors import error_from_status
from gateway.upstream.waiting import LateError

TOKEN_PATH = "/v3/oauth/token/generate"  # noqa: S105 - the path of a token is no token
TOKEN_ENDPOINT = "oauthToken"  # noqa: S105 - nor is its name
_is_token = re.compile(r"[!-~]{1,8192}").fullmatch
_RENEW_BEFORE_S = 30.0  # before a token expires
_MIN_REJECTION_INTERVAL_S = 30.0

# Sends a body to a path of the platform by POST, with the admission checks of every call.
Post = Callable[[str, bytes], Awaitable[UpstreamResponse]]


class Credential:
    """The headers that authenticate calls; `fixed` are those that are the same for each call."""

    fixed: Mapping[str, str] | None = None
    queued: Mapping[str, LateError] = MappingProxyType({})
    """The calls that wait for their turn, of the request that has last renewed the credential."""
    look_again: Callable[[], None] = staticmethod(lambda: None)
    """Called before a rejection counts: the credential's file may have changed."""

    def configure(self, settings: Settings) -> None:
        """Use changed settings from the next call on: nothing, unless a subclass does."""

    async def headers(self, post: Post, request: RequestContext) -> Mapping[str, str]:
        """Return the headers, possibly after a call to the platform by `post`.

        Raise UpstreamAuthFailedError where the platform refuses the credential, and UpstreamError
        where it does not answer.
        """
        return self.fixed or {}

    def rejected(self, headers: Mapping[str, str]) -> bool:
        """Record a 401 for these headers; return whether other headers may be accepted."""
        return False

    def identity(self, request: RequestContext) -> str:
        """Return a text that identifies the credential of a call without revealing it."""
        return "configured"


class FixedCredential(Credential):
    """The same headers for each call: Basic, or none."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.fixed = headers

    def configure(self, settings: Settings) -> None:
        """Use another username or password from the next call on."""
        headers = _fixed_headers(settings)
        if headers != self.fixed:  # the same object is encoded once
            self.fixed = headers

    def rejected(self, headers: Mapping[str, str]) -> bool:
        """Return whether there is a newer credential than the rejected one."""
        if headers is self.fixed:
            self.look_again()
        return headers is not self.fixed


def _fixed_headers(settings: Settings) -> Mapping[str, str]:
    if settings.upstream_auth is not UpstreamAuth.BASIC:
        return {}
    password = settings.upstream_password.get_secret_value()
    pair = f"{settings.upstream_username}:{password}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


class CallersCredential(Credential):
    """The caller's own Authorization or token header (passthrough)."""

    async def headers(self, post: Post, request: RequestContext) -> Mapping[str, str]:
        """Return the caller's headers.

        Raise CredentialMissingError where there are none, or a value is not valid in a header.
        """
        credential = request.caller.credential
        if not credential or not all(is_value(value) for _, value in credential):
            raise CredentialMissingError("passthrough")
        return dict(credential)

    def identity(self, request: RequestContext) -> str:
        """Return a hash of the caller's credential."""
        return request.caller.credential_hash


class _TokenData(msgspec.Struct):
    token: str = msgspec.field(name="accessToken")
    ttl_s: Annotated[float, msgspec.Meta(gt=0, lt=1e9)] = msgspec.field(
        name="ttlSeconds", default=300.0
    )


class _TokenPayload(msgspec.Struct):
    data: _TokenData | None = None


class OAuthCredential(Credential):
    """A token issued for key and secret, and renewed before it expires, by one call at a time.

    `clock` is monotonic, in seconds.
    """

    def __init__(
        self, key: str, secret: str, header: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._body = _token_request(key, secret)
        self._header = header
        self._clock = clock
        self._headers: Mapping[str, str] = {}
        self._renew_at = self._rejected_at = float("-inf")
        self._renewal = asyncio.Lock()

    def configure(self, settings: Settings) -> None:
        """Request the next token with another key or secret; the current one remains in use."""
        self._body = _token_request(
            settings.upstream_oauth_key, settings.upstream_oauth_secret.get_secret_value()
        )

    async def headers(self, post: Post, request: RequestContext) -> Mapping[str, str]:
        """Return the token's header, after renewing a token that is about to expire."""
        if self._clock() >= self._renew_at:
            async with self._renewal:
                if self._clock() >= self._renew_at:
                    self.queued = request.queued
                    await self._renew(post)
        return self._headers

    def rejected(self, headers: Mapping[str, str]) -> bool:
        """Schedule the renewal of a token that was revoked before its expiry, at most every 30 s.

        Otherwise each call would request a token from a platform that rejects every new one.
        """
        if headers != self._headers:
            return True  # it has been renewed since
        now = self._clock()
        at = max(now, self._rejected_at + _MIN_REJECTION_INTERVAL_S)
        self._renew_at = min(self._renew_at, at)
        if at > now:
            return False
        self._rejected_at = now
        return True

    async def _renew(self, post: Post) -> None:
        self.look_again()
        response = await post(TOKEN_PATH, self._body)
        if response.status == 400:  # only the key or the secret can be wrong
            raise UpstreamAuthFailedError(TOKEN_ENDPOINT)
        if response.status not in SUCCESSES:
            raise error_from_status(TOKEN_ENDPOINT, response)
        try:
            data = msgspec.json.decode(response.body, type=_TokenPayload, strict=False).data
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise UpstreamBadPayloadError(TOKEN_ENDPOINT) from None
        if data is None:
            raise UpstreamAuthFailedError(TOKEN_ENDPOINT)
        token = data.token.strip()
        if not _is_token(token):
            raise UpstreamBadPayloadError(TOKEN_ENDPOINT)
        self._headers = {self._header: token}
        self._renew_at = self._clock() + data.ttl_s - min(_RENEW_BEFORE_S, data.ttl_s / 2)


def _token_request(key: str, secret: str) -> bytes:
    return msgspec.json.encode({"key": key, "secret": secret})


def credential_from(settings: Settings) -> Credential:
    """Create the credential that `UPSTREAM_AUTH` selects."""
    match settings.upstream_auth:
        case UpstreamAuth.BASIC | UpstreamAuth.NONE:
            return FixedCredential(_fixed_headers(settings))
        case UpstreamAuth.OAUTH:
            return OAuthCredential(
                settings.upstream_oauth_key,
                settings.upstream_oauth_secret.get_secret_value(),
                settings.upstream_oauth_header,
            )
        case UpstreamAuth.PASSTHROUGH:
            return CallersCredential()
