"""An HTTP client of the endpoint, and readers of its errors."""

import asyncio
import json
import ssl
from collections.abc import Sequence
from typing import Any

import httpx

from gateway.upstream.http1.client import Http1Client

# A client that is given none reads the authorities, 20 ms; no test of these speaks TLS.
TLS = ssl.create_default_context()
GRAPHQL = "application/graphql-response+json"
ANY_BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"


def client(url: str) -> httpx.Client:
    """Return a client that ignores the environment's proxies."""
    return httpx.Client(base_url=url, trust_env=False, timeout=30, verify=TLS)


def errors(answer: httpx.Response) -> list[dict[str, Any]]:
    """Return the errors of a response without data, which has the gateway's usual headers."""
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-request-id"]
    assert "Traceback" not in answer.text
    body: dict[str, Any] = answer.json()
    assert body.keys() == {"errors"}
    listed: list[dict[str, Any]] = body["errors"]
    assert all(type(error["extensions"]["retryable"]) is bool for error in listed)
    return listed


def code(answer: httpx.Response) -> str:
    """Return the code of a response's only error."""
    (error,) = errors(answer)
    assert error["message"]
    told: str = error["extensions"]["code"]
    return told


async def post_at_once(url: str, queries: Sequence[str]) -> list[dict[str, Any]]:
    """Return the results of these queries, all sent at once; httpx's pool would take minutes."""
    http = Http1Client(url, max_connections=len(queries))
    headers = {"Content-Type": "application/json"}

    async def post(query: str) -> dict[str, Any]:
        body = json.dumps({"query": query}).encode()
        response = await http.send(
            "POST", "/graphql", headers, body=body, max_bytes=10 * 1024 * 1024
        )
        assert response.status == 200
        result: dict[str, Any] = json.loads(response.body or b"")
        return result

    try:
        async with asyncio.timeout(60):
            return await asyncio.gather(*map(post, queries))
    finally:
        await http.aclose()
