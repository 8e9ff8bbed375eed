"""Loading of catalogues: as a whole, once for all who wait, in the background.

A catalogue has a deadline of its own, and is kept as long as definitions are. Replicas share it
over Redis. What has changed since, by an event of the platform, is searched for by its id, and the
whole is read again in the background, once a minute at most.
"""

import asyncio
import math
from collections.abc import Iterable, Iterator
from contextvars import Context
from dataclasses import replace
from typing import NamedTuple, Protocol

from cachetools import Cache, LRUCache

from gateway.cache.bounded_dict import BoundedDict
from gateway.cache.coalescing import copied_error
from gateway.cache.entry import CachePolicy, Freshness
from gateway.cache.evictions import Subject, program, promotion
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
from gateway.telemetry import log
from gateway.upstream.cached_upstream import CachedUpstream
from gateway.upstream.resilience.absence import EndpointAbsence
from gateway.upstream.successor.catalogue import Catalogue, Ids
from gateway.upstream.successor.endpoint import ENDPOINT, PAGE_SIZE, SuccessorEndpoint
from gateway.upstream.successor.pages import PageReader
from gateway.upstream.successor.search import PromotionSearch
from gateway.upstream.successor.sharing import CachedCatalogue, CatalogueSharing

_HOLD_OFF_S = 30.0  # after a failure: each request would wait for the next one in vain
_DEADLINE_S = 60.0
_MAX_WRITE_WAIT_S = 1.0
_MAX_FULL_CATALOGUES = 4
_MAX_IDENTITIES = 512
_DROP_EVERY_S = 60.0
_SPARE_CALLS = 10
_RELOAD_EVERY_S = 60.0  # because of events
_ASK_OTHERS_EVERY_S = 2.0  # while another replica reads it because of events
_MAX_SEARCHES = 10
_MAX_LOADS = 2


