"""Soak the gateway in faults, and see whether it ever tells an untruth.

    python benchmarks/soak.py --seconds 120 --fault-rate 0.2

Runs the sandbox and the gateway as processes of their own, asks a mix of operations while the
sandbox plays a mix of faults, compares every answer with the truth, then ends the faults and waits
for clean service. `benchmarks/README.md` says what each figure means. The exit status is 1 where
an answer was wrong or an error had no code.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import httpx
from soak_operations import Operation, mix, operations
from soak_processes import Process, gateway, sandbox
from soak_truth import Difference, differences, disagreements

from gateway.sandbox.world import World

CLEAN_IN_A_ROW = 50
_RECOVERY_S = 60.0
_ANSWER_S = 30.0  # longer than any deadline: beyond it the gateway itself hangs
_PROBE_EVERY_S = 0.05
_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Known:
    """An operation with its true result, and its upstream calls without a cache."""

    operation: Operation
    truth: dict[str, Any]
    cost: int


@dataclass(slots=True)
class Tally:
    """The outcomes of one phase; operations that began in it count, whenever they end."""

    began: float = field(default_factory=time.monotonic)
    stopped: bool = False
    durations_s: list[float] = field(default_factory=list)
    codes: Counter[str] = field(default_factory=Counter)
    clean: int = 0
    wrong: int = 0
    unsaid: int = 0
    uncoded: int = 0
    calls_wanted: int = 0
    calls_reported: int = 0
    calls_made: int = 0
    in_a_row: int = 0
    last_unclean_s: float = 0.0
    recovered: asyncio.Event = field(default_factory=asyncio.Event)
    recovered_s: float | None = None
    examples: list[str] = field(default_factory=list)

    def count(self, known: Known, answer: dict[str, Any], seconds: float) -> None:
        """Count one response."""
        found = differences(answer, known.truth)
        errors = answer.get("errors", [])
        codes = [(error.get("extensions") or {}).get("code") for error in errors]
        wrong = [difference for difference in found if difference.is_wrong]
        self.codes.update(code or "(no code)" for code in codes)
        self.durations_s.append(seconds)
        self.wrong += bool(wrong)
        self.unsaid += bool(found) and not wrong
        self.uncoded += not all(codes)
        self.calls_wanted += known.cost
        upstream = (answer.get("extensions") or {}).get("upstream") or {}
        self.calls_reported += upstream.get("calls", 0)
        if wrong and len(self.examples) < _EXAMPLES:
            self.examples.append(_example(known.operation, wrong[0]))
        if not all(codes) and len(self.examples) < _EXAMPLES:
            self.examples.append(f"{known.operation.name}: {str(errors)[:300]}")
        self._count_clean(is_clean=not errors and not found)

    def _count_clean(self, *, is_clean: bool) -> None:
        elapsed = time.monotonic() - self.began
        self.clean += is_clean
        self.in_a_row = self.in_a_row + 1 if is_clean else 0
        if self.recovered_s is None:
            self.last_unclean_s = self.last_unclean_s if is_clean else elapsed
            if self.in_a_row == CLEAN_IN_A_ROW:
                self.recovered_s = elapsed
                self.recovered.set()


def _example(operation: Operation, wrong: Difference) -> str:
    path = ".".join(map(str, wrong.path))
    variables = json.dumps(operation.variables)
    return f"{operation.name} {variables}: {path} is {wrong.got!r:.120}, not {wrong.truth!r:.120}"


class Soak:
    """Asks a gateway, while the sandbox behind it is told what to play."""

    def __init__(self, http: httpx.AsyncClient, served: Process, played: Process) -> None:
        self._http, self._served, self._played = http, served, played
        self._workers: list[asyncio.Task[None]] = []
        self.probes_s: list[float] = []

    async def learn(self, wanted: list[Operation]) -> list[Known]:
        """Ask everything once without faults, and check it against the world's facts."""
        known = []
        for operation in wanted:
            answer = await self._ask(operation)
            wrong = disagreements(answer, operation.facts)
            if wrong:
                raise RuntimeError(f"{operation.name} without faults: {wrong[0]}")
            known.append(Known(operation, answer, answer["extensions"]["upstream"]["calls"]))
        return known

    async def phase(
        self,
        known: list[Known],
        faults: list[str],
        seconds: float,
        workers: int,
        *,
        until_clean: bool = False,
    ) -> Tally:
        """Play faults for some seconds, or until service is clean; gives what was seen.

        What is on its way at the end goes on beside the next phase, as it would in life.
        """
        told = await self._http.put(f"{self._played.url}/__faults", json=faults)
        if told.status_code != 200:
            raise SystemExit(told.json()["error"])
        await self._http.delete(f"{self._played.url}/__calls")
        tally = Tally()
        self._workers += [
            asyncio.create_task(self._work(known, tally, Random(nth)))  # noqa: S311 - no secret
            for nth in range(workers)
        ]
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await (tally.recovered.wait() if until_clean else asyncio.Event().wait())
        tally.stopped = True
        tally.calls_made = (await self._http.get(f"{self._played.url}/__calls")).json()["total"]
        return tally

    async def drain(self) -> None:
        """Wait for what is still on its way."""
        await asyncio.gather(*self._workers)

    async def probe(self) -> None:
        """Ask for the gateway's health all the time: a blocked event loop shows here."""
        while True:
            started = time.monotonic()
            await self._http.get(f"{self._served.url}/healthz")
            self.probes_s.append(time.monotonic() - started)
            await asyncio.sleep(_PROBE_EVERY_S)

    async def _work(self, known: list[Known], tally: Tally, dice: Random) -> None:
        while not tally.stopped:
            one = dice.choice(known)
            started = time.monotonic()
            answer = await self._ask(one.operation)
            tally.count(one, answer, time.monotonic() - started)

    async def _ask(self, operation: Operation) -> dict[str, Any]:
        """Ask the gateway; whatever is not a GraphQL answer becomes an error without code."""
        try:
            response = await self._http.post(f"{self._served.url}/graphql", json=operation.body())
            answer: dict[str, Any] = response.json()
        except (httpx.TransportError, ValueError) as error:
            return {"errors": [{"message": f"no answer: {type(error).__name__}"}]}
        if response.status_code >= 500:
            answer.setdefault("errors", []).append({"message": f"HTTP {response.status_code}"})
        return answer


