"""The documented error codes, whatever HTTP status they come with."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from starlette.responses import JSONResponse

from gateway.errors import (
    PhasedOutError,
    UpstreamBusyError,
    UpstreamError,
    UpstreamRefusedError,
)
from gateway.upstream.cached_upstream import MEANINGS
from tests.support.examples import sampled
from tests.support.graph import Graph, graph_over
from tests.support.scripted_platform import Platform, errors_body, platform

CUSTOMER = '{customer(by:{mobile:"4915700000006"}){customerId}}'
LIST = '{program(programId:"9001"){promotions{totalCount}}}'
FILTERED = """{customer(by:{mobile:"4915700000006"}){
  promotions(availability:EXPIRED,type:GENERIC,sourceType:UI,programIds:["9001"]){totalCount}}}"""
EVENT = '{program(programId:"9001"){promotions(eventName:"x"){totalCount}}}'
INPUT, OURS, AUTH = "BAD_USER_INPUT", "INTERNAL_SERVER_ERROR", "UPSTREAM_AUTH_FAILED"
UNKNOWN = "UPSTREAM_BAD_PAYLOAD"
CODES = {
    **dict.fromkeys((8003, 8011, 8012, 8013, 8045, 8054, 8091, 8103, 8105, 8110), INPUT),
    **dict.fromkeys((8125, 8127, 4082, 4083, 4084, 4085), INPUT),
    **dict.fromkeys((4050, 4053, 4054, 4055, 4056, 4057, 4086), OURS),
    **dict.fromkeys((8001, 8002, 8016, 8085, 8092, 8093), OURS),
    **dict.fromkeys((8100, 8101, 8102, 8104, 8111, 8112, 8113, 8114, 8115, 8117, 8118), OURS),
    **dict.fromkeys((300004, 310151, 999999), OURS),
    **dict.fromkeys((8126, 300005, 401, 403, 498), AUTH),
    **dict.fromkeys((300006, 461, 500, 503, 521), "UPSTREAM_UNAVAILABLE"),
    **dict.fromkeys((8000, 8131, 8999, 400), UNKNOWN),
    429: "UPSTREAM_RATE_LIMITED",
}
CUSTOMERS = {
    8003: "source",
    8011: "source",
    8012: "source",
    8013: "by",
    8045: "source",
    8054: "source",
    8091: "source",
    8103: "sourceType",
    8105: "programIds",
    8110: "type",
    8125: "availability",
    8127: "source",
}
DEFINITIONS = {4082: "eventName", 4083: "eventName", 4084: "sourceTypes", 4085: "sourceTypes"}
NOT_HERE = (8015, 8065, 8089, 8109, 8121)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Platform, Graph]]:
    """Serve one platform and one gateway for the module."""
    with platform(lists_alone=True) as (scripted, url), graph_over(url) as graph:
        yield scripted, graph


@pytest.mark.parametrize(
    ("number", "status"), sampled(product(CODES, [200, 201, 400, 404, 500, 503]), 5)
)
def test_a_documented_code_has_its_meaning_at_any_status(
    served: tuple[Platform, Graph], number: int, status: int
) -> None:
    """The code is in the error; the platform's own message is not."""
    scripted, graph = served
    for query, path, name, arguments in (
        (FILTERED, ["customer", "promotions"], "promotionData", CUSTOMERS),
        (EVENT, ["program", "promotions"], "promotionsV2", DEFINITIONS),
    ):
        expected = CODES[number] if CODES[number] != INPUT or number in arguments else OURS
        for written in (number, str(number)):
            scripted.responses[name] = JSONResponse(errors_body(written), status)
            (error,) = graph.answer(query)["errors"]
            assert error["path"] == path
            assert error["extensions"]["code"] == expected
            assert error["extensions"]["upstream"] == {"name": name, "code": number}
            assert "words" not in error["message"]
            assert error["extensions"].get("argument") == arguments.get(number)
            if number in arguments:
                assert error["message"].startswith(f"{arguments[number]}: ")
            assert graph.calls == 1


