"""Who comes in: not from other sites, not too often, and not too many at once."""

from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from gateway.cache.keys import KeyMaker, secret_for
from gateway.cache.shared_limits import SharedLimits
from gateway.cache.store import MEMORY_URL
from gateway.errors import RateLimitedError
from gateway.http.asked import Asked
from gateway.http.client_address import ClientAddresses
from gateway.http.cross_site import refuse_other_sites
from gateway.http.places import Places
from gateway.http.rate_limit import LocalRateLimit, RateLimit
from gateway.request import Caller
from gateway.settings import Settings

if TYPE_CHECKING:
    from redis.asyncio import Redis

_LIMITS = SharedLimits()
_PREFIX = "promotion-gateway:rate:1"
# Reading waits for clients, running for the platform: the slow ones of one kind leave room for the
# other. A body that is being read takes GATEWAY_MAX_BODY_BYTES at most.
_READING_FOR_EACH_RUNNING = 2


@dataclass(frozen=True, slots=True)
class Door:
    """What a request to the endpoint passes before its operation runs."""

    origins: frozenset[bytes]
    reading: Places
    running: Places
    rate: RateLimit | None
    addresses: ClientAddresses
    keys: KeyMaker
    redis: "Redis | None" = None

    def check(self, asked: Asked) -> None:
        """Raise CrossSiteError for a request that a page of another site has had sent."""
        refuse_other_sites(asked.headers, self.origins)

    def caller_key(self, asked: Asked, caller: Caller) -> str:
        """Return what tells a caller from others: whom the credential says, or else the address.

        It is for this process alone, and for no log.
        """
        if caller.subject:
            return f"subject {caller.subject}"
        if caller.credential or caller.customers:
            return f"fingerprint {caller.fingerprint}"
        return f"address {self.addresses.of(asked)}"

    async def count(self, caller_key: str, operations: int = 1) -> None:
        """Count operations of a caller. Raises RateLimitedError for one that is too many."""
        if self.rate is None or not operations:
            return
        wait_s = await self.rate.take(self.keys.key(caller_key), operations)
        if wait_s:
            raise RateLimitedError(wait_s)

    async def __aenter__(self) -> Self:
        """Open the door; there is nothing to wait for."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the connections back."""
        if self.redis is not None:
            await self.redis.aclose()


def create_door(settings: Settings) -> Door:
    """Make the door; callers are counted in Redis where there is one."""
    limit, redis, rate = settings.rate_limit_per_minute, None, None
    secret = secret_for("rate limit", settings.cache_key_secret.get_secret_value())
    if limit and settings.cache_url != MEMORY_URL:
        from gateway.cache.shared import create_redis  # noqa: PLC0415 - decision 22
        from gateway.http.shared_rate_limit import SharedRateLimit  # noqa: PLC0415 - as above

        redis = create_redis(settings.cache_url, _LIMITS)
        rate = SharedRateLimit(redis, _PREFIX, limit)
    most = settings.max_concurrent_requests
    return Door(
        origins=frozenset(origin.encode("latin-1") for origin in settings.cors_origins),
        reading=Places(most * _READING_FOR_EACH_RUNNING),
        running=Places(most),
        rate=rate or (LocalRateLimit(limit) if limit else None),
        addresses=ClientAddresses(settings.trusted_proxies),
        keys=KeyMaker(secret),
        redis=redis,
    )
