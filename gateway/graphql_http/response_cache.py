"""Whole answers, kept for the caller that got them: an equal operation need not run again.

What is kept is the encoded bytes of `data` of a query without errors and warnings, in this process
alone, for as long as everything that went into it stands (`docs/decisions/012-…`).
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple, Self

import msgspec

from gateway.cache.keys import KeyMaker
from gateway.cache.memory import MemoryCache
from gateway.cache.options import CacheClocks, MemoryLimits
from gateway.config.settings import Settings
from gateway.context import Caller, RequestContext
from gateway.execution.cost import Cost
from gateway.execution.documents import Operation
from gateway.execution.outcome import Outcome
from gateway.telemetry.metrics import Samples
from gateway.upstream.cached_upstream import CachedUpstream
from gateway.upstream.customer_identities import KnownCustomerIds

_MOST_ENTRIES = 10_000
_MOST_BYTES = 16 * 1024 * 1024
_JITTER = 0.1
_VARIABLES = msgspec.json.Encoder(order="sorted")
_KEY_BYTES = 24  # 192 bits: no two keys ever meet


class RecordingClock(datetime):
    """The time of an answer, which notes when time alone would change it.

    Whatever is compared with it and is not past may one day compare otherwise: `turns_at` is the
    earliest of that, None where there was nothing.
    """

    valid_until: datetime | None = None

    @classmethod
    def of(cls, time: datetime) -> Self:
        """Return this time as one that notes."""
        return cls.combine(time.date(), time.timetz())

    def _note(self, other: Any) -> None:
        if datetime.__ge__(other, self) and (
            self.valid_until is None or datetime.__lt__(other, self.valid_until)
        ):
            self.valid_until = other

    def __lt__(self, other: Any) -> bool:
        self._note(other)
        return super().__lt__(other)

    def __le__(self, other: Any) -> bool:
        self._note(other)
        return super().__le__(other)

    def __gt__(self, other: Any) -> bool:
        self._note(other)
        return super().__gt__(other)

    def __ge__(self, other: Any) -> bool:
        self._note(other)
        return super().__ge__(other)


class CachedResponse(NamedTuple):
    """An answer's encoded data, and what its operation was reckoned to cost."""

    data: msgspec.Raw
    cost: Cost


@dataclass(slots=True)
class ResponseCache:
    """Answers by caller and operation.

    `keys` makes the keys, in which `origin` is the platform's and `identity` tells as whom it sees
    the caller. `longest_s` is for what depends on no upstream answer; where it is 0, nothing is
    kept at all. `clock` is that of `Request.now`, `wall` that of the upstream answers' freshness,
    in seconds; `jitter` gives 0..1. `known` tells of answers that contradict each other about who a
    customer is: what was kept before such a one is found no more.
    """

    memory: MemoryCache[CachedResponse]
    keys: KeyMaker
    origin: str
    identity: Callable[[RequestContext], str]
    longest_s: float
    clock: Callable[[], datetime]
    wall: Callable[[], float]
    known: KnownCustomerIds
    jitter: Callable[[], float] = random.random
    hits: int = 0
    misses: int = 0
    _secret: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._secret = self.keys.key(self.origin, "answer").encode()

    @property
    def is_on(self) -> bool:
        """Return whether anything is kept."""
        return self.longest_s > 0

    def key(self, operation: Operation, variables: dict[str, Any], request: RequestContext) -> str:
        """Make the key of an operation of this request's caller.

        Numbers keep their types: 1, 1.0 and "1" are three values. One hash makes it, of parts
        that cannot run into each other: all but the last are of one length, or have none of NUL.
        """
        era = self.known.contradictions
        who = f"{era}\0{self.identity(request)}\0{caller_key(request.caller)}\0".encode()
        message = operation.digest + who + _VARIABLES.encode(variables)
        return blake2b(message, key=self._secret, digest_size=_KEY_BYTES).hexdigest()

    def find(
        self, operation: Operation, variables: dict[str, Any], request: RequestContext
    ) -> tuple[str, "CachedResponse | None"]:
        """Return the response's key, "" for one that is never cached, and the cached response.

        The operation need not have been checked: only what may run is ever stored under its key.
        After a miss `request.now` records when time alone would change the response, for `store`.
        """
        if not (self.is_on and operation.is_query):
            return "", None
        key = self.key(operation, variables, request)
        kept = self.memory.get(key)
        if kept is None:
            self.misses += 1
            request.now = RecordingClock.of(request.now)
        else:
            self.hits += 1
            request.report.count("CACHE")
        return key, kept

    def store(self, key: str, cost: Cost, request: RequestContext, outcome: Outcome) -> Outcome:
        """Store an outcome if it may be cached, and return it, encoded as it is stored."""
        now = request.now
        if outcome.errors or request.warnings or not isinstance(now, RecordingClock):
            return outcome
        lifetime_s = self._lifetime_s(request.report.fresh_until, now.valid_until)
        if lifetime_s <= 0:
            return outcome
        data = outcome.data
        if not isinstance(data, msgspec.Raw):
            data = msgspec.Raw(msgspec.json.encode(data))
        self.memory.set(key, CachedResponse(data, cost), lifetime_s * (1 - _JITTER * self.jitter()))
        return Outcome(data, [])

    def _lifetime_s(self, fresh_until: float, turns_at: datetime | None) -> float:
        has_parts = not math.isinf(fresh_until)
        lifetime_s = fresh_until - self.wall() if has_parts else self.longest_s
        if turns_at is None:
            return lifetime_s
        return min(lifetime_s, (turns_at - self.clock()).total_seconds())

    def readings(self) -> Samples:
        """Return the numbers of the `gateway_answer_cache_…` metrics."""
        return {
            "gateway_response_cache_hits_total": [self.hits],
            "gateway_response_cache_misses_total": [self.misses],
            "gateway_response_cache_entries": [self.memory.entries],
            "gateway_response_cache_bytes": [self.memory.bytes],
        }


def caller_key(caller: Caller) -> str:
    """Tell apart callers whom the gateway may answer otherwise, although the platform would not.

    A test holds what it depends on against the fields of `Caller`: whatever is added there belongs
    here too, unless it changes no answer.
    """
    return caller.fingerprint


def create_response_cache(
    settings: Settings,
    recall: CachedUpstream,
    known: KnownCustomerIds,
    clock: Callable[[], datetime],
    clocks: CacheClocks | None = None,
) -> ResponseCache:
    """Make the answer cache of a process."""
    clocks = clocks or CacheClocks()
    memory = MemoryCache(MemoryLimits(_MOST_ENTRIES, _MOST_BYTES), _size, clocks.monotonic)
    return ResponseCache(
        memory,
        recall.keys,
        settings.upstream_url,
        recall.credential.identity,
        settings.cache_customer_ttl_s,
        clock,
        clocks.wall,
        known,
    )


def _size(kept: CachedResponse) -> int:
    return len(memoryview(kept.data))
