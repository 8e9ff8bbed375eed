"""A replica of the gateway with its quota on a real Valkey server."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from redis.asyncio import Redis

from gateway.errors import UpstreamRateLimitedError
from gateway.upstream.resilience.quota import Quota
from gateway.upstream.resilience.replicas import TIMEOUT_S, Replicas
from gateway.upstream.resilience.shared_quota import SharedRateLimiter
from tests.support.graph import REDIS_MIN_TIMEOUT_S
from tests.upstream.resilience.timing import begin

CALLS = 100


class Replica:
    """One replica of the gateway: its connections, its quota, and the starts of its calls."""

    def __init__(self, port: int, window_s: float, calls: int, timeout_s: float) -> None:
        self.redis = Redis(host="127.0.0.1", port=port)
        self.replicas = Replicas(
            self.redis,
            "gateway:quota",
            heartbeat_s=0.1,
            grace_s=1.0,
            timeout_s=timeout_s,
        )
        self.limiter = SharedRateLimiter(self.replicas, "hash", calls, window_s=window_s)
        self.quota = Quota(self.limiter, clock=time.monotonic, sleep=asyncio.sleep)
        self.starts: list[float] = []
        self.refused = 0

    async def start(self, within_s: float = 0.5) -> bool:
        """Start a call; return whether it was admitted."""
        try:
            await self.quota.acquire("promotionData", time.monotonic() + within_s)
        except UpstreamRateLimitedError:
            self.refused += 1
            return False
        self.starts.append(time.monotonic())
        return True

    async def want_calls(self, within_s: float = 0.5) -> None:
        """Request one call after the other, until cancelled."""
        while True:
            if not await self.start(within_s):
                await asyncio.sleep(0.05)


@asynccontextmanager
async def replica(
    port: int,
    window_s: float = 60.0,
    calls: int = CALLS,
    timeout_s: float = REDIS_MIN_TIMEOUT_S,
) -> AsyncIterator[Replica]:
    """Run a replica that sends heartbeats to its Redis."""
    made = Replica(port, window_s, calls, timeout_s)
    await made.replicas.heartbeat()
    touch = begin(made.replicas.heartbeat_loop())
    try:
        yield made
    finally:
        touch.cancel()
        with suppress(asyncio.CancelledError):
            await touch
        await made.redis.aclose()


@asynccontextmanager
async def under_load(port: int, window_s: float, count: int = 2) -> AsyncIterator[list[Replica]]:
    """Run replicas whose load is always above the quota, with the time-out of production."""
    async with AsyncExitStack() as stack:
        made = [
            await stack.enter_async_context(replica(port, window_s, timeout_s=TIMEOUT_S))
            for _ in range(count)
        ]
        load = [begin(one.want_calls()) for one in made for _ in range(12)]
        try:
            yield made
        finally:
            for task in load:
                task.cancel()
            await asyncio.gather(*load, return_exceptions=True)


async def remember_a_minute(redis: Redis) -> None:
    """Make a new Redis seem to have run for more than a minute."""
    await redis.hset("{gateway:quota}:about", "since", "1000")


def all_starts(replicas: list[Replica]) -> list[float]:
    return sorted(at for one in replicas for at in one.starts)
