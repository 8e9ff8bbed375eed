"""A fetcher over a cache, with clocks that a test sets."""

from gateway.cache.fetching import CachedFetcher, ErrorMeanings, Refresher, RefreshLimits
from gateway.cache.options import CacheClocks, SharedLimits
from gateway.cache.redis_server import RedisServer
from gateway.cache.statistics import CacheStatistics
from gateway.cache.store import TwoLevelCache, create_cache
from tests.cache.platform import BudgetError, NotHereError, OutageError
from tests.support.clock import Clock
from tests.support.graph import REDIS_MIN_TIMEOUT_S

SECRET = b"a secret of the tests"
MEANINGS = ErrorMeanings(
    is_outage=lambda error: isinstance(error, OutageError),
    negative=lambda error: str(error.code).encode() if isinstance(error, NotHereError) else None,
    concerns_starter_only=lambda error: isinstance(error, BudgetError),
)


LARGEST = 500_000
LIMITS = SharedLimits(
    timeout_s=REDIS_MIN_TIMEOUT_S, acquire_timeout_s=REDIS_MIN_TIMEOUT_S, max_entry_bytes=LARGEST
)


class Bench:
    """One replica: `fetcher` over `cache`; `clock` is every clock, and there is no jitter."""

    def __init__(
        self,
        server: RedisServer | None = None,
        clock: Clock | None = None,
        limits: RefreshLimits | None = None,
    ) -> None:
        self.clock = clock or Clock()
        clocks = CacheClocks(self.clock, self.clock)
        self.cache: TwoLevelCache = create_cache(server, SECRET, shared=LIMITS, clocks=clocks)
        self.refresher = Refresher(limits or RefreshLimits(), self.statistics, self.clock)
        self.fetcher = CachedFetcher(self.cache, MEANINGS, self.refresher, jitter=lambda: 0.5)

    @property
    def statistics(self) -> CacheStatistics:
        """Return the statistics of the cache."""
        return self.cache.statistics

    async def close(self) -> None:
        """Close the fetcher and the connections."""
        await self.fetcher.close()
        await self.cache.close()


def redis_failures(cache: TwoLevelCache) -> int:
    """Return the number of operations on the shared level that have failed."""
    assert cache.shared is not None
    return sum(cache.shared.use.failures.counts)
