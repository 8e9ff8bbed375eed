"""Fetches through the cache: from memory, the shared level, a call in flight, or the upstream.

A stale entry is served while it is refreshed in the background (stale-while-revalidate), or where
the upstream fails (stale-if-error).
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from contextvars import Context
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial
from typing import NamedTuple

from cachetools import TTLCache

from gateway.cache.coalescing import Coalescer
from gateway.cache.entry import CachePolicy, Entry, Freshness
from gateway.cache.evictions import Evictions
from gateway.cache.statistics import CacheStatistics
from gateway.cache.store import TwoLevelCache
from gateway.random_numbers import random
from gateway.telemetry import log

Load = Callable[[], Awaitable[bytes]]
_UNBOUNDED = nullcontext()
_MAX_FAILED_KEYS = 4096


class Source(Enum):
    """Where a payload came from."""

    UPSTREAM = "UPSTREAM"
    COALESCED = "COALESCED"  # from a call that another owner had started
    CACHE = "CACHE"
    STALE = "STALE"  # from a stale entry


@dataclass(slots=True)
class Fetched:
    """A payload, or with `is_negative` what was stored for a resource that does not exist.

    `fresh_until`, in wall-clock seconds, is when its entry becomes stale; 0 where it is stale
    already or was not stored. `position` is that of `Evictions` at which its call began.
    """

    payload: bytes
    source: Source
    is_negative: bool = False
    fresh_until: float = field(default=0.0, compare=False)
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class ErrorMeanings:
    """How to treat the errors of a load.

    `is_outage`: the upstream cannot answer now, so that a stale entry is better than the error.
    `negative`: the payload to store where the error means "not found"; None for any other error.
    `concerns_starter_only`: the error is about the request that started the call (its budget, its
    deadline), and not about those that joined it.
    """

    is_outage: Callable[[Exception], bool]
    negative: Callable[[Exception], bytes | None]
    concerns_starter_only: Callable[[Exception], bool]


class _Lookup(NamedTuple):
    """The arguments of a `fetch`."""

    key: str
    policy: CachePolicy
    load: Load
    refresh: Load | None
    may_refresh: Callable[[], bool]
    not_before: float
    evicted_at: int

    def refuses(self, entry: Entry) -> bool:
        """Whether an entry must not be served, however fresh it is."""
        return entry.stored_at < self.not_before or entry.position < self.evicted_at


class CachedFetcher:
    """Fetches payloads by key; `jitter` returns 0..1.

    With `evictions` each entry has the position at which its call began.
    """

    def __init__(
        self,
        cache: TwoLevelCache,
        errors: ErrorMeanings,
        refresher: "Refresher",
        *,
        jitter: Callable[[], float] = random,
        evictions: Evictions | None = None,
    ) -> None:
        self._cache, self._evictions = cache, evictions
        self._statistics = cache.statistics
        self._errors = errors
        self._refresher = refresher
        self._jitter = jitter
        self._coalescer: Coalescer[Fetched] = Coalescer(errors.concerns_starter_only)

    async def fetch(  # noqa: PLR0913 - all keyword arguments are optional
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
        evicted_at: int = 0,
    ) -> Fetched:
        """Return the payload of `key`, from the cache or from one call of `load` for all waiters.

        `load` may outlive this caller, and must be bounded by something other than this caller's
        deadline. `within` bounds the wait of this caller: where it raises TimeoutError, a stale
        entry is served if there is one. `refresh` loads in the background where `may_refresh`;
        without it a stale entry is served only where `load` fails with an outage. `owner`
        identifies the caller: several calls of one owner do not count as coalesced. An entry stored
        earlier than `not_before`, in wall-clock seconds, is ignored, and so is one whose call began
        before the position `evicted_at`.

        Raise SharedCallTimeoutError, and what `load` raises, except for "not found", which is
        returned with `is_negative`.
        """
        lookup = _Lookup(key, policy, load, refresh, may_refresh, not_before, evicted_at)
        served = self._serve(lookup, self._cache.memory.get(key))
        if served is not None:
            self._statistics.memory_hits += served.source is Source.CACHE
            return served
        # Do not join a call that may return an entry older than `not_before`, or than the eviction.
        call_key = (key, int(not_before), evicted_at) if not_before or evicted_at else key
        try:
            start = partial(self._read_shared_or_load, lookup)
            fetched, is_joined = await self._coalescer.run(call_key, start, owner, within)
        except TimeoutError:
            stale = self._stale(lookup, self._cache.memory.get(key))
            if stale is None:
                raise
            return stale
        if is_joined and fetched.source is Source.UPSTREAM:
            self._statistics.coalesced += 1
            return replace(fetched, source=Source.COALESCED)
        return fetched

    async def close(self) -> None:
        """Cancel the refreshes and the calls in flight; the cache is closed by its owner."""
        await self._refresher.close()
        await self._coalescer.close()

    async def _read_shared_or_load(self, lookup: _Lookup) -> Fetched:
        """Return the payload of a key for all waiters, once memory had no usable entry of it."""
        entry = await self._cached(lookup)
        served = self._serve(lookup, entry)
        if served is not None:
            self._statistics.shared_hits += served.source is Source.CACHE
            return served
        self._statistics.misses += 1
        return await self._load(lookup, entry)

    async def _cached(self, lookup: _Lookup) -> Entry | None:
        if self._evictions is not None and not self._evictions.is_current:
            return self._cache.memory.get(lookup.key)
        return await self._cache.get(lookup.key, lookup.evicted_at)

    async def _load(self, lookup: _Lookup, entry: Entry | None) -> Fetched:
        """Call the upstream and store its payload; in an outage return `entry` if it is stale."""
        policy, is_negative = lookup.policy, False
        position = 0 if self._evictions is None else self._evictions.position
        try:
            payload = await lookup.load()
        except Exception as error:
            negative = self._errors.negative(error)
            if negative is None:
                is_outage = self._errors.is_outage(error)
                stale = self._stale(lookup, entry) if is_outage else None
                if stale is None:
                    raise
                return stale
            payload, is_negative = negative, True
        if is_negative and policy.negative_s <= 0:
            return Fetched(payload, Source.UPSTREAM, is_negative, position=position)
        new = policy.entry(
            payload, self._cache.clock(), self._jitter, is_negative=is_negative, position=position
        )
        await self._cache.set(lookup.key, new)
        return _fetched(new, Source.UPSTREAM)

    def _serve(self, lookup: _Lookup, entry: Entry | None) -> Fetched | None:
        """Return a fresh entry, or a stale one whose refresh is started; None to load first."""
        if entry is None or lookup.refuses(entry):
            return None
        if entry.freshness(self._cache.clock()) is Freshness.FRESH:
            self._statistics.negative_hits += entry.is_negative
            return _fetched(entry, Source.CACHE)
        if lookup.refresh is None:
            return None
        stale = self._stale(lookup, entry)
        if stale is not None:
            if lookup.may_refresh():
                refresh = lookup._replace(load=lookup.refresh, not_before=0.0)
                self._refresher.start(lookup.key, partial(self._refresh, refresh))
            else:
                self._statistics.refreshes_refused += 1
        return stale

    async def _refresh(self, lookup: _Lookup) -> bool:
        """Replace the stale entry of a key; return whether that succeeded."""
        fetched, _ = await self._coalescer.run(lookup.key, partial(self._load_if_stale, lookup))
        return fetched.source is not Source.STALE

    async def _load_if_stale(self, lookup: _Lookup) -> Fetched:
        entry = await self._cache.get(
            lookup.key, lookup.evicted_at
        )  # another replica may have refreshed it
        if (
            entry is not None
            and not lookup.refuses(entry)
            and entry.freshness(self._cache.clock()) is Freshness.FRESH
        ):
            return _fetched(entry, Source.CACHE)
        return await self._load(lookup, entry)

    def _stale(self, lookup: _Lookup, entry: Entry | None) -> Fetched | None:
        if entry is None or lookup.refuses(entry):
            return None
        if entry.freshness(self._cache.clock()) is not Freshness.STALE:
            return None
        self._statistics.stale += 1
        return _fetched(entry, Source.STALE)


def _fetched(entry: Entry, source: Source) -> Fetched:
    fresh_until = 0.0 if source is Source.STALE else entry.stored_at + entry.fresh_for_s
    return Fetched(entry.payload, source, entry.is_negative, fresh_until, entry.position)


@dataclass(frozen=True, slots=True)
class RefreshLimits:
    """Limits of the background refreshes; times in seconds.

    At most `max_running` run, one a key, each for at most `deadline_s`. A key whose refresh failed
    is not refreshed for `hold_off_s`: in an outage each request would otherwise start one.
    """

    max_running: int = 16
    deadline_s: float = 5.0
    hold_off_s: float = 5.0


class Refresher:
    """Runs background refreshes; `clock` is monotonic, in seconds."""

    def __init__(
        self, limits: RefreshLimits, statistics: CacheStatistics, clock: Callable[[], float]
    ) -> None:
        self._limits = limits
        self._statistics = statistics
        self._running: dict[str, asyncio.Task[None]] = {}
        self._failed: TTLCache[str, None] = TTLCache(_MAX_FAILED_KEYS, limits.hold_off_s, clock)
        self._is_closed = False

    @property
    def running(self) -> int:
        """Return the number of running refreshes."""
        return len(self._running)

    def start(self, key: str, refresh: Callable[[], Awaitable[bool]]) -> None:
        """Start `refresh`, which returns whether there is a new entry, within the limits.

        It runs in an empty context, because it outlives the request that caused it.
        """
        if key in self._running or key in self._failed or self._is_closed:
            return
        if len(self._running) >= self._limits.max_running:
            self._statistics.refreshes_refused += 1
            return
        task = asyncio.create_task(
            self._run(key, refresh), name="background refresh", context=Context()
        )
        self._running[key] = task
        task.add_done_callback(lambda _: self._running.pop(key))
        self._statistics.refreshes += 1

    async def close(self) -> None:
        """Cancel the running refreshes, wait until they have ended, and start no more."""
        self._is_closed = True
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _run(self, key: str, refresh: Callable[[], Awaitable[bool]]) -> None:
        try:
            async with asyncio.timeout(self._limits.deadline_s):
                if await refresh():
                    return
            reason = "stale"
        except Exception as error:  # noqa: BLE001 - nobody waits for it; the stale entry stays
            reason = type(error).__name__
        self._failed[key] = None
        self._statistics.refreshes_failed += 1
        log.warning("cache_refresh_failed", reason=reason)
