"""Requests that name their document by its hash."""

import json
from typing import Any

import httpx

from gateway.execution.document_hash import sha256_of
from tests.support.http_client import GRAPHQL


def by_hash(sha256: Any, version: Any = 1) -> dict[str, Any]:
    """Return a request with the document's hash alone, as Apollo's clients send it."""
    return {"extensions": {"persistedQuery": {"version": version, "sha256Hash": sha256}}}


def with_hash(query: str) -> dict[str, Any]:
    """Return a request with the document and its hash."""
    return {"query": query} | by_hash(sha256_of(query))


def post(http: httpx.Client, body: Any, accept: str = GRAPHQL) -> httpx.Response:
    """Send a request as a JSON body."""
    return http.post("/graphql", json=body, headers={"Accept": accept})


def get(http: httpx.Client, body: dict[str, Any], accept: str = GRAPHQL) -> httpx.Response:
    """Send a request as a query string."""
    parameters = {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()
    }
    return http.get("/graphql", params=parameters, headers={"Accept": accept})


def data(answer: httpx.Response) -> Any:
    """Return the data of a response without errors."""
    assert answer.status_code == 200, answer.text
    assert "errors" not in answer.json()
    return answer.json()["data"]
