"""Serving by the commands: keep-alive, and shutdown."""

import signal
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from tests.support.commands import Command, free_port, running, wait_for
from tests.support.raw_http import POST, connect, parse, until_closed

PROBE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = b'{"query": "{ customer(by: {mobile: \\"919876543210\\"}) { id } }"}'
ASKS = POST + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
NOBODY = b'{"errors": [{"status": false, "code": 8015, "message": "customer not found"}]}'
ANSWER = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(NOBODY)
) + NOBODY
MODES = {"one": ("serve", "1"), "several": ("serve", "2"), "dev": ("dev", "1")}


@contextmanager
def served(
    mode: str, upstream_url: str, variables: Mapping[str, str] | None = None
) -> Iterator[tuple[Command, str]]:
    """Run a command that serves the gateway; yield its URL once it is ready."""
    port = free_port()
    settings = {
        "GATEWAY_UPSTREAM_URL": upstream_url,
        "GATEWAY_UPSTREAM_AUTH": "none",
        "GATEWAY_PORT": str(port),
        "GATEWAY_WORKERS": MODES[mode][1],
    }
    more = ("--sandbox-port", "0") if mode == "dev" else ()
    with running(MODES[mode][0], *more, variables=settings | dict(variables or {})) as command:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/readyz", command)
        try:
            yield command, url
        finally:
            if command.process.poll() is None:
                command.end()  # its workers, too


@pytest.mark.parametrize("mode", MODES)
def test_an_idle_connection_is_closed_after_the_time_of_the_setting(mode: str) -> None:
    """The time is from the end of a response, and not uvicorn's five seconds."""
    variables = {"GATEWAY_KEEP_ALIVE_S": "0.5"}
    with served(mode, "http://127.0.0.1:1", variables) as (_, url), connect(url) as connection:
        began = time.monotonic()
        connection.sendall(PROBE)
        assert parse(until_closed(connection)).status == 200
        assert 0.45 < time.monotonic() - began < 3.0


@contextmanager
def waiting(mode: str) -> Iterator[tuple[Command, str, socket.socket, socket.socket]]:
    """Serve a gateway that waits for its upstream; yield also its connections to both sides."""
    with socket.create_server(("127.0.0.1", 0)) as platform:
        platform.settimeout(30)
        upstream_url = f"http://127.0.0.1:{platform.getsockname()[1]}"
        with served(mode, upstream_url) as (command, url), connect(url) as client:
            client.sendall(ASKS)
            upstream, _ = platform.accept()
            with upstream:
                yield command, url, client, upstream


def refuses(url: str) -> bool:
    """Whether a server soon refuses connections."""
    until = time.monotonic() + 3.0
    while time.monotonic() < until:
        try:
            connect(url).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:  # the listener closed while it was being connected to
            continue
    return False


@pytest.mark.parametrize("mode", ["one", "several"])
def test_connections_after_sigterm_are_refused(mode: str) -> None:
    """A load balancer notices at once; the request in flight has its response."""
    with waiting(mode) as (command, url, client, upstream):
        command.process.send_signal(signal.SIGTERM)
        assert refuses(url)
        assert command.process.poll() is None
        upstream.sendall(ANSWER)
        answer = parse(until_closed(client))
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert b'{"customer":null}' in answer.body
        assert command.end(0) == 0


@pytest.mark.parametrize("mode", ["one", "several"])
def test_a_second_signal_does_not_wait(mode: str) -> None:
    """It ends the process without the response to the request in flight."""
    with waiting(mode) as (command, url, client, _upstream):
        command.process.send_signal(signal.SIGTERM)
        assert refuses(url)
        began = time.monotonic()
        assert command.end() == 0
        assert time.monotonic() - began < 3.0
        until_closed(client)
    assert command.is_gone()
