"""An answer from wherever it costs least: memory, the shared level, a call in flight, a call."""

import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

from gateway.cache.coalescing import Coalescer
from gateway.cache.entry import Entry
from gateway.cache.freshness import CachePolicy, Freshness, freshness
from gateway.cache.refreshing import Refresher
from gateway.cache.store import TwoLevelCache

Load = Callable[[], Awaitable[bytes]]
_STALE = frozenset({Freshness.STALE_WHILE_REVALIDATE, Freshness.STALE_IF_ERROR})
_UNBOUNDED = nullcontext()


class Source(Enum):
    """Where an answer came from."""

    UPSTREAM = "UPSTREAM"
    COALESCED = "COALESCED"  # from a call that another had started
    CACHE = "CACHE"
    STALE = "STALE"  # from the cache, past its time


@dataclass(slots=True)
class Fetched:
    """An answer's bytes; with `is_negative`, what was remembered of a "not here".

    `fresh_until`, in wall-clock seconds, is how long it stands; 0 where it was not kept, or is
    stale.
    """

    payload: bytes
    source: Source
    is_negative: bool = False
    fresh_until: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class ErrorMeanings:
    """What the errors of a load mean.

    `is_outage`: the upstream cannot answer now, so that a stale answer is better than none.
    `negative`: the bytes to remember of an error that says "not here"; None for any other.
    `is_personal`: it concerns only the request that made the call (its budget, its deadline) and
    not those that share it.
    """

    is_outage: Callable[[Exception], bool]
    negative: Callable[[Exception], bytes | None]
    is_personal: Callable[[Exception], bool]


