"""A client that disconnects: its upstream calls are cancelled, and no other client is affected."""

import socket
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.graph import Graph, serve_gateway
from tests.support.held import Held
from tests.support.scripted_platform import platform

CUSTOMER = '{customer(by:{externalId:"C-ONE"}){customerId}}'
PROMOTION = '{promotion(programId:"9001",promotionId:"90010001"){name}}'


def _send(url: str, request: str) -> socket.socket:
    address = urlsplit(url)
    connection = socket.create_connection((address.hostname or "", address.port or 0))
    connection.sendall(request.encode())
    return connection


def _post(url: str, query: str) -> socket.socket:
    body = '{"query": "' + query.replace('"', '\\"') + '"}'
    head = f"POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Length: {len(body)}\r\n"
    return _send(url, head + "Content-Type: application/json\r\n\r\n" + body)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("endpoint", "query"), [("promotionData", CUSTOMER), ("promotionById", PROMOTION)]
)
def test_the_call_of_a_client_that_has_left_is_cancelled(endpoint: str, query: str) -> None:
    """The upstream's connection closes long before the deadline."""
    with (
        platform() as (scripted, url),
        serve_gateway(url, upstream_deadline_s=60, shutdown_grace_s=61) as gateway,
    ):
        held = Held(scripted, endpoint)
        connection = _post(gateway, query)
        assert held.arrived.wait(5)
        assert not held.given_up.wait(0.2)  # later than a client that only closes its side
        connection.close()
        assert held.given_up.wait(5)


@pytest.mark.timeout(30)
def test_a_get_is_cancelled_too() -> None:
    """Its body is empty, and unread."""
    with (
        platform() as (scripted, url),
        serve_gateway(url, upstream_deadline_s=60, shutdown_grace_s=61) as gateway,
    ):
        held = Held(scripted, "promotionData")
        query = CUSTOMER.replace('"', "%22").replace("{", "%7B").replace("}", "%7D")
        get = f"GET /graphql?query={query} HTTP/1.1\r\nHost: gateway\r\n"
        connection = _send(gateway, get + "Accept: application/json\r\n\r\n")
        assert held.arrived.wait(5)
        assert not held.given_up.wait(0.2)
        connection.close()
        assert held.given_up.wait(5)


@pytest.mark.timeout(30)
def test_who_shares_a_call_with_one_that_left_gets_its_answer() -> None:
    """The second of two equal queries continues with the call of the first."""
    with (
        platform() as (scripted, url),
        serve_gateway(url, upstream_deadline_s=60, shutdown_grace_s=61) as gateway,
    ):
        held = Held(scripted, "promotionData")
        leaving = _post(gateway, CUSTOMER)
        assert held.arrived.wait(5)
        graph = Graph(gateway, url)
        answers: list[Any] = []
        thread = Thread(
            target=lambda: answers.append(
                graph.http.post("/graphql", json={"query": CUSTOMER}, timeout=20).json()
            )
        )
        thread.start()
        assert not held.given_up.wait(0.3)  # for the second to have joined
        leaving.close()
        assert not held.given_up.wait(0.3)
        held.let_go.set()
        thread.join()
        graph.close()
        assert answers[0]["data"]["customer"]
        assert answers[0]["extensions"]["upstream"]["coalesced"] == 1
        assert len(scripted.requests) == 1


@pytest.mark.timeout(30)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_client_that_closes_its_side_at_once_gets_its_response(method: str) -> None:
    """On the fast path and by ASGI, however long the platform takes."""
    with platform() as (scripted, url), serve_gateway(url) as gateway:
        held = Held(scripted, "promotionData")
        if method == "POST":
            connection = _post(gateway, CUSTOMER)
        else:
            query = CUSTOMER.replace('"', "%22").replace("{", "%7B").replace("}", "%7D")
            get = f"GET /graphql?query={query} HTTP/1.1\r\nHost: gateway\r\n"
            connection = _send(gateway, get + "Accept: application/json\r\n\r\n")
        with connection:
            connection.shutdown(socket.SHUT_WR)
            assert held.arrived.wait(5)
            assert not held.given_up.wait(0.3)
            held.let_go.set()
            received = b""
            while piece := connection.recv(65536):
                received += piece
        assert b"connection: close" in received
        assert b'{"data":{"customer":{' in received
