"""What the checks before GraphQL cost an honest client: W1 and W5 with them and without.

One process, no network to the client: requests are fed to the server's protocol, and responses
taken from it. Prints the event loop's CPU microseconds for each request, the best of several
rounds, with each check left out in turn, and with all of them.
"""

import argparse
import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import uvicorn
import uvloop
from uvicorn.server import ServerState

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.speed.workloads import workloads
from gateway.app import create_app
from gateway.edge.concurrency_limit import ConcurrencyLimiter
from gateway.edge.cors import Origins
from gateway.edge.request_guard import RequestGuard
from gateway.execution import documents
from gateway.execution.cost import CostEstimator
from gateway.graphql_http.gc_tuning import freeze_gc
from gateway.graphql_http.persisted_queries.persisted_documents import PersistedDocuments
from gateway.sandbox.app import create_sandbox
from gateway.server import fast_path
from gateway.server.http_protocol import LimitedHttpProtocol
from gateway.telemetry import configure_logging
from tests.sandbox.client import NOW
from tests.support.graph import settings_for
from tests.support.serving import serve

REQUESTS = {"W1": 600, "W5": 3_000}
SETTINGS: dict[str, dict[str, Any]] = {"W1": {}, "W5": {"cache_customer_ttl_s": 3_600}}
HEADERS = (
    "POST /graphql HTTP/1.1", "Host: gateway.example", "Content-Type: application/json",
    "Accept: application/graphql-response+json, application/json;q=0.9", "User-Agent: honest/1.0",
    "Accept-Encoding: gzip", "Origin: https://gateway.example", "Sec-Fetch-Site: same-origin",
)  # fmt: skip


async def _nothing(*_: Any, **__: Any) -> None:
    return None


async def _anybody(*_: Any) -> str:
    return ""


async def _as_sent(_self: object, query: str, _reference: object) -> str:
    return query


def _counted_once() -> Callable[..., Any]:
    count, known = CostEstimator.of, dict[int, Any]()

    def of(self: CostEstimator, sizes: tuple[int | None, ...], look_ups: int = 0) -> Any:
        if id(self) not in known:
            known[id(self)] = count(self, sizes, look_ups)
        return known[id(self)]

    return of


def parts() -> dict[str, list[tuple[object, str, Any]]]:
    """Return the checks, each with what replaces it when it is left out."""
    none = nullcontext()
    return {
        "time for heads and bodies": [(LimitedHttpProtocol, "_watch", lambda _self: None)],
        "other sites, rate limit": [
            (Origins, "check_csrf", lambda _self, _headers: None),
            (RequestGuard, "admit", _anybody),
        ],
        "places": [(ConcurrencyLimiter, "acquire", lambda _self, _caller=None, _number=1: none)],
        "persisted documents": [
            (PersistedDocuments, "resolve", _as_sent),
            (PersistedDocuments, "store", _nothing),
        ],
        "size of variables, cost": [
            (documents, "check_variables_size", lambda _variables, _limits: None),
            (CostEstimator, "of", _counted_once()),
        ],
        "security headers": [(fast_path, "with_security_headers", lambda headers: headers)],
    }


class Connection(asyncio.Transport):
    """The client's end of a connection, which keeps the last response."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.answer = asyncio.get_running_loop().create_future()

    def write(self, data: Any) -> None:
        """Store a response."""
        self.answer.set_result(bytes(data))

    def is_closing(self) -> bool:
        """Return False: the connection stays open."""
        return False

    def get_write_buffer_size(self) -> int:
        """Return 0: everything is read."""
        return 0

    def pause_reading(self) -> None:
        """Do nothing: there is one request at a time."""

    def resume_reading(self) -> None:
        """Do nothing."""


async def measure(workload: str, platform_url: str) -> float:
    """Return the CPU microseconds of one request."""
    settings = settings_for(platform_url, report_upstream=False, **SETTINGS[workload])
    app = create_app(settings, clock=lambda: NOW)
    body = json.dumps(_body(workload)).encode()
    head = "\r\n".join([*HEADERS, f"Content-Length: {len(body)}", "", ""])
    request = head.encode() + body
    async with app.router.lifespan_context(app) as state:
        config = uvicorn.Config(app, log_config=None, access_log=False)
        config.load()
        protocol = LimitedHttpProtocol(config, ServerState(), dict(state or {}))
        connection = Connection()
        protocol.connection_made(connection)

        async def ask(times: int) -> None:
            for _ in range(times):
                connection.answer = asyncio.get_running_loop().create_future()
                protocol.data_received(request)
                answer = await connection.answer
                if b'"totalCount":10' not in answer:
                    raise SystemExit(f"no answer to measure: {answer[:300]!r}")

        await ask(300)
        freeze_gc()
        best = float("inf")
        for _ in range(5):
            began = time.thread_time()
            await ask(REQUESTS[workload])
            best = min(best, (time.thread_time() - began) / REQUESTS[workload] * 1e6)
        gc.unfreeze()
        return best


def _body(workload: str) -> dict[str, Any]:
    found = next(one for one in workloads() if one.name == workload).bodies[0]
    return found | {"variables": {"by": {"externalId": "C-TEN"}, "first": 10}}


@contextmanager
def without(patches: list[tuple[object, str, Any]]) -> Iterator[None]:
    """Leave checks out."""
    with ExitStack() as stack:
        for owner, name, other in patches:
            stack.enter_context(patch.object(owner, name, other))
        yield


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often all of it is measured")
    rounds = parser.parse_args().rounds
    left_out: dict[str, list[tuple[object, str, Any]]] = {"nothing": [], **parts()}
    left_out["all of it"] = [one for patches in parts().values() for one in patches]
    configure_logging("json", stream=Path("/dev/null").open("w", encoding="utf-8"))  # noqa: SIM115
    best: dict[tuple[str, str], float] = {}
    with serve(create_sandbox(clock=lambda: NOW)) as platform_url:
        for _ in range(rounds):
            for workload in REQUESTS:
                for name, patches in left_out.items():
                    with without(patches), asyncio.Runner(loop_factory=uvloop.new_event_loop) as it:
                        took = it.run(measure(workload, platform_url))
                    key = (workload, name)
                    best[key] = min(took, best.get(key, took))
    print(f"{'without':28}" + "".join(f"{name:>10}" for name in REQUESTS))
    for name in left_out:
        print(f"{name:28}" + "".join(f"{best[w, name]:10.1f}" for w in REQUESTS))
    for w in REQUESTS:
        lost = 1 - best[w, "all of it"] / best[w, "nothing"]
        print(f"{w}: {lost:.1%} of the requests of a second are lost to the edge")


if __name__ == "__main__":
    main()
