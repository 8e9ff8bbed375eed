"""How the gateway authenticates: Basic, or a token got by key and secret (docs/platform.md)."""

import asyncio
import base64
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Protocol

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

TOKEN_PATH = "/v3/oauth/token/generate"  # noqa: S105 - the path of a token is no token
TOKEN_ENDPOINT = "oauthToken"  # noqa: S105 - nor is its name
_is_token = re.compile(r"[!-~]{1,8192}").fullmatch
_RENEW_BEFORE_S = 30.0
_WITHDRAWN_EVERY_S = 30.0

# Posts a body to a path of the platform, with the manners of every call.
Post = Callable[[str, bytes], Awaitable[UpstreamResponse]]


class Credential(Protocol):
    """Gives the headers that authenticate one call."""

    fixed: Mapping[str, str] | None
    """The headers where they are the same for each call, so that nobody need wait for them."""

    async def headers(self, post: Post, request: RequestContext) -> Mapping[str, str]:
        """Return the headers; may itself call the platform, by `post`.

        Raises UpstreamAuthFailedError where the platform refuses what it is shown, and
        UpstreamError for whatever else it does instead of answering.
        """
        ...

    def rejected(self, headers: Mapping[str, str]) -> bool:
        """Learn that the platform has answered 401 to these headers; tell if there are others."""
        ...

    def identity(self, request: RequestContext) -> str:
        """Tell as whom the platform sees the caller, without giving the credential away."""
        ...


class FixedCredential:
    """The same headers for each call: Basic, or none at all."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.fixed: Mapping[str, str] | None = headers
        self._headers = headers

    async def headers(self, post: Post, request: RequestContext) -> Mapping[str, str]:
        """Return the headers."""
        return self._headers

    def rejected(self, headers: Mapping[str, str]) -> bool:
        """Tell that there are no others."""
        return False

    def identity(self, request: RequestContext) -> str:
        """Return the one identity of all calls."""
        return "configured"


class CallersCredential:
    """The caller's own Authorization or token header, and nothing else of theirs."""

    fixed: Mapping[str, str] | None = None

    async def headers(self, post: Post, request: RequestContext) -> Mapping[str, str]:
        """Return the caller's headers.

        Raises UpstreamAuthFailedError where there are none, or none that a header can carry.
        """
        credential = request.caller.credential
        if not credential or not all(is_value(value) for _, value in credential):
            raise CredentialMissingError("passthrough")
        return dict(credential)

    def rejected(self, headers: Mapping[str, str]) -> bool:
        """Tell that there are no others: they are the caller's."""
        return False

    def identity(self, request: RequestContext) -> str:
        """Return a hash of the caller's credential."""
        return request.caller.credential_hash


class _TokenData(msgspec.Struct):
    token: str = msgspec.field(name="accessToken")
    ttl_s: Annotated[float, msgspec.Meta(gt=0, lt=1e9)] = msgspec.field(
        name="ttlSeconds", default=300.0
    )


class _TokenAnswer(msgspec.Struct):
    data: _TokenData | None = None


class OAuthCredential:
    """A token, got by key and secret and renewed before it runs out, by one caller at a time.

    `clock` gives seconds that never go back.
    """

    fixed: Mapping[str, str] | None = None

    def __init__(
        self, key: str, secret: str, header: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._body = msgspec.json.encode({"key": key, "secret": secret})
        self._header = header
        self._clock = clock
        self._headers: Mapping[str, str] = {}
        self._renew_at = self._withdrawn_at = float("-inf")
        self._renewing = asyncio.Lock()

    async def headers(self, post: Post, request: RequestContext) -> Mapping[str, str]:
        """Return the token's header; fetches a token first where there is none that lasts."""
        if self._clock() >= self._renew_at:
            async with self._renewing:
                if self._clock() >= self._renew_at:
                    await self._renew(post)
        return self._headers

    def rejected(self, headers: Mapping[str, str]) -> bool:
        """Have a token renewed that was withdrawn early, but not more often than all 30 seconds.

        A platform that refuses each new token would else be asked for two at every call.
        """
        if headers != self._headers:
            return True  # it has been renewed since
        now = self._clock()
        at = max(now, self._withdrawn_at + _WITHDRAWN_EVERY_S)
        self._renew_at = min(self._renew_at, at)
        if at > now:
            return False
        self._withdrawn_at = now
        return True

    def identity(self, request: RequestContext) -> str:
        """Return the one identity of all calls: the key's, not the rotating token's."""
        return "configured"

    async def _renew(self, post: Post) -> None:
        answer = await post(TOKEN_PATH, self._body)
        if answer.status == 400:  # what is wrong with it can only be the key or the secret
            raise UpstreamAuthFailedError(TOKEN_ENDPOINT)
        if answer.status not in SUCCESSES:
            raise error_from_status(TOKEN_ENDPOINT, answer)
        try:
            data = msgspec.json.decode(answer.body, type=_TokenAnswer, strict=False).data
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise UpstreamBadPayloadError(TOKEN_ENDPOINT) from None
        if data is None:
            raise UpstreamAuthFailedError(TOKEN_ENDPOINT)
        token = data.token.strip()
        if not _is_token(token):
            raise UpstreamBadPayloadError(TOKEN_ENDPOINT)
        self._headers = {self._header: token}
        self._renew_at = self._clock() + data.ttl_s - min(_RENEW_BEFORE_S, data.ttl_s / 2)


def credential_from(settings: Settings) -> Credential:
    """Choose by `UPSTREAM_AUTH`."""
    match settings.upstream_auth:
        case UpstreamAuth.BASIC:
            password = settings.upstream_password.get_secret_value()
            pair = f"{settings.upstream_username}:{password}".encode()
            basic = f"Basic {base64.b64encode(pair).decode()}"
            return FixedCredential({"Authorization": basic})
        case UpstreamAuth.OAUTH:
            return OAuthCredential(
                settings.upstream_oauth_key,
                settings.upstream_oauth_secret.get_secret_value(),
                settings.upstream_oauth_header,
            )
        case UpstreamAuth.PASSTHROUGH:
            return CallersCredential()
        case UpstreamAuth.NONE:
            return FixedCredential({})
