"""Loading of catalogues: as a whole, once for all who wait, in the background.

A catalogue has a deadline of its own, and is kept as long as definitions are. Replicas share it
over Redis.
"""

import asyncio
import math
import random
import secrets
from contextvars import Context
from dataclasses import replace
from typing import NamedTuple, Protocol

import msgspec
from cachetools import LRUCache

from gateway.cache.bounded_dict import BoundedDict
from gateway.cache.coalescing import copied_error
from gateway.cache.entry import CachePolicy, Entry, Freshness
from gateway.cache.options import CacheClocks
from gateway.context import CallBudget, RequestContext, UpstreamReport
from gateway.errors import (
    CredentialMissingError,
    GatewayError,
    UpstreamAuthFailedError,
    UpstreamError,
    UpstreamTimeoutError,
)
from gateway.fairness import in_background
from gateway.upstream.cached_upstream import CachedUpstream
from gateway.upstream.resilience.absence import EndpointAbsence
from gateway.upstream.successor.catalogue import Catalogue
from gateway.upstream.successor.endpoint import ENDPOINT, PAGE_SIZE, SuccessorEndpoint
from gateway.upstream.successor.pages import PageReader, merged

_HOLD_OFF_S = 30.0  # after a failure: each request would wait for the next one in vain
_DEADLINE_S = 60.0
_MAX_FULL_CATALOGUES = 4
_MAX_IDENTITIES = 512
_DROP_EVERY_S = 60.0
_SPARE_CALLS = 10


class CataloguePort(Protocol):
    """Where catalogues come from."""

    def cached(self, request: RequestContext) -> Catalogue | None:
        """Return the catalogue in memory, which may be stale; None without one."""
        ...

    async def load(self, request: RequestContext) -> Catalogue:
        """Return the catalogue; raise UpstreamError."""
        ...

    def drop(self, request: RequestContext) -> None:
        """Forget the catalogue, as the platform has shown that it is outdated."""
        ...


class _Head(msgspec.Struct):
    """What Redis has under the catalogue's key: the key and the number of its pages."""

    snapshot: str
    pages: int


class _Cached(NamedTuple):
    entry: Entry
    catalogue: Catalogue


class _Failure(NamedTuple):
    until: float
    error: GatewayError


_Outcome = Catalogue | GatewayError


