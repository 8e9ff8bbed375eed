"""Responses that are none, over real sockets: broken, cut, slow, too large."""

import gzip
import json
import socket
from collections.abc import AsyncIterator, Iterator
from itertools import count
from time import perf_counter
from typing import Any

import anyio
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from gateway.sandbox.customer_view import promotion_data
from tests.sandbox.client import NOW
from tests.support.graph import Graph, graph_over
from tests.support.scripted_platform import Platform, ScriptedResponse, errors_body, platform

MOBILE = "4915700000006"
CUSTOMER = f'{{customer(by:{{mobile:"{MOBILE}"}}){{customerId}}}}'
PROGRAMS = count(9001)
LIST = '{program(programId:"9001"){promotions{totalCount}}}'
EMPTY_PAGE = {"customerId": 700000006, "promotions": [], "pageDetails": {"totalEntries": 0}}
# None of these may stand in a message: an identifier, an address, a credential, a class's name.
PRIVATE = (MOBILE, "127.0.0.1", "localhost", "http", "sandbox", "Basic", "Error", "Traceback")


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Platform, Graph]]:
    """Serve one platform, and one gateway whose deadline and size limit are small."""
    with (
        platform() as (scripted, url),
        graph_over(url, upstream_deadline_s=0.8, upstream_max_response_bytes=20_000) as graph,
    ):
        yield scripted, graph


def _error(graph: Graph, query: str = CUSTOMER) -> dict[str, Any]:
    answer = graph.answer(query)
    (error,) = answer["errors"]
    assert not any(private in error["message"] for private in PRIVATE)
    assert not any(private in json.dumps(error["extensions"]) for private in PRIVATE)
    extensions: dict[str, Any] = error["extensions"]
    return extensions


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param(Response("<html><h1>502</h1>", 200), "UPSTREAM_BAD_PAYLOAD", id="HTML"),
        pytest.param(Response("<html>", 404), "UPSTREAM_BAD_PAYLOAD", id="HTML 404"),
        pytest.param(Response("", 200), "UPSTREAM_BAD_PAYLOAD", id="nothing"),
        pytest.param(Response(status_code=204), "UPSTREAM_BAD_PAYLOAD", id="204"),
        pytest.param(Response('{"customerId": 7000', 200), "UPSTREAM_BAD_PAYLOAD", id="truncated"),
        pytest.param(Response(b"\xff\xfe\x00", 200), "UPSTREAM_BAD_PAYLOAD", id="not UTF-8"),
        pytest.param(Response("[" * 9_000, 200), "UPSTREAM_BAD_PAYLOAD", id="deep"),
        pytest.param(JSONResponse([]), "UPSTREAM_BAD_PAYLOAD", id="a list"),
        pytest.param(JSONResponse({}), "UPSTREAM_BAD_PAYLOAD", id="an empty object"),
        pytest.param(JSONResponse(EMPTY_PAGE, 418), "UPSTREAM_BAD_PAYLOAD", id="418"),
        pytest.param(Response("", 401), "UPSTREAM_AUTH_FAILED", id="401"),
        pytest.param(Response("<html>", 403), "UPSTREAM_AUTH_FAILED", id="403"),
        pytest.param(JSONResponse(errors_body(403), 403), "UPSTREAM_AUTH_FAILED", id="403 body"),
        pytest.param(Response("oops", 500), "UPSTREAM_UNAVAILABLE", id="500"),
        pytest.param(Response("<html>", 502), "UPSTREAM_UNAVAILABLE", id="502"),
        pytest.param(Response("", 503), "UPSTREAM_UNAVAILABLE", id="503"),
        pytest.param(Response("x" * 20_001, 200), "UPSTREAM_BAD_PAYLOAD", id="too large"),
        pytest.param(
            Response(gzip.compress(b" " * 10**6), 200, {"Content-Encoding": "gzip"}),
            "UPSTREAM_BAD_PAYLOAD",
            id="too large when unpacked",
        ),
        pytest.param(
            Response(b"\x1f\x8bgarbage", 200, {"Content-Encoding": "gzip"}),
            "UPSTREAM_BAD_PAYLOAD",
            id="not gzip",
        ),
    ],
)
@pytest.mark.parametrize("query", [CUSTOMER, LIST], ids=["customer view", "legacy"])
def test_an_answer_that_is_none_has_a_code(
    scripted: Platform, asking: Graph, query: str, answer: ScriptedResponse, code: str
) -> None:
    """The error has a code, names the endpoint, and reveals nothing private."""
    name = "promotionData" if query == CUSTOMER else "promotionsV2"
    query = query.replace("9001", str(next(PROGRAMS)))  # one that is missing stays so for a while
    scripted.responses[name] = answer
    extensions = _error(asking, query)
    assert extensions["code"] == code
    assert extensions["upstream"]["name"] == name
    assert asking.calls == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0"}, 1),
        ({}, 60),
        ({"Retry-After": "soon"}, 60),
        ({"Retry-After": "-1"}, 60),
        ({"Retry-After": "9" * 30}, 300),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 1),
    ],
)
@pytest.mark.parametrize("body", ["", json.dumps(errors_body(8015))], ids=["bare", "with a body"])
def test_a_rate_limit_says_when_to_try_again(
    scripted: Platform, asking: Graph, body: str, headers: dict[str, str], seconds: int
) -> None:
    """`retryAfterS` is the platform's, at least a second, or a minute without a Retry-After."""
    scripted.responses["promotionData"] = Response(body, 429, headers)
    extensions = _error(asking)
    assert (extensions["code"], extensions["retryAfterS"]) == ("UPSTREAM_RATE_LIMITED", seconds)


