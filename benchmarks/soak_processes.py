"""The processes of the soak: the sandbox and the gateway, each started and ended by its own id."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from speed.processes import await_answer, memory_mb, started

from tests.support.commands import free_port


@dataclass(frozen=True, slots=True)
class Process:
    """A server: its URL, its process and the file with all that it has written."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def memory_mb(self, what: str = "VmRSS") -> float | None:
        """Return its resident memory in MB (VmHWM: the most it ever had); None outside Linux."""
        try:
            return round(memory_mb(self.process.pid, what), 1)
        except OSError:
            return None


@contextmanager
def sandbox(folder: Path) -> Iterator[Process]:
    """Run the sandbox alone."""
    port = free_port()
    arguments = ["sandbox", "--port", str(port)]
    with _run(arguments, port, "/__faults", folder / "sandbox.log", os.environ) as process:
        yield process


@contextmanager
def gateway(
    upstream_url: str, log: Path, settings: Mapping[str, str], *, inherits: bool
) -> Iterator[Process]:
    """Run `promotion-gateway serve` on the sandbox; `inherits` GATEWAY_* of this environment."""
    port = free_port()
    kept = {k: v for k, v in os.environ.items() if inherits or not k.startswith("GATEWAY_")}
    environment = {
        **kept,
        "GATEWAY_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "GATEWAY_UPSTREAM_URL": upstream_url,
        "GATEWAY_UPSTREAM_AUTH": "basic",
        "GATEWAY_UPSTREAM_USERNAME": "sandbox",
        "GATEWAY_UPSTREAM_PASSWORD": "sandbox",
        "GATEWAY_REPORT_UPSTREAM": "true",
        **settings,
    }
    with _run(["serve"], port, "/healthz", log, environment) as process:
        yield process


@contextmanager
def _run(
    arguments: list[str], port: int, probe: str, log: Path, environment: Mapping[str, str]
) -> Iterator[Process]:
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gateway", *arguments]
    with started(command, log, environment) as process:
        await_answer(url + probe, {200}, process, log)
        yield Process(url, process, log)
