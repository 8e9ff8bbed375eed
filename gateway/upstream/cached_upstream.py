"""Answers remembered and shared: between the endpoints' ports and their calls.

Equal calls in flight are one call, never across identities; an answer that could be read is kept as
the bytes it came in. What is kept how long is the endpoint's policy.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self, TypeVar, cast

from gateway.cache.entry import CachePolicy
from gateway.cache.fetching import CachedFetcher, ErrorMeanings, Refresher, RefreshLimits, Source
from gateway.cache.keys import KeyMaker, secret_for
from gateway.cache.options import CacheClocks
from gateway.cache.store import TwoLevelCache, create_cache
from gateway.config.settings import Settings
from gateway.context import CallBudget, RequestContext, UpstreamReport
from gateway.errors import (
    BudgetExceededError,
    GatewayError,
    HeldBackError,
    OverloadedError,
    PhasedOutError,
    UpstreamNotFoundError,
    UpstreamRateLimitedError,
    UpstreamRefusedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from gateway.fairness import in_background
from gateway.upstream.credentials import Credential
from gateway.upstream.resilience.traffic_shaping import TrafficShaping

_T = TypeVar("_T")

_OUTAGES = (
    OverloadedError,
    PhasedOutError,
    UpstreamRateLimitedError,
    UpstreamRefusedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
# These end with the deadline, the budget or the share of the operation that made the call: whoever
# waits for the same answer may still have time, calls and places left.
_PERSONAL = (
    BudgetExceededError,
    HeldBackError,
    OverloadedError,
    UpstreamRateLimitedError,
    UpstreamTimeoutError,
)
_REFRESH_CALLS = 2
_NEGATIVE_S = 30.0  # a promotion that is just being created should not stay away for long


def _negative(error: Exception) -> bytes | None:
    return str(error.upstream_code).encode() if isinstance(error, UpstreamNotFoundError) else None


MEANINGS = ErrorMeanings(
    is_outage=lambda error: isinstance(error, _OUTAGES),
    negative=_negative,
    is_personal=lambda error: isinstance(error, _PERSONAL),
)


@dataclass(frozen=True, slots=True)
class CachedUpstream:
    """Fetches answers through the cache; `policies` are by the endpoints' documented names."""

    cache: TwoLevelCache
    fetcher: CachedFetcher
    keys: KeyMaker
    credential: Credential
    has_calls_to_spare: Callable[[str], bool]
    origin: str
    policies: Mapping[str, CachePolicy]
    deadline_s: float

    async def __aenter__(self) -> Self:
        """Nothing connects before it is needed."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """End what is in flight, and give the connections back."""
        await self.fetcher.close()
        await self.cache.close()

    async def fetch(  # noqa: PLR0913 - what to ask, and how to read it
        self,
        endpoint: str,
        target: str,
        request: RequestContext,
        load: Callable[[RequestContext], Awaitable[bytes]],
        read: Callable[[bytes], _T],
        *,
        not_before: float = 0.0,
    ) -> _T:
        """Return an answer, as `read` reads it: a remembered one, or that of one call of `load`.

        `target` is all that is asked of the endpoint, and `load` gets the request on whose account
        it calls. Only what `read` can read is kept; what was fetched earlier than `not_before`, in
        wall-clock seconds, is asked for anew. Raises NotHereError, also a remembered one, and
        whatever `load` and `read` raise.
        """
        policy = self.policies[endpoint]
        identity = self.credential.identity(request)
        key = self._key(policy, identity, endpoint, target)
        just_read = request.decoded.get(
            key
        )  # by a call of its own that has ended in this very turn
        if isinstance(just_read, GatewayError):
            raise just_read
        if just_read is not None:
            return cast("_T", just_read)

        async def load_readable(on_account_of: RequestContext = request) -> bytes:
            try:
                body = await load(on_account_of)
                on_account_of.decoded[key] = read(body)
            except GatewayError as error:
                if not policy.stores:  # else there may be a stale answer for who asks again
                    on_account_of.decoded[key] = error
                raise
            return body

        def refresh() -> Awaitable[bytes]:
            deadline = asyncio.get_running_loop().time() + self.deadline_s
            budget = CallBudget(_REFRESH_CALLS)
            caller_key = in_background(request.caller_key)
            background = replace(
                request,
                deadline=deadline,
                budget=budget,
                report=UpstreamReport(),
                caller_key=caller_key,
            )
            return load_readable(background)

        fresh_until = 0.0  # also of what fails: its operation may show no error of it
        try:
            fetched = await self.fetcher.fetch(
                key,
                policy,
                load_readable,
                refresh=refresh,
                may_refresh=lambda: self.has_calls_to_spare(identity),
                within=request.wait_scope,
                owner=request,
                not_before=not_before,
            )
            fresh_until = fetched.fresh_until
        except TimeoutError:
            raise UpstreamTimeoutError(endpoint) from None
        finally:
            request.report.lasts(fresh_until)
        if fetched.source is not Source.UPSTREAM:
            request.report.count(fetched.source.name)
        if fetched.is_negative:
            raise UpstreamNotFoundError(endpoint, int(fetched.payload))
        own = request.decoded.get(key) if fetched.source is Source.UPSTREAM else None
        return read(fetched.payload) if own is None else cast("_T", own)

    def _key(self, policy: CachePolicy, identity: str, endpoint: str, target: str) -> str:
        """Make the key of a call, under which no two that differ are one.

        What may be kept has one that tells nothing. All else only meets its like in this process.
        """
        if policy.stores:
            return self.keys.key(self.origin, identity, endpoint, target)
        return f"{endpoint} {identity} {target}"  # neither of the first two has a blank


def create_cached_upstream(
    settings: Settings,
    credential: Credential,
    traffic: TrafficShaping,
    clocks: CacheClocks | None = None,
) -> CachedUpstream:
    """Make the cache of a process, and what is kept in it how long."""
    secret = settings.cache_key_secret.get_secret_value()
    cache = create_cache(settings.cache_url, secret_for("entries", secret), clocks=clocks)
    limits = RefreshLimits(deadline_s=settings.upstream_deadline_s)
    refresher = Refresher(limits, cache.statistics, time.monotonic)
    definition_ttl_s = settings.cache_definition_ttl_s
    return CachedUpstream(
        cache,
        CachedFetcher(cache, MEANINGS, refresher),
        KeyMaker(secret_for("keys", secret)),
        credential,
        traffic.has_calls_to_spare,
        settings.upstream_url,
        {
            "promotionData": CachePolicy(settings.cache_customer_ttl_s),
            "promotionsV2": CachePolicy(
                definition_ttl_s,
                stale_s=settings.cache_definition_stale_s if definition_ttl_s else 0.0,
                negative_s=min(_NEGATIVE_S, definition_ttl_s),
            ),
        },
        settings.upstream_deadline_s,
    )