async def run(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run the whole soak; gives its figures."""
    world = World.generate(today=datetime.now(UTC).date())
    # Given up before the gateway gives it up (after 5 s): who asks just then gets no answer.
    limits = httpx.Limits(max_connections=None, keepalive_expiry=2)
    async with httpx.AsyncClient(trust_env=False, timeout=_ANSWER_S, limits=limits) as http:
        with sandbox(folder) as played:
            if (await http.get(f"{played.url}/__world")).json() != world.describe():
                raise RuntimeError("the sandbox has another world; has the day just changed?")
            no_cache = {"GATEWAY_CACHE_DEFINITION_TTL_S": "0"}
            with gateway(played.url, folder / "truth.log", no_cache, inherits=False) as truthful:
                known = await Soak(http, truthful, played).learn(operations(world))
            with gateway(played.url, folder / "gateway.log", {}, inherits=True) as served:
                return await _soak(Soak(http, served, played), served, known, options)


async def _soak(
    soak: Soak, served: Process, known: list[Known], options: argparse.Namespace
) -> dict[str, Any]:
    workers = options.concurrency
    before = served.memory_mb()
    probing = asyncio.create_task(soak.probe())
    faults = options.fault or mix(options.fault_rate)
    phases = {"faults": await soak.phase(known, faults, options.seconds, workers)}
    if options.outage_seconds:
        outage = ["status=503"]
        phases["outage"] = await soak.phase(known, outage, options.outage_seconds, workers)
    phases["after"] = await soak.phase(known, [], _RECOVERY_S, workers, until_clean=True)
    await soak.drain()
    probing.cancel()
    with suppress(asyncio.CancelledError, httpx.TransportError):
        await probing
    return {
        **{name: _figures(tally) for name, tally in phases.items()},
        "recovery_s": _rounded(phases["after"].recovered_s),
        "last_unclean_after_s": _rounded(phases["after"].last_unclean_s),
        "slowest_probe_ms": round(max(soak.probes_s, default=0.0) * 1000),
        "rss_before_mb": before,
        "rss_after_mb": served.memory_mb(),
        "rss_peak_mb": served.memory_mb("VmHWM"),
        "unexpected_in_log": served.log.read_text().count("unexpected_error"),
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)


def _figures(tally: Tally) -> dict[str, Any]:
    times = (
        statistics.quantiles(tally.durations_s, n=100) if len(tally.durations_s) > 1 else [0.0] * 99
    )
    return {
        "operations": len(tally.durations_s),
        "clean": tally.clean,
        "wrong_answers": tally.wrong,
        "unsaid": tally.unsaid,
        "uncoded_errors": tally.uncoded,
        "calls_wanted": tally.calls_wanted,
        "calls_made": tally.calls_made,
        "calls_reported": tally.calls_reported,
        "amplification": round(tally.calls_made / max(1, tally.calls_wanted), 3),
        "p50_ms": round(times[49] * 1000, 1),
        "p99_ms": round(times[98] * 1000, 1),
        "codes": dict(tally.codes.most_common()),
        "examples": tally.examples,
    }


def _print(figures: dict[str, Any]) -> None:
    phases = [name for name, value in figures.items() if isinstance(value, dict)]
    print(f"{'':<22}" + "".join(f"{name:>12}" for name in phases))
    for row in figures[phases[0]]:
        if row not in {"codes", "examples"}:
            print(f"{row:<22}" + "".join(f"{figures[name][row]:>12}" for name in phases))
    for name, value in figures.items():
        if name not in phases:
            print(f"{name:<22}{value!s:>12}")
    print("\n" + json.dumps(figures, indent=2))


def main() -> int:
    """Run from the command line; gives the exit status."""
    parser = argparse.ArgumentParser(description="Soak the gateway in faults.")
    parser.add_argument("--seconds", type=float, default=120, help="how long (default: 120)")
    parser.add_argument(
        "--fault-rate", type=float, default=0.2, help="share of upstream calls struck (default: .2)"
    )
    parser.add_argument(
        "--fault", action="append", help="play this fault instead of the mix; may be repeated"
    )
    parser.add_argument(
        "--outage-seconds", type=float, default=0, help="then 503 for every call (default: 0)"
    )
    parser.add_argument("--concurrency", type=int, default=16, help="at once (default: 16)")
    parser.add_argument("--logs", type=Path, help="a folder that keeps the servers' logs")
    options = parser.parse_args()
    most = options.seconds + options.outage_seconds + _RECOVERY_S + 3 * _ANSWER_S
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.logs or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        figures = asyncio.run(asyncio.wait_for(run(options, folder), most))
    _print(figures)
    seen = [value for value in figures.values() if isinstance(value, dict)]
    return int(any(phase["wrong_answers"] or phase["uncoded_errors"] for phase in seen))


if __name__ == "__main__":
    sys.exit(main())
