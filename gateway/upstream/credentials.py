"""How the gateway authenticates: Basic, or a token got by key and secret (FACTS)."""

import asyncio
import base64
import time
from collections.abc import Mapping
from typing import Protocol

import httpx
import msgspec

from gateway.errors import UpstreamAuthFailedError
from gateway.request import Request
from gateway.settings import Settings, UpstreamAuth

TOKEN_PATH = "/v3/oauth/token/generate"  # noqa: S105 - the path of a token is no token
_RENEW_BEFORE_S = 30.0


class Credential(Protocol):
    """Gives the headers that authenticate one call."""

    async def headers(self, http: httpx.AsyncClient, request: Request) -> Mapping[str, str]:
        """Give the headers; may itself call the platform.

        Raises UpstreamAuthFailedError where the platform refuses what it is shown.
        """
        ...


class FixedCredential:
    """The same headers for each call: Basic, or none at all."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    async def headers(self, http: httpx.AsyncClient, request: Request) -> Mapping[str, str]:
        """Give the headers."""
        return self._headers


class CallersCredential:
    """The caller's own Authorization or token header, and nothing else of theirs."""

    async def headers(self, http: httpx.AsyncClient, request: Request) -> Mapping[str, str]:
        """Give the caller's headers.

        Raises UpstreamAuthFailedError where there are none.
        """
        if not request.caller.credential:
            raise UpstreamAuthFailedError("credential")
        return dict(request.caller.credential)


class _TokenData(msgspec.Struct):
    token: str = msgspec.field(name="accessToken")
    ttl_s: float = msgspec.field(name="ttlSeconds", default=300.0)


class _TokenAnswer(msgspec.Struct):
    data: _TokenData | None = None


class OAuthCredential:
    """A token, got by key and secret and renewed before it runs out, by one caller at a time."""

    def __init__(self, key: str, secret: str, header: str) -> None:
        self._body = msgspec.json.encode({"key": key, "secret": secret})
        self._header = header
        self._token = ""
        self._renew_at = float("-inf")
        self._renewing = asyncio.Lock()

    async def headers(self, http: httpx.AsyncClient, request: Request) -> Mapping[str, str]:
        """Give the token's header; fetches a token first where there is none that lasts."""
        if time.monotonic() >= self._renew_at:
            async with self._renewing:
                if time.monotonic() >= self._renew_at:
                    await self._renew(http)
        return {self._header: self._token}

    async def _renew(self, http: httpx.AsyncClient) -> None:
        answer = await http.post(
            TOKEN_PATH, content=self._body, headers={"Content-Type": "application/json"}
        )
        try:
            data = msgspec.json.decode(answer.content, type=_TokenAnswer, strict=False).data
        except msgspec.DecodeError:
            data = None
        if answer.status_code != 200 or data is None:
            raise UpstreamAuthFailedError("oauthToken")
        self._token = data.token
        self._renew_at = time.monotonic() + max(1.0, data.ttl_s - _RENEW_BEFORE_S)


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
