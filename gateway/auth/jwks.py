"""The keys of a JWKS URL: fetched ahead of need, and valid for a bounded time."""

import asyncio
import time
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from typing import Self

import httpx

from gateway.auth.authenticator import KeyStatistics
from gateway.auth.keys import Keys, KeySource, read_jwk_set
from gateway.config.tls import create_tls
from gateway.errors import KeysUnavailableError
from gateway.telemetry import log

_HEADERS = {
    "Accept": "application/jwk-set+json, application/json",
    "Accept-Encoding": "identity",  # a decompression bomb is not decompressed
}
_MAX_BYTES = 256 * 1024
_TIMEOUT_S = 5.0
_REFRESH_AT = 0.8  # of the TTL: the rest is time to fetch new keys in the background
_RETRY_AFTER_S = 2.0
# Clients can invent key ids: unknown ones cause no more than one fetch in this time.
_UNKNOWN_KID_INTERVAL_S = 10.0

_FAILURES = (httpx.HTTPError, OSError, TimeoutError, ValueError)


@dataclass(frozen=True, slots=True)
class KeyLifetimes:
    """How many seconds fetched keys are valid: `ttl_s`, and in an outage `stale_s` more."""

    ttl_s: float
    stale_s: float


class JwksKeySource(KeySource):
    """The keys of the JWK set at a URL; `clock` returns monotonic seconds.

    A request waits for a fetch only if no valid keys are stored, or for an unknown key id.
    Concurrent requests share one fetch.
    """

    def __init__(
        self,
        url: str,
        lifetimes: KeyLifetimes,
        clock: Callable[[], float] = time.monotonic,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._url = url
        self._http = http or create_http()  # each fetch has a deadline
        self._lifetimes, self._clock = lifetimes, clock
        self._keys: Keys = ()
        self._fetched_at = self._requested_at = float("-inf")
        self._is_failing = self._has_fetched = False
        self._started_at = clock()
        self._refreshes = self._failures = 0
        self._fetch_task: asyncio.Task[None] | None = None
        self._first_keys: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start the first fetch in the background: an outage does not delay the start."""
        await self._http.__aenter__()
        self._start_fetch()
        self._first_keys = asyncio.create_task(
            self._fetch_first_keys(), name="first keys", context=Context()
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cancel a fetch in progress."""
        if self._first_keys is not None:
            self._first_keys.cancel()
            await asyncio.wait([self._first_keys])
        if self._fetch_task is not None:
            self._fetch_task.cancel()
            await asyncio.wait([self._fetch_task])
        await self._http.__aexit__()

    @property
    def statistics(self) -> KeyStatistics:
        """The age of the keys, or the time since the start while there are none, and counts."""
        since = max(self._fetched_at, self._started_at)
        return KeyStatistics(self._clock() - since, self._refreshes, self._failures)

    @property
    def is_ready(self) -> bool:
        """Whether there have ever been keys; an outage after that is no reason to be not ready."""
        return self._has_fetched

    async def _fetch_first_keys(self) -> None:
        """Fetch until there are keys: no request triggers that while the gateway is not ready."""
        while True:
            await _wait_for(self._start_fetch())
            if self._has_fetched:
                return
            await asyncio.sleep(_RETRY_AFTER_S)

    async def keys(self, kid: str | None) -> Keys:
        """Return the valid keys; where none has this `kid`, fetch them again, at most every 10 s.

        Raise KeysUnavailableError where there are no valid keys.
        """
        await self._refresh()
        is_known = kid is None or any(key.kid in {None, kid} for key in self._keys)
        may_fetch = self._clock() - self._requested_at >= _UNKNOWN_KID_INTERVAL_S
        if not is_known and (may_fetch or self._fetch_task is not None):
            await _wait_for(self._start_fetch())
        return self._keys

    async def reload(self) -> None:
        """Fetch the keys now; those that are known remain valid if that fails."""
        await _wait_for(self._start_fetch())

    async def _refresh(self) -> None:
        """Fetch the keys before they expire; wait for them only once they have expired."""
        age_s, lifetimes = self._clock() - self._fetched_at, self._lifetimes
        if age_s < lifetimes.ttl_s * _REFRESH_AT:
            return
        max_age_s = lifetimes.ttl_s + lifetimes.stale_s
        may_retry = not self._is_failing or self._clock() - self._requested_at >= _RETRY_AFTER_S
        fetch = self._start_fetch() if may_retry else self._fetch_task
        if age_s < lifetimes.ttl_s or (self._is_failing and age_s < max_age_s):
            return
        if fetch is not None:
            await _wait_for(fetch)
        if self._clock() - self._fetched_at >= max_age_s:
            self._keys = ()
            raise KeysUnavailableError

    def _start_fetch(self) -> asyncio.Task[None]:
        """Return the fetch in progress, or start one, outside of any request's context."""
        if self._fetch_task is None:
            self._fetch_task = asyncio.create_task(self._fetch(), name="keys", context=Context())
            self._fetch_task.add_done_callback(self._end_fetch)
        return self._fetch_task

    def _end_fetch(self, _task: asyncio.Task[None]) -> None:
        self._fetch_task = None

    async def _fetch(self) -> None:
        self._requested_at = requested_at = self._clock()
        self._refreshes += 1
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                keys = await fetch_keys(self._http, self._url)
        except _FAILURES as error:
            self._is_failing = True
            self._failures += 1
            log.warning("auth_keys_unavailable", reason=type(error).__name__)
            return
        self._is_failing, self._fetched_at = False, requested_at
        if [key.kid for key in keys] != [key.kid for key in self._keys]:
            log.info("auth_keys_changed", count=len(keys))
        self._keys = keys
        self._has_fetched |= bool(keys)


def create_http(proxy: str = "", ca_file: str = "") -> httpx.AsyncClient:
    """Return a client without proxy and .netrc of the environment, redirects and time limits."""
    return httpx.AsyncClient(
        trust_env=False,
        timeout=None,  # noqa: S113 - see the docstring
        proxy=proxy or None,
        verify=create_tls(ca_file) if ca_file else True,
    )


async def fetch_keys(http: httpx.AsyncClient, url: str) -> Keys:
    """Fetch a JWK set now, of which no more than `_MAX_BYTES` are read.

    Raise ValueError for a response that is none, and httpx's errors.
    """
    async with http.stream("GET", url, headers=_HEADERS) as response:
        if response.status_code != 200:
            raise ValueError(f"HTTP {response.status_code}")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > _MAX_BYTES:
                raise ValueError("too large")
        return read_jwk_set(bytes(body))


async def _wait_for(fetch: asyncio.Task[None]) -> None:
    """Wait for a shared fetch: cancelling one waiter does not cancel it."""
    await asyncio.wait([fetch])
