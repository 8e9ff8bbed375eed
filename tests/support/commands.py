"""Run the gateway's commands as processes, and end each by its process id."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from random import Random

import httpx

from tests.support.http_client import TLS

_PATIENCE_S = 40.0
_PORTS = (10_000, 32_000)
_RANDOM = Random()  # noqa: S311 - no secrets, and not what Hypothesis seeds


def environment(variables: Mapping[str, str] | None) -> dict[str, str]:
    """Return an environment that has these GATEWAY_ variables and no others."""
    kept = {name: told for name, told in os.environ.items() if not name.startswith("GATEWAY_")}
    return kept | {"PYTHONUNBUFFERED": "1"} | dict(variables or {})


def run(
    *arguments: str, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself."""
    return subprocess.run(  # noqa: S603 - the gateway's own command
        [sys.executable, "-m", "gateway", *arguments],
        capture_output=True,
        text=True,
        env=environment(variables),
        timeout=_PATIENCE_S,
        check=False,
    )


def free_port() -> int:
    """Return a loopback port that is not in use.

    It is below those that the system gives to outgoing connections, any of which could take the
    port before the server that it is meant for has started.
    """
    while True:
        port = _RANDOM.randrange(*_PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@dataclass
class Command:
    """A command that serves; its whole output is available once it has ended."""

    process: subprocess.Popen[str]
    out: str = ""
    err: str = ""

    def first_lines(self, number: int) -> list[str]:
        """Wait for the first lines of the output."""
        assert self.process.stdout is not None
        lines = [self.process.stdout.readline() for _ in range(number)]
        self.out += "".join(lines)
        return lines

    def lines_until(self, beginning: str) -> list[str]:
        """Wait for a line that begins so; return the output up to it."""
        lines = [""]
        while not lines[-1].startswith(beginning):
            lines += self.first_lines(1)
            assert lines[-1], "the command has ended"
        return lines[1:]

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal to the process alone, and return its exit status."""
        self.process.send_signal(number)
        rest, self.err = self.process.communicate(timeout=_PATIENCE_S)
        self.out += rest
        return self.process.returncode

    def is_gone(self) -> bool:
        """Return whether all child processes have ended, the multiprocessing helper included."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                return True
            time.sleep(0.02)
        return False


@contextmanager
def running(
    *arguments: str,
    variables: Mapping[str, str] | None = None,
    max_descriptors: int | None = None,
) -> Iterator[Command]:
    """Run a command that serves, until the block is left."""
    limit = f"ulimit -n {max_descriptors or 'unlimited'}"
    limited = [] if max_descriptors is None else ["sh", "-c", f'{limit} && exec "$0" "$@"']
    process = subprocess.Popen(  # noqa: S603 - the gateway's own command
        [*limited, sys.executable, "-m", "gateway", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(variables),
        start_new_session=True,
    )
    command = Command(process)
    try:
        yield command
    finally:
        if process.poll() is None:
            command.end(signal.SIGKILL)
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()


def wait_for(url: str, command: Command, status: int | None = None) -> httpx.Response:
    """Poll a URL until the server answers, with `status` if given; fail when its process ended."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        assert command.process.poll() is None, "the command has ended"
        with suppress(httpx.TransportError):
            response = httpx.get(url, trust_env=False, timeout=_PATIENCE_S, verify=TLS)
            if status in {None, response.status_code}:
                return response
        time.sleep(0.02)
    raise TimeoutError(url)


def until(condition: Callable[[], bool], seconds: float = _PATIENCE_S) -> bool:
    """Whether a condition is met before the time is over."""
    end = time.monotonic() + seconds
    while not (is_met := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return is_met


def post(url: str, query: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """Send a GraphQL query."""
    return httpx.post(
        url, json={"query": query}, headers=headers, trust_env=False, timeout=10, verify=TLS
    )
