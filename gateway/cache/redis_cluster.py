"""A client of a Redis cluster for operations with short timeouts, which fails as the others do."""

import asyncio
import time
from collections.abc import Sequence
from contextvars import Context
from typing import Any, Self

from redis.asyncio.cluster import ClusterNode, PipelineCommand, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.cluster import PRIMARY
from redis.exceptions import ClusterError, RedisError

_DISCOVERY_TIMEOUT_S = 1.0
_RETRIES = 2
_ASKING = "ASKING"


class Cluster(RedisCluster):
    """redis-py's client, with what it lacks for operations that are cancelled after `timeout_s`.

    The discovery of the nodes outlives the operation that began it, and begins again after an
    operation that was cancelled late: its node hangs, and may have been replaced. Every failure is
    a RedisError or an OSError.
    """

    def __init__(
        self,
        nodes: Sequence[tuple[str, int]],
        timeout_s: float,
        connection: dict[str, Any],
        **options: Any,
    ) -> None:
        super().__init__(
            startup_nodes=[ClusterNode(host, port) for host, port in nodes],
            # The configured names remain valid when all nodes have got other addresses.
            dynamic_startup_nodes=False,
            # Otherwise each fifth MOVED closes all connections, also those in use.
            reinitialize_steps=0,
            retry=Retry(NoBackoff(), _RETRIES),
            **options,
        )
        # `connection` is the class of the connections, and options that only that class knows.
        self.connection_kwargs.update(connection)
        self.nodes_manager.startup_nodes = {
            name: ClusterNode(node.host, node.port, **self.connection_kwargs)
            for name, node in self.nodes_manager.startup_nodes.items()
        }
        self.commands_parser = _FirstArgumentIsKey()  # type: ignore[assignment]
        self._hangs_after_s = timeout_s / 2
        self._discovery: asyncio.Task[None] | None = None

    async def initialize(self, *args: Any, **kwargs: Any) -> Self:
        """Wait for the discovery of the nodes, which goes on if this task is cancelled."""
        if self._discovery is None or self._discovery.done():
            self._discovery = asyncio.create_task(
                self._discover(*args, **kwargs), name="redis cluster", context=Context()
            )
            self._discovery.add_done_callback(_retrieve)
        await asyncio.shield(self._discovery)
        return self

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """Execute a command on the node of its key."""
        since = time.monotonic()
        try:
            return await super().execute_command(*args, **kwargs)
        except asyncio.CancelledError:
            if time.monotonic() - since >= self._hangs_after_s:
                self._initialize = True
            raise
        except (RedisError, OSError):
            raise
        except Exception as error:  # RedisClusterException is none, nor are redis-py's mistakes
            raise ClusterError(str(error)) from error

    def get_node(
        self, host: str | None = None, port: int | None = None, node_name: str | None = None
    ) -> Any:
        """Return a node; by its name that of an ASK, which may have no slot yet."""
        node = super().get_node(host, port, node_name)
        if node_name is None:
            return node
        if node is None:
            host, _, number = node_name.rpartition(":")
            node = ClusterNode(host, int(number), PRIMARY, **self.connection_kwargs)
            # So that scripts are loaded there as well.
            self.nodes_manager.nodes_cache[node_name] = node
        return _AskedNode(node)

    async def aclose(self) -> None:
        """Close the connections, also those that a new discovery would have replaced."""
        if self._discovery is not None:
            await asyncio.wait([self._discovery])
        self._initialize = False
        await super().aclose()

    async def _discover(self, *args: Any, **kwargs: Any) -> None:
        async with asyncio.timeout(_DISCOVERY_TIMEOUT_S):
            await super().initialize(*args, **kwargs)


class _FirstArgumentIsKey:
    """Instead of a parser that needs the COMMAND table, 250 KB which take redis-py 50 ms."""

    async def initialize(self, node: ClusterNode | None = None) -> None:
        """Need nothing."""

    async def get_keys(self, *args: Any) -> Sequence[Any]:
        """Return the keys of a command that is no script."""
        if args[0] == "XREAD":
            return args[-2:-1]  # of one stream, whose last id follows
        return args[1:2]


class _AskedNode:
    """A node that is asked for a key of a slot which is moving to it.

    redis-py sends ASKING by itself, and then the command, often on another connection.
    """

    def __init__(self, node: ClusterNode) -> None:
        self._node = node

    async def execute_command(self, *args: Any, asking: bool = False, **kwargs: Any) -> Any:
        """Execute a command after ASKING, on the same connection."""
        if args == (_ASKING,):
            return None
        commands = [PipelineCommand(0, _ASKING), PipelineCommand(1, *args, **kwargs)]
        await self._node.execute_pipeline(commands)
        result = commands[1].result
        if isinstance(result, Exception):
            raise result
        return result

    def __getattr__(self, name: str) -> Any:
        return getattr(self._node, name)


def _retrieve(task: asyncio.Task[None]) -> None:
    """Take note of a task's error, which nobody may be waiting for any more."""
    if not task.cancelled():
        task.exception()
