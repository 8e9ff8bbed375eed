"""Admission checks, sending and retries of upstream calls."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import httpx

from gateway.context import TIMER_TOLERANCE_S, RequestContext
from gateway.errors import (
    GatewayError,
    OverloadedError,
    UpstreamBadPayloadError,
    UpstreamRateLimitedError,
    UpstreamTimeoutError,
)
from gateway.telemetry import log
from gateway.telemetry.tracing import span
from gateway.upstream.call import UpstreamCall
from gateway.upstream.credentials import TOKEN_ENDPOINT, TOKEN_PATH, Credential
from gateway.upstream.http_statuses import CREDENTIAL_EXPIRED, SUCCESSES, CircuitOutcome
from gateway.upstream.http_transport import HttpTransport
from gateway.upstream.resilience.circuit_breaker import Permit
from gateway.upstream.resilience.circuit_scope import Attribution
from gateway.upstream.resilience.quota import Quota
from gateway.upstream.resilience.traffic_shaping import EndpointTraffic, TrafficShaping
from gateway.upstream.response import UpstreamResponse, read_response
from gateway.upstream.response_errors import DEFAULT_PAUSE_S, error_from_status, read_failure
from gateway.upstream.statistics import status_class
from gateway.upstream.waiting import LateError, behind_others, in_queue

_UNREACHABLE = (httpx.HTTPError, OSError)
# No HTTP request was sent, so that no caller's request can be the reason.
_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, OSError)
_NOT_SENT = (*_NOT_CONNECTED, httpx.PoolTimeout)
# A call that timed out after less than this, and less than half of its operation's time, had no
# fair chance: it says nothing about the endpoint.
_FAIR_TIME_S = 1.0
_JSON = {"Content-Type": "application/json"}
_MAX_TOKEN_BYTES = 64 * 1024


class _OutgoingRequest(NamedTuple):
    """One HTTP request, and the largest response body that is accepted."""

    endpoint: str
    method: str
    target: str
    headers: Mapping[str, str]
    max_bytes: int
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class UpstreamClient:
    """Sends calls to the platform; `deadline_s` is the time an operation has for all its calls."""

    http: HttpTransport
    credential: Credential
    traffic: TrafficShaping
    max_response_bytes: int
    deadline_s: float = 0.0

    def quota_left(self, request: RequestContext) -> int | None:
        """Return how many calls of this minute the caller's identity has left; None: no limit."""
        return self.traffic.quotas.of(self.credential.identity(request)).remaining()

    async def send(self, call: UpstreamCall[Any]) -> bytes:
        """Return the body of a successful response.

        An attempt that fails is retried once; one whose credential has expired is repeated once
        with a renewed one, also where it is the retry. A repetition is not retried.

        All attempts end at the deadline of the call's request. Raise BudgetExceededError,
        OverloadedError and UpstreamRateLimitedError where an attempt is not admitted in time, and
        UpstreamError where the platform does not answer with success.
        """
        endpoint, request = call.endpoint, call.request
        traffic = self.traffic.of(endpoint)
        traffic.retry_budget.count_call(request.caller_key)
        try:
            with request.call_scope:
                response, may_renew = await self._attempt(call, traffic)
                if response.status not in SUCCESSES:
                    response = await self._retry(call, traffic, response, may_renew=may_renew)
        except TimeoutError:
            raise UpstreamTimeoutError(endpoint) from None
        if response.status in SUCCESSES:
            return response.body
        raise error_from_status(endpoint, response)

    async def send_once(self, call: UpstreamCall[Any], body: bytes) -> UpstreamResponse:
        """Post a JSON body once, whatever becomes of it, and return the response.

        What has been written may have taken effect although no response says so. It is never sent
        again: neither after a failure nor with a renewed credential, and on a new connection only,
        as the platform may have closed any other one. `was_sent` of the response is false where
        no connection came about.

        Raise BudgetExceededError, OverloadedError, UpstreamRateLimitedError and
        UpstreamUnavailableError where the call is not admitted in time, UpstreamTimeoutError at the
        deadline of the call's request, and UpstreamBadPayloadError for a body that cannot be read.
        The request's report has counted the call where it was sent.
        """
        traffic = self.traffic.of(call.endpoint)
        try:
            with call.request.call_scope:
                response, _ = await self._attempt(call, traffic, "POST", body)
        except TimeoutError:
            raise UpstreamTimeoutError(call.endpoint) from None
        return response

    async def _retry(
        self,
        call: UpstreamCall[Any],
        traffic: EndpointTraffic,
        response: UpstreamResponse,
        *,
        may_renew: bool,
    ) -> UpstreamResponse:
        """Repeat a failed attempt while that may help; `may_renew`: with a renewed credential."""
        request, is_renewed, attempts = call.request, False, 1
        while response.status not in SUCCESSES and request.budget.allows(
            is_low_priority=call.is_low_priority
        ):
            if may_renew and not is_renewed:
                is_renewed = True
            else:
                if not read_failure(response)[0].is_retried:
                    break
                delay_s = traffic.retry_policy.delay_s(
                    attempts,
                    response.status,
                    response.retry_after_s,
                    request.deadline - self.traffic.clock(),
                    request.caller_key,
                )
                if delay_s is None:
                    break
                await asyncio.sleep(delay_s)
            response, may_renew = await self._attempt(call, traffic)
            attempts += 1
        return response

    async def _attempt(
        self,
        call: UpstreamCall[Any],
        traffic: EndpointTraffic,
        method: str = "GET",
        body: bytes = b"",
    ) -> tuple[UpstreamResponse, bool]:
        """Send a call once it is admitted; return also whether a renewed credential may help.

        The order of the checks (docs/decisions/008): call budget of the operation, concurrency,
        circuit breaker, credential, quota. Where a later one refuses, what an earlier one granted
        is released.
        """
        request, is_low_priority = call.request, call.is_low_priority
        budget, caller, concurrency = request.budget, request.caller_key, self.traffic.concurrency
        is_sent = False
        if not budget.try_acquire(is_low_priority=is_low_priority):
            with behind_others(request, call.endpoint, lambda: request.queued):
                await budget.acquire(is_low_priority=is_low_priority)
        try:
            if not concurrency.try_acquire(caller):
                await self._wait_for_connection(call)
            try:
                permit = traffic.breaker.admit(
                    Attribution(caller, call.subject) if call.subject else None
                )
                try:
                    headers = self.credential.fixed
                    if headers is None:
                        post = partial(self._post, request)
                        with behind_others(request, call.endpoint, self._token_queue):
                            headers = await self.credential.headers(post, request)
                    quota = self.traffic.quotas.of(self.credential.identity(request))
                    if not quota.try_acquire():
                        await self._wait_for_quota(quota, call.endpoint, call.target, request)
                    is_sent = True
                    request.report.calls += 1
                    outgoing = _OutgoingRequest(
                        call.endpoint,
                        method,
                        call.target,
                        {**headers, **_JSON} if body else headers,
                        self.max_response_bytes,
                        body,
                    )
                    response = await self._send_once(outgoing, request, traffic, permit)
                finally:
                    if permit.is_pending:
                        permit.neutral()
            finally:
                concurrency.release(caller)
        finally:
            budget.release(is_low_priority=is_low_priority, is_sent=is_sent)
        may_renew = response.status in CREDENTIAL_EXPIRED and self.credential.rejected(headers)
        return response, may_renew

    async def _wait_for_connection(self, call: UpstreamCall[Any]) -> None:
        """Acquire a connection before the deadline; raises OverloadedError."""
        request, concurrency = call.request, self.traffic.concurrency
        late = partial(self._connection_error, request)
        with (
            span("connection wait"),
            self.traffic.statistics.connection_waits.timing(),
            in_queue(request, call.target, call.endpoint, late),
        ):
            await concurrency.acquire(request.caller_key)
            if self.traffic.clock() >= request.deadline - TIMER_TOLERANCE_S:
                # Those before it have left at nearly the same deadline: no time is left for a call.
                concurrency.release(request.caller_key)
                raise late(call.endpoint)

    def _connection_error(self, request: RequestContext, endpoint: str) -> GatewayError:
        """Return the error of a call that has waited for a connection until its deadline."""
        quota = self.traffic.quotas.of(self.credential.identity(request))
        # Calls that wait for the quota hold a connection.
        return quota.late_error(endpoint) if quota.holds_back else OverloadedError()

    def _token_queue(self) -> dict[str, LateError]:
        """Return the token call where it waits for the quota."""
        late = self.credential.queued.get(TOKEN_PATH)
        return {} if late is None else {TOKEN_PATH: late}

    async def _post(self, request: RequestContext, path: str, body: bytes) -> UpstreamResponse:
        """Request a token, which is for all operations: no operation's budget counts the call."""
        traffic = self.traffic.of(TOKEN_ENDPOINT)
        with traffic.breaker.admit() as permit:
            quota = self.traffic.quotas.of(self.credential.identity(request))
            if not quota.try_acquire():
                await self._wait_for_quota(quota, TOKEN_ENDPOINT, TOKEN_PATH, request)
            outgoing = _OutgoingRequest(TOKEN_ENDPOINT, "POST", path, _JSON, _MAX_TOKEN_BYTES, body)
            return await self._send_once(outgoing, request, traffic, permit)

    async def _wait_for_quota(
        self, quota: Quota, endpoint: str, target: str, request: RequestContext
    ) -> None:
        """Wait until the quota allows a call, and count for how long."""
        started = self.traffic.clock()
        try:
            caller = "" if endpoint == TOKEN_ENDPOINT else request.caller_key
            with span("quota wait"), in_queue(request, target, endpoint, quota.late_error):
                await quota.acquire(endpoint, request.deadline, caller)
        finally:
            waited_s = self.traffic.clock() - started
            self.traffic.statistics.quota_waits.observe(waited_s)
            request.report.quota_wait_s += waited_s

    async def _send_once(
        self,
        outgoing: _OutgoingRequest,
        request: RequestContext,
        traffic: EndpointTraffic,
        permit: Permit,
    ) -> UpstreamResponse:
        """Send one HTTP request; count its outcome, and report it to the circuit breaker.

        A call that is cancelled because its client has disconnected is not reported.
        """
        endpoint, method, target, headers, max_bytes, body = outgoing
        clock, outcome = self.traffic.clock, "unreachable"
        started = clock()
        try:
            reply = await self.http.send(
                method,
                target,
                headers,
                max_bytes=max_bytes,
                body=body,
                trace=request.trace_headers,
            )
            response = read_response(endpoint, reply, max_bytes)
            outcome = "2xx" if response.status == 200 else status_class(response.status)
            if response.status in SUCCESSES:
                permit.success()
        except asyncio.CancelledError:
            # The deadline is that of all attempts of a call, and cancels the one in progress.
            now = clock()
            is_late = now >= request.deadline - TIMER_TOLERANCE_S
            outcome = "timeout" if is_late else "cancelled"
            if is_late and now - started >= min(_FAIR_TIME_S, self.deadline_s / 2):
                permit.failure()
            raise
        except UpstreamBadPayloadError:
            outcome = "unreadable_body"
            raise
        except _UNREACHABLE as error:
            if isinstance(error, TimeoutError):
                outcome = "timeout"
            permit.failure(is_attributable=not isinstance(error, _NOT_CONNECTED))
            log.warning("upstream_call_failed", endpoint=endpoint, reason=type(error).__name__)
            return UpstreamResponse(None, was_sent=not isinstance(error, _NOT_SENT))
        finally:
            traffic.statistics.durations.observe(clock() - started)
            traffic.statistics.outcomes.add(outcome)
        if response.status not in SUCCESSES:
            await self._record_failure(endpoint, response, request, permit)
        return response

    async def _record_failure(
        self, endpoint: str, response: UpstreamResponse, request: RequestContext, permit: Permit
    ) -> None:
        """Report a response without success to the breaker, and a 429 to the quota."""
        meaning, _ = read_failure(response)
        if meaning.outcome is CircuitOutcome.FAILURE:
            permit.failure()
        elif meaning.outcome is CircuitOutcome.SUCCESS:
            permit.success()
        if meaning.error is UpstreamRateLimitedError:
            pause_s = response.retry_after_s
            pause_s = DEFAULT_PAUSE_S if pause_s is None else pause_s
            quota = self.traffic.quotas.of(self.credential.identity(request))
            if await quota.pause(pause_s):
                log.warning("upstream_rate_limited", endpoint=endpoint, pause_s=pause_s)
