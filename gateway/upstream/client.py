"""One call to the platform: budget, credential, deadline, size, and what a status means."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import httpx
from aiohttp import ClientError  # what its transport lets through unmapped

from gateway.errors import (
    NotHereError,
    UpstreamAuthFailedError,
    UpstreamBadPayloadError,
    UpstreamError,
    UpstreamInputRefusedError,
    UpstreamMisuseError,
    UpstreamRateLimitedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from gateway.request import Request
from gateway.telemetry import log
from gateway.upstream.credentials import Credential
from gateway.wire.decode import Refusal, read_refusal

_NOT_HERE = frozenset({8015, 4027})
_OUR_FAULT = frozenset({4050, 4055, 4056, 4086, 8001, 8002, 8100, 8101, 8102, 8103, 8104})
_DEFAULT_RETRY_AFTER_S = 60.0


@dataclass(frozen=True, slots=True)
class UpstreamClient:
    """Calls the platform over an httpx client, whose transport is the seam for tests."""

    http: httpx.AsyncClient
    credential: Credential
    max_response_bytes: int

    async def get(
        self, endpoint: str, path: str, parameters: Mapping[str, str], request: Request
    ) -> bytes:
        """Fetch the body of a successful answer.

        `endpoint` is the documented name that errors carry; `parameters` reach the platform exactly
        as given. Raises BudgetExceededError before a call too many, and UpstreamError for whatever
        the platform does instead of answering.
        """
        request.budget.spend()
        url = f"{path}?{urlencode(parameters, quote_via=quote)}"
        try:
            async with asyncio.timeout_at(request.deadline):
                status, headers, body = await self._send(endpoint, url, request)
        except TimeoutError:
            raise UpstreamTimeoutError(endpoint) from None
        except (httpx.HTTPError, ClientError, OSError) as error:
            log.warning("upstream_call_failed", endpoint=endpoint, reason=type(error).__name__)
            raise UpstreamUnavailableError(endpoint) from None
        if status == 200:
            return body
        raise _failure(endpoint, status, headers, body)

    async def _send(
        self, endpoint: str, url: str, request: Request
    ) -> tuple[int, httpx.Headers, bytes]:
        headers = {"Accept": "application/json"}
        headers.update(await self.credential.headers(self.http, request))
        async with self.http.stream("GET", url, headers=headers) as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > self.max_response_bytes:
                    log.warning("upstream_answer_too_large", endpoint=endpoint)
                    raise UpstreamBadPayloadError(endpoint)
            return response.status_code, response.headers, bytes(body)


def refused(endpoint: str, refusal: Refusal) -> UpstreamError:
    """Give a documented error body's meaning (DESIGN §5); FACTS adds the codes above 8100."""
    code = refusal.code
    if code in _NOT_HERE:
        return NotHereError(endpoint, code)
    if code in UpstreamInputRefusedError.codes():
        return UpstreamInputRefusedError(endpoint, code)
    log.error("upstream_refused", endpoint=endpoint, upstream_code=code)
    return (UpstreamMisuseError if code in _OUR_FAULT else UpstreamUnavailableError)(endpoint, code)


def _failure(endpoint: str, status: int, headers: httpx.Headers, body: bytes) -> UpstreamError:
    """Give the meaning of an answer whose status is not 200; a documented body comes first."""
    refusal = read_refusal(body)
    if status in {401, 403}:
        return UpstreamAuthFailedError(endpoint, refusal.code if refusal else None)
    if status == 429:
        return UpstreamRateLimitedError(endpoint, _retry_after_s(headers))
    if refusal is not None:
        return refused(endpoint, refusal)
    log.warning("upstream_status", endpoint=endpoint, status=status)
    if status < 500:
        return UpstreamBadPayloadError(endpoint)
    return UpstreamUnavailableError(endpoint)


def _retry_after_s(headers: httpx.Headers) -> float:
    raw = headers.get("Retry-After", "")
    return (
        float(raw) if raw.isascii() and raw.isdigit() and len(raw) < 6 else _DEFAULT_RETRY_AFTER_S
    )
