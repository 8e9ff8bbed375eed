"""One call to the platform: budget, credential, deadline and size."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import httpx
from aiohttp import ClientError  # what its transport lets through unmapped

from gateway.errors import (
    UpstreamBadPayloadError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from gateway.request import Request
from gateway.telemetry import log
from gateway.upstream.credentials import Credential
from gateway.upstream.failures import failed


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
        except httpx.DecodingError:
            log.warning("upstream_bad_payload", endpoint=endpoint, reason="cannot be decompressed")
            raise UpstreamBadPayloadError(endpoint) from None
        except (httpx.HTTPError, ClientError, OSError) as error:
            log.warning("upstream_call_failed", endpoint=endpoint, reason=type(error).__name__)
            raise UpstreamUnavailableError(endpoint) from None
        if status == 200:
            return body
        raise failed(endpoint, status, headers, body)

    async def _send(
        self, endpoint: str, url: str, request: Request
    ) -> tuple[int, httpx.Headers, bytes]:
        headers = {"Accept": "application/json"}
        credential = await self.credential.headers(self.http, request)
        async with self.http.stream("GET", url, headers=headers | dict(credential)) as response:
            if response.status_code == 401:
                self.credential.refused(credential)
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > self.max_response_bytes:
                    log.warning("upstream_answer_too_large", endpoint=endpoint)
                    raise UpstreamBadPayloadError(endpoint)
            return response.status_code, response.headers, bytes(body)
