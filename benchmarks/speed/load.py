"""Load by wrk, and what a server did with it: operations, CPU time, upstream calls."""

import json
import statistics
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import httpx

from speed.servers import Cores, Running
from speed.workloads import Workload

_SCRIPT = Path(__file__).with_name("load.lua")
_ANSWER_S = 30


class DisagreementError(Exception):
    """Servers that are compared differ in a response, or failed under load."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement of one server; CPU time and calls are per operation.

    `foreign` is the share of the server's core that other processes used meanwhile.
    """

    per_second: float
    cpu_us: float
    calls: float
    p50_ms: float
    p99_ms: float
    foreign: float


@dataclass(frozen=True, slots=True)
class Bench:
    """The environment: the cores, the upstream, and a folder for what wrk reads."""

    cores: Cores
    upstream: Running
    folder: Path
    http: httpx.Client

    def upstream_calls(self) -> int:
        """Return the number of calls to the upstream, this one included."""
        status = self.http.get(f"{self.upstream.url}/status").text
        return int(status.splitlines()[2].split()[2])

    def ask(self, server: Running, body: dict[str, Any]) -> bytes:
        """Send one operation; return the body of the response."""
        return self.http.post(f"{server.url}/graphql", json=body, timeout=_ANSWER_S).content

    def drive(self, url: str, lines: Sequence[str], seconds: float, at_once: int) -> dict[str, Any]:
        """Run wrk for some seconds; return what `load.lua` writes."""
        kind = "get" if lines[0].startswith("/") else "post"
        asked = self.folder / "asked.txt"
        asked.write_text("".join(f"{line}\n" for line in lines))
        command = ["taskset", "-c", self.cores.rest, "wrk", "-t", "1", "-c", str(at_once)]
        command += ["-d", f"{max(1, round(seconds))}s", "--timeout", f"{_ANSWER_S}s"]
        command += ["-s", str(_SCRIPT), url, "--", str(asked), kind]
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
        line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
        found: dict[str, Any] = json.loads(line.removeprefix("RESULT "))
        return found

    def warm_up(self, server: Running, workload: Workload, seconds: float) -> None:
        """Load a server for some seconds, and let it finish."""
        self.drive(server.url, lines_for(server, workload), seconds, workload.concurrency)
        server.settle()

    def measure(self, server: Running, workload: Workload, length: float, seconds: float) -> Sample:
        """Measure a server for some seconds, or longer where there are too few responses.

        `length` is the mean length of a right response's body: shorter responses are errors, and an
        error raises DisagreementError.
        """
        for stretched_s in (seconds, 3 * seconds, 10 * seconds):
            sample = self._measure(server, workload, length, stretched_s)
            if sample is not None:
                return sample
        raise DisagreementError(f"{server.name} hardly answers under {workload.name}")

    def _measure(
        self, server: Running, workload: Workload, length: float, seconds: float
    ) -> Sample | None:
        calls, cpu_s, busy_s = self.upstream_calls(), server.cpu_s(), self.cores.busy_s()
        began = time.perf_counter()
        found = self.drive(server.url, lines_for(server, workload), seconds, workload.concurrency)
        elapsed_s = time.perf_counter() - began
        foreign_s = self.cores.busy_s() - busy_s - (server.cpu_s() - cpu_s)
        server.settle()
        cpu_s = server.cpu_s() - cpu_s
        calls = self.upstream_calls() - calls - 1
        done = found["requests"]
        # What is in flight when wrk ends is not counted by wrk, yet costs the server as much.
        begun = done + workload.concurrency
        if found["failed"] or found["bytes"] < 0.97 * length * done:
            raise DisagreementError(f"{server.name} gave errors under {workload.name}: {found}")
        if done < workload.concurrency:
            return None
        return Sample(
            done / found["duration_us"] * 1e6,
            cpu_s / begun * 1e6,
            calls / begun,
            found["p50_us"] / 1000,
            found["p99_us"] / 1000,
            max(0.0, foreign_s / elapsed_s),
        )


def lines_for(server: Running, workload: Workload) -> list[str]:
    """Return the operations that wrk sends to a server, or the paths of the upstream."""
    if server.server.speaks_graphql:
        return [json.dumps(body) for body in workload.bodies]
    return workload.upstream_paths


def canonical(answer: bytes) -> str:
    """Return a response's data so that equal data is equal text: 12 and 12.0 are one number."""
    decoded = json.loads(answer)
    if decoded.get("errors") or decoded.get("data") is None:
        raise DisagreementError(f"an answer has errors: {str(decoded)[:500]}")
    return json.dumps(_plain(decoded["data"]))


def _plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _plain(value) for name, value in data.items()}
    if isinstance(data, list):
        return [_plain(value) for value in data]
    return int(data) if isinstance(data, float) and data.is_integer() else data


def agree(bench: Bench, servers: Iterable[Running], workload: Workload) -> dict[str, float]:
    """Assert that all servers respond alike, fields in the same order.

    Return the mean length of a response by server. Raise DisagreementError with the first
    difference.
    """
    expected: list[str] = []
    lengths: dict[str, float] = {}
    for server in servers:
        if not server.server.speaks_graphql:
            lengths[server.name] = 0
            continue
        answers = [bench.ask(server, body) for body in workload.bodies]
        lengths[server.name] = statistics.mean(map(len, answers))
        got = [canonical(answer) for answer in answers]
        expected = expected or got
        for one, other in zip(got, expected, strict=True):
            if one != other:
                raise DisagreementError(_difference(server.name, workload.name, one, other))
    return lengths


def _difference(server: str, workload: str, got: str, expected: str) -> str:
    place = next(
        (i for i, (a, b) in enumerate(zip(got, expected, strict=False)) if a != b),
        min(len(got), len(expected)),
    )
    start = max(0, place - 200)
    return (
        f"{server} answers {workload} differently:\n  {got[start : place + 100]}\nand not\n"
        f"  {expected[start : place + 100]}"
    )


def medians(samples: Sequence[Sample]) -> Sample:
    """Return the median of each figure by itself."""
    return Sample(*map(statistics.median, zip(*map(astuple, samples), strict=True)))
