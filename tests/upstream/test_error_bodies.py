"""The documented error codes, whatever HTTP status they come with."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.responses import JSONResponse

from tests.graph import Graph, graph_over
from tests.upstream.scripted import Platform, errors_body, platform

CUSTOMER = '{customer(by:{mobile:"4915700000006"}){customerId}}'
LIST = '{program(programId:"9001"){promotions{totalCount}}}'
INPUT, OURS = "BAD_USER_INPUT", "INTERNAL_SERVER_ERROR"
CODES = {
    8003: INPUT,
    8013: INPUT,
    4082: INPUT,
    4083: INPUT,
    4084: INPUT,
    4085: INPUT,
    4050: OURS,
    4055: OURS,
    4056: OURS,
    4086: OURS,
    8101: OURS,
    9999: "UPSTREAM_UNAVAILABLE",
}
NAMED = {
    8003: "source",
    8013: "by",
    4082: "eventName",
    4083: "eventName",
    4084: "sourceTypes",
    4085: "sourceTypes",
}


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Platform, Graph]]:
    """Serve one platform and one gateway for all tests here."""
    with platform() as (scripted, url), graph_over(url) as graph:
        yield scripted, graph


@pytest.mark.parametrize("status", [200, 201, 400, 404, 500, 503])
@pytest.mark.parametrize("number", CODES)
def test_a_documented_code_has_its_meaning_at_any_status(
    served: tuple[Platform, Graph], number: int, status: int
) -> None:
    """The code stays visible; the platform's own words do not."""
    scripted, graph = served
    for query, path, name in (
        (CUSTOMER, ["customer"], "promotionData"),
        (LIST, ["program", "promotions"], "promotionsV2"),
    ):
        for written in (number, str(number)):
            scripted.answers[name] = JSONResponse(errors_body(written), status)
            (error,) = graph.answer(query)["errors"]
            assert error["path"] == path
            assert error["extensions"]["code"] == CODES[number]
            assert error["extensions"]["upstream"] == {"name": name, "code": number}
            assert "words" not in error["message"]
            if number in NAMED:
                assert error["message"].startswith(f"{NAMED[number]}: ")


@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_what_is_not_here_is_null_at_any_status(
    served: tuple[Platform, Graph], status: int
) -> None:
    """8015 and 4027 are no errors."""
    scripted, graph = served
    scripted.answers["promotionData"] = JSONResponse(errors_body(8015), status)
    scripted.answers["promotionsV2"] = JSONResponse(errors_body(4027), status)
    assert graph.ask(CUSTOMER) == {"customer": None}
    assert graph.ask(LIST) == {"program": {"promotions": {"totalCount": 0}}}
    promotion = '{promotion(programId:"9001",promotionId:"90010001"){name}}'
    assert graph.ask(promotion) == {"promotion": None}


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
    """A `status` that is not 200, or validation errors, are an error body as well."""
    scripted, graph = served
    scripted.answers["promotionsV2"] = JSONResponse(body, status)
    (error,) = graph.answer(LIST)["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["upstream"] == {"name": "promotionsV2", "code": 4083}


@pytest.mark.parametrize("style", ["errors", "status"])
@pytest.mark.parametrize("status", [200, 404])
def test_the_sandboxs_own_errors(style: str, status: int) -> None:
    """Over the whole way: nobody is null, an unknown event names the argument."""
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
