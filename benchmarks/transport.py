"""The CPU cost of one upstream call, by each way of sending it.

A static server on one core responds; the ways take turns on the other, and each figure is the
median of its rounds. Libraries that are not installed are left out.
"""

import argparse
import asyncio
import importlib
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import cast
from urllib.parse import urlencode

import httpx
import uvloop

from gateway.config.settings import load_settings
from gateway.context import CallBudget, Caller, RequestContext
from gateway.upstream.call import UpstreamCall
from gateway.upstream.client import UpstreamClient
from gateway.upstream.credentials import credential_from
from gateway.upstream.http1.client import Http1Client
from gateway.upstream.http_transport import HttpTransport
from gateway.upstream.resilience.traffic_shaping import create_traffic_shaping
from tests.support.httpx_transport import HttpxTransport

PATH = "/v2/customers/lookup/promotionData"
PARAMETERS = {
    "identifierName": "mobile",
    "identifierValue": "4915700000006",
    "source": "INSTORE",
    "fetchAllUsage": "true",
    "limit": "10",
    "offset": "0",
}
TARGET = f"{PATH}?{urlencode(PARAMETERS)}"
HEADERS = {"Authorization": "Basic c2FuZGJveDpzYW5kYm94"}
MOST_BYTES = 10 * 1024 * 1024

Call = Callable[[], Awaitable[int]]


class Static(asyncio.Protocol):
    """A protocol that answers each request with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer the requests in it; no request here is larger than a read."""
        self._transport.write(self._answer * data.count(b"\r\n\r\n"))


async def serve(size: int) -> None:
    """Serve a body of this size until the process is ended; print the port first."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n"
    answer = (
        f"{head}Date: Mon, 01 Jun 2026 00:00:00 GMT\r\nServer: s\r\n\r\n".encode() + b"x" * size
    )
    server = await asyncio.get_running_loop().create_server(lambda: Static(answer), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@asynccontextmanager
async def by_httpx(url: str, transport: httpx.AsyncBaseTransport | None) -> AsyncIterator[Call]:
    """Call by httpx.AsyncClient, as its users do; with no `transport`, over its own pool."""
    async with httpx.AsyncClient(base_url=url, transport=transport, trust_env=False) as http:

        async def call() -> int:
            return len((await http.get(PATH, params=PARAMETERS, headers=HEADERS)).content)

        yield call


@asynccontextmanager
async def by_transport(url: str, transport: httpx.AsyncBaseTransport) -> AsyncIterator[Call]:
    """Call an httpx transport directly with an httpx.Request."""
    async with transport:

        async def call() -> int:
            request = httpx.Request("GET", url + TARGET, headers=HEADERS)
            response = await transport.handle_async_request(request)
            body = await response.aread()
            await response.aclose()
            return len(body)

        yield call


@asynccontextmanager
async def by_aiohttp(url: str) -> AsyncIterator[Call]:
    """Call by aiohttp alone."""
    aiohttp = importlib.import_module("aiohttp")
    async with aiohttp.ClientSession() as session:

        async def call() -> int:
            async with session.get(url + PATH, params=PARAMETERS, headers=HEADERS) as answer:
                return len(await answer.read())

        yield call


@asynccontextmanager
async def by_port(http: HttpTransport) -> AsyncIterator[Call]:
    """Call by the gateway's own interface of transports."""

    async def call() -> int:
        reply = await http.send("GET", TARGET, HEADERS, max_bytes=MOST_BYTES)
        return len(reply.body or b"")

    yield call
    await http.aclose()


class PageCall(UpstreamCall[bytes]):
    """A call of the customer view."""

    endpoint = "promotionData"


