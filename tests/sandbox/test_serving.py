import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.support.http_client import TLS
from tests.support.serving import serve


def application(events: list[str], *, fails: bool = False) -> Starlette:
    """Return an application that records its lifespan."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        events.append("started")
        if fails:
            raise RuntimeError("no")
        yield
        events.append("ended")

    async def greet(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    return Starlette(routes=[Route("/", greet)], lifespan=lifespan)


def test_application_is_served_within_its_lifespan() -> None:
    """Within the block there is a server on loopback, after it the lifespan has ended."""
    events: list[str] = []
    with serve(application(events)) as url:
        assert events == ["started"]
        assert httpx.get(url, trust_env=False, verify=TLS).text == "hello"
    assert events == ["started", "ended"]
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", httpx.URL(url).port or 0)) != 0


def test_two_servers_have_two_ports() -> None:
    """Servers can be nested, as a gateway in front of a sandbox is."""
    with serve(application([])) as first, serve(application([])) as second:
        assert first != second
        assert httpx.get(first, trust_env=False, verify=TLS).text == "hello"
        assert httpx.get(second, trust_env=False, verify=TLS).text == "hello"


def test_application_that_does_not_start_is_an_error() -> None:
    """A lifespan that fails raises at the start of the block."""
    with pytest.raises(RuntimeError, match="did not start"), serve(application([], fails=True)):
        pytest.fail("the block was entered")
