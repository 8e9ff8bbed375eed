"""How long hostile payloads block the gateway's event loop.

.venv/bin/python benchmarks/lies.py

Serves each payload of `lies_platform.py` to a gateway, plain and with gzip, with status 200 and as
an error, and prints how long the loop was blocked. The exit status is 1 where that is longer than
`--most-ms` of CPU time, or a response has an error without a code.
"""

import argparse
import asyncio
import logging
import multiprocessing
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import httpx
import structlog
import uvicorn
from lies_platform import LIES, Liar
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.app import create_app
from gateway.config.settings import load_settings

_BEAT_S = 0.002
_START_S = 30.0
_PROMOTION = "id promotionId name description type event startsAt endsAt"
_LIMITS = "restrictions { stage measure measureName scope scopeName limit { kind max used } }"
QUERIES = {
    "promotionData": f"""{{ customer(by: {{externalId: "a"}}) {{ promotions(first: 20) {{
      totalCount warnings {{ message }}
      nodes {{ promotion {{ {_PROMOTION} }} {_LIMITS} }} }} }} }}""",
    "promotionsV2": f"""{{ program(programId: "1") {{ promotions(first: 20) {{
      totalCount nodes {{ {_PROMOTION} definition {{ status {_LIMITS} }} }} }} }} }}""",
}
_WAYS = {"plain": (200, False), "gzip": (200, True), "as a 400": (400, False)}


@dataclass(slots=True)
class Heart:
    """A heartbeat in the event loop: the longest pause between two beats, wall clock and CPU."""

    wall_s: float = 0.0
    core_s: float = 0.0

    async def beat(self) -> None:
        """Beat for ever."""
        while True:
            wall, core = time.perf_counter(), time.thread_time()
            await asyncio.sleep(_BEAT_S)
            self.wall_s = max(self.wall_s, time.perf_counter() - wall - _BEAT_S)
            self.core_s = max(self.core_s, time.thread_time() - core)

    def told(self) -> dict[str, float]:
        """Return the pauses in milliseconds, and reset them."""
        pauses = {"wall_ms": self.wall_s * 1000, "core_ms": self.core_s * 1000}
        self.wall_s = self.core_s = 0.0
        return pauses


class Measured:
    """The gateway with a heartbeat in its loop, which ``GET /heart`` reports."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._heart = app, Heart()
        self._beating: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        self._beating = self._beating or asyncio.create_task(self._heart.beat())
        if scope["type"] == "http" and scope["path"] == "/heart":
            await JSONResponse(self._heart.told())(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def serve_platform(listener: socket.socket) -> None:
    """Serve the payloads, in a process of their own."""
    uvicorn.Server(uvicorn.Config(Liar(), log_level="error")).run([listener])


def serve_gateway(listener: socket.socket, upstream_url: str) -> None:
    """Serve the gateway, in a process of its own."""
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)
    settings = load_settings(
        upstream_url=upstream_url,
        upstream_auth="none",
        definitions="legacy",
        cache_definition_ttl_s=0,
    )
    app = Measured(create_app(settings))
    uvicorn.Server(uvicorn.Config(app, log_level="critical", log_config=None)).run([listener])


@contextmanager
def process(serve: Any, *arguments: Any) -> Iterator[str]:
    """Run a server in a process; yield its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        child = multiprocessing.Process(target=serve, args=(listener, *arguments))
        child.start()
    try:
        yield url
    finally:
        child.terminate()
        child.join()


class Pause(NamedTuple):
    """How long one payload blocked the loop, and the codes that the client got."""

    core_ms: float
    wall_ms: float
    endpoint: str
    way: str
    lie: str
    told: str


def measure(gateway: httpx.Client, platform: httpx.Client, only: str) -> Iterator[Pause]:
    """Send every payload with `only` in its name, in every form."""
    for lie in (name for name in LIES if only in name):
        for way, (status, is_packed) in _WAYS.items():
            order = {"name": lie, "status": status, "is_packed": is_packed}
            platform.put("/lie", json=order).raise_for_status()
            for endpoint, query in QUERIES.items():
                gateway.get("/heart")
                told = _told(gateway, query)
                pauses = gateway.get("/heart", timeout=None).json()
                yield Pause(endpoint=endpoint, way=way, lie=lie, told=told, **pauses)


def _told(gateway: httpx.Client, query: str) -> str:
    """Send a query, and return the codes of its errors."""
    try:
        answer = gateway.post("/graphql", json={"query": query}).json()
    except httpx.TimeoutException:
        return "NO ANSWER"
    codes = {(e.get("extensions") or {}).get("code") for e in answer.get("errors", ())}
    return ", ".join(sorted(code or "NO CODE" for code in codes)) or "data"


def _line(one: Pause) -> str:
    return (
        f"{one.core_ms:>8.1f} {one.wall_ms:>8.1f}  {one.endpoint:<14} {one.way:<9}"
        f" {one.lie:<40} {one.told}"
    )


def _await(client: httpx.Client, path: str) -> None:
    end = time.monotonic() + _START_S
    while True:
        try:
            client.get(path)
        except httpx.TransportError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


def main() -> int:
    """Run from the command line, and return the exit status."""
    parser = argparse.ArgumentParser(description="Measure how long lies hold the event loop.")
    parser.add_argument("--most-ms", type=float, default=150, help="of the core (default: 150)")
    parser.add_argument("--only", default="", help="a part of the lies' names")
    options = parser.parse_args()
    multiprocessing.set_start_method("spawn")
    with (
        process(serve_platform) as platform_url,
        process(serve_gateway, platform_url) as gateway_url,
        httpx.Client(base_url=platform_url, trust_env=False, timeout=60) as platform,
        httpx.Client(base_url=gateway_url, trust_env=False, timeout=10) as gateway,
    ):
        _await(gateway, "/healthz")
        print(f"{'core ms':>8} {'wall ms':>8}  {'endpoint':<14} {'way':<9} {'lie':<40} told")
        pauses = []
        for one in measure(gateway, platform, options.only):
            pauses.append(one)
            print(_line(one), flush=True)
    print("\nlongest:", *(_line(one) for one in sorted(pauses)[-5:]), sep="\n")
    is_uncoded = any(one.told.startswith("NO ") for one in pauses)
    return int(is_uncoded or max(pauses).core_ms > options.most_ms)


if __name__ == "__main__":
    sys.exit(main())
