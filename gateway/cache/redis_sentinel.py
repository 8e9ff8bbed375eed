"""Connections to the master that Redis Sentinel names at present."""

import asyncio
from collections.abc import Sequence
from contextvars import Context
from typing import Any

from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.sentinel import MasterNotFoundError, SentinelConnectionPool

_SENTINEL_TIMEOUT_S = 0.5


class Sentinels:
    """The sentinels of a Redis; `options` are those of connections to them.

    They are asked once for all connections that wait, and on behalf of none: a sentinel that hangs
    takes longer than an operation may, and the next one must be asked all the same.
    """

    def __init__(self, nodes: Sequence[tuple[str, int]], options: dict[str, Any]) -> None:
        self._sentinels = [
            Redis.from_pool(ConnectionPool(host=host, port=port, **options)) for host, port in nodes
        ]
        self._discovery: asyncio.Task[tuple[str, int]] | None = None

    async def discover_master(self, service: str) -> tuple[str, int]:
        """Return the address of the master; raise the failure of the last sentinel without one."""
        if self._discovery is None or self._discovery.done():
            self._discovery = asyncio.create_task(
                self._discover(service), name="redis sentinel", context=Context()
            )
            self._discovery.add_done_callback(_retrieve)
        return await asyncio.shield(self._discovery)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._discovery is not None:
            await asyncio.wait([self._discovery])
        for sentinel in self._sentinels:
            await sentinel.aclose()

    async def _discover(self, service: str) -> tuple[str, int]:
        failure: Exception = MasterNotFoundError(f"No sentinel says that {service!r} is up")
        for sentinel in tuple(self._sentinels):
            try:
                async with asyncio.timeout(_SENTINEL_TIMEOUT_S):
                    state: Any = await sentinel.sentinel_master(service)
            except Exception as error:  # noqa: BLE001 - whatever it is, another may know
                failure = error
                continue
            if state["is_master"] and not state["is_sdown"] and not state["is_odown"]:
                self._sentinels.remove(sentinel)
                self._sentinels.insert(0, sentinel)
                return state["ip"], state["port"]
        raise failure


class SentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to the master, for one of which an operation waits if all are in use."""

    def __init__(self, service: str, sentinels: Sentinels, **options: Any) -> None:
        super().__init__(service, sentinels, **options)  # type: ignore[no-untyped-call]

    async def aclose(self) -> None:
        """Close the connections, those to the sentinels as well."""
        await super().aclose()
        await self.sentinel_manager.aclose()


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Take note of a task's error, which nobody may be waiting for any more."""
    if not task.cancelled():
        task.exception()