class CataloguePort(Protocol):
    """Where catalogues come from."""

    def cached(self, request: RequestContext) -> Catalogue | None:
        """Return the catalogue in memory, which may be stale; None without one."""
        ...

    async def load(self, request: RequestContext) -> Catalogue:
        """Return the catalogue; raise UpstreamError."""
        ...

    def drop(self, request: RequestContext) -> bool:
        """Forget the catalogue, as the platform has shown that it is outdated."""
        ...

    @property
    def position(self) -> int:
        """The position of evictions."""
        ...

    def concerns(self, request: RequestContext, *ids: Ids, program_id: str | None = None) -> None:
        """Record that a response depends on promotions, or on all of a program."""
        ...

    async def update(
        self, catalogue: Catalogue, ids: Iterable[Ids], request: RequestContext
    ) -> dict[Ids, GatewayError]:
        """Replace promotions that have changed since; return the errors of those that could not."""
        ...


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
        self._cached: LRUCache[str, CachedCatalogue] = LRUCache(
            _MAX_FULL_CATALOGUES * (max_promotions + 1), lambda known: len(known.catalogue) + 1
        )
        self._failures: BoundedDict[str, _Failure] = BoundedDict(_MAX_IDENTITIES)
        self.absence = EndpointAbsence(ENDPOINT, clock=self._clock)
        self._sharing = CatalogueSharing(upstream, self._endpoint, policy, 2 * self._max_pages)
        self._search = PromotionSearch(upstream, self._endpoint, self.absence, policy)
        self._loads: dict[str, asyncio.Task[_Outcome]] = {}
        self._writing: set[asyncio.Task[None]] = set()
        self._dropped: BoundedDict[str, float] = BoundedDict(_MAX_IDENTITIES)  # when, by wall clock
        self._reload_at: BoundedDict[str, float] = BoundedDict(_MAX_IDENTITIES)

    async def aclose(self) -> None:
        """Cancel the loads and what they write, and wait until they have ended."""
        tasks = [*self._loads.values(), *self._writing]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    @property
    def position(self) -> int:
        """The position of evictions."""
        evictions = self._upstream.evictions
        return 0 if evictions is None else evictions.position

    @property
    def promotions(self) -> float:
        """Return the number of promotions in the largest catalogue; NaN without any."""
        return max((len(each.catalogue) for each in self._usable()), default=math.nan)

    @property
    def age_s(self) -> float:
        """Return the age of the oldest catalogue; NaN without any."""
        now = self._upstream.cache.clock()
        return max((now - each.entry.stored_at for each in self._usable()), default=math.nan)

    def _usable(self) -> Iterator[CachedCatalogue]:
        """Yield the catalogues that are not expired, without marking them as used."""
        now = self._upstream.cache.clock()
        for identity in self._cached:
            known = Cache.__getitem__(self._cached, identity)
            if known.entry.freshness(now) is not Freshness.EXPIRED:
                yield known

    def cached(self, request: RequestContext) -> Catalogue | None:
        """Return the catalogue in memory.

        A stale one is refreshed in the background, and so is one of which something has changed.
        """
        identity = self._upstream.credential.identity(request)
        known = self._known(identity)
        if known is None:
            return None
        entry, catalogue = known
        fresh_until = entry.stored_at + entry.fresh_for_s
        if entry.freshness(self._upstream.cache.clock()) is not Freshness.FRESH:
            fresh_until = 0.0
            self._upstream.cache.statistics.stale += 1
            self._refresh(identity, request)
        elif catalogue.is_behind:
            fresh_until = 0.0
            if self._clock() >= self._reload_at.get(identity, 0.0):
                self._refresh(identity, request, is_due_to_event=True)
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
        for _ in range(_MAX_LOADS):  # what was being read already may be outdated by now
            # One that has ended counts: who waits for it may not have been woken yet.
            load: asyncio.Task[_Outcome] = (
                known if isinstance(known, asyncio.Task) else self._join(identity, request)
            )
            request.decoded[decoded_key], known = load, None
            try:
                with request.wait_scope:
                    outcome = await asyncio.shield(load)
            except TimeoutError:
                raise UpstreamTimeoutError(ENDPOINT) from None
            if isinstance(outcome, GatewayError):
                raise copied_error(outcome)
            request.decoded[decoded_key] = catalogue = outcome
            if not catalogue.is_outdated:
                break
        assert catalogue is not None  # noqa: S101 - it has been loaded at least once
        return catalogue

    def concerns(self, request: RequestContext, *ids: Ids, program_id: str | None = None) -> None:
        """Record what a response depends on."""
        if self._upstream.evictions is None:
            return
        subjects: list[Subject] = [promotion(*each) for each in ids]
        if program_id is not None:
            subjects.append(program(int(program_id)))
        known = request.report.subjects
        request.report.subjects = (*known, *(each for each in subjects if each not in known))

    async def update(
        self, catalogue: Catalogue, ids: Iterable[Ids], request: RequestContext
    ) -> dict[Ids, GatewayError]:
        """Search for promotions that have changed since, and replace them.

        Of many only the first are searched for: the others, and those that are not found, remain as
        they are until all is read again.
        """
        changed = [each for each in dict.fromkeys(ids) if catalogue.has_changed(each)]
        evictions = self._upstream.evictions
        if evictions is None or not changed:
            return {}
        changed = changed[:_MAX_SEARCHES]
        positions = [evictions.of(promotion(*each)) for each in changed]
        found = await asyncio.gather(
            *(self._search.find(each, request) for each in changed), return_exceptions=True
        )
        errors: dict[Ids, GatewayError] = {}
        for each, position, result in zip(changed, positions, found, strict=True):
            if isinstance(result, GatewayError):
                errors[each] = result
            elif isinstance(result, BaseException):
                raise result
            else:
                catalogue.replace(each, result, position)
        return errors

    def drop(self, request: RequestContext) -> bool:
        """Forget the catalogue, as the platform has shown that it is outdated.

        The next one is that of the platform, also where Redis has one. That is done once a minute
        at most, as whoever writes can have it done; return whether it was.
        """
        identity = self._upstream.credential.identity(request)
        now = self._upstream.cache.clock()
        if now < self._dropped.get(identity, -math.inf) + _DROP_EVERY_S:
            return False
        self._dropped[identity] = now
        self._cached.pop(identity, None)
        log.info("upstream_catalogue_outdated", endpoint=ENDPOINT)
        return True

    def _was_dropped(self, identity: str, since: float) -> bool:
        """Whether a catalogue was dropped since."""
        return since < self._dropped.get(identity, -math.inf)

    def _join(self, identity: str, request: RequestContext) -> asyncio.Task[_Outcome]:
        """Return the load that is under way, or start one; raise what `_check` raises."""
        self._check(identity)
        return self._loads.get(identity) or self._start(identity, request)

    def _check(self, identity: str) -> None:
        """Raise the error of an endpoint that is not offered, or of a load that failed lately."""
        self.absence.check(identity)
        failure = self._failures.get(identity)
        if failure is not None and self._clock() < failure.until:
            raise copied_error(failure.error)

    def _known(self, identity: str) -> CachedCatalogue | None:
        known = self._cached.get(identity)
        if known is None:
            return None
        is_expired = known.entry.freshness(self._upstream.cache.clock()) is Freshness.EXPIRED
        if is_expired or known.catalogue.is_outdated:
            del self._cached[identity]
            return None
        return known

    def _refresh(
        self, identity: str, request: RequestContext, *, is_due_to_event: bool = False
    ) -> None:
        """Load a catalogue again, unless that is under way, has failed or is too dear."""
        if identity in self._loads:
            return
        try:
            self._check(identity)
        except GatewayError:
            return
        statistics = self._upstream.cache.statistics
        if self._upstream.client.traffic.has_calls_to_spare(identity):
            statistics.refreshes += 1
            self._start(identity, request, is_due_to_event=is_due_to_event)
        else:
            statistics.refreshes_refused += 1

    def _start(
        self, identity: str, request: RequestContext, *, is_due_to_event: bool = False
    ) -> asyncio.Task[_Outcome]:
        """Start a load, which outlives the request that has caused it, in an empty context."""
        background = replace(
            request,
            deadline=asyncio.get_running_loop().time() + _DEADLINE_S,
            budget=CallBudget(2 * self._max_pages + _SPARE_CALLS),
            report=UpstreamReport(),
            caller_key=in_background(request.caller_key),
        )
        load = asyncio.create_task(
            self._load(identity, background, is_due_to_event=is_due_to_event),
            name="catalogue",
            context=Context(),
        )
        self._loads[identity] = load
        load.add_done_callback(lambda _: self._loads.pop(identity))
        return load

    async def _load(
        self, identity: str, request: RequestContext, *, is_due_to_event: bool
    ) -> _Outcome:
        """Return the catalogue of the shared cache or the platform; return, not raise, errors."""
        began_at = self._upstream.cache.clock()
        known = self._known(identity) if is_due_to_event else None
        position = self.position
        try:
            async with asyncio.timeout(_DEADLINE_S):
                shared = await self._sharing.read(identity)
                if (
                    shared is not None
                    and shared.replaces(known)
                    and not self._was_dropped(identity, shared.entry.stored_at)
                ):
                    self._cached[identity] = shared
                    self._upstream.cache.statistics.shared_hits += 1
                    return shared.catalogue
                if known is not None and not await self._may_reload(identity):
                    return known.catalogue
                pages = await self._reader.read_all(request)
        except TimeoutError:
            return self._failed(identity, UpstreamTimeoutError(ENDPOINT))
        except GatewayError as error:
            return self._failed(identity, error)
        self._failures.pop(identity, None)
        self.absence.served(identity)
        catalogue = Catalogue(pages.definitions, self._upstream.evictions, position)
        if self._policy.stores and not self._was_dropped(identity, began_at):
            entry = self._sharing.entry(catalogue, pages.bodies)
            self._cached[identity] = CachedCatalogue(entry, catalogue)
            self._upstream.cache.statistics.stored += 1
            writing = asyncio.create_task(
                self._sharing.write(identity, entry, pages.bodies), context=Context()
            )
            self._writing.add(writing)
            writing.add_done_callback(self._writing.discard)
            # Long enough for a Redis that works: callers wait, and it may hang.
            await asyncio.wait((writing,), timeout=_MAX_WRITE_WAIT_S)
        return catalogue

    async def _may_reload(self, identity: str) -> bool:
        """Whether no other replica reads the catalogue because of events within this minute."""
        is_first = await self._sharing.claim(identity, _RELOAD_EVERY_S)
        self._reload_at[identity] = self._clock() + (
            _RELOAD_EVERY_S if is_first else _ASK_OTHERS_EVERY_S
        )
        return is_first

    def _failed(self, identity: str, error: GatewayError) -> GatewayError:
        """Remember a failure; return the error to raise for it.

        Without the right to read it, what is in memory is not shown either.
        """
        if isinstance(error, CredentialMissingError):
            return error
        if isinstance(error, UpstreamError):
            error = self.absence.record(identity, error)
        if identity in self._cached:
            self._upstream.cache.statistics.refreshes_failed += 1
        if isinstance(error, UpstreamAuthFailedError):
            self._cached.pop(identity, None)
        self._failures[identity] = _Failure(self._clock() + _HOLD_OFF_S, error)
        return error
