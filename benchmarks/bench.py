"""Measure the gateway against other servers of the same graph, all on one core.

    python benchmarks/bench.py --rounds 3 --seconds 5 [--write]

`benchmarks/README.md` says what is measured and how. Needs nginx, wrk and taskset, and the peers'
packages (`npm ci` in `benchmarks/peers`). The exit status is 1 where servers disagree.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
from speed import extras
from speed.answers import write_answers
from speed.comparison import compare
from speed.growth import measure_growth
from speed.load import Bench, DisagreementError
from speed.machine import describe
from speed.new_text import new_text
from speed.nginx import pass_configuration, upstream_configuration
from speed.plot import write_plot
from speed.report import PLOT, Figures, markdown, put_into
from speed.servers import (
    PEERS,
    Cores,
    Running,
    Server,
    gateway,
    naive,
    pass_through,
    peer,
    running,
)
from speed.workloads import by_calls, by_leaves, workloads

from tests.support.commands import free_port

_HERE = Path(__file__).resolve().parent
_CUSTOMER_TTL_S = {"GATEWAY_CACHE_CUSTOMER_TTL_S": "3600"}
_PACKAGES = {"nginx": "nginx-light", "wrk": "wrk", "taskset": "util-linux", "node": "nodejs npm"}


def check_tools() -> None:
    """Stop with one line where something is missing."""
    missing = [package for tool, package in _PACKAGES.items() if not shutil.which(tool)]
    if missing:
        raise SystemExit(f"the benchmark needs more: apt-get install {' '.join(missing)}")
    if not (PEERS / "node_modules").is_dir():
        raise SystemExit("the peers are not installed: npm ci in benchmarks/peers")


@contextmanager
def start_bench(folder: Path) -> Iterator[Bench]:
    """Run the static upstream; yield what measuring needs."""
    cores = Cores.choose()
    answers = folder / "answers"
    answers.mkdir()
    for path in (folder, answers):
        path.chmod(0o755)  # nginx, started by root, reads as somebody else
    print(f"{write_answers(answers)} answers of the upstream", file=sys.stderr)
    port = free_port()
    configuration = upstream_configuration(folder, answers, port)
    server = Server("upstream", ["nginx", "-c", str(configuration)], probe="/status")
    with (
        running(server, cores.rest, folder, port) as upstream,
        httpx.Client(trust_env=False) as http,
    ):
        yield Bench(cores, upstream, folder, http)


def _limit(bench: Bench, stack: ExitStack) -> Running:
    port = free_port()
    upstream = bench.upstream.url.removeprefix("http://")
    configuration = pass_configuration(bench.folder, upstream, port)
    server = Server("nginx", ["nginx", "-c", str(configuration)], speaks_graphql=False)
    return stack.enter_context(running(server, bench.cores.served, bench.folder, port))


def _run(bench: Bench, options: argparse.Namespace) -> Figures:
    rounds, seconds = options.rounds, options.seconds
    url, table = bench.upstream.url, workloads()
    with ExitStack() as stack:

        def start(*servers: Server) -> list[Running]:
            context = (running(server, bench.cores.served, bench.folder) for server in servers)
            return [stack.enter_context(one) for one in context]

        plain = start(gateway(url), naive(url), peer("mercurius", url), peer("yoga", url))
        cached = start(
            gateway(url, _CUSTOMER_TTL_S),
            naive(url, _CUSTOMER_TTL_S),
            peer("mercurius", url, is_cached=True),
            peer("yoga", url, is_cached=True),
        )
        limits = [*start(pass_through(url)), _limit(bench, stack)]
        rows = [
            compare(bench, cached if row.is_cached else [*plain, *limits], row, rounds, seconds)
            for row in table
        ]
        memory = {
            one.name: (one.memory_mb(), other.memory_mb())
            for one, other in zip(plain, cached, strict=True)
        }
        compared = [one for one in plain if one.name in {"gateway", "mercurius"}]
        leaves = measure_growth(bench, compared, by_leaves(), seconds, counts_leaves=True)
        calls = measure_growth(bench, compared, by_calls(), seconds, counts_leaves=False)
        default = gateway(url, {"GATEWAY_UPSTREAM_DEADLINE_S": "5"})
        (served,) = start(default)
        failures = extras.family_failures(bench, served, table[3])
        (slow,) = _slow(bench, stack)
        delayed = start(gateway(slow.url), peer("mercurius", slow.url))
        latencies = extras.latencies(bench, slow, delayed, table[0], (rounds, seconds))
    return Figures(
        when=datetime.now(UTC).date().isoformat(),
        machine=describe(bench.cores),
        shape=f"rounds: {rounds} of {seconds:g} s, the servers in turns; medians",
        rows=rows,
        latencies=latencies,
        start_up_s=extras.start_up_s(bench),
        memory_mb=memory,
        failures=failures,
        new_text=new_text(bench.folder / "answers", table[1]),
        by_leaves=leaves,
        by_calls=calls,
    )


def _slow(bench: Bench, stack: ExitStack) -> list[Running]:
    server = extras.slow_upstream(bench.folder / "answers")
    return [stack.enter_context(running(server, bench.cores.rest, bench.folder))]


def main() -> int:
    """Run from the command line, and return the exit status."""
    parser = argparse.ArgumentParser(description="Measure the gateway against other servers.")
    parser.add_argument("--rounds", type=int, default=3, help="of each server (default: 3)")
    parser.add_argument("--seconds", type=float, default=5, help="of each round (default: 5)")
    parser.add_argument("--write", action="store_true", help="put the figures into the README")
    options = parser.parse_args()
    check_tools()
    with tempfile.TemporaryDirectory() as folder, start_bench(Path(folder)) as bench:
        try:
            figures = _run(bench, options)
        except DisagreementError as error:
            print(error, file=sys.stderr)
            return 1
    section = markdown(figures)
    print(section)
    if options.write:
        write_plot(
            _HERE / PLOT,
            [
                ("Page of 1 to 100, all fields", "leaves of the answer", figures.by_leaves),
                ("1 to 20 customers, 10 each", "upstream calls", figures.by_calls),
            ],
        )
        put_into(_HERE / "README.md", section)
    return 0


if __name__ == "__main__":
    sys.exit(main())
