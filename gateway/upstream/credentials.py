"""How the gateway authenticates: Basic, or a token got by key and secret (FACTS)."""

import asyncio
import base64
import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Annotated, Protocol

import msgspec

from gateway.errors import (
    CredentialMissingError,
    UpstreamAuthFailedError,
    UpstreamBadPayloadError,
)
from gateway.request import Request
from gateway.settings import Settings, UpstreamAuth
from gateway.upstream.bodies import unpack
from gateway.upstream.exchange import HttpPort
from gateway.upstream.failures import failed
from gateway.upstream.retries import retry_after_s

TOKEN_PATH = "/v3/oauth/token/generate"  # noqa: S105 - the path of a token is no token
_ENDPOINT = "oauthToken"
_RENEW_BEFORE_S = 30.0
_MOST_BYTES = 64 * 1024
_JSON = {"Content-Type": "application/json"}


class Credential(Protocol):
    """Gives the headers that authenticate one call."""

    async def headers(self, http: HttpPort, request: Request) -> Mapping[str, str]:
        """Give the headers; may itself call the platform.

        Raises UpstreamAuthFailedError where the platform refuses what it is shown, UpstreamError
        for whatever else it does instead of answering, httpx.TransportError where it is not
        reached.
        """
        ...

    def refused(self, headers: Mapping[str, str]) -> None:
        """Learn that the platform has answered 401 to these headers."""

    def identity(self, request: Request) -> str:
        """Tell as whom the platform sees the caller, without giving the credential away."""
        ...


class FixedCredential:
    """The same headers for each call: Basic, or none at all."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    async def headers(self, http: HttpPort, request: Request) -> Mapping[str, str]:
        """Give the headers."""
        return self._headers

    def refused(self, headers: Mapping[str, str]) -> None:
        """Change nothing: there are no others."""

    def identity(self, request: Request) -> str:
        """Give the one identity of all calls."""
        return "configured"


class CallersCredential:
    """The caller's own Authorization or token header, and nothing else of theirs."""

    async def headers(self, http: HttpPort, request: Request) -> Mapping[str, str]:
        """Give the caller's headers.

        Raises UpstreamAuthFailedError where there are none.
        """
        if not request.caller.credential:
            raise CredentialMissingError("passthrough")
        return dict(request.caller.credential)

    def refused(self, headers: Mapping[str, str]) -> None:
        """Change nothing: they are the caller's."""

    def identity(self, request: Request) -> str:
        """Give a hash of the caller's credential."""
        return hashlib.sha256(repr(request.caller.credential).encode()).hexdigest()


class _TokenData(msgspec.Struct):
    token: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,8192}$")] = msgspec.field(
        name="accessToken"
    )
    ttl_s: Annotated[float, msgspec.Meta(gt=0, lt=1e9)] = msgspec.field(
        name="ttlSeconds", default=300.0
    )


class _TokenAnswer(msgspec.Struct):
    data: _TokenData | None = None


class OAuthCredential:
    """A token, got by key and secret and renewed before it runs out, by one caller at a time.

    `clock` gives seconds that never go back.
    """

    def __init__(
        self, key: str, secret: str, header: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._body = msgspec.json.encode({"key": key, "secret": secret})
        self._header = header
        self._clock = clock
        self._headers: Mapping[str, str] = {}
        self._renewed_at = self._renew_at = float("-inf")
        self._renewing = asyncio.Lock()

    async def headers(self, http: HttpPort, request: Request) -> Mapping[str, str]:
        """Give the token's header; fetches a token first where there is none that lasts."""
        if self._clock() >= self._renew_at:
            async with self._renewing:
                if self._clock() >= self._renew_at:
                    await self._renew(http)
        return self._headers

    def refused(self, headers: Mapping[str, str]) -> None:
        """Renew a token that was withdrawn early, but not more often than every 30 seconds."""
        if headers == self._headers:
            self._renew_at = min(self._renew_at, self._renewed_at + _RENEW_BEFORE_S)

    def identity(self, request: Request) -> str:
        """Give the one identity of all calls: the key's, not the rotating token's."""
        return "configured"

    async def _renew(self, http: HttpPort) -> None:
        reply = await http.exchange(
            "POST", TOKEN_PATH, _JSON, body=self._body, most_bytes=_MOST_BYTES
        )
        status, body = reply.status, unpack(_ENDPOINT, reply, _MOST_BYTES)
        if status == 400:  # what is wrong with it can only be the key or the secret
            raise UpstreamAuthFailedError(_ENDPOINT)
        if status != 200:
            raise failed(_ENDPOINT, status, body, retry_after_s(reply.headers))
        try:
            data = msgspec.json.decode(body, type=_TokenAnswer, strict=False).data
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise UpstreamBadPayloadError(_ENDPOINT) from None
        if data is None:
            raise UpstreamAuthFailedError(_ENDPOINT)
        self._headers = {self._header: data.token}
        self._renewed_at = self._clock()
        self._renew_at = self._renewed_at + data.ttl_s - min(_RENEW_BEFORE_S, data.ttl_s / 2)


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
