"""What the metrics tell of the cache, read when somebody asks."""

import math

from gateway.cache.store import TwoLevelCache
from gateway.telemetry.metrics import Samples


def cache_samples(cache: TwoLevelCache) -> Samples:
    """Return the numbers of all `gateway_cache_…` metrics, and how many calls were shared."""
    counted = cache.statistics
    return {
        "gateway_upstream_coalesced_total": [counted.coalesced],
        "gateway_cache_hits_total": [counted.memory_hits, counted.shared_hits, counted.stale],
        "gateway_cache_negative_hits_total": [counted.negative_hits],
        "gateway_cache_misses_total": [counted.misses],
        "gateway_cache_stored_total": [counted.stored],
        "gateway_cache_refreshes_total": [counted.refreshes],
        "gateway_cache_refreshes_failed_total": [counted.refreshes_failed],
        "gateway_cache_refreshes_refused_total": [counted.refreshes_refused],
        "gateway_cache_entries": [cache.memory.entries],
        "gateway_cache_bytes": [cache.memory.bytes],
        "gateway_cache_shared_available": [
            math.nan if cache.shared is None else cache.shared.is_available
        ],
        "gateway_cache_shared_errors_total": [counted.errors],
        "gateway_cache_shared_skipped_total": [counted.skipped],
        "gateway_cache_shared_garbage_total": [counted.garbage],
    }