class CachedFetcher:
    """Fetches by key through cache and coalescing; `jitter` gives 0..1."""

    def __init__(
        self,
        cache: TwoLevelCache,
        errors: ErrorMeanings,
        refresher: Refresher,
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._cache = cache
        self._statistics = cache.statistics
        self._errors = errors
        self._refresher = refresher
        self._jitter = jitter
        self._coalescer: Coalescer[Fetched] = Coalescer(errors.is_personal)

    async def fetch(  # noqa: PLR0913 - how to ask, and on whose account
        self,
        key: str,
        policy: CachePolicy,
        load: Load,
        *,
        refresh: Load | None = None,
        may_refresh: Callable[[], bool] = lambda: True,
        within: AbstractContextManager[None] = _UNBOUNDED,
        owner: object = None,
        not_before: float = 0.0,
    ) -> Fetched:
        """Get the answer of `key`: the cache's, or that of one call of `load` for all who want it.

        `load` makes the call and may outlive this caller, so it bounds itself by something other
        than this caller's deadline. `within` bounds how long this caller waits: where it raises
        TimeoutError a stale answer is served, if there is one. `refresh` makes the call in the
        background, on nobody's account, where `may_refresh`; without it a stale answer is served
        only where `load` fails with an outage. `owner` is who asks: calls of one owner are not told
        as another's. What was fetched earlier than `not_before` is as good as nothing.

        Raises TimeoutError, and what `load` raises, except for a "not here", which is an answer
        with `is_negative`.
        """
        if not policy.stores:
            with within:
                start = partial(self._load, key, policy, load, None)
                return self._told(*await self._coalescer.run(key, start, owner))
        start_refresh = (
            None
            if refresh is None
            else partial(self._start_refresh, key, policy, refresh, may_refresh)
        )
        served = self._serve(_since(not_before, self._cache.local(key)), start_refresh)
        if served is not None:
            self._statistics.memory_hits += served.source is Source.CACHE
            return served
        try:
            with within:
                start = partial(self._resolve, key, policy, load, start_refresh, not_before)
                # A flight that may end with what is too old for this caller is not joined.
                flight = (key, int(not_before)) if not_before else key
                return self._told(*await self._coalescer.run(flight, start, owner))
        except TimeoutError:
            stale = self._stale(_since(not_before, self._cache.local(key)))
            if stale is None:
                raise
            return stale

    async def close(self) -> None:
        """Cancel the refreshes and the calls in flight; the cache is its owner's to close."""
        await self._refresher.close()
        await self._coalescer.close()

    def _told(self, fetched: Fetched, joined: bool) -> Fetched:  # noqa: FBT001 - as `run` gives it
        """Say of an answer that came by another's call whose it is."""
        if joined and fetched.source is Source.UPSTREAM:
            self._statistics.coalesced += 1
            return Fetched(
                fetched.payload, Source.COALESCED, fetched.is_negative, fetched.fresh_until
            )
        return fetched

    async def _resolve(
        self,
        key: str,
        policy: CachePolicy,
        load: Load,
        start_refresh: Callable[[], None] | None,
        not_before: float,
    ) -> Fetched:
        """Answer all who wait for `key` and found nothing in the first level."""
        held = _since(not_before, await self._cache.get(key))
        served = self._serve(held, start_refresh)
        if served is not None:
            self._statistics.shared_hits += served.source is Source.CACHE
            return served
        self._statistics.misses += 1
        return await self._load(key, policy, load, held)

    async def _refresh(self, key: str, policy: CachePolicy, load: Load) -> bool:
        """Renew the entry of `key`; tell whether that succeeded."""

        async def renew() -> Fetched:
            held = await self._cache.get(key)  # another replica may have renewed it
            if held is not None and self._freshness(held) is Freshness.FRESH:
                return _answer(held, Source.CACHE)
            return await self._load(key, policy, load, held)

        fetched, _ = await self._coalescer.run(key, renew)
        return fetched.source is not Source.STALE

    async def _load(self, key: str, policy: CachePolicy, load: Load, held: Entry | None) -> Fetched:
        try:
            payload = await load()
        except Exception as error:
            remembered = self._errors.negative(error)
            if remembered is not None:
                if policy.stores and policy.negative_s > 0:
                    entry = policy.negative_entry(remembered, self._cache.clock(), self._jitter)
                    await self._cache.set(key, entry)
                    return _answer(entry, Source.UPSTREAM)
                return Fetched(remembered, Source.UPSTREAM, is_negative=True)
            stale = self._stale(held) if self._errors.is_outage(error) else None
            if stale is None:
                raise
            return stale
        if policy.stores:
            entry = policy.entry(payload, self._cache.clock(), self._jitter)
            await self._cache.set(key, entry)
            return _answer(entry, Source.UPSTREAM)
        return Fetched(payload, Source.UPSTREAM)

    def _serve(
        self, entry: Entry | None, start_refresh: Callable[[], None] | None
    ) -> Fetched | None:
        """Return what may be served at once, having seen to its renewal."""
        if entry is None:
            return None
        state = self._freshness(entry)
        if state is Freshness.FRESH:
            self._statistics.negative_hits += entry.is_negative
            return _answer(entry, Source.CACHE)
        if state is Freshness.STALE_WHILE_REVALIDATE and start_refresh is not None:
            start_refresh()
            return self._stale(entry)
        return None

    def _start_refresh(
        self, key: str, policy: CachePolicy, load: Load, may_refresh: Callable[[], bool]
    ) -> None:
        if may_refresh():
            self._refresher.start(key, partial(self._refresh, key, policy, load))
        else:
            self._statistics.refreshes_refused += 1

    def _stale(self, entry: Entry | None) -> Fetched | None:
        if entry is None or self._freshness(entry) not in _STALE:
            return None
        self._statistics.stale += 1
        return _answer(entry, Source.STALE)

    def _freshness(self, entry: Entry) -> Freshness:
        return freshness(entry, self._cache.clock())


def _answer(entry: Entry, source: Source) -> Fetched:
    fresh_until = 0.0 if source is Source.STALE else entry.stored_at + entry.fresh_for_s
    return Fetched(entry.payload, source, entry.is_negative, fresh_until)


def _since(not_before: float, entry: Entry | None) -> Entry | None:
    return None if entry is None or entry.stored_at < not_before else entry
