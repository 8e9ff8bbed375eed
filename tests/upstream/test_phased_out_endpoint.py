"""The phase-out of the legacy endpoint, as GraphQL clients see it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import Response

from tests.support.faulty_platform import WORLD, faulty
from tests.support.graph import Graph, serve_gateway
from tests.support.http_client import TLS
from tests.support.scripted_platform import Platform, platform

PAGE = """{ customer(by: {externalId: "C-TEN"}) { promotions(first: 3) {
  totalCount nodes { promotion { name definition { status } } } } } }"""
WARNING = [
    {
        "code": "DEFINITIONS_PHASED_OUT",
        "message": "The loyalty platform no longer offers this endpoint.",
    }
]


def _is_told_once(graph: Graph, page: str = PAGE) -> bool:
    answer = graph.answer(page)
    nodes = answer["data"]["customer"]["promotions"]["nodes"]
    assert [node["promotion"]["definition"] for node in nodes] == [None] * 3
    assert all(node["promotion"]["name"] for node in nodes)
    return "errors" not in answer and answer["extensions"]["warnings"] == WARNING


def test_definitions_are_null_with_one_warning_when_the_endpoint_is_gone() -> None:
    """A 410 affects definitions only, is logged once, and is not requested again."""
    gone = ("status=410,endpoint=promotionsV2", "status=410,endpoint=promotionById")
    with faulty(*gone) as (graph, _):
        assert _is_told_once(graph)
        assert graph.calls == 3
        assert _is_told_once(graph)
        assert graph.calls == 1


def _program(number: int) -> dict[str, str]:
    return {"query": f'{{ program(programId: "{number}") {{ promotions {{ totalCount }} }} }}'}


@contextmanager
def _missing(**settings: Any) -> Iterator[tuple[Callable[..., str], Platform, set[str]]]:
    """Serve a gateway on a platform with 404 for the programs of the set, "*" for all."""
    missing: set[str] = set()

    async def definitions(request: Request) -> Response | None:
        program = request.url.path.split("/")[-2]
        credential = request.headers["authorization"]
        gone = missing & {"*", program, credential}
        return Response("", 410 if credential in gone else 404) if gone else None

    with (
        platform(WORLD) as (scripted, platform_url),
        serve_gateway(platform_url, **settings) as url,
        httpx.Client(base_url=url, trust_env=False, verify=TLS) as http,
    ):
        scripted.responses["promotionsV2"] = definitions

        def ask(number: int, **headers: str) -> str:
            answer = http.post("/graphql", json=_program(number), headers=headers).json()
            errors = answer.get("errors")
            return errors[0]["extensions"]["code"] if errors else "ok"

        yield ask, scripted, missing


def test_three_programs_that_had_answered_mean_that_the_endpoint_is_gone() -> None:
    """One 404 may be the program's; those of three programs found before are the endpoint's."""
    with _missing() as (ask, scripted, missing):
        assert [ask(number) for number in (9001, 9002, 9003)] == ["ok"] * 3
        missing.add("*")
        assert [ask(number) for number in (9001, 9002, 9003)] == [
            "UPSTREAM_BAD_PAYLOAD",
            "UPSTREAM_BAD_PAYLOAD",
            "UPSTREAM_GONE",
        ]
        made = len(scripted.requests)
        assert ask(9004) == "UPSTREAM_GONE"
        assert len(scripted.requests) == made


def test_made_up_programs_leave_the_others_their_definitions() -> None:
    """Each unknown program is requested once."""
    with _missing() as (ask, scripted, missing):
        missing.update(str(number) for number in range(1, 9))
        for _ in range(3):
            assert {ask(number) for number in range(1, 9)} == {"UPSTREAM_BAD_PAYLOAD"}
        assert len(scripted.requests) == 8
        assert ask(9001) == "ok"


def test_a_tenant_whose_endpoint_is_gone_shuts_out_no_other() -> None:
    """With passthrough, responses to one credential prove nothing for another."""
    good, gone = "Basic c2FuZGJveDpzYW5kYm94", "Basic YTph"
    with _missing(upstream_auth="passthrough") as (ask, _, missing):
        missing.add(gone)
        for number in (9001, 9002, 9003, 9004):
            assert ask(number, Authorization=gone) == "UPSTREAM_GONE"
        assert ask(9001, Authorization=good) == "ok"


def test_a_source_type_is_a_warning_when_the_endpoint_is_off() -> None:
    """With GATEWAY_DEFINITIONS=v3 it is not called: only it has source types."""
    page = PAGE.replace("definition {", "definition(sourceType: UI) {")
    with faulty(definitions="v3") as (graph, _):
        assert _is_told_once(graph, page)
        assert graph.calls == 1
