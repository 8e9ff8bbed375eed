"""Who comes in: not from other sites, not too often, and not too many at once."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from gateway.cache.keys import KeyMaker, secret_for
from gateway.cache.options import MEMORY_URL, SharedLimits
from gateway.config.settings import Settings
from gateway.context import Caller, RequestContext
from gateway.edge.call_limit import CallLimit
from gateway.edge.client_address import ClientAddresses
from gateway.edge.concurrency_limit import ConcurrencyLimiter
from gateway.edge.cors import Origins
from gateway.edge.http_request import HttpRequest
from gateway.edge.rate_limit import LocalRateLimit, RateLimit
from gateway.errors import PayloadTooLargeError, RateLimitedError

if TYPE_CHECKING:
    from redis.asyncio import Redis

_LIMITS = SharedLimits()
_PREFIX = "promotion-gateway:rate:1"
_CALLS_PREFIX = "promotion-gateway:calls:1"
_UNCOUNTED = nullcontext()
# Reading waits for clients, running for the platform: the slow ones of one kind leave room for the
# other. A body that is being read takes GATEWAY_MAX_BODY_BYTES at most.
_READING_FOR_EACH_RUNNING = 2


@dataclass(frozen=True, slots=True)
class RequestGuard:
    """What a request to the endpoint passes before its operation runs."""

    origins: Origins
    reading: ConcurrencyLimiter
    running: ConcurrencyLimiter
    rate: RateLimit | None
    calls: CallLimit | None
    addresses: ClientAddresses
    keys: KeyMaker
    redis: "Redis | None" = None

    def caller_key(self, asked: HttpRequest, caller: Caller) -> str:
        """Return what tells a caller from others: whom the credential says, or else the address.

        It is for this process alone, and for no log.
        """
        if caller.subject:
            return f"subject {caller.subject}"
        if caller.credential or caller.customers:
            return f"fingerprint {caller.fingerprint}"
        return f"address {self.addresses.of(asked)}"

    async def count(self, caller_key: str) -> None:
        """Count an operation of a caller.

        Raises RateLimitedError for one that is too many, or whose caller has made too many calls.
        """
        if self.rate is None and self.calls is None:
            return
        key = self.keys.key(caller_key)
        if self.calls is not None:
            await self.calls.check(key)
        wait_s = 0.0 if self.rate is None else await self.rate.take(key, 1)
        if wait_s:
            raise RateLimitedError(wait_s)

    async def count_batch(self, caller_key: str, operations: int) -> None:
        """Count the operations of a batch, of which one has been counted.

        Raises PayloadTooLargeError for a batch that could never be taken, and RateLimitedError for
        one that cannot be now, of which nothing then is counted.
        """
        if self.rate is None or operations < 2:
            return
        if operations > self.rate.limit:
            raise PayloadTooLargeError(
                f"A batch must hold at most {self.rate.limit} operations, the rate limit per caller"
                " and minute."
            )
        key = self.keys.key(caller_key)
        wait_s = await self.rate.take(key, operations - 1)
        if wait_s:
            await self.rate.add(key, -1)
            raise RateLimitedError(wait_s)

    def counting_calls(self, request: RequestContext) -> AbstractContextManager[None]:
        """Count the calls that a request makes, for the length of a ``with`` block."""
        if self.calls is None:
            return _UNCOUNTED
        return self.calls.counting(self.keys.key(request.caller_key), request.budget)

    async def __aenter__(self) -> Self:
        """Open the door; there is nothing to wait for."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        if self.calls is not None:
            await self.calls.aclose()
        if self.redis is not None:
            await self.redis.aclose()


def create_request_guard(settings: Settings, origins: Origins) -> RequestGuard:
    """Make the door; callers are counted in Redis where there is one."""
    limit = settings.rate_limit_per_minute
    call_limit = settings.rate_limit_upstream_calls_per_minute
    redis, shared = None, None
    secret = secret_for("rate limit", settings.cache_key_secret.get_secret_value())
    if (limit or call_limit) and settings.cache_url != MEMORY_URL:
        from gateway.cache.shared import create_redis  # noqa: PLC0415 - decision 22
        from gateway.edge.shared_rate_limit import SharedRateLimit  # noqa: PLC0415 - as above

        redis = create_redis(settings.cache_url, _LIMITS)
        shared = partial(SharedRateLimit, redis)

    def count(prefix: str, limit: int) -> RateLimit:
        return LocalRateLimit(limit) if shared is None else shared(prefix, limit)

    most = settings.max_concurrent_requests
    return RequestGuard(
        origins=origins,
        reading=ConcurrencyLimiter(most * _READING_FOR_EACH_RUNNING),
        running=ConcurrencyLimiter(most),
        rate=count(_PREFIX, limit) if limit else None,
        calls=CallLimit(count(_CALLS_PREFIX, call_limit)) if call_limit else None,
        addresses=ClientAddresses(settings.trusted_proxies),
        keys=KeyMaker(secret),
        redis=redis,
    )
