"""A client that reads the parts of a response as they arrive."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from tests.support.http_client import TLS

PATH = "multipart/mixed;deferSpec=20220824, application/json"
ID = "multipart/mixed;incrementalSpec=v0.2, application/json"


@contextmanager
def reading(
    url: str, query: str, accept: str = PATH, *, method: str = "POST", **headers: str
) -> Iterator[Iterator[dict[str, Any]]]:
    """Send a query; yield the payloads of its response, each as soon as it is complete."""
    body: dict[str, Any] = {"json": {"query": query}}
    if method == "GET":
        body = {"params": {"query": query}}
    with (
        httpx.Client(base_url=url, trust_env=False, timeout=20, verify=TLS) as http,
        http.stream(method, "/graphql", headers={"Accept": accept, **headers}, **body) as response,
    ):
        assert response.status_code == 200
        assert response.headers["content-type"].startswith('multipart/mixed; boundary="-"; ')
        yield _payloads(response.iter_raw())


def _payloads(pieces: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    received = b""
    for piece in pieces:
        received += piece
        while b"\r\n---" in received:
            part, _, received = received.partition(b"\r\n---")
            if part:
                head, _, content = part.partition(b"\r\n\r\n")
                assert head == b"\r\ncontent-type: application/json; charset=utf-8"
                yield json.loads(content)
    assert received == b"--\r\n"
