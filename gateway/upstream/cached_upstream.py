"""Caching and coalescing of upstream calls, each within one identity.

The cache has the bytes of responses that could be decoded, for as long as the endpoint's policy
says. Equal calls in flight are one call.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar, cast

from gateway.cache.coalescing import Coalescer, SharedCallTimeoutError
from gateway.cache.entry import Freshness
from gateway.cache.evictions import Evictions
from gateway.cache.fetching import CachedFetcher, ErrorMeanings, Refresher, RefreshLimits, Source
from gateway.cache.keys import KeyMaker, secret_for
from gateway.cache.options import CacheClocks
from gateway.cache.redis_server import RedisServer
from gateway.cache.store import TwoLevelCache, create_cache
from gateway.config.settings import Settings
from gateway.context import CallBudget, RequestContext, UpstreamReport
from gateway.errors import (
    BudgetExceededError,
    CallerCircuitOpenError,
    GatewayError,
    OverloadedError,
    PhasedOutError,
    UpstreamError,
    UpstreamNotFoundError,
    UpstreamRateLimitedError,
    UpstreamRefusedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from gateway.fairness import in_background
from gateway.telemetry.tracing import annotate
from gateway.upstream.call import UpstreamCall
from gateway.upstream.client import UpstreamClient
from gateway.upstream.credentials import Credential

T = TypeVar("T")

_OUTAGES = (
    OverloadedError,
    PhasedOutError,
    UpstreamRateLimitedError,
    UpstreamRefusedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
# They are due to the deadline, the budget or the share of the request that started the call: one
# that joined it may have time, calls and connections left.
_CONCERNING_STARTER_ONLY = (
    BudgetExceededError,
    CallerCircuitOpenError,
    OverloadedError,
    UpstreamRateLimitedError,
    UpstreamTimeoutError,
)
_REFRESH_CALLS = 2
_OWN = sys.maxsize  # the position of what this very request has fetched

SOURCE = "gateway.response.source"
"""The attribute of a span with the source of its response, a name of `Source`."""


def _is_outage(error: Exception) -> bool:
    return isinstance(error, _OUTAGES)


def _concerns_starter_only(error: Exception) -> bool:
    return isinstance(error, _CONCERNING_STARTER_ONLY)


def _negative(error: Exception) -> bytes | None:
    return str(error.upstream_code).encode() if isinstance(error, UpstreamNotFoundError) else None


MEANINGS = ErrorMeanings(_is_outage, _negative, _concerns_starter_only)


@dataclass(frozen=True, slots=True)
class CachedUpstream:
    """Answers calls from the cache or an equal call in flight, else by `client`.

    A call whose policy stores nothing passes through `coalescer` alone. With `evictions` no
    response is served to a call that begins after what it is about was evicted.
    """

    client: UpstreamClient
    cache: TwoLevelCache
    fetcher: CachedFetcher
    coalescer: Coalescer[bytes | UpstreamNotFoundError]
    keys: KeyMaker
    origin: str
    evictions: Evictions | None = None

    @property
    def credential(self) -> Credential:
        """The credential of all calls."""
        return self.client.credential

    async def aclose(self) -> None:
        """Cancel the calls in flight, and close the connections."""
        await self.coalescer.close()
        await self.fetcher.close()
        await self.cache.close()

    async def send(self, call: UpstreamCall[T], *, not_before: float = 0.0) -> T:
        """Return the decoded response of `call`.

        A response that was fetched before `not_before` (wall-clock seconds) is not served. Raise
        UpstreamNotFoundError, also a cached one, and what the call and its decoding raise.
        """
        request, endpoint = call.request, call.endpoint
        identity = self.client.credential.identity(request)
        if call.policy.fresh_s > 0:
            return await self._send_cached(call, identity, not_before)
        key = f"{endpoint} {identity} {call.target}"  # neither of the first two has a blank
        if self.evictions is not None:  # no call in flight from before the eviction is joined
            subject = call.known_about(self.evictions)
            evicted_at = (
                self.evictions.latest(call.evicted_with)
                if subject is None
                else self.evictions.of(subject)
            )
            key = f"{key} {evicted_at}"
        known = request.decoded.get(key)
        if known is None:
            request.report.fresh_until = 0.0
            try:
                body, is_joined = await self.coalescer.run(
                    key, partial(self._load, call, key), request, request.wait_scope
                )
            except SharedCallTimeoutError as late:
                raise _late_error(call, late.owner) from None
            if is_joined:
                self.cache.statistics.coalesced += 1
                request.report.coalesced += 1
                annotate({SOURCE: Source.COALESCED.name})
            if isinstance(body, UpstreamNotFoundError):
                raise UpstreamNotFoundError(endpoint, body.upstream_code)
            known = call.read(body, is_own=False) if is_joined else request.decoded[key]
        elif isinstance(known, GatewayError):
            raise known
        return cast("T", known)

    def cached(self, call: UpstreamCall[T]) -> T | None:
        """Return the decoded response of `call` where memory has a fresh one; make no call."""
        if not call.policy.stores:
            return None
        request = call.request
        identity = self.client.credential.identity(request)
        entry = self.cache.memory.get(
            self.keys.key(self.origin, identity, call.endpoint, call.target)
        )
        if (
            entry is None
            or entry.is_negative
            or entry.freshness(self.cache.clock()) is not Freshness.FRESH
        ):
            return None
        request.report.count(Source.CACHE.name)
        fresh_until = entry.stored_at + entry.fresh_for_s
        request.report.fresh_until = min(request.report.fresh_until, fresh_until)
        return call.read(entry.payload, is_own=False)

    async def _send_cached(self, call: UpstreamCall[T], identity: str, not_before: float) -> T:
        """Serve a call from the cache, by an equal call in flight, or by itself."""
        evictions = self.evictions
        if evictions is None:
            value, _ = await self._fetch(call, identity, not_before, 0)
            return value
        subject = call.known_about(evictions)
        evicted_at = 0 if subject is None else evictions.of(subject)
        report = call.request.report
        try:
            value, position = await self._fetch(call, identity, not_before, evicted_at)
            subject = call.about(evictions, value)
            if subject is not None and position < evictions.of(subject):
                # Only the response says which customer it is about, or the eviction came meanwhile.
                evicted_at = evictions.of(subject)
                value, _ = await self._fetch(call, identity, not_before, evicted_at)
        finally:
            if subject is not None and subject not in report.subjects:
                report.subjects = (*report.subjects, subject)
        return value

    async def _fetch(
        self, call: UpstreamCall[T], identity: str, not_before: float, evicted_at: int
    ) -> tuple[T, int]:
        """Return the response of a call, and the position at which its call began."""
        request, endpoint = call.request, call.endpoint
        key = self.keys.key(self.origin, identity, endpoint, call.target)
        own_key = f"{key} {evicted_at}" if evicted_at else key
        if (known := request.decoded.get(own_key)) is not None:
            return cast("T", known), _OWN
        fresh_until = 0.0  # where the call fails: the operation's result may not show the error
        try:
            fetched = await self.fetcher.fetch(
                key,
                call.policy,
                partial(self._load_stored, call, own_key),
                refresh=partial(self._refresh, call, own_key),
                may_refresh=partial(self.client.traffic.has_calls_to_spare, identity),
                within=request.wait_scope,
                owner=request,
                not_before=not_before,
                evicted_at=evicted_at,
            )
            fresh_until = fetched.fresh_until
        except SharedCallTimeoutError as late:
            raise _late_error(call, late.owner) from None
        finally:
            request.report.fresh_until = min(request.report.fresh_until, fresh_until)
        source = fetched.source
        if source is not Source.UPSTREAM:
            request.report.count(source.name)
            annotate({SOURCE: source.name})
        if fetched.is_negative:
            raise UpstreamNotFoundError(endpoint, int(fetched.payload))
        if source is Source.UPSTREAM and (own := request.decoded.get(own_key)) is not None:
            return cast("T", own), _OWN
        return call.read(fetched.payload, is_own=False), fetched.position

    async def _load(self, call: UpstreamCall[T], key: str) -> bytes | UpstreamNotFoundError:
        """Send a call by the client, and decode its response, so that the cache gets no bad one.

        The page is put in the request's `decoded`, for equal calls of the same request; so is the
        error of a call that is not cached. Return, not raise, UpstreamNotFoundError of a call that
        is not cached.
        """
        decoded = call.request.decoded
        try:
            call.begin()
            try:
                body = await self.client.send(call)
            except UpstreamError as error:
                mapped = call.map_error(error)
                if mapped is error:
                    raise
                raise mapped from None
            decoded[key] = call.read(body, is_own=True)
        except GatewayError as error:
            if call.policy.fresh_s > 0:
                raise
            decoded[key] = error
            if isinstance(error, UpstreamNotFoundError):
                return error
            raise
        return body

    async def _load_stored(self, call: UpstreamCall[T], key: str) -> bytes:
        body = await self._load(call, key)
        assert isinstance(body, bytes)  # noqa: S101 - a call that is stored raises its errors
        return body

    def _refresh(self, call: UpstreamCall[T], key: str) -> Awaitable[bytes]:
        """Send a call in the background, on an account of its own."""
        request = call.request
        background = replace(
            request,
            deadline=asyncio.get_running_loop().time() + self.client.deadline_s,
            budget=CallBudget(_REFRESH_CALLS),
            report=UpstreamReport(),
            caller_key=in_background(request.caller_key),
        )
        return self._load_stored(replace(call, request=background), key)


def _late_error(call: UpstreamCall[T], owner: object) -> GatewayError:
    """Return the error of a request whose time ended while it waited for a call of `owner`."""
    queued = owner.queued.get(call.target) if isinstance(owner, RequestContext) else None
    return UpstreamTimeoutError(call.endpoint) if queued is None else queued(call.endpoint)


def create_cached_upstream(
    settings: Settings,
    client: UpstreamClient,
    clocks: CacheClocks | None = None,
    kind: type[CachedUpstream] = CachedUpstream,
    redis: RedisServer | None = None,
) -> CachedUpstream:
    """Create the cache of a process; `kind` is a class that does more than `CachedUpstream`."""
    evictions = None
    secret = settings.cache_key_secret.get_secret_value()
    cache = create_cache(redis, secret_for("entries", secret), clocks=clocks)
    limits = RefreshLimits(deadline_s=settings.upstream_deadline_s)
    keys = KeyMaker(secret_for("keys", secret))
    if settings.has_evictions:
        # Without a configured secret that of each worker is another one.
        evictions = Evictions(keys if secret else None)
    refresher = Refresher(limits, cache.statistics, time.monotonic)
    return kind(
        client,
        cache,
        CachedFetcher(cache, MEANINGS, refresher, evictions=evictions),
        Coalescer(_concerns_starter_only),
        keys,
        settings.upstream_url,
        evictions,
    )
