"""What the cache did, as plain counts for the metrics."""

from dataclasses import dataclass


@dataclass(slots=True)
class CacheStatistics:
    """Counts since the start; each only grows.

    `memory_hits` and `shared_hits` are fresh answers by level, `stale` those served past their
    time, `negative_hits` the ones of either that said "not here". `garbage` is what the shared
    level held that is no entry of ours. `errors` are operations that failed on the shared level,
    `skipped` those that were not tried while it was unavailable.
    """

    memory_hits: int = 0
    shared_hits: int = 0
    negative_hits: int = 0
    misses: int = 0
    stale: int = 0
    coalesced: int = 0
    stored: int = 0
    garbage: int = 0
    errors: int = 0
    skipped: int = 0
    refreshes: int = 0
    refreshes_failed: int = 0
    refreshes_refused: int = 0
