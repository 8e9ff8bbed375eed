"""Counts of the cache's events, and the metrics made of them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.cache.store import TwoLevelCache
    from gateway.telemetry.metric import Samples


@dataclass(slots=True)
class CacheStatistics:
    """Counts since the start; each only grows.

    `memory_hits` and `shared_hits` are fresh entries served from that level, `stale` stale entries
    served from either, and `negative_hits` the negative ones among them. `garbage` counts values of
    the shared level that are not valid entries, `skipped` operations on it that were not tried
    because it was unavailable or all connections were busy; failed ones are in its `RedisUse`.
    """

    memory_hits: int = 0
    shared_hits: int = 0
    negative_hits: int = 0
    misses: int = 0
    stale: int = 0
    coalesced: int = 0
    stored: int = 0
    garbage: int = 0
    skipped: int = 0
    refreshes: int = 0
    refreshes_failed: int = 0
    refreshes_refused: int = 0


def cache_samples(cache: "TwoLevelCache") -> "Samples":
    """Return the values of all `gateway_cache_…` metrics, and the number of coalesced calls."""
    counted = cache.statistics
    return {
        "gateway_upstream_coalesced_total": [counted.coalesced],
        "gateway_cache_hits_total": [counted.memory_hits, counted.shared_hits, counted.stale],
        "gateway_cache_negative_hits_total": [counted.negative_hits],
        "gateway_cache_misses_total": [counted.misses],
        "gateway_cache_writes_total": [counted.stored],
        "gateway_cache_refreshes_total": [counted.refreshes],
        "gateway_cache_refresh_failures_total": [counted.refreshes_failed],
        "gateway_cache_refreshes_skipped_total": [counted.refreshes_refused],
        "gateway_cache_entries": [cache.memory.entries],
        "gateway_cache_bytes": [cache.memory.bytes],
        "gateway_cache_shared_skipped_total": [counted.skipped],
        "gateway_cache_shared_invalid_entries_total": [counted.garbage],
    }