@asynccontextmanager
async def by_upstream_client(url: str, http: HttpTransport) -> AsyncIterator[Call]:
    """Call as resolvers do: all admission checks included."""
    settings = load_settings(
        upstream_url=url,
        upstream_auth="basic",
        upstream_username="sandbox",
        upstream_password="sandbox",  # noqa: S106 - the sandbox's own
    )
    client = UpstreamClient(
        http, credential_from(settings), create_traffic_shaping(settings), MOST_BYTES
    )
    loop = asyncio.get_running_loop()

    async def call() -> int:
        request = RequestContext("1", datetime.now(UTC), Caller(), loop.time() + 5, CallBudget(40))
        return len(await client.send(PageCall(TARGET, request)))

    yield call
    await http.aclose()


def ways(url: str) -> dict[str, Callable[[], "AsyncIterator[Call]"]]:
    """Return each way's name and a function that opens it."""
    found: dict[str, Callable[[], AsyncIterator[Call]]] = {
        "httpx.AsyncClient, its own pool": lambda: by_httpx(url, None),
        "own client": lambda: by_port(own(url)),
        "UpstreamClient.send over it": lambda: by_upstream_client(url, own(url)),
    }
    try:
        over_aiohttp = importlib.import_module("httpx_aiohttp").AiohttpTransport
    except ImportError:
        return found
    return found | {
        "httpx.AsyncClient over AiohttpTransport": lambda: by_httpx(url, over_aiohttp()),
        "AiohttpTransport by httpx.Request": lambda: by_transport(url, over_aiohttp()),
        "aiohttp": lambda: by_aiohttp(url),
        "UpstreamClient.send over AiohttpTransport": lambda: by_upstream_client(
            url, HttpxTransport(over_aiohttp(), url)
        ),
    }


def own(url: str) -> Http1Client:
    """Return the gateway's own client."""
    return Http1Client(url, max_connections=100)


async def cost_us(call: Call, calls: int, at_once: int) -> float:
    """Return the CPU time of one call in microseconds, system time included."""
    left = 10 * at_once

    async def work() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            if not await call():
                raise RuntimeError("an answer was empty")

    await asyncio.gather(*(work() for _ in range(at_once)))  # connects
    left = calls
    before = _cpu_s()
    await asyncio.gather(*(work() for _ in range(at_once)))
    return (_cpu_s() - before) / calls * 1e6


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def measure(url: str, calls: int, rounds: int) -> None:
    """Measure all ways, and print a table."""
    found: dict[tuple[str, int], list[float]] = {}
    for _ in range(rounds):
        for name, begin in ways(url).items():
            async with begin() as call:
                for at_once in (1, 32):
                    cost = await cost_us(call, calls, at_once)
                    found.setdefault((name, at_once), []).append(cost)
    best = {n: statistics.median(found["own client", n]) for n in (1, 32)}
    print("| way | 1 in flight, µs | x | 32 in flight, µs | x |\n|---|---|---|---|---|")
    for name in ways(url):
        one, many = (statistics.median(found[name, n]) for n in (1, 32))
        print(f"| {name} | {one:.0f} | {one / best[1]:.1f} | {many:.0f} | {many / best[32]:.1f} |")


def main() -> None:
    """Start the server on one core, and measure on another."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--calls", type=int, default=2000, help="calls of a way in a round")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--bytes", type=int, default=18_000, help="size of an answer")
    arguments.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.serve:
        uvloop.run(serve(given.bytes))
        return
    cores = sorted(os.sched_getaffinity(0))
    command = [sys.executable, __file__, "--serve", "--bytes", str(given.bytes)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - this very file
    try:
        os.sched_setaffinity(server.pid, cores[-1:])
        os.sched_setaffinity(0, cores[:1])
        port = int(_line_of(server))
        print(f"Python {sys.version.split()[0]}, {time.strftime('%Y-%m-%d')}")
        uvloop.run(measure(f"http://127.0.0.1:{port}", given.calls, given.rounds))
    finally:
        server.terminate()
        server.communicate()


def _line_of(process: "subprocess.Popen[bytes]") -> bytes:
    return process.stdout.readline() if process.stdout else b""


if __name__ == "__main__":
    main()
