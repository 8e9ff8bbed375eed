"""One wanted call to the platform: its turn, its attempts, its deadline and its size."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

import httpx

from gateway.errors import UpstreamTimeoutError, UpstreamUnavailableError
from gateway.request import Request
from gateway.telemetry import log
from gateway.upstream.bodies import unpack
from gateway.upstream.circuit_breaker import Permit
from gateway.upstream.credentials import Credential
from gateway.upstream.exchange import HttpPort
from gateway.upstream.failures import DEFAULT_PAUSE_S, failed
from gateway.upstream.retries import retry_after_s
from gateway.upstream.traffic import EndpointTraffic, Traffic

_UNREACHABLE = (httpx.HTTPError, OSError)
_is_plain = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch


class _Call(NamedTuple):
    """A wanted call, whatever attempts it takes; `limit` ends it at its operation's deadline."""

    endpoint: str
    target: str
    request: Request
    traffic: EndpointTraffic
    limit: asyncio.Timeout


class _Answer(NamedTuple):
    """What one attempt brought back; `status` None: the platform could not be reached."""

    status: int | None
    body: bytes = b""
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class UpstreamClient:
    """Calls the platform."""

    http: HttpPort
    credential: Credential
    traffic: Traffic
    max_response_bytes: int

    async def get(
        self, endpoint: str, path: str, parameters: Mapping[str, str], request: Request
    ) -> bytes:
        """Fetch the body of a successful answer, with a second attempt where that is worth it.

        `endpoint` is the documented name that errors carry; `parameters` reach the platform exactly
        as given. Raises BudgetExceededError before a call too many, OverloadedError where too many
        wait, and UpstreamError for whatever the platform does instead of answering.
        """
        traffic = self.traffic.of(endpoint)
        traffic.retry_budget.want()
        attempts = 0
        try:
            async with asyncio.timeout_at(request.deadline) as limit:
                call = _Call(endpoint, target_of(path, parameters), request, traffic, limit)
                while True:
                    answer = await self._attempt(call)
                    attempts += 1
                    if answer.status == 200:
                        return answer.body
                    if request.budget.is_spent:
                        break
                    left_s = request.deadline - self.traffic.clock()
                    delay_s = traffic.retries.delay_s(
                        attempts, answer.status, answer.retry_after_s, left_s
                    )
                    if delay_s is None:
                        break
                    await asyncio.sleep(delay_s)
        except TimeoutError:
            raise UpstreamTimeoutError(endpoint) from None
        if answer.status is None:
            raise UpstreamUnavailableError(endpoint)
        raise failed(endpoint, answer.status, answer.body, answer.retry_after_s)

    async def _attempt(self, call: _Call) -> _Answer:
        """Make one attempt, once it is its turn."""
        request = call.request
        request.budget.check()
        quota = self.traffic.quotas.of(self.credential.identity(request))
        async with self.traffic.admission.place():
            with call.traffic.breaker.admit() as permit:
                credential = await self._credential(call, permit)
                await quota.start(call.endpoint, request.deadline)
                request.budget.spend()
                answer = await self._call(call, credential, permit)
        if answer.status == 429:
            pause_s = answer.retry_after_s
            await quota.pause(DEFAULT_PAUSE_S if pause_s is None else pause_s)
        return answer

    async def _credential(self, call: _Call, permit: Permit) -> Mapping[str, str]:
        try:
            return await self.credential.headers(self.http, call.request)
        except _UNREACHABLE as error:
            permit.failure()
            raise _unreachable(call, error) from None

    async def _call(self, call: _Call, credential: Mapping[str, str], permit: Permit) -> _Answer:
        """Make the call, and tell the breaker how it went; a client's leaving tells nothing."""
        try:
            answer = await self._send(call, credential)
        except asyncio.CancelledError:
            if call.limit.expired():
                permit.failure()
            raise
        except _UNREACHABLE as error:
            permit.failure()
            _unreachable(call, error)
            return _Answer(None)
        status = answer.status or 0
        if status >= 500:
            permit.failure()
        elif status != 429:
            permit.success()
        return answer

    async def _send(self, call: _Call, credential: Mapping[str, str]) -> _Answer:
        most_bytes = self.max_response_bytes
        reply = await self.http.exchange("GET", call.target, credential, most_bytes=most_bytes)
        if reply.status == 401:
            self.credential.refused(credential)
        body = unpack(call.endpoint, reply, most_bytes)
        return _Answer(reply.status, body, retry_after_s(reply.headers))


def target_of(path: str, parameters: Mapping[str, str]) -> str:
    """Give the path with the query, in which each parameter comes to the platform as it is here."""
    query = [
        f"{name}={value if _is_plain(value) else quote(value, safe='')}"
        for name, value in parameters.items()
    ]
    return f"{path}?{'&'.join(query)}"


def _unreachable(call: _Call, error: Exception) -> UpstreamUnavailableError:
    log.warning("upstream_call_failed", endpoint=call.endpoint, reason=type(error).__name__)
    return UpstreamUnavailableError(call.endpoint)
