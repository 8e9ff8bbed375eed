"""Servers as processes, each pinned to a core, started and ended by its process id."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from speed.processes import ROOT, await_answer, memory_mb, started
from tests.support.commands import free_port

PEERS = ROOT / "benchmarks" / "peers"
_IDLE_WITHIN_S = 30
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cores:
    """Which core the measured server has, and which all the rest share."""

    served: str
    rest: str

    @classmethod
    def choose(cls) -> "Cores":
        """Take the last core for the server; raises SystemExit where there is only one."""
        mine = sorted(os.sched_getaffinity(0))
        if len(mine) < 2:
            raise SystemExit("the benchmark needs two cores: one for the server, one for the load")
        return cls(str(mine[-1]), ",".join(map(str, mine[:-1])))

    def busy_s(self) -> float:
        """Return the time that the server's core has been busy so far."""
        lines = Path("/proc/stat").read_text().splitlines()
        line = next(line for line in lines if line.startswith(f"cpu{self.served} "))
        ticks = [int(number) for number in line.split()[1:9]]
        return (sum(ticks) - ticks[3] - ticks[4]) / _TICKS_A_SECOND  # all but idle and iowait


@dataclass(frozen=True, slots=True)
class Server:
    """A server to measure: how it is started, and whether it speaks GraphQL or only passes on."""

    name: str
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = ROOT
    speaks_graphql: bool = True
    probe: str = "/"


@dataclass(frozen=True, slots=True)
class Running:
    """A running server."""

    server: Server
    url: str
    pid: int
    started_in_s: float

    @property
    def name(self) -> str:
        """Return the server's name."""
        return self.server.name

    def cpu_s(self) -> float:
        """Return the CPU time of all its threads so far, user and system."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND

    def settle(self) -> None:
        """Wait until it is idle: work that clients left behind is done."""
        before = -1.0
        end = time.monotonic() + _IDLE_WITHIN_S
        while (now := self.cpu_s()) != before and time.monotonic() < end:
            before = now
            time.sleep(0.15)

    def memory_mb(self) -> float:
        """Return its resident memory."""
        return memory_mb(self.pid)


def gateway(upstream: str, settings: Mapping[str, str] | None = None) -> Server:
    """Return `promotion-gateway serve` as it is, with one worker."""
    command = [sys.executable, "-m", "gateway", "serve"]
    return Server("gateway", command, _settings(upstream, settings or {}), probe="/readyz")


def naive(upstream: str, settings: Mapping[str, str] | None = None) -> Server:
    """Return the same gateway on graphql-core and plain httpx, under plain uvicorn."""
    command = [sys.executable, str(ROOT / "benchmarks" / "speed" / "naive.py")]
    reference = {"GATEWAY_EXECUTOR": "reference", **(settings or {})}
    return Server("naive", command, _settings(upstream, reference), probe="/readyz")


def pass_through(upstream: str) -> Server:
    """Return a Starlette application that only passes on."""
    command = [sys.executable, str(ROOT / "benchmarks" / "speed" / "pass_through.py")]
    return Server("starlette", command, {"UPSTREAM": upstream}, speaks_graphql=False)


def peer(name: str, upstream: str, *, is_cached: bool = False) -> Server:
    """Return one of the JavaScript servers."""
    environment = {"NODE_ENV": "production", "UPSTREAM": upstream}
    if is_cached:
        environment["CACHE"] = "on"
    return Server(name, ["node", f"{name}.js"], environment, PEERS)


def _settings(upstream: str, settings: Mapping[str, str]) -> dict[str, str]:
    return {
        "GATEWAY_WORKERS": "1",
        "GATEWAY_UPSTREAM_URL": upstream,
        "GATEWAY_UPSTREAM_AUTH": "basic",
        "GATEWAY_UPSTREAM_USERNAME": "sandbox",
        "GATEWAY_UPSTREAM_PASSWORD": "sandbox",
        # The endpoints that the other servers call.
        "GATEWAY_DEFINITIONS": "legacy",
        "GATEWAY_CACHE_DEFINITION_TTL_S": "0",
        # A slow server is to be measured, not cut off.
        "GATEWAY_UPSTREAM_DEADLINE_S": "60",
        "GATEWAY_SHUTDOWN_GRACE_S": "61",
        **settings,
    }


@contextmanager
def running(server: Server, cores: str, folder: Path, port: int | None = None) -> Iterator[Running]:
    """Run a server on these cores until the block ends; its output goes to a file in `folder`.

    Raise RuntimeError with its output where it does not start.
    """
    port = port or free_port()
    log = folder / f"{server.name}-{port}.log"
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("GATEWAY_")}
    listening = {"PORT": str(port), "GATEWAY_PORT": str(port), "GATEWAY_HOST": "127.0.0.1"}
    environment = {**inherited, **server.environment, **listening}
    command = ["taskset", "-c", cores, *server.command]
    url = f"http://127.0.0.1:{port}"
    began = time.perf_counter()
    with started(command, log, environment, server.folder) as process:
        await_answer(url + server.probe, range(500), process, log)
        yield Running(server, url, process.pid, time.perf_counter() - began)