@pytest.mark.parametrize("status", [401, 403])
def test_a_documented_code_counts_whatever_the_status(
    scripted: Platform, asking: Graph, status: int
) -> None:
    """The status beside an error body is undocumented, so the body's code decides."""
    scripted.responses["promotionData"] = JSONResponse(errors_body(8015), status)
    assert asking.answer(CUSTOMER)["data"] == {"customer": None}
    assert "errors" not in asking.answer(CUSTOMER)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "UPSTREAM_AUTH_FAILED"),
        (429, "UPSTREAM_RATE_LIMITED"),
        (503, "UPSTREAM_UNAVAILABLE"),
    ],
)
@pytest.mark.parametrize(
    ("body", "coding"),
    [("x" * 20_001, "identity"), ("<html>", "br"), ("<html>", "gzip")],
    ids=["too large", "unknown coding", "not gzip"],
)
def test_a_status_counts_though_its_body_cannot_be_read(
    scripted: Platform, asking: Graph, status: int, code: str, body: str, coding: str
) -> None:
    """A proxy may write an HTML page of its own; the status decides."""
    headers = {"Content-Encoding": coding, "Retry-After": "60"}
    scripted.responses["promotionData"] = Response(body, status, headers)
    assert _error(asking)["code"] == code


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(scripted: Platform, asking: Graph, status: int) -> None:
    """The credential is sent to the configured platform only."""
    scripted.responses["promotionData"] = Response("", status, {"Location": "/v2/elsewhere"})
    assert _error(asking)["code"] == "UPSTREAM_BAD_PAYLOAD"
    assert asking.calls == 1


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP", "identity, gzip"])
@pytest.mark.parametrize("cut", [None, 99], ids=["one member", "two members"])
def test_a_compressed_answer_is_read(
    scripted: Platform, asking: Graph, coding: str, cut: int | None
) -> None:
    """The gateway accepts gzip, in each spelling that HTTP allows."""

    async def compressed(request: Request) -> Response:
        assert "gzip" in request.headers["accept-encoding"]
        body = promotion_data(scripted.world, lambda: NOW, request.query_params)
        plain = json.dumps(body).encode()
        parts = [plain] if cut is None else [plain[:cut], b"", plain[cut:]]
        packed = b"".join(gzip.compress(part) for part in parts)
        return Response(packed, 200, {"Content-Encoding": coding})

    scripted.responses["promotionData"] = compressed
    assert asking.ask(CUSTOMER) == {"customer": {"customerId": "700000006"}}


