"""What may run concurrently: the rest is refused, except for the probes."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from gateway.app import create_app
from gateway.edge.concurrency_limit import ConcurrencyLimiter
from gateway.errors import ConcurrencyLimitError
from tests.support.graph import settings_for
from tests.support.http_client import client, code
from tests.support.httpx_transport import HttpxTransport
from tests.support.raw_http import BODY, POST, connect
from tests.support.serving import serve

QUERY = {"query": '{ customer(by: {mobile: "919876543210"}) { id } }'}
OTHER = {"query": '{ customer(by: {mobile: "919876543211"}) { id } }'}
TYPENAME = {"query": "{ __typename }"}


class HangingTransport(httpx.AsyncBaseTransport):
    """Records that it was called, and responds when the test allows it."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self.answers = threading.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Wait, then respond as the platform does for an unknown customer."""
        self.asked.release()
        await asyncio.to_thread(self.answers.wait, 10)
        return httpx.Response(400, json={"errors": [{"status": False, "code": 8015}]})


@pytest.fixture
def transport() -> Iterator[HangingTransport]:
    """Return an upstream that hangs until the end of the test."""
    hanging = HangingTransport()
    yield hanging
    hanging.answers.set()


def test_what_is_too_much_at_once_is_refused(transport: HangingTransport) -> None:
    """503 with Retry-After, at once; probes and metrics are still served."""
    app = create_app(
        settings_for("http://platform.example", max_concurrent_requests=2),
        transport=HttpxTransport(transport),
    )
    with serve(app) as url, client(url) as http, ThreadPoolExecutor(2) as threads:
        running = [threads.submit(http.post, "/graphql", json=one) for one in (QUERY, OTHER)]
        assert transport.asked.acquire(timeout=10)
        assert transport.asked.acquire(timeout=10)
        for body in (QUERY, [QUERY] * 10):
            refused = http.post("/graphql", json=body)
            assert (refused.status_code, code(refused)) == (503, "OVERLOADED")
            assert refused.headers["retry-after"] == "1"
        for path in ("/healthz", "/readyz", "/metrics"):
            assert http.get(path).status_code == 200
        transport.answers.set()
        assert [one.result().status_code for one in running] == [200, 200]
        assert http.post("/graphql", json=QUERY).status_code == 200
        assert http.post("/graphql", json=[QUERY] * 10).status_code == 200


def test_places_are_given_back_whatever_happens() -> None:
    """Slots are released after an error; a number above the maximum is the maximum."""
    places = ConcurrencyLimiter(3)
    for _ in range(5):
        with pytest.raises(KeyError), places.acquire(number=2):
            raise KeyError
    with places.acquire(number=2), pytest.raises(ConcurrencyLimitError), places.acquire(number=2):
        pass
    with places.acquire(number=10), pytest.raises(ConcurrencyLimitError), places.acquire():
        pass
    with places.acquire(number=3):
        pass


def test_one_caller_never_holds_all_places(transport: HangingTransport) -> None:
    """A caller who holds the share of one caller is refused, and another one is served."""
    settings = settings_for(
        "http://platform.example", max_concurrent_requests=5, trusted_proxies="127.0.0.1"
    )
    app = create_app(settings, transport=HttpxTransport(transport))
    with serve(app) as url, client(url) as http, ThreadPoolExecutor(5) as threads:
        running = [threads.submit(http.post, "/graphql", json=_of(number)) for number in range(4)]
        for _ in running:
            assert transport.asked.acquire(timeout=10)
        refused = http.post("/graphql", json=TYPENAME)
        assert (refused.status_code, code(refused)) == (503, "OVERLOADED")
        other = {"X-Forwarded-For": "198.51.100.7"}
        assert http.post("/graphql", json=TYPENAME, headers=other).status_code == 200
        transport.answers.set()
        assert [one.result().status_code for one in running] == [200] * 4
        assert http.post("/graphql", json=[TYPENAME] * 10).status_code == 200


def _of(number: int) -> dict[str, str]:
    return {"query": f'{{ customer(by: {{mobile: "91987654320{number}"}}) {{ id }} }}'}


def test_callers_who_have_left_are_forgotten() -> None:
    """Memory is bounded, and callers with acquired slots keep them."""
    places = ConcurrencyLimiter(10)
    with places.acquire("a"), places.acquire("b", 5):
        for number in range(5000):
            with places.acquire(str(number)):
                pass
        assert len(places) < 2000
        with (
            places.acquire("b", 3),
            pytest.raises(ConcurrencyLimitError),
            places.acquire("b"),
        ):
            pass
    assert places.free == 10


def test_slow_bodies_leave_room_for_those_that_run(sandbox_url: str) -> None:
    """Twice as many bodies are read as operations run; further ones are refused."""
    half = POST + b"Content-Length: 27\r\n\r\n" + BODY[:9]
    app = create_app(settings_for(sandbox_url, max_concurrent_requests=1))
    with serve(app) as url, client(url) as http, ExitStack() as slow:
        slow.enter_context(connect(url)).sendall(half)
        assert http.post("/graphql", json=TYPENAME).status_code == 200
        until = time.monotonic() + 5
        while http.post("/graphql", json=TYPENAME).status_code != 503:
            assert time.monotonic() < until
            # One that arrives while another post is read finds no place, and is refused itself.
            slow.enter_context(connect(url)).sendall(half)
