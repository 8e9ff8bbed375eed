"""The figures beside the table: latency, start-up, and failures when many ask at once."""

import asyncio
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from speed.load import Bench, lines_for
from speed.servers import ROOT, Running, Server, gateway, running
from speed.workloads import Workload

DELAY_MS = 20
LATENCY_AT_ONCE = 4
FAMILIES_AT_ONCE = 32
_STARTS = 5
_FAMILY_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Latency:
    """The latency of a response, in ms."""

    p50_ms: float
    p99_ms: float


def slow_upstream(answers: Path) -> Server:
    """Run an upstream that delays each response by 20 ms."""
    script = str(ROOT / "benchmarks" / "speed" / "slow_upstream.py")
    return Server("slow", [sys.executable, script, str(answers), str(DELAY_MS)])


def latencies(
    bench: Bench,
    slow: Running,
    servers: Sequence[Running],
    workload: Workload,
    shape: tuple[int, float],
) -> dict[str, Latency]:
    """Measure answers over the slow upstream: direct, and through each server, in turns.

    `shape` is the number of rounds and the seconds of each.
    """
    rounds, seconds = shape
    asked = {"direct": (slow.url, workload.upstream_paths)}
    asked |= {server.name: (server.url, lines_for(server, workload)) for server in servers}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in asked}
    for number in range(rounds):
        for name, (url, lines) in asked.items():
            bench.drive(url, lines, 1 if number else 4, LATENCY_AT_ONCE)
            found[name].append(bench.drive(url, lines, seconds, LATENCY_AT_ONCE))
    return {
        name: Latency(
            statistics.median(one["p50_us"] for one in each) / 1000,
            statistics.median(one["p99_us"] for one in each) / 1000,
        )
        for name, each in found.items()
    }


def start_up_s(bench: Bench) -> float:
    """Start the gateway several times; return the median seconds until it is ready."""
    times = []
    for _ in range(_STARTS):
        with running(gateway(bench.upstream.url), bench.cores.served, bench.folder) as started:
            times.append(started.started_in_s)
    return statistics.median(times)


def family_failures(bench: Bench, server: Running, workload: Workload) -> tuple[int, int]:
    """Run W4 32 at once; return how many responses were wrong, and of how many.

    Right is the response of the server when it is queried alone.
    """
    right = [json.loads(bench.ask(server, body)) for body in workload.bodies]
    return asyncio.run(_ask_families(f"{server.url}/graphql", workload.bodies, right))


async def _ask_families(
    url: str, bodies: Sequence[dict[str, Any]], right: Sequence[Any]
) -> tuple[int, int]:
    wrong = total = 0
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask(nth: int) -> bool:
            try:
                async with session.post(url, json=bodies[nth % len(bodies)]) as response:
                    return bool(await response.json() == right[nth % len(bodies)])
            except (aiohttp.ClientError, TimeoutError):
                return False

        for _ in range(_FAMILY_ROUNDS):
            answers = await asyncio.gather(*map(ask, range(FAMILIES_AT_ONCE)))
            wrong += answers.count(False)
            total += len(answers)
    return wrong, total
