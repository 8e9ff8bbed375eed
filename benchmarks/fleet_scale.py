"""Measure what sizing needs: CPU time, memory, upstream calls and Redis traffic per operation.

    python benchmarks/fleet_scale.py --seconds 5

Prints two tables in Markdown. The first has one, two and three replicas behind nginx with one
Valkey; the second what each use of Valkey costs. The upstream is nginx with the files of
`benchmarks/bench.py`. The exit status is 1 where replicas that share Valkey make more calls than
one. Needs nginx, wrk and taskset. On a busy machine the rates say little; counts
and bytes per operation stay true. `docs/sizing.md` uses these figures.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import redis
from fleet_processes import SECRET, nginx
from speed.answers import write_answers
from speed.load import Bench
from speed.nginx import upstream_configuration
from speed.servers import Cores, Running, Server, gateway, running
from speed.workloads import workloads

from tests.support.commands import free_port
from tests.support.valkey import Valkey

_AT_ONCE = 16
_IDLE_S = 5.0
_ALL_CORES = ",".join(map(str, sorted(os.sched_getaffinity(0))))
_QUOTA = {"GATEWAY_UPSTREAM_CALLS_PER_MINUTE": "1000000"}
_RATE_LIMIT = {"GATEWAY_RATE_LIMIT_PER_MINUTE": "1000000"}
_DEFINITIONS = {"GATEWAY_CACHE_DEFINITION_TTL_S": "300"}
_CUSTOMERS = {"GATEWAY_CACHE_CUSTOMER_TTL_S": "3600"}
_FIGURES = ("total_reads_processed", "total_commands_processed")
_BYTES = ("total_net_input_bytes", "total_net_output_bytes")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All counters at one time."""

    calls: int
    cpu_s: float
    valkey: Mapping[str, float]

    def __sub__(self, other: "Snapshot") -> "Snapshot":
        valkey = {name: self.valkey[name] - other.valkey[name] for name in self.valkey}
        return Snapshot(self.calls - other.calls, self.cpu_s - other.cpu_s, valkey)

    def per(self, operations: float) -> "Spent":
        """Return this difference of two snapshots per operation."""
        valkey = self.valkey
        return Spent(
            self.calls / operations,
            self.cpu_s / operations * 1e6,
            *(valkey[name] / operations for name in _FIGURES),
            sum(valkey[name] for name in _BYTES) / operations,
            (valkey["used_cpu_user"] + valkey["used_cpu_sys"]) / operations * 1e6,
        )


@dataclass(frozen=True, slots=True)
class Spent:
    """Upstream calls, CPU time of the replicas and traffic with Valkey, per operation."""

    calls: float
    cpu_us: float
    round_trips: float
    commands: float
    bytes: float
    valkey_cpu_us: float


class Scene:
    """The upstream and Valkey, for fleets that come and go."""

    def __init__(self, bench: Bench, valkey: Valkey, folder: Path) -> None:
        self.bench, self._valkey, self._folder = bench, valkey, folder
        self._redis = redis.Redis(port=valkey.port)

    @contextmanager
    def fleet(
        self, replicas: int, settings: Mapping[str, str], *, is_empty: bool = True
    ) -> Iterator[tuple[str, list[Running]]]:
        """Run replicas behind nginx; yield its URL and them. Valkey is emptied before."""
        if is_empty:
            self._redis.flushall()
        shared = {"GATEWAY_CACHE_URL": self._valkey.url, "GATEWAY_CACHE_KEY_SECRET": SECRET}
        server = gateway(self.bench.upstream.url, shared | dict(settings))
        with ExitStack() as stack:
            started = [
                stack.enter_context(running(server, _ALL_CORES, self._folder))
                for _ in range(replicas)
            ]
            hosts = [one.url.removeprefix("http://") for one in started]
            balancer = stack.enter_context(nginx("balancer", self._folder, hosts))
            yield balancer.url, started

    def spent(self, replicas: Sequence[Running], since: Snapshot) -> Snapshot:
        """Return what has been spent `since`, without what counting itself costs."""
        first = self.snapshot(replicas)
        return (first - since) - (self.snapshot(replicas) - first)

    def snapshot(self, replicas: Sequence[Running]) -> Snapshot:
        """Read all counters."""
        info = self._redis.info("everything")
        names = (*_FIGURES, *_BYTES, "used_cpu_user", "used_cpu_sys")
        used = {name: float(info[name]) for name in names}
        cpu_s = sum(replica.cpu_s() for replica in replicas)
        return Snapshot(self.bench.upstream_calls(), cpu_s, used)

    def valkey_memory(self) -> tuple[int, int]:
        """Return Valkey's memory in bytes, and its number of keys."""
        return int(self._redis.info("memory")["used_memory"]), int(self._redis.dbsize())

    def drive(self, url: str, bodies: Sequence[dict[str, Any]], seconds: float) -> dict[str, Any]:
        """Send these operations in turn for some seconds; raise RuntimeError if one fails."""
        lines = [json.dumps(body) for body in bodies]
        found = self.bench.drive(url, lines, seconds, _AT_ONCE)
        if found["failed"]:
            raise RuntimeError(f"{found['failed']} of {found['requests']} failed")
        return found


def _bodies(name: str) -> list[dict[str, Any]]:
    return next(one for one in workloads() if one.name == name).bodies


