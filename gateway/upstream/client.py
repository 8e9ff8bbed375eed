"""One wanted call to the platform: its turn, its attempts, its deadline and its size."""

import asyncio
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple
from urllib.parse import quote

import httpx

from gateway.context import RequestContext
from gateway.errors import UpstreamRateLimitedError, UpstreamTimeoutError
from gateway.telemetry import log
from gateway.upstream.credentials import TOKEN_ENDPOINT, Credential
from gateway.upstream.http_statuses import ANSWERS, RENEWS_CREDENTIAL, Told
from gateway.upstream.http_transport import HttpTransport
from gateway.upstream.resilience.circuit_breaker import Attribution, Permit
from gateway.upstream.resilience.quota import Quota
from gateway.upstream.resilience.traffic_shaping import EndpointTraffic, TrafficShaping
from gateway.upstream.response import UpstreamResponse, read_response
from gateway.upstream.response_errors import DEFAULT_PAUSE_S, error_from_status, read_failure

_UNREACHABLE = (httpx.HTTPError, OSError)
# No request has gone out, so that none can be the reason.
_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout, OSError)
# A call that had less, and less than half of its operation's time, was given no fair chance.
_FAIR_TIME_S = 1.0
_JSON = {"Content-Type": "application/json"}
_is_plain = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch
_MOST_TOKEN_BYTES = 64 * 1024


class _Call(NamedTuple):
    """A wanted call, whatever attempts it takes."""

    endpoint: str
    target: str
    attribution: Attribution | None
    request: RequestContext
    yields: bool
    traffic: EndpointTraffic


