"""The processes of the soak: the sandbox and the gateway, each started and ended by its own id."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
_START_S = 60
_END_S = 15


@dataclass(frozen=True, slots=True)
class Process:
    """A server: its URL, its process and the file with all that it has written."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def memory_mb(self, what: str = "VmRSS") -> float | None:
        """Return its resident memory in MB (VmHWM: the most it ever had); None outside Linux."""
        try:
            lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        except OSError:
            return None
        kilobytes = next(int(line.split()[1]) for line in lines if line.startswith(what + ":"))
        return round(kilobytes / 1024, 1)


@contextmanager
def sandbox(folder: Path) -> Iterator[Process]:
    """Run the sandbox alone."""
    port = _free_port()
    arguments = ["sandbox", "--port", str(port)]
    with _run(arguments, port, "/__faults", folder / "sandbox.log", os.environ) as process:
        yield process


@contextmanager
def gateway(
    upstream_url: str, log: Path, settings: Mapping[str, str], *, inherits: bool
) -> Iterator[Process]:
    """Run `promotion-gateway serve` on the sandbox; `inherits` GATEWAY_* of this environment."""
    port = _free_port()
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


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def _run(
    arguments: list[str], port: int, probe: str, log: Path, environment: Mapping[str, str]
) -> Iterator[Process]:
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            [sys.executable, "-m", "gateway", *arguments],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(url + probe, process, log)
        yield Process(url, process, log)
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_S
    with httpx.Client(trust_env=False) as client:
        while time.monotonic() < end and process.poll() is None:
            try:
                if client.get(url).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
    raise RuntimeError(f"a server did not start; it said:\n{log.read_text()[-2000:]}")
