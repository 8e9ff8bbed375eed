"""How cost grows with leaves and with upstream calls, and whether that is a straight line."""

import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from speed.load import Bench, agree
from speed.servers import Running
from speed.workloads import Workload, leaves


@dataclass(frozen=True, slots=True)
class Point:
    """One size: what it counts, and the CPU time of each server, in µs."""

    x: int
    cpu_us: dict[str, float]


@dataclass(frozen=True, slots=True)
class Line:
    """The straight line through the points of one server."""

    per_unit_us: float
    at_zero_us: float
    worst: float  # the farthest point's distance from the line, as a share of the largest cost


def measure_growth(
    bench: Bench,
    servers: Sequence[Running],
    sized: Sequence[tuple[int, Workload]],
    seconds: float,
    *,
    counts_leaves: bool,
) -> list[Point]:
    """Measure each size on each server, the servers in turns."""
    points = []
    for size, workload in sized:
        lengths = agree(bench, servers, workload)
        answer = json.loads(bench.ask(servers[0], workload.bodies[0]))
        cpu_us = {}
        for server in servers:
            bench.warm_up(server, workload, 1)
            sample = bench.measure(server, workload, lengths[server.name], seconds)
            cpu_us[server.name] = sample.cpu_us
            print(f"{workload.name}: {server.name} {sample.cpu_us:.0f} µs", file=sys.stderr)
        points.append(Point(leaves(answer["data"]) if counts_leaves else size, cpu_us))
    return points


def fit(points: Sequence[Point], server: str) -> Line:
    """Fit a straight line by least squares."""
    xs = [point.x for point in points]
    ys = [point.cpu_us[server] for point in points]
    slope, intercept = statistics.linear_regression(xs, ys)
    off = max(abs(y - (slope * x + intercept)) for x, y in zip(xs, ys, strict=True))
    return Line(slope, intercept, off / max(ys))
