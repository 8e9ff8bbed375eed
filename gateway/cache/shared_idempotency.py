"""Idempotency keys in Redis, for all replicas. Importing this module loads Redis' client.

Unlike a cache, nothing works without it: a key that cannot be taken for certain is not taken, and
nothing is sent.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import msgspec

from gateway.cache.idempotency import KEPT_S, IdempotencyOutageError, Taken
from gateway.cache.redis_connections import RedisClient
from gateway.cache.redis_scripts import FAILURES, in_time
from gateway.cache.redis_use import RedisUse

_PREFIX = "promotion-gateway:idempotency:1"
TIMEOUT_S = 1.0
_POLL_S = 0.05
_MAX_CONCURRENT = 20
_KEPT_MS = int(KEPT_S * 1000)
_OPERATION = "keys"
_FREE_EVERY_S = 0.25
_MAX_LEFT = 10_000
_NOBODY = "check"

# Frees a key of its owner's, and no other: a check and a deletion at once.
_FREE = """
local stored = redis.call('GET', KEYS[1])
if stored and string.find(stored, ARGV[1], 1, true) then redis.call('DEL', KEYS[1]) end
return 0
"""


class SharedKeys:
    """Keys in Redis, each for a day.

    A Redis that hangs may take a key after the gateway has given up: such a key is freed once Redis
    is back, as is one that could not be freed.
    """

    def __init__(
        self,
        redis: RedisClient,
        *,
        clock: Callable[[], float] = time.monotonic,
        use: RedisUse | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.use = use or RedisUse("idempotency", clock)
        self._redis, self._timeout_s = redis, timeout_s
        self._free = redis.register_script(_FREE)
        self._encode = msgspec.json.Encoder().encode
        self._decode = msgspec.json.Decoder(Taken).decode
        self._slots = asyncio.Semaphore(_MAX_CONCURRENT)  # redis-py's own pool is not fair
        self._left: dict[tuple[str, str], None] = {}  # keys to free, and their owners
        self._freeing: asyncio.Task[None] | None = None

    async def take(self, key: str, taken: Taken) -> Taken | None:
        """Take a key; return what is known of it where it is taken already, else None."""
        try:
            return await self._take(key, taken)
        except IdempotencyOutageError:
            self._free_later(key, taken.owner)
            raise

    async def _take(self, key: str, taken: Taken) -> Taken | None:
        name, encoded = f"{_PREFIX}:{key}", self._encode(taken)
        if await self._run(lambda: self._redis.set(name, encoded, nx=True, px=_KEPT_MS)):
            return None
        stored = await self._run(lambda: self._redis.get(name))
        if stored is None:  # freed or expired just now: the next try takes it
            return Taken(taken.input, "", taken.since)
        try:
            known = self._decode(stored)
        except msgspec.DecodeError as error:
            raise IdempotencyOutageError from error
        # The first try may have come through although its response was lost.
        return None if known.owner == taken.owner else known

    async def wait(self, key: str, within_s: float) -> None:
        """Wait for a moment: nobody announces results."""
        await asyncio.sleep(min(_POLL_S, within_s))

    async def store(self, key: str, taken: Taken) -> None:
        """Store the result of a key that the caller has taken."""
        name, encoded = f"{_PREFIX}:{key}", self._encode(taken)
        await self._run(lambda: self._redis.set(name, encoded, px=_KEPT_MS))

    async def free(self, key: str, owner: str) -> None:
        """Free a key that the caller has taken, as nothing was done."""
        try:
            await self._free_now(key, owner)
        except IdempotencyOutageError:
            self._free_later(key, owner)
            raise

    async def check(self) -> None:
        """Read a key that does not exist, so that an outage shows without traffic."""
        try:
            await self._run(lambda: self._redis.get(f"{_PREFIX}:{_NOBODY}"))
        except IdempotencyOutageError:
            return

    async def close(self) -> None:
        """Close the connections."""
        if self._freeing is not None:
            self._freeing.cancel()
            await asyncio.wait([self._freeing])
        await self._redis.aclose()

    async def _free_now(self, key: str, owner: str) -> None:
        await self._run(lambda: self._free(keys=[f"{_PREFIX}:{key}"], args=[owner]))

    def _free_later(self, key: str, owner: str) -> None:
        self._left[key, owner] = None
        if len(self._left) > _MAX_LEFT:
            del self._left[next(iter(self._left))]
        if self._freeing is None or self._freeing.done():
            self._freeing = asyncio.get_running_loop().create_task(self._free_left())

    async def _free_left(self) -> None:
        """Free the keys that are left, as soon as Redis is back."""
        while self._left:
            await asyncio.sleep(_FREE_EVERY_S)
            with suppress(IdempotencyOutageError):
                for key, owner in list(self._left):
                    # What it had received before may be carried out after the first one.
                    for _ in range(2):
                        await self._free_now(key, owner)
                    self._left.pop((key, owner), None)

    async def _run(self, operation: Callable[[], Awaitable[Any]]) -> Any:
        try:
            async with self._slots:
                result = await in_time(operation(), self._timeout_s)
        except FAILURES as error:
            self.use.count(error)
            self.use.lost(_OPERATION, error)
            raise IdempotencyOutageError from error
        self.use.restored(_OPERATION)
        return result
