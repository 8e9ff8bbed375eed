"""Idempotency keys: what was done under a key is not done again, and is answered as before.

A key is taken before anything is sent, and stays taken until its result is stored, or it is freed
because nothing has been done. One that stays taken longer than any action lasts belongs to a
process that has ended: what became of its action is not known.
"""

import asyncio
import hmac
import time
from collections.abc import Callable
from typing import Protocol

import msgspec
from cachetools import TTLCache

KEPT_S = 24 * 3600.0
_MAX_KEYS = 20_000  # some 10 MB


class Taken(msgspec.Struct):
    """A key: the hash of its input, since when it is taken, and its result; None while it lasts.

    `owner` is the one who stores the result. `since` has wall-clock seconds.
    """

    input: str
    owner: str
    since: float
    result: bytes | None = None


class IdempotencyKeys(Protocol):
    """Keys of one process, or of all replicas. Methods raise `IdempotencyOutageError`."""

    async def take(self, key: str, taken: Taken) -> Taken | None:
        """Take a key; return what is known of it where it is taken already, else None."""
        ...

    async def wait(self, key: str, within_s: float) -> None:
        """Wait until there may be news of a key, at most so long."""
        ...

    async def store(self, key: str, taken: Taken) -> None:
        """Store the result of a key that the caller has taken."""
        ...

    async def free(self, key: str, owner: str) -> None:
        """Free a key that the caller has taken, as nothing was done."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


class IdempotencyOutageError(Exception):
    """The keys cannot be read or written at present."""


class LocalKeys:
    """The keys of one process, for a day; at most 20,000. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._taken: TTLCache[str, Taken] = TTLCache(_MAX_KEYS, KEPT_S, clock)
        self._news: dict[str, asyncio.Event] = {}

    async def take(self, key: str, taken: Taken) -> Taken | None:
        """Take a key."""
        known = self._taken.get(key)
        if known is None:
            self._taken[key] = taken
        return known

    async def wait(self, key: str, within_s: float) -> None:
        """Wait for the result of a key, or until it is freed."""
        news = self._news.setdefault(key, asyncio.Event())
        try:
            async with asyncio.timeout(max(within_s, 0)):
                await news.wait()
        except TimeoutError:
            pass

    async def store(self, key: str, taken: Taken) -> None:
        """Store a result, and wake those who wait."""
        self._taken[key] = taken
        self._wake(key)

    async def free(self, key: str, owner: str) -> None:
        """Free a key, and wake those who wait."""
        known = self._taken.get(key)
        if known is not None and known.owner == owner:
            del self._taken[key]
        self._wake(key)

    async def close(self) -> None:
        """Do nothing: there are no connections."""

    def _wake(self, key: str) -> None:
        news = self._news.pop(key, None)
        if news is not None:
            news.set()


class KeyReusedError(Exception):
    """The key was used with other input."""


class KeyClaims:
    """Takes keys for actions; `clock` has wall-clock seconds, which the replicas share.

    An action lasts at most `max_duration_s`.
    """

    def __init__(
        self,
        keys: IdempotencyKeys,
        max_duration_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.keys, self._max_duration_s, self._clock = keys, max_duration_s, clock

    async def claim(self, key: str, input_hash: str, owner: str) -> Taken | None:
        """Take a key for an action; return None once it is the caller's.

        Otherwise return what is known of it, after a wait for an action that lasts: without a
        result, what became of it is not known. Raise KeyReusedError where its input was another,
        and IdempotencyOutageError.
        """
        while True:
            now = self._clock()
            known = await self.keys.take(key, Taken(input_hash, owner, now))
            if known is None:
                return None
            if not hmac.compare_digest(known.input, input_hash):
                raise KeyReusedError
            remaining_s = known.since + self._max_duration_s - now
            if known.result is not None or remaining_s <= 0:
                return known
            await self.keys.wait(key, min(remaining_s, self._max_duration_s))

    async def store(self, key: str, input_hash: str, owner: str, result: bytes) -> None:
        """Store the result of an action."""
        await self.keys.store(key, Taken(input_hash, owner, self._clock(), result))
