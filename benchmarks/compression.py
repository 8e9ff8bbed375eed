"""What compressing a response costs and saves: codings and levels side by side, in one run.

The bodies are the gateway's own responses to the benchmark's operations, on its sandbox. Each
figure is the least of 30 runs. Brotli is left out where it is not installed.
"""

import importlib
import logging
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import zstandard
from speed.workloads import workloads

from gateway.sandbox.app import create_sandbox
from gateway.telemetry import configure_logging
from tests.support.graph import serve_gateway
from tests.support.serving import serve

_RUNS = 30
_CUSTOMERS: dict[str, Any] = {
    "W1": {"externalId": "C-TEN"},
    "W2": {"externalId": "C-101"},
    "W4": [{"externalId": f"C-{number:03}"} for number in range(1, 21)],
}
_CUT = (512, 1024, 2048)  # bytes of the first body: where compressing begins to pay

Compress = Callable[[bytes], bytes]


def main() -> None:
    """Print a table of each body by each coding."""
    configure_logging("console", logging.ERROR)
    print(f"{'body':>10} {'bytes':>8}  {'coding':<8} {'µs':>6} {'bytes':>7} {'share':>6}")
    for name, body in _bodies():
        for coding, compress in _codings():
            micros, size = _measure(compress, body)
            share = size / len(body)
            print(f"{name:>10} {len(body):>8}  {coding:<8} {micros:>6.0f} {size:>7} {share:>6.1%}")


def _bodies() -> Iterator[tuple[str, bytes]]:
    with (
        serve(create_sandbox()) as sandbox_url,
        serve_gateway(sandbox_url, max_cost=10**7) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        operations = {workload.name: workload.bodies[0] for workload in workloads()}
        for name, by in _CUSTOMERS.items():
            operation = operations[name]
            operation["variables"]["by"] = by
            body = client.post("/graphql", json=operation).content
            if name == "W1":
                yield from ((f"{name}, cut", body[:length]) for length in _CUT)
            yield name, body


def _codings() -> Iterator[tuple[str, Compress]]:
    for level in (1, 3, 6):
        yield f"gzip {level}", lambda body, level=level: zlib.compress(body, level, 31)
    for level in (1, 3, 5):
        yield f"zstd {level}", lambda body, level=level: zstandard.compress(body, level)
    try:
        brotli = importlib.import_module("brotli")
    except ModuleNotFoundError:
        return
    for level in (1, 4):
        yield f"br {level}", lambda body, level=level: brotli.compress(body, quality=level)


def _measure(compress: Compress, body: bytes) -> tuple[float, int]:
    """Return the microseconds and the size in bytes."""
    least, compressed = float("inf"), b""
    for _ in range(_RUNS):
        started = time.perf_counter()
        compressed = compress(body)
        least = min(least, time.perf_counter() - started)
    return least * 1e6, len(compressed)


if __name__ == "__main__":
    main()
