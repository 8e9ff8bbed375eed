"""Unexpected errors: masked for the client, and logged with the request's id."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gateway.app import create_app
from gateway.edge.cors import Origins
from gateway.edge.middleware import EdgeMiddleware
from gateway.execution.documents import Operation
from gateway.execution.outcome import Outcome
from gateway.graphql_http.operation_statistics import OperationStatistics
from gateway.schema.info import ResolverContext
from tests.support.graph import settings_for
from tests.support.http_client import client, code
from tests.support.httpx_transport import HttpxTransport
from tests.support.logged import Lines
from tests.support.serving import serve

SECRET = "https://u:hunter2@platform.example/lookup?identifierValue=919876543210"
MASKED = "Internal error of the gateway; report the request id to its operators."
CODED = {"code": "INTERNAL_SERVER_ERROR", "retryable": False}
QUERY = '{ customer(by: {mobile: "919876543210"}) { promotions { totalCount } } }'


class BrokenTransport(httpx.AsyncBaseTransport):
    """Raises an error that no upstream can cause."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raise, with secrets in the message."""
        raise RuntimeError(SECRET) from ValueError(SECRET)


def test_a_mistake_in_a_resolver_is_masked_and_logged(log: Lines) -> None:
    """The client gets the request's id, and the log has type and location."""
    app = create_app(
        settings_for("http://platform.example"), transport=HttpxTransport(BrokenTransport())
    )
    with serve(app) as url, client(url) as http:
        answer = http.post("/graphql", json={"query": QUERY}, headers={"X-Request-Id": "r-1"})
    assert answer.status_code == 200
    assert answer.json()["data"] == {"customer": None}
    (error,) = answer.json()["errors"]
    assert error["message"] == MASKED
    assert error["path"] == ["customer"]
    assert error["extensions"] == CODED | {"requestId": "r-1"}
    (line,) = log.unexpected()
    assert (line["request_id"], line["path"], line["level"]) == ("r-1", "customer", "error")
    assert line["exception"].startswith("RuntimeError\n  ")
    assert "\nafter ValueError" in line["exception"]
    assert "handle_async_request" in line["exception"]
    told = "".join([*log.lines, answer.text])
    assert not [word for word in ("hunter2", "919876543210", "platform") if word in told]


class Stub:
    """An executor with one outcome, or an error."""

    def __init__(self, result: Outcome | Exception) -> None:
        self._result = result

    async def run(self, *_: Operation | dict[str, Any] | ResolverContext) -> Outcome:
        """Return the outcome, or raise the error."""
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


@pytest.mark.parametrize("made", [RuntimeError(SECRET), RecursionError(), KeyError("x")])
def test_a_mistake_in_the_executor_is_masked_and_logged(log: Lines, made: Exception) -> None:
    """The response is still a GraphQL response."""
    app = create_app(settings_for("http://platform.example"), executor=Stub(made))
    with serve(app) as url, client(url) as http:
        answer = http.post("/graphql", json={"query": QUERY}, headers={"X-Request-Id": "r-2"})
    assert answer.status_code == 200
    (error,) = answer.json()["errors"]
    assert answer.json()["data"] is None
    assert error == {
        "message": MASKED,
        "extensions": CODED | {"requestId": "r-2"},
    }
    (line,) = log.unexpected()
    assert line["request_id"] == "r-2"
    assert line["exception"].startswith(type(made).__name__)
    assert "hunter2" not in "".join(log.lines)


def test_an_answer_that_cannot_be_written_is_masked(log: Lines) -> None:
    """Data that cannot be encoded is an error, and no broken connection."""
    executor = Stub(Outcome({"x": "\ud800"}, []))
    app = create_app(settings_for("http://platform.example"), executor=executor)
    with serve(app) as url, client(url) as http:
        answer = http.post("/graphql", json={"query": QUERY}, headers={"X-Request-Id": "r-3"})
    assert (answer.status_code, code(answer)) == (500, "INTERNAL_SERVER_ERROR")
    assert answer.headers["x-request-id"] == "r-3"
    assert answer.json()["errors"][0]["extensions"]["requestId"] == "r-3"
    assert [line["request_id"] for line in log.unexpected()] == ["r-3"]


async def _cut_off() -> AsyncIterator[bytes]:
    yield b"some"
    raise RuntimeError(SECRET)


async def _stream(_http: StarletteRequest) -> Response:
    return StreamingResponse(_cut_off())


def test_an_answer_that_fails_on_its_way_is_cut_off(log: Lines) -> None:
    """After the head the connection is closed, and the log has the reason."""
    middleware = [Middleware(EdgeMiddleware, Origins(()), OperationStatistics())]
    app = Starlette(routes=[Route("/", _stream)], middleware=middleware)
    with serve(app) as url, client(url) as http, pytest.raises(httpx.RemoteProtocolError):
        http.get("/", headers={"X-Request-Id": "r-4"})
    assert [line["request_id"] for line in log.unexpected()] == ["r-4"]
    assert "hunter2" not in "".join(log.lines)


def test_a_refused_request_is_logged_with_its_code(log: Lines) -> None:
    """Operators can see which errors clients cause."""
    app = create_app(
        settings_for("http://platform.example"), transport=HttpxTransport(BrokenTransport())
    )
    with serve(app) as url, client(url) as http:
        for body in ({"query": "{"}, {"query": "{ nothing }"}, {}):
            http.post("/graphql", json=body, headers={"X-Request-Id": "r-5"})
    told = [json.loads(line) for line in log.lines]
    refused = [line for line in told if line["event"] == "request_rejected"]
    assert [(line["status"], line["code"], line["request_id"]) for line in refused] == [
        (200, "GRAPHQL_PARSE_FAILED", "r-5"),
        (200, "GRAPHQL_VALIDATION_FAILED", "r-5"),
        (400, "BAD_REQUEST", "r-5"),
    ]
