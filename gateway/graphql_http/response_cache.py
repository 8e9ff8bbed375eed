"""Responses cached for the caller that got them: the same operation need not be executed again.

An entry is the encoded `data` of a query without errors and warnings, in this process alone, valid
until anything that it was built from changes (`docs/decisions/012-…`).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple, Self

import msgspec

from gateway.cache.evictions import Evictions
from gateway.cache.keys import KeyMaker
from gateway.cache.memory import MemoryCache
from gateway.cache.options import CacheClocks, MemoryLimits
from gateway.config.settings import Settings
from gateway.context import RequestContext
from gateway.execution.cost import Cost
from gateway.execution.documents import Operation
from gateway.execution.outcome import Outcome
from gateway.random_numbers import random
from gateway.telemetry.metric import Samples
from gateway.upstream.cached_upstream import CachedUpstream
from gateway.upstream.customer_identities import KnownCustomerIds

_MAX_ENTRIES = 10_000
_MAX_BYTES = 16 * 1024 * 1024
_JITTER = 0.1
_VARIABLES = msgspec.json.Encoder(order="sorted")
_KEY_BYTES = 24  # 192 bits: no collisions


class RecordingClock(datetime):
    """The time of a response, which records when time alone would change the response.

    Whatever it is compared with and is not past may compare differently later: `valid_until` is the
    earliest such instant, None if there was none.
    """

    valid_until: datetime | None = None

    @classmethod
    def of(cls, time: datetime) -> Self:
        """Return the same time as a recording one."""
        return cls.combine(time.date(), time.timetz())

    def _record(self, other: Any) -> None:
        if datetime.__ge__(other, self) and (
            self.valid_until is None or datetime.__lt__(other, self.valid_until)
        ):
            self.valid_until = other

    def __lt__(self, other: Any) -> bool:
        self._record(other)
        return super().__lt__(other)

    def __le__(self, other: Any) -> bool:
        self._record(other)
        return super().__le__(other)

    def __gt__(self, other: Any) -> bool:
        self._record(other)
        return super().__gt__(other)

    def __ge__(self, other: Any) -> bool:
        self._record(other)
        return super().__ge__(other)


class CachedResponse(NamedTuple):
    """The encoded data of a response, and the cost of its operation.

    `subjects` are what it was built from, `position` that of evictions when its operation began.
    """

    data: msgspec.Raw
    cost: Cost
    position: int = 0
    subjects: tuple[str, ...] = ()


@dataclass(slots=True)
class ResponseCache:
    """Responses by caller and operation.

    `origin` is the upstream's, and `identity` returns the caller as the upstream sees it: both are
    part of a key. A response built from no upstream response lives for `max_age_s`; with 0 nothing
    is cached. `clock` is that of `RequestContext.now`, `wall` returns the wall-clock seconds in
    which freshness is stated, `jitter` 0..1. When `known` records that upstream responses
    contradict each other about a customer's id, no earlier entry is found any more; neither is one
    whose subjects have been evicted since, where there are `evictions`.
    """

    memory: MemoryCache[CachedResponse]
    keys: KeyMaker
    origin: str
    identity: Callable[[RequestContext], str]
    max_age_s: float
    clock: Callable[[], datetime]
    wall: Callable[[], float]
    known: KnownCustomerIds
    jitter: Callable[[], float] = random
    evictions: Evictions | None = None
    hits: int = 0
    misses: int = 0
    _secret: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._secret = self.keys.key(self.origin, "answer").encode()

    def key(self, operation: Operation, variables: dict[str, Any], request: RequestContext) -> str:
        """Return the key of an operation of this request's caller.

        The caller's fingerprint is part of it: callers may get different responses from the
        gateway although the upstream sees them as one. Numbers keep their types: 1, 1.0 and "1"
        are three values. The hashed parts are unambiguous: all but the last are of fixed length, or
        free of NUL.
        """
        caller = (
            f"{self.known.contradictions}\0{self.identity(request)}\0{request.caller.fingerprint}\0"
        )
        message = operation.digest + caller.encode() + _VARIABLES.encode(variables)
        return blake2b(message, key=self._secret, digest_size=_KEY_BYTES).hexdigest()

    def find(
        self, operation: Operation, variables: dict[str, Any], request: RequestContext
    ) -> tuple[str, CachedResponse | None]:
        """Return the response's key, "" for one that is never cached, and the cached response.

        The operation need not have been checked: only what may run is ever stored under its key.
        After a miss `request.now` records when time alone would change the response, for `store`.
        """
        if self.max_age_s <= 0 or not operation.is_query:
            return "", None
        key = self.key(operation, variables, request)
        cached, evictions = self.memory.get(key), self.evictions
        if evictions is not None:
            if cached is not None and evictions.outdates(cached.position, cached.subjects):
                cached = None
            request.report.position = evictions.position
        if cached is None:
            self.misses += 1
            request.now = RecordingClock.of(request.now)
        else:
            self.hits += 1
            request.report.cached += 1
        return key, cached

    def store(self, key: str, cost: Cost, request: RequestContext, outcome: Outcome) -> Outcome:
        """Store an outcome if it may be cached, and return it, encoded as it is stored."""
        now = request.now
        if outcome.errors or request.warnings or not isinstance(now, RecordingClock):
            return outcome
        fresh_until = request.report.fresh_until
        lifetime_s = self.max_age_s if math.isinf(fresh_until) else fresh_until - self.wall()
        if now.valid_until is not None:
            lifetime_s = min(lifetime_s, (now.valid_until - self.clock()).total_seconds())
        if lifetime_s <= 0:
            return outcome
        data = outcome.data
        if not isinstance(data, msgspec.Raw):
            data = msgspec.Raw(msgspec.json.encode(data))
        report = request.report
        cached = CachedResponse(data, cost, report.position, report.subjects)
        self.memory.set(key, cached, lifetime_s * (1 - _JITTER * self.jitter()))
        return Outcome(data, [])

    def samples(self) -> Samples:
        """Return the samples of the `gateway_response_cache_…` metrics."""
        return {
            "gateway_response_cache_hits_total": [self.hits],
            "gateway_response_cache_misses_total": [self.misses],
            "gateway_response_cache_entries": [self.memory.entries],
            "gateway_response_cache_bytes": [self.memory.bytes],
        }


def create_response_cache(
    settings: Settings,
    cached_upstream: CachedUpstream,
    known: KnownCustomerIds,
    clock: Callable[[], datetime],
    clocks: CacheClocks | None = None,
) -> ResponseCache:
    """Create the response cache of a process."""
    clocks = clocks or CacheClocks()
    return ResponseCache(
        MemoryCache(
            MemoryLimits(_MAX_ENTRIES, _MAX_BYTES),
            lambda cached: len(memoryview(cached.data)),
            clocks.monotonic,
        ),
        cached_upstream.keys,
        settings.upstream_url,
        cached_upstream.credential.identity,
        settings.cache_customer_ttl_s,
        clock,
        clocks.wall,
        known,
        evictions=cached_upstream.evictions,
    )
