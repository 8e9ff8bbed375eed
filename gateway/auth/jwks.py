"""Keys that a URL tells: fetched beforehand, kept for a while, and gone when the URL drops them."""

import asyncio
import time
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from typing import Self

import httpx

from gateway.auth.keys import Keys, read_jwk_set
from gateway.errors import KeysUnavailableError
from gateway.telemetry import log

_HEADERS = {
    "Accept": "application/jwk-set+json, application/json",
    "Accept-Encoding": "identity",  # so that nothing small becomes something large
}
_MOST_BYTES = 256 * 1024
_PATIENCE_S = 5.0
_RENEW_AT = 0.8  # of their time: there is left a fifth of it to fetch new ones behind the scenes
_RETRY_AFTER_S = 2.0
# Anybody can make up key ids; a platform that has just rotated is believed this much later at most.
_UNKNOWN_EVERY_S = 10.0

_FAILURES = (httpx.HTTPError, OSError, TimeoutError, ValueError)


@dataclass(frozen=True, slots=True)
class KeyLifetimes:
    """How long keys count, in seconds: for `ttl_s`, and `stale_s` more while none can be had."""

    ttl_s: float
    stale_s: float


class JwksKeySource:
    """The keys of a JWK set behind a URL; `clock` gives seconds that never go back.

    A request waits for them only where none are at hand that count: at the start, after a pause,
    or for a key id that nobody has seen. One fetch serves all who wait.
    """

    def __init__(
        self,
        url: str,
        times: KeyLifetimes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        # No proxy and no .netrc of the environment, no redirects; a deadline is around each fetch.
        self._http = httpx.AsyncClient(trust_env=False, timeout=None)  # noqa: S113 - as above
        self._times = times
        self._clock = clock
        self._keys: Keys = ()
        self._fetched_at = self._asked_at = float("-inf")
        self._is_failing = False
        self._flight: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Fetch for the first time, behind the scenes: an outage does not stop the start."""
        await self._http.__aenter__()
        self._begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End a fetch that is under way."""
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.wait([self._flight])
        await self._http.__aexit__()

    async def keys(self, kid: str | None) -> Keys:
        """Return the keys that count now, fetched anew where `kid` is none of theirs.

        Raises KeysUnavailableError.
        """
        await self._renew()
        is_known = kid is None or any(key.kid in {None, kid} for key in self._keys)
        is_due = self._clock() - self._asked_at >= _UNKNOWN_EVERY_S
        if not is_known and (is_due or self._flight is not None):
            await self._wait_for(self._begin())
        return self._keys

    async def _renew(self) -> None:
        """Make sure that there are keys that count."""
        age_s, times = self._clock() - self._fetched_at, self._times
        if age_s < times.ttl_s * _RENEW_AT:
            return
        is_due = not self._is_failing or self._clock() - self._asked_at >= _RETRY_AFTER_S
        flight = self._begin() if is_due else self._flight
        if age_s < times.ttl_s or (self._is_failing and age_s < times.ttl_s + times.stale_s):
            return  # behind the scenes is soon enough
        if flight is not None:
            await self._wait_for(flight)
        if self._clock() - self._fetched_at >= times.ttl_s + times.stale_s:
            self._keys = ()
            raise KeysUnavailableError

    async def _wait_for(self, flight: asyncio.Task[None]) -> None:
        """Wait for a fetch that belongs to all who wait: whoever leaves does not end it."""
        await asyncio.wait([flight])

    def _begin(self) -> asyncio.Task[None]:
        """Join the fetch under way, or start one, in a context that is no request's."""
        if self._flight is None:
            self._flight = asyncio.create_task(self._fetch(), name="keys", context=Context())
            self._flight.add_done_callback(self._landed)
        return self._flight

    def _landed(self, _flight: asyncio.Task[None]) -> None:
        self._flight = None

    async def _fetch(self) -> None:
        self._asked_at = asked_at = self._clock()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                keys = read_jwk_set(await self._read())
        except _FAILURES as error:
            self._is_failing = True
            log.warning("auth_keys_unavailable", reason=type(error).__name__)
            return
        self._is_failing, self._fetched_at = False, asked_at
        if [key.kid for key in keys] != [key.kid for key in self._keys]:
            log.info("auth_keys_changed", count=len(keys))
        self._keys = keys

    async def _read(self) -> bytes:
        """Read the answer, and no more of it than a set of keys can have."""
        async with self._http.stream("GET", self._url, headers=_HEADERS) as response:
            if response.status_code != 200:
                raise ValueError("no answer to rely on")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise ValueError("too large")
            return bytes(body)