class _Exchange(NamedTuple):
    """One HTTP exchange, as it goes out, and how large an answer may be."""

    endpoint: str
    method: str
    target: str
    headers: Mapping[str, str]
    most_bytes: int
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class UpstreamClient:
    """Calls the platform; `deadline_s` is what an operation has for all its calls."""

    http: HttpTransport
    credential: Credential
    traffic: TrafficShaping
    max_response_bytes: int
    deadline_s: float = 0.0

    def quota_left(self, request: RequestContext) -> int | None:
        """Return the calls of this minute that the caller's identity has left; None: no limit."""
        return self._quota(request).left()

    async def get(
        self,
        endpoint: str,
        target: str,
        request: RequestContext,
        *,
        about: tuple[Hashable, ...] = (),
        yields: bool = False,
    ) -> bytes:
        """Fetch the body of a successful answer, with a second attempt where that is worth it.

        `endpoint` is the documented name that errors carry; `target` a path with its query.
        `about` is what it asks for, from the whole to the part, without the window: what makes the
        platform fail for one of these holds back no other (`circuit_scope.py`). A call that
        `yields` leaves the operation's last calls to those that have a claim on them. Raises
        BudgetExceededError before a call too many, OverloadedError where too many wait, and
        UpstreamError for whatever the platform does instead of answering.
        """
        traffic = self.traffic.of(endpoint)
        traffic.retry_budget.want(request.caller_key)
        attribution = Attribution(request.caller_key, about) if about else None
        call = _Call(endpoint, target, attribution, request, yields, traffic)
        try:
            with request.call_scope:
                answer, wants_new_credential = await self._attempt(call)
                if answer.status not in ANSWERS:
                    answer = await self._try_again(
                        call, answer, wants_new_credential=wants_new_credential
                    )
        except TimeoutError:
            raise UpstreamTimeoutError(endpoint) from None
        if answer.status in ANSWERS:
            return answer.body
        raise error_from_status(endpoint, answer)

    async def _try_again(
        self, call: _Call, answer: UpstreamResponse, *, wants_new_credential: bool
    ) -> UpstreamResponse:
        """Go on after a first attempt until there is an answer with which to leave it."""
        retries, budget = call.traffic.retries, call.request.budget
        attempts, is_renewed = 1, False
        while answer.status not in ANSWERS and budget.allows(yields=call.yields):
            if wants_new_credential and not is_renewed:
                is_renewed = True
            else:
                if not read_failure(answer)[0].is_retried:
                    break
                left_s = call.request.deadline - self.traffic.clock()
                delay_s = retries.delay_s(
                    attempts, answer.status, answer.retry_after_s, left_s, call.request.caller_key
                )
                if delay_s is None:
                    break
                await asyncio.sleep(delay_s)
            answer, wants_new_credential = await self._attempt(call)
            attempts += 1
        return answer

    async def _attempt(self, call: _Call) -> tuple[UpstreamResponse, bool]:
        """Make one attempt, once it is its turn; tell whether a new credential promises more."""
        endpoint, target, attribution, request, yields, traffic = call
        budget, admission, is_made = request.budget, self.traffic.admission, False
        caller = request.caller_key
        if not budget.take_at_once(yields=yields):
            await budget.take(yields=yields)
        try:
            if not admission.enter_at_once(caller):
                await admission.enter(caller)
            try:
                with traffic.breaker.admit(attribution) as permit:
                    credential = self.credential.fixed
                    if credential is None:
                        post = partial(self._post, request)
                        credential = await self.credential.headers(post, request)
                    quota = self.traffic.quotas.of(self.credential.identity(request))
                    if not quota.start_at_once():
                        await quota.start(endpoint, request.deadline, caller)
                    is_made = True
                    request.report.calls += 1
                    exchange = _Exchange(
                        endpoint, "GET", target, credential, self.max_response_bytes
                    )
                    answer = await self._call(exchange, request, permit)
            finally:
                admission.leave(caller)
        finally:
            budget.end(yields=yields, is_made=is_made)
        is_refused = answer.status in RENEWS_CREDENTIAL and self.credential.refused(credential)
        return answer, is_refused

    async def _post(self, request: RequestContext, path: str, body: bytes) -> UpstreamResponse:
        """Make the call that gets a token, for all operations and so on none's budget."""
        with self.traffic.of(TOKEN_ENDPOINT).breaker.admit() as permit:
            await self._quota(request).start(TOKEN_ENDPOINT, request.deadline)
            exchange = _Exchange(TOKEN_ENDPOINT, "POST", path, _JSON, _MOST_TOKEN_BYTES, body)
            return await self._call(exchange, request, permit)

    def _quota(self, request: RequestContext) -> Quota:
        return self.traffic.quotas.of(self.credential.identity(request))

    async def _call(
        self, exchange: _Exchange, request: RequestContext, permit: Permit
    ) -> UpstreamResponse:
        """Make the call, and tell the breaker how it went; a client's leaving tells nothing."""
        endpoint, method, target, headers, most_bytes, body = exchange
        try:
            with self.traffic.statistics.call(endpoint, request.deadline) as counted:
                reply = await self.http.send(
                    method,
                    target,
                    headers,
                    most_bytes=most_bytes,
                    body=body,
                    trace=request.trace_headers,
                )
                answer = read_response(endpoint, reply, most_bytes)
                counted.answered(answer.status)
        except asyncio.CancelledError:
            # The deadline around all attempts has come; what began just before tells of those who
            # have used up its time, and nothing of the endpoint.
            if counted.is_late and counted.lasted_s >= min(_FAIR_TIME_S, self.deadline_s / 2):
                permit.failure()
            raise
        except _UNREACHABLE as error:
            permit.failure(is_attributable=not isinstance(error, _NOT_CONNECTED))
            log.warning("upstream_call_failed", endpoint=endpoint, reason=type(error).__name__)
            return UpstreamResponse(None)
        if answer.status in ANSWERS:
            permit.success()
            return answer
        meaning, _ = read_failure(answer)
        if meaning.told is Told.FAILURE:
            permit.failure()
        elif meaning.told is Told.SUCCESS:
            permit.success()
        if meaning.error is UpstreamRateLimitedError:
            pause_s = answer.retry_after_s
            await self._quota(request).pause(DEFAULT_PAUSE_S if pause_s is None else pause_s)
        return answer


def encoded(value: str) -> str:
    """Write a parameter's value so that it comes to the platform as it is here."""
    return value if _is_plain(value) else quote(value, safe="")
