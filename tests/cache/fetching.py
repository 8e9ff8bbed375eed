"""A fetcher over a cache in memory, all of whose clocks a test holds."""

from gateway.cache.fetching import CachedFetcher, ErrorMeanings, Refresher, RefreshLimits
from gateway.cache.options import CacheClocks, SharedLimits
from gateway.cache.statistics import CacheStatistics
from gateway.cache.store import TwoLevelCache, create_cache
from tests.cache.clock import Clock
from tests.cache.platform import BudgetError, NotHereError, OutageError

SECRET = b"a secret of the tests"
MEANINGS = ErrorMeanings(
    is_outage=lambda error: isinstance(error, OutageError),
    negative=lambda error: str(error.code).encode() if isinstance(error, NotHereError) else None,
    is_personal=lambda error: isinstance(error, BudgetError),
)


# Reading more would take a busy machine longer than an operation may take.
LARGEST = 500_000


class Bench:
    """One replica: `fetcher` over `cache`, with `clock` as every clock and no jitter."""

    def __init__(
        self,
        url: str = "memory://",
        clock: Clock | None = None,
        limits: RefreshLimits | None = None,
    ) -> None:
        self.clock = clock or Clock()
        clocks = CacheClocks(self.clock, self.clock)
        self.cache: TwoLevelCache = create_cache(
            url, SECRET, shared=SharedLimits(max_entry_bytes=LARGEST), clocks=clocks
        )
        self.refresher = Refresher(limits or RefreshLimits(), self.statistics, self.clock)
        self.fetcher = CachedFetcher(self.cache, MEANINGS, self.refresher, jitter=lambda: 0.5)

    @property
    def statistics(self) -> CacheStatistics:
        """What the cache counted."""
        return self.cache.statistics

    async def close(self) -> None:
        """End the refreshes, the calls and the connections."""
        await self.fetcher.close()
        await self.cache.close()