def measure_replicas(scene: Scene, seconds: float) -> tuple[list[str], bool]:
    """Measure one, two and three replicas.

    Return the rows of the first table, and whether all that share Valkey made as few calls as one.
    """
    shared_calls: list[int] = []
    lines = [
        (
            "| replicas | cache | operations/s | p50 ms | p99 ms | CPU µs/op | calls/op warm "
            "| calls until warm | RSS fresh MB | RSS MB |"
        ),
        "|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    bodies = _bodies("W3")
    for shared in (True, False):
        for number in (1, 2, 3):
            settings = _DEFINITIONS | _CUSTOMERS | _QUOTA
            if not shared:
                settings |= {"GATEWAY_CACHE_URL": "memory://"}
            with scene.fleet(number, settings) as (url, replicas):
                fresh = sum(one.memory_mb() for one in replicas) / number
                cold = scene.snapshot(replicas)
                for one in replicas:
                    for body in bodies:
                        scene.bench.ask(one, body)
                calls = scene.spent(replicas, cold).calls
                if shared:
                    shared_calls.append(calls)
                warm = scene.snapshot(replicas)
                found = scene.drive(url, bodies, seconds)
                spent = scene.spent(replicas, warm).per(found["requests"] + _AT_ONCE)
                memory = sum(one.memory_mb() for one in replicas) / number
                rate = found["requests"] / found["duration_us"] * 1e6
                lines.append(
                    f"| {number} | {'Valkey' if shared else 'memory'} | {rate:,.0f} "
                    f"| {found['p50_us'] / 1000:.1f} | {found['p99_us'] / 1000:.1f} "
                    f"| {spent.cpu_us:,.0f} | {spent.calls:.4f} | {calls} "
                    f"| {fresh:.0f} | {memory:.0f} |"
                )
                print(lines[-1], file=sys.stderr)
    return lines, len(set(shared_calls)) == 1


def measure_traffic(scene: Scene, seconds: float) -> list[str]:
    """Measure what each use of Valkey costs; return the rows of the second table."""
    lines = [
        "| operation | calls/op | round trips/op | commands/op | bytes/op | Valkey CPU µs/op |",
        "|---|--:|--:|--:|--:|--:|",
    ]

    def add(title: str, spent: Spent) -> None:
        lines.append(
            f"| {title} | {spent.calls:.3f} | {spent.round_trips:.2f} | {spent.commands:.1f} "
            f"| {spent.bytes:,.0f} | {spent.valkey_cpu_us:.0f} |"
        )
        print(lines[-1], file=sys.stderr)

    loaded: list[tuple[str, str, dict[str, str]]] = [
        ("W1: a page, one call", "W1", {}),
        ("W1 with a quota", "W1", _QUOTA),
        ("W1 with a rate limit", "W1", _RATE_LIMIT),
        ("W1 with both", "W1", _QUOTA | _RATE_LIMIT),
        ("W3, definitions remembered", "W3", _DEFINITIONS),
        ("W5: customers remembered", "W1", _CUSTOMERS),
    ]
    for title, workload, settings in loaded:
        with scene.fleet(1, settings) as (url, replicas):
            scene.drive(url, _bodies(workload), 1)
            before = scene.snapshot(replicas)
            found = scene.drive(url, _bodies(workload), seconds)
            time.sleep(0.3)
            add(title, scene.spent(replicas, before).per(found["requests"] + _AT_ONCE))
    bodies, entry = _bodies("W1"), ""
    for title, is_empty in (("a page nobody has", True), ("a page another replica has", False)):
        with scene.fleet(1, _CUSTOMERS, is_empty=is_empty) as (_, replicas):
            scene.bench.ask(replicas[0], {"query": "{ __typename }"})
            memory = scene.valkey_memory()
            before = scene.snapshot(replicas)
            for body in bodies:
                scene.bench.ask(replicas[0], body)
            time.sleep(0.3)
            add(title, scene.spent(replicas, before).per(len(bodies)))
            grown, keys = (b - a for a, b in zip(memory, scene.valkey_memory(), strict=True))
            if keys > 0:
                entry = f"An entry takes {grown / keys:,.0f} bytes of Valkey's memory."
    with scene.fleet(1, _QUOTA | _RATE_LIMIT) as (_, replicas):
        before = scene.snapshot(replicas)
        time.sleep(_IDLE_S)
        add("an idle replica, per second", scene.spent(replicas, before).per(_IDLE_S))
    return [*lines, "", entry]


def main() -> int:
    """Run from the command line; return the exit status."""
    parser = argparse.ArgumentParser(description="What a fleet costs per operation.")
    parser.add_argument("--seconds", type=float, default=5, help="for each figure (default: 5)")
    options = parser.parse_args()
    if missing := [tool for tool in ("nginx", "wrk", "taskset") if not shutil.which(tool)]:
        raise SystemExit(f"missing: {' '.join(missing)}")
    valkey = Valkey()
    try:
        with tempfile.TemporaryDirectory() as scratch, httpx.Client(trust_env=False) as http:
            folder = Path(scratch)
            answers = folder / "answers"
            answers.mkdir()
            for path in (folder, answers):
                path.chmod(0o755)  # nginx, started by root, reads as somebody else
            write_answers(answers)
            port = free_port()
            configuration = upstream_configuration(folder, answers, port)
            server = Server("upstream", ["nginx", "-c", str(configuration)], probe="/status")
            with running(server, _ALL_CORES, folder, port) as upstream:
                scene = Scene(Bench(Cores.choose(), upstream, folder, http), valkey, folder)
                replicas, is_shared = measure_replicas(scene, options.seconds)
                traffic = measure_traffic(scene, options.seconds)
    finally:
        valkey.stop()
    print("\n".join([*replicas, "", *traffic]))
    if not is_shared:
        print("BROKEN: several replicas made more calls than one, although they share Valkey")
    return int(not is_shared)


if __name__ == "__main__":
    sys.exit(main())