class Catalogues:
    """The catalogues of all identities of a process."""

    def __init__(
        self,
        upstream: CachedUpstream,
        policy: CachePolicy,
        max_promotions: int,
        clocks: CacheClocks | None = None,
    ) -> None:
        self._upstream, self._policy = upstream, policy
        self._endpoint = SuccessorEndpoint(upstream.client)
        self._reader = PageReader(self._endpoint, max_promotions)
        self._max_pages = -(-max_promotions // PAGE_SIZE)
        self._clock = (clocks or CacheClocks()).monotonic
        self._cached: LRUCache[str, _Cached] = LRUCache(
            _MAX_FULL_CATALOGUES * (max_promotions + 1), lambda known: len(known.catalogue) + 1
        )
        self._failures: BoundedDict[str, _Failure] = BoundedDict(_MAX_IDENTITIES)
        self._absence = EndpointAbsence(ENDPOINT, clock=self._clock)
        self._loads: dict[str, asyncio.Task[_Outcome]] = {}
        self._dropped: BoundedDict[str, float] = BoundedDict(_MAX_IDENTITIES)  # when, by wall clock

    async def aclose(self) -> None:
        """Cancel the loads, and wait until they have ended."""
        loads = list(self._loads.values())
        for load in loads:
            load.cancel()
        if loads:
            await asyncio.wait(loads)

    def cached(self, request: RequestContext) -> Catalogue | None:
        """Return the catalogue in memory; a stale one is refreshed in the background."""
        identity = self._upstream.credential.identity(request)
        known = self._known(identity)
        if known is None:
            return None
        entry, catalogue = known
        fresh_until = entry.stored_at + entry.fresh_for_s
        if entry.freshness(self._upstream.cache.clock()) is not Freshness.FRESH:
            fresh_until = 0.0
            self._refresh(identity, request)
        request.report.fresh_until = min(request.report.fresh_until, fresh_until)
        return catalogue

    async def load(self, request: RequestContext) -> Catalogue:
        """Return the catalogue, loaded where memory has none.

        Raise PhasedOutError or UpstreamAuthFailedError where the platform does not offer the
        endpoint, and another GatewayError where it cannot be loaded now or has failed lately.
        """
        catalogue = self.cached(request)
        if catalogue is not None:
            return catalogue
        request.report.fresh_until = 0.0
        identity = self._upstream.credential.identity(request)
        decoded_key = f"catalogue {identity}"
        known = request.decoded.get(decoded_key)
        if isinstance(known, Catalogue):
            return known
        self._check(identity)
        load = self._loads.get(identity) or self._start(identity, request)
        try:
            with request.wait_scope:
                outcome = await asyncio.shield(load)
        except TimeoutError:
            raise UpstreamTimeoutError(ENDPOINT) from None
        if isinstance(outcome, GatewayError):
            raise copied_error(outcome)
        request.decoded[decoded_key] = outcome
        return outcome

    def drop(self, request: RequestContext) -> None:
        """Forget the catalogue, as the platform has shown that it is outdated.

        The next one is that of the platform, also where Redis has one. That is done once a minute
        at most, as whoever writes can have it done.
        """
        identity = self._upstream.credential.identity(request)
        now = self._upstream.cache.clock()
        if now >= self._dropped.get(identity, -math.inf) + _DROP_EVERY_S:
            self._dropped[identity] = now
            self._cached.pop(identity, None)

    def _is_outdated(self, identity: str, since: float) -> bool:
        """Whether a catalogue was dropped since."""
        return since < self._dropped.get(identity, -math.inf)

    def _check(self, identity: str) -> None:
        """Raise the error of an endpoint that is not offered, or of a load that failed lately."""
        self._absence.check(identity)
        failure = self._failures.get(identity)
        if failure is not None and self._clock() < failure.until:
            raise copied_error(failure.error)

    def _known(self, identity: str) -> _Cached | None:
        known = self._cached.get(identity)
        if known is None:
            return None
        if known.entry.freshness(self._upstream.cache.clock()) is Freshness.EXPIRED:
            del self._cached[identity]
            return None
        return known

    def _refresh(self, identity: str, request: RequestContext) -> None:
        """Load a stale catalogue again, unless that is under way, has failed or is too dear."""
        if identity in self._loads:
            return
        try:
            self._check(identity)
        except GatewayError:
            return
        statistics = self._upstream.cache.statistics
        if self._upstream.client.traffic.has_calls_to_spare(identity):
            statistics.refreshes += 1
            self._start(identity, request)
        else:
            statistics.refreshes_refused += 1

    def _start(self, identity: str, request: RequestContext) -> asyncio.Task[_Outcome]:
        """Start a load, which outlives the request that has caused it, in an empty context."""
        background = replace(
            request,
            deadline=asyncio.get_running_loop().time() + _DEADLINE_S,
            budget=CallBudget(2 * self._max_pages + _SPARE_CALLS),
            report=UpstreamReport(),
            caller_key=in_background(request.caller_key),
        )
        load = asyncio.create_task(
            self._load(identity, background), name="catalogue", context=Context()
        )
        self._loads[identity] = load
        load.add_done_callback(lambda _: self._loads.pop(identity))
        return load

    async def _load(self, identity: str, request: RequestContext) -> _Outcome:
        """Return the catalogue of the shared cache or the platform; return, not raise, errors."""
        key = self._upstream.keys.key(self._upstream.origin, identity, ENDPOINT)
        began_at = self._upstream.cache.clock()
        try:
            async with asyncio.timeout(_DEADLINE_S):
                shared = await self._read_shared(key, identity)
                if shared is not None:
                    return shared
                pages = await self._reader.read_all(request)
        except TimeoutError:
            return self._failed(identity, UpstreamTimeoutError(ENDPOINT))
        except GatewayError as error:
            return self._failed(identity, error)
        self._failures.pop(identity, None)
        self._absence.served(identity)
        catalogue = Catalogue(pages.definitions)
        if self._policy.stores and not self._is_outdated(identity, began_at):
            await self._store(key, identity, catalogue, pages.bodies)
        return catalogue

    def _failed(self, identity: str, error: GatewayError) -> GatewayError:
        """Remember a failure; return the error to raise for it.

        Without the right to read it, what is in memory is not shown either.
        """
        if isinstance(error, CredentialMissingError):
            return error
        if isinstance(error, UpstreamError):
            error = self._absence.record(identity, error)
        if isinstance(error, UpstreamAuthFailedError):
            self._cached.pop(identity, None)
        self._failures[identity] = _Failure(self._clock() + _HOLD_OFF_S, error)
        return error

    async def _store(
        self, key: str, identity: str, catalogue: Catalogue, bodies: list[bytes]
    ) -> None:
        """Keep a catalogue in memory, and its pages in Redis, the head last."""
        cache = self._upstream.cache
        head = _Head(secrets.token_hex(8), len(bodies))
        entry = self._policy.entry(msgspec.json.encode(head), cache.clock(), random.random)
        self._cached[identity] = _Cached(entry, catalogue)
        cache.statistics.stored += 1
        if cache.shared is None:
            return
        lifetime_s = entry.fresh_for_s + entry.stale_for_s
        for number, body in enumerate(bodies):
            page = msgspec.structs.replace(entry, payload=body)
            await cache.shared.set(self._page_key(key, head, number), page, lifetime_s)
        await cache.shared.set(key, entry, lifetime_s)

    async def _read_shared(self, key: str, identity: str) -> Catalogue | None:
        """Return the catalogue that another replica has loaded while it is fresh; else None."""
        cache = self._upstream.cache
        if cache.shared is None or not self._policy.stores:
            return None
        entry = await cache.shared.get(key)
        if entry is None or entry.freshness(cache.clock()) is not Freshness.FRESH:
            return None
        if self._is_outdated(identity, entry.stored_at):
            return None
        try:
            head = msgspec.json.decode(entry.payload, type=_Head)
        except msgspec.DecodeError:
            return None
        pages = []
        for number in range(min(head.pages, 2 * self._max_pages)):
            page = await cache.shared.get(self._page_key(key, head, number))
            if page is None:
                return None
            pages.append(self._endpoint.read(page.payload))
        catalogue = Catalogue(merged(pages))
        self._cached[identity] = _Cached(entry, catalogue)
        cache.statistics.shared_hits += 1
        return catalogue

    def _page_key(self, key: str, head: _Head, number: int) -> str:
        return self._upstream.keys.key(key, head.snapshot, str(number))