def test_nothing_listening_is_unavailable() -> None:
    """A refused connection is UPSTREAM_UNAVAILABLE, at once."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with platform() as (_, url), graph_over(url) as counting:
        with graph_over(f"http://127.0.0.1:{port}") as graph:
            answer = graph.http.post("/graphql", json={"query": CUSTOMER}).json()
        assert answer["data"] == {"customer": None}
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
        assert str(port) not in json.dumps(error)
        assert counting.calls == 0


async def _slow(_: Request) -> Response:
    await anyio.sleep(1.2)
    return JSONResponse(EMPTY_PAGE)


async def _dripping(_: Request) -> Response:
    async def drip() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b" "
            await anyio.sleep(0.05)

    return StreamingResponse(drip())


@pytest.mark.parametrize("answer", [_slow, _dripping], ids=["slow", "dripping"])
def test_an_answer_past_the_deadline_is_a_timeout(
    scripted: Platform, asking: Graph, answer: ScriptedResponse
) -> None:
    """The deadline is for the whole call: a slow response does not extend it."""
    scripted.responses["promotionData"] = answer
    started = perf_counter()
    assert _error(asking)["code"] == "UPSTREAM_TIMEOUT"
    assert 0.7 < perf_counter() - started < 2


def test_the_deadline_is_one_for_all_calls_of_an_operation(
    scripted: Platform, asking: Graph
) -> None:
    """The calls of an operation share one deadline."""

    async def a_little_slow(_: Request) -> None:
        await anyio.sleep(0.5)

    scripted.responses |= {"promotionData": a_little_slow, "promotionsV2": a_little_slow}
    answer = asking.answer(
        f'{{customer(by:{{mobile:"{MOBILE}"}})'
        "{promotions(first:2){nodes{promotion{name definition{status}}}}}}"
    )
    nodes = answer["data"]["customer"]["promotions"]["nodes"]
    assert all(node["promotion"]["name"] for node in nodes)
    assert {e["extensions"]["code"] for e in answer["errors"]} == {"UPSTREAM_TIMEOUT"}
    assert {e["path"][-1] for e in answer["errors"]} == {"definition"}


def test_a_huge_answer_is_not_read_to_its_end(scripted: Platform, asking: Graph) -> None:
    """Reading stops at the limit, and the platform finds the connection closed."""
    poured = []

    async def huge(request: Request) -> Response:
        async def pour() -> AsyncIterator[bytes]:
            for _ in range(10_000):
                if await request.is_disconnected():
                    return
                poured.append(8192)
                yield b" " * 8192

        return StreamingResponse(pour())

    scripted.responses["promotionData"] = huge
    assert _error(asking)["code"] == "UPSTREAM_BAD_PAYLOAD"
    assert sum(poured) < 40_000_000


def test_a_connection_cut_in_the_middle_is_unavailable(scripted: Platform, asking: Graph) -> None:
    """Fewer bytes than announced are an error."""

    async def cut(_: Request) -> Response:
        async def half() -> AsyncIterator[bytes]:
            yield b'{"customerId": '
            raise ConnectionResetError

        return StreamingResponse(half(), headers={"Content-Length": "500"})

    scripted.responses["promotionData"] = cut
    assert _error(asking)["code"] in {"UPSTREAM_UNAVAILABLE", "UPSTREAM_BAD_PAYLOAD"}


@pytest.mark.parametrize("key", ["node", "customerId"])
def test_another_customers_answer_is_never_served(
    scripted: Platform, asking: Graph, key: str
) -> None:
    """A response by id about another customer is UPSTREAM_BAD_PAYLOAD."""
    scripted.responses["promotionData"] = JSONResponse(EMPTY_PAGE | {"customerId": 700000007})
    query = '{customer(by:{customerId:"700000006"}){customerId}}'
    if key == "node":
        (found,) = _with(scripted, asking, CUSTOMER.replace("customerId}", "id}")).values()
        query = f'{{node(id:"{found["id"]}"){{id}}}}'
    assert _error(asking, query)["code"] == "UPSTREAM_BAD_PAYLOAD"


def test_leading_zeros_of_a_customer_id_are_no_other_customer(
    scripted: Platform, asking: Graph
) -> None:
    """The id is sent as it was given; the platform's response may have the same number."""
    scripted.responses["promotionData"] = JSONResponse(EMPTY_PAGE | {"customerId": 55})
    assert asking.ask('{customer(by:{customerId:"0055"}){customerId}}') == {
        "customer": {"customerId": "55"}
    }
    assert "identifierValue=0055" in asking.queries()[0]


def _with(scripted: Platform, graph: Graph, query: str) -> dict[str, Any]:
    answers = dict(scripted.responses)
    scripted.responses.clear()
    data: dict[str, Any] = graph.ask(query)
    scripted.responses |= answers
    return data