@pytest.mark.parametrize(
    ("query", "name", "number"),
    [
        (CUSTOMER, "promotionData", 8105),
        (CUSTOMER, "promotionData", 8110),
        (LIST, "promotionsV2", 4083),
        ('{program(programId:"9001"){name}}', "promotionsV2", 4085),
        ('{promotion(programId:"9001",promotionId:"1"){name}}', "promotionsV2", 4085),
    ],
)
def test_an_argument_that_the_client_has_not_given_is_not_the_clients(
    served: tuple[Platform, Graph], query: str, name: str, number: int
) -> None:
    """A parameter that the gateway added is its own fault."""
    scripted, graph = served
    scripted.responses[name] = JSONResponse(errors_body(number))
    (error,) = graph.answer(query)["errors"]
    assert error["extensions"]["code"] == OURS
    assert error["extensions"]["requestId"]
    assert "argument" not in error["extensions"]


def test_the_source_type_of_a_definition_is_the_clients(served: tuple[Platform, Graph]) -> None:
    """The argument is named as it was given."""
    scripted, graph = served
    query = """{customer(by:{externalId:"C-ONE"}){promotions(first:1){nodes{promotion{
      definition(sourceType:BADGES){status}}}}}}"""
    scripted.responses.clear()
    scripted.responses["promotionsV2"] = JSONResponse(errors_body(4085))
    (error,) = graph.answer(query)["errors"]
    assert (error["extensions"]["code"], error["extensions"]["argument"]) == (INPUT, "sourceType")
    assert error["message"] == "sourceType: the loyalty platform does not know this source type."


@pytest.mark.parametrize("number", [8130, 8999, 1234, 9999, 77777, "x"])
@pytest.mark.parametrize("status", [200, 201, 400, 401, 404, 409, 461, 500, 503])
def test_an_undocumented_code_invites_nobody_to_try_again(
    served: tuple[Platform, Graph], number: object, status: int
) -> None:
    """Only beside a status of an outage; codes of the customers' endpoints, from 8000, never."""
    scripted, graph = served
    scripted.responses["promotionData"] = JSONResponse(errors_body(number), status)
    (error,) = graph.answer(CUSTOMER)["errors"]
    is_outage = status >= 500 and number not in {8130, 8999}
    assert error["extensions"]["retryable"] is is_outage
    assert (error["extensions"]["code"] == "UPSTREAM_UNAVAILABLE") is is_outage
    code = number if isinstance(number, int) else None
    assert error["extensions"]["upstream"]["code"] == code


@pytest.mark.parametrize("number", [8015, 8105, 8130, 8101])
def test_a_refusal_never_opens_the_breaker_and_is_not_tried_again(number: int) -> None:
    """A code of the customers' endpoints proves the endpoint available, whatever the status."""
    with platform() as (scripted, url), graph_over(url) as graph:
        scripted.responses["promotionData"] = JSONResponse(errors_body(number), 503)
        for _ in range(12):
            graph.http.post("/graphql", json={"query": CUSTOMER})
        assert len(scripted.requests) == 12
        del scripted.responses["promotionData"]
        answer = graph.http.post("/graphql", json={"query": CUSTOMER}).json()
        assert "errors" not in answer


@pytest.mark.parametrize("number", NOT_HERE)
@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_who_is_not_here_is_null_at_any_status(
    served: tuple[Platform, Graph], number: int, status: int
) -> None:
    """Unknown, unknown in this source, or not in the loyalty program any more."""
    scripted, graph = served
    scripted.responses["promotionData"] = JSONResponse(errors_body(number), status)
    assert graph.ask(CUSTOMER) == {"customer": None}
    assert graph.calls == 1


@pytest.mark.parametrize("number", [4027, 4029, 2010])
@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_what_is_not_here_is_null_at_any_status(
    served: tuple[Platform, Graph], number: int, status: int
) -> None:
    """There is no promotion, first rule or program with this id."""
    scripted, graph = served
    scripted.responses["promotionsV2"] = JSONResponse(errors_body(number), status)
    assert graph.ask(LIST) == {"program": {"promotions": {"totalCount": 0}}}
    promotion = '{promotion(programId:"9001",promotionId:"90010001"){name}}'
    assert graph.ask(promotion) == {"promotion": None}


