"""The meaning of each HTTP status of the platform, as clients and operators see it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

import pytest
from starlette.responses import JSONResponse, Response

from gateway.upstream.http_statuses import STATUSES, CircuitOutcome, meaning_of
from tests.support.graph import Graph, graph_over, serve_gateway
from tests.support.scripted_platform import Platform, platform

CUSTOMER = '{customer(by:{mobile:"4915700000006"}){customerId}}'
FOUND = {"customerId": 700000006, "promotions": [], "pageDetails": {"totalEntries": 0}}
BAD, DOWN, AUTH = "UPSTREAM_BAD_PAYLOAD", "UPSTREAM_UNAVAILABLE", "UPSTREAM_AUTH_FAILED"
OURS = "INTERNAL_SERVER_ERROR"


class Row(NamedTuple):
    """The client's error code, the breaker's outcome, and whether the gateway retries."""

    code: str
    told: CircuitOutcome
    retryable: bool = False
    is_retried: bool = False


TABLE = {
    301: Row(BAD, CircuitOutcome.SUCCESS),
    400: Row(BAD, CircuitOutcome.SUCCESS),
    401: Row(AUTH, CircuitOutcome.SUCCESS),
    403: Row(AUTH, CircuitOutcome.SUCCESS),
    404: Row(BAD, CircuitOutcome.SUCCESS),
    405: Row(OURS, CircuitOutcome.SUCCESS),
    406: Row(OURS, CircuitOutcome.SUCCESS),
    408: Row(DOWN, CircuitOutcome.NEUTRAL, retryable=True),
    410: Row("UPSTREAM_GONE", CircuitOutcome.SUCCESS),
    414: Row(OURS, CircuitOutcome.SUCCESS),
    415: Row(OURS, CircuitOutcome.SUCCESS),
    418: Row(BAD, CircuitOutcome.SUCCESS),
    429: Row("UPSTREAM_RATE_LIMITED", CircuitOutcome.NEUTRAL, retryable=True),
    431: Row(OURS, CircuitOutcome.SUCCESS),
    461: Row(DOWN, CircuitOutcome.NEUTRAL, retryable=True),
    498: Row(AUTH, CircuitOutcome.SUCCESS),
    500: Row(DOWN, CircuitOutcome.FAILURE, retryable=True),
    501: Row(DOWN, CircuitOutcome.FAILURE, retryable=True),
    502: Row(DOWN, CircuitOutcome.FAILURE, retryable=True, is_retried=True),
    503: Row(DOWN, CircuitOutcome.FAILURE, retryable=True, is_retried=True),
    504: Row(DOWN, CircuitOutcome.FAILURE, retryable=True, is_retried=True),
    521: Row(DOWN, CircuitOutcome.NEUTRAL, retryable=True),
    599: Row(DOWN, CircuitOutcome.FAILURE, retryable=True),
}


@pytest.fixture(scope="module")
def scripted() -> Iterator[tuple[Platform, str]]:
    """Serve one platform for the module."""
    with platform() as served:
        yield served


@contextmanager
def saving(url: str) -> Iterator[Graph]:
    """Serve a gateway whose retry budget has a retry; return a client."""
    with serve_gateway(url) as gateway, closing(Graph(gateway, url)) as graph:
        for _ in range(5):
            graph.ask("{ok: " + CUSTOMER[1:])
        yield graph


def test_the_table_is_whole() -> None:
    """Each status with a meaning of its own has a row."""
    assert STATUSES.keys() <= TABLE.keys()
    for status, row in TABLE.items():
        meaning = meaning_of(status)
        told = (meaning.error.code, meaning.error.retryable, meaning.outcome)
        assert told == (row.code, row.retryable, row.told)
        assert meaning.is_retried is (row.is_retried or status == 429)


@pytest.mark.parametrize("status", TABLE)
def test_a_status_has_its_meaning(scripted: tuple[Platform, str], status: int) -> None:
    """Without a documented code; counted in calls while the breaker admits them."""
    served, url = scripted
    row = TABLE[status]
    served.responses.clear()
    with saving(url) as graph:
        served.responses["promotionData"] = Response("<html>", status, {"Location": "/elsewhere"})
        (error,) = graph.answer(CUSTOMER)["errors"]
        assert error["extensions"]["code"] == row.code
        assert error["extensions"]["retryable"] is row.retryable
        assert error["extensions"]["upstream"] == {"name": "promotionData", "code": None}
        is_sent_again = status == 408  # on a connection of its own
        assert graph.calls == 1 + (row.is_retried or is_sent_again)
        if status == 429:
            return  # its pause holds what follows
        for _ in range(6):
            graph.answer(CUSTOMER)
        assert bool(graph.calls) is (row.told is not CircuitOutcome.FAILURE)


@pytest.mark.parametrize("status", [461, 500, 503, 521])
def test_a_wait_that_the_platform_tells_is_handed_on(
    scripted: tuple[Platform, str], status: int
) -> None:
    """In whole seconds, and never 0."""
    served, url = scripted
    with graph_over(url) as graph:
        for told, wait_s in (("7", 7), ("0", 1), ("86400", 300)):
            served.responses["promotionData"] = Response("", status, {"Retry-After": told})
            (error,) = graph.answer(CUSTOMER)["errors"]
            assert error["extensions"]["retryAfterS"] == wait_s


def test_a_201_with_a_page_is_an_answer(scripted: tuple[Platform, str]) -> None:
    """201 means that some of several requests failed; this one did not."""
    served, url = scripted
    with graph_over(url) as graph:
        served.responses["promotionData"] = JSONResponse(FOUND, 201)
        assert graph.ask(CUSTOMER) == {"customer": {"customerId": "700000006"}}
        served.responses["promotionData"] = JSONResponse({}, 201)
        assert [code for code, _ in graph.errors(CUSTOMER)] == [BAD]


@pytest.mark.parametrize("status", [202, 203, 204, 206, 304])
def test_no_other_status_brings_an_answer(scripted: tuple[Platform, str], status: int) -> None:
    """Not even with a page as its body, which is undocumented."""
    served, url = scripted
    body = None if status in {204, 304} else JSONResponse(FOUND).body
    with graph_over(url) as graph:
        served.responses["promotionData"] = Response(body, status)
        assert [code for code, _ in graph.errors(CUSTOMER)] == [BAD]


@pytest.mark.parametrize("status", [401, 498])
def test_a_token_that_has_run_out_is_renewed(scripted: tuple[Platform, str], status: int) -> None:
    """It is retried once, and the client gets the result."""
    served, url = scripted
    served.responses.clear()
    options = {"upstream_auth": "oauth", "upstream_oauth_key": "sandbox-key"}
    with graph_over(url, upstream_oauth_secret="sandbox-secret", **options) as graph:
        graph.ask(CUSTOMER)
        refusals = [Response("", status)]

        async def refuse_once(_: Any) -> Response | None:
            return refusals.pop() if refusals else None

        served.responses["promotionData"] = refuse_once
        assert graph.ask(CUSTOMER) == {"customer": {"customerId": "700000006"}}
        assert graph.calls == 3
