"""Admission of requests to the endpoint: allowed origins, rate limits, concurrency limits."""

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from gateway.cache.keys import KeyMaker, secret_for
from gateway.cache.redis_server import RedisServer
from gateway.config.settings import Settings
from gateway.context import Caller, RequestContext
from gateway.edge.client_address import ClientAddresses
from gateway.edge.concurrency_limit import ConcurrencyLimiter
from gateway.edge.cors import Origins
from gateway.edge.http_request import HttpRequest
from gateway.edge.rate_limit import CallLimit, LocalRateLimit, RateLimit
from gateway.errors import PayloadTooLargeError, RateLimitedError
from gateway.telemetry.metric import Samples

if TYPE_CHECKING:
    from gateway.cache.redis_connections import RedisClient
    from gateway.cache.redis_use import RedisUse

_PREFIX = "promotion-gateway:rate:1"
_CALLS_PREFIX = "promotion-gateway:calls:1"
_UNCOUNTED = nullcontext()
# Reading waits for clients, and running for the upstream: neither may block the other. A body takes
# at most GATEWAY_MAX_BODY_BYTES while it is read.
_READING_PER_RUNNING = 2


@dataclass(frozen=True, slots=True)
class RequestGuard:
    """The limits that a request passes before its operation runs."""

    origins: Origins
    reading: ConcurrencyLimiter
    running: ConcurrencyLimiter
    rate: RateLimit | None
    calls: CallLimit | None
    addresses: ClientAddresses
    keys: KeyMaker
    redis: "RedisClient | None" = None
    redis_use: "RedisUse | None" = None

    async def admit(self, http_request: HttpRequest, caller: Caller) -> str:
        """Count an operation of a caller, and return the caller's key.

        The key identifies the caller by the credential's subject, or else by the address. It
        contains personal data: it is not for logs, and not for other processes.

        Raise RateLimitedError if the caller has sent too many, or has caused too many calls.
        """
        if caller.subject:
            caller_key = f"subject {caller.subject}"
        elif caller.credential or caller.customers:
            caller_key = f"fingerprint {caller.fingerprint}"
        else:
            caller_key = f"address {self.addresses.of(http_request)}"
        if self.calls is not None:
            await self.calls.check(self.keys.key(caller_key))
        if self.rate is not None:
            wait_s = await self.rate.take(self.keys.key(caller_key), 1)
            if wait_s:
                raise RateLimitedError(wait_s)
        return caller_key

    async def count_batch(self, caller_key: str, operations: int) -> None:
        """Count the operations of a batch, of which one has been counted.

        Raise PayloadTooLargeError for a batch above the limit, and RateLimitedError, without
        counting anything of it, for one that exceeds what remains.
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

    def samples(self) -> Samples:
        """Return the samples of `gateway_operations_in_flight`."""
        return {"gateway_operations_in_flight": [self.reading.acquired, self.running.acquired]}

    def counting_calls(self, request: RequestContext) -> AbstractContextManager[None]:
        """Count the upstream calls that a request makes within a ``with`` block."""
        if self.calls is None:
            return _UNCOUNTED
        return self.calls.counting(self.keys.key(request.caller_key), request.budget)

    async def check_redis(self) -> None:
        """Use the limits for nobody, so that an outage of Redis shows without traffic."""
        if self.rate is not None:
            await self.rate.check()
        if self.calls is not None:
            await self.calls.check_rate()

    async def __aenter__(self) -> Self:
        """Connect to nothing yet: Redis' client connects when first used."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish counting, and close the connections."""
        if self.calls is not None:
            await self.calls.aclose()
        if self.redis is not None:
            await self.redis.aclose()


def create_request_guard(
    settings: Settings, origins: Origins, server: RedisServer | None = None
) -> RequestGuard:
    """Create the guard of a process; with a Redis, replicas count together."""
    limit = settings.rate_limit_per_minute
    call_limit = settings.rate_limit_upstream_calls_per_minute
    redis, use, shared = None, None, None
    secret = secret_for("rate limit", settings.cache_key_secret.get_secret_value())
    if (limit or call_limit) and server is not None:
        from gateway.cache.redis_connections import create_redis  # noqa: PLC0415 - decision 22
        from gateway.cache.redis_use import RedisUse  # noqa: PLC0415 - as above
        from gateway.edge.shared_rate_limit import SharedRateLimit  # noqa: PLC0415 - as above

        limits = server.limits()
        redis = create_redis(server, limits)
        use = RedisUse("rate_limit", time.monotonic)
        shared = partial(SharedRateLimit, redis, use=use, timeout_s=limits.timeout_s)

    def create_limit(prefix: str, limit: int) -> RateLimit:
        return LocalRateLimit(limit) if shared is None else shared(prefix, limit)

    max_running = settings.max_concurrent_requests
    return RequestGuard(
        origins=origins,
        reading=ConcurrencyLimiter(max_running * _READING_PER_RUNNING),
        running=ConcurrencyLimiter(max_running),
        rate=create_limit(_PREFIX, limit) if limit else None,
        calls=CallLimit(create_limit(_CALLS_PREFIX, call_limit)) if call_limit else None,
        addresses=ClientAddresses(settings.trusted_proxies),
        keys=KeyMaker(secret),
        redis=redis,
        redis_use=use,
    )