@pytest.mark.parametrize(
    ("name", "query", "number"),
    [
        ("promotionData", CUSTOMER, 4027),
        ("promotionData", CUSTOMER, 2010),
        ("promotionsV2", LIST, 8015),
        ("promotionsV2", LIST, 8065),
    ],
)
def test_what_another_endpoint_does_not_have_is_not_absent_here(
    served: tuple[Platform, Graph], name: str, query: str, number: int
) -> None:
    """A not-found code about something else does not make the requested object null."""
    scripted, graph = served
    scripted.responses[name] = JSONResponse(errors_body(number))
    assert [code for code, _ in graph.errors(query)] == [UNKNOWN]


@pytest.mark.parametrize("number", [8015, 8003, 8105])
def test_a_token_that_is_refused_says_nothing_of_a_customer(number: int) -> None:
    """Codes of the customers' endpoints have no meaning at the token endpoint."""
    oauth = {"upstream_auth": "oauth", "upstream_oauth_key": "key"}
    with (
        platform() as (scripted, url),
        graph_over(url, upstream_oauth_secret="secret", **oauth) as graph,
    ):
        scripted.responses["token"] = JSONResponse(errors_body(number), 500)
        assert [code for code, _ in graph.errors(CUSTOMER)] == [UNKNOWN]


@pytest.mark.parametrize("kind", [UpstreamRefusedError, PhasedOutError, UpstreamBusyError])
def test_what_is_remembered_serves_on_where_it_is_refused_without_a_reason(
    kind: type[UpstreamError],
) -> None:
    """A stale response is served while the platform refuses without a documented reason."""
    assert MEANINGS.is_outage(kind("promotionsV2", 9999))


def test_a_program_that_is_not_known_has_no_promotion_of_a_customer(
    served: tuple[Platform, Graph],
) -> None:
    """The id comes from a global id, whose program may have been deleted."""
    scripted, graph = served
    scripted.responses["promotionData"] = JSONResponse(errors_body(8105))
    text = b"CustomerPromotion:INSTORE:700000006:9001:90010001"
    found = graph.ask(
        "query Q($id:ID!){node(id:$id){id}}", {"id": urlsafe_b64encode(text).decode().rstrip("=")}
    )
    assert found == {"node": None}


@pytest.mark.parametrize(
    "body",
    [
        {"status": {"code": 4083, "message": "m"}, "data": None, "validationErrors": None},
        {"status": {"code": "4083"}},
        {"status": {"code": 200}, "data": [], "validationErrors": [{"code": 4083}]},
        {"errors": {"code": 4083}},
        {"errors": ["garbage", {"code": "x"}, {"code": 4083}]},
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_the_legacy_envelope_tells_errors_too(
    served: tuple[Platform, Graph], body: dict[str, object], status: int
) -> None:
    """A `status` other than 200 and validation errors are error bodies, too."""
    scripted, graph = served
    scripted.responses["promotionsV2"] = JSONResponse(body, status)
    (error,) = graph.answer(EVENT)["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["upstream"] == {"name": "promotionsV2", "code": 4083}


@pytest.mark.parametrize("style", ["errors", "status"])
@pytest.mark.parametrize("status", [200, 404])
def test_the_sandboxs_own_errors(style: str, status: int) -> None:
    """End to end: an unknown customer is null, an unknown event names the argument."""
    options: dict[str, Any] = {"error_status": status, "legacy_error_style": style}
    with platform(**options) as (_, url), graph_over(url) as graph:
        data = graph.ask(
            '{customer(by:{externalId:"nobody"}){id} promotion(programId:"1",promotionId:"1"){id}}'
        )
        assert data == {"customer": None, "promotion": None}
        answer = graph.answer(
            '{program(programId:"9001"){id promotions(eventName:"Secret"){totalCount}}}'
        )
        assert answer["data"]["program"]["promotions"] is None
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert error["message"] == "eventName: the loyalty platform knows no event of this name."
