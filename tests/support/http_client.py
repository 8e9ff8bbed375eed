"""What the tests of the endpoint share: one client, and how a refusal is read."""

from typing import Any

import httpx

GRAPHQL = "application/graphql-response+json"
ANY_BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"


def client(url: str) -> httpx.Client:
    """Return a client without the environment's proxies."""
    return httpx.Client(base_url=url, trust_env=False, timeout=30)


def errors(answer: httpx.Response) -> list[dict[str, Any]]:
    """Return the errors of an answer that has nothing else, and is marked as every other."""
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["x-request-id"]
    assert "Traceback" not in answer.text
    body: dict[str, Any] = answer.json()
    assert body.keys() == {"errors"}
    listed: list[dict[str, Any]] = body["errors"]
    assert all(type(error["extensions"]["retryable"]) is bool for error in listed)
    return listed


def code(answer: httpx.Response) -> str:
    """Return the code of an answer's only error."""
    (error,) = errors(answer)
    assert error["message"]
    told: str = error["extensions"]["code"]
    return told
