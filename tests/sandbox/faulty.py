"""Helpers for tests of the sandbox's faults: setting them, and reading raw bytes."""

import base64
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from gateway.sandbox.faults.mode import FaultError
from gateway.sandbox.faults.spec import parse_fault
from tests.sandbox.client import SandboxClient

CREDENTIALS = base64.b64encode(b"sandbox:sandbox").decode()


@contextmanager
def faults(client: SandboxClient, *texts: str) -> Iterator[SandboxClient]:
    """Set these faults within the block."""
    answer = client.put("/__faults", json=texts)
    assert answer.status_code == 200, answer.json()
    try:
        yield client
    finally:
        assert client.delete("/__faults").status_code == 204


def applied(client: SandboxClient) -> list[int]:
    """Return the number of calls to which each fault applied."""
    return [fault["struck"] for fault in client.get("/__faults").json()]


def statuses(client: SandboxClient, calls: int) -> list[int]:
    """Call the customer view so often; return the statuses."""
    return [client.customer("C-ONE").status_code for _ in range(calls)]


def connect(client: SandboxClient, path: str) -> socket.socket:
    """Send a GET on a new connection; return the socket."""
    url = httpx.URL(str(client.base_url))
    connection = socket.create_connection((url.host, url.port or 80), timeout=5)
    connection.sendall(
        f"GET {path} HTTP/1.1\r\nHost: {url.host}\r\n"
        f"Authorization: Basic {CREDENTIALS}\r\n\r\n".encode()
    )
    return connection


def read_to_end(connection: socket.socket) -> bytes:
    """Read until the connection is closed; raise if it is reset."""
    received = b""
    while piece := connection.recv(65_536):
        received += piece
    return received


def customer_path(external_id: str, **parameters: Any) -> str:
    """Return the customer view's path and query."""
    query = {"identifierName": "externalId", "identifierValue": external_id, "source": "INSTORE"}
    return "/v2/customers/lookup/promotionData?" + urlencode(query | parameters)


def refusal(text: str) -> str:
    """Return the line with which a fault's text is refused."""
    with pytest.raises(FaultError) as caught:
        parse_fault(text)
    line = str(caught.value)
    assert "\n" not in line
    return line
