"""Values that share a memo's key look the same: 1, 1.0 and True are equal, 0.0 and -0.0 too."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from graphql import GraphQLObjectType
from starlette.requests import Request
from starlette.responses import Response

from gateway.execution.bridge import definition_of
from gateway.execution.field_info import FieldInfo, FieldInfos
from gateway.execution.leaf_types import INT32, may_be_key
from gateway.schema.build import build_schema
from gateway.upstream.normalise.instants import parse_instant
from gateway.upstream.normalise.limits import (
    LimitFigures,
    as_float,
    is_exhausted,
    parse_configured_limit,
    parse_limit,
    remaining,
)
from tests.support.graph import graph_over
from tests.support.payloads import customer_item, customer_page
from tests.support.scripted_platform import platform

EQUALS: list[list[Any]] = [
    [0.0, -0.0, 0, Decimal(0), Decimal("-0.000")],
    [1.0, 1, Decimal(1), Decimal("1.000")],
    [9007199254740992.0, 9007199254740992, Decimal(9007199254740992)],
]


def _figures(limit: LimitFigures) -> str:
    figures = as_float(limit.maximum), as_float(limit.used), remaining(limit), is_exhausted(limit)
    return repr((limit.kind, *figures))


@pytest.mark.parametrize("equals", EQUALS)
@pytest.mark.parametrize("read", [parse_limit, parse_configured_limit])
def test_equal_figures_are_shown_the_same(read: Any, equals: list[Any]) -> None:
    """They meet under one key, in whatever order they come."""
    for one, other in permutations(equals, 2):
        assert one == other
        assert hash(one) == hash(other)
        assert _figures(read(one, one)) == _figures(read(other, other))
        assert _figures(read(None, one)) == _figures(read(None, other))
        assert _figures(read(7.0, one)) == _figures(read(7.0, other))


def test_values_that_print_differently_are_not_equal_where_they_are_keys() -> None:
    """A class of numbers alone, and never floats; a text is equal to no number."""
    one: list[set[Any]] = [{int}, {INT32}, {bool}, {str}, {int, str, type(None)}, {int, INT32}]
    for domain in one:
        assert may_be_key(frozenset(domain)), domain
    mixed: list[set[Any]] = [
        {float},
        {int, float},
        {int, bool},
        {INT32, bool},
        {str, float},
        {list},
    ]
    for domain in mixed:
        assert not may_be_key(frozenset(domain)), domain
    assert not may_be_key(None)


def _kept_fields() -> Iterator[FieldInfo]:
    schema = build_schema()
    fields = FieldInfos(schema)
    for kind in fields.schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and kind.name[:2] != "__":
            for name in kind.fields:
                if definition_of(kind.fields[name]) is not None:
                    yield fields.get(kind, name)


def test_fields_that_are_kept_by_their_raw_value_have_such_values() -> None:
    """Dates and words; a number beside a text, and no float."""
    kept = [field for field in _kept_fields() if field.is_memoised]
    assert len(kept) > 10
    for field in kept:
        assert may_be_key(field._raw_domain), (field.owner, field.name)  # noqa: SLF001 - what it is kept by


def test_a_date_as_number_and_as_text_are_two_values() -> None:
    """The same instant, and neither hides what the other is."""
    assert parse_instant(1750670704532) == parse_instant("1750670704532")
    assert parse_instant("1") is None
    assert parse_instant(1) is None


@pytest.mark.parametrize("order", [("-0.0", 0), (0, "-0.0"), (-0.0, "0.000")])
def test_a_page_with_both_zeros_shows_one(order: tuple[Any, Any]) -> None:
    """Whichever comes first, in limits, usage and restrictions: byte for byte."""
    query = (
        '{customer(by:{mobile:"1"}){promotions(first:2){nodes{limits{pointsPerCustomer{used max'
        " remaining} timesPerCustomer{used}} restrictions{limit{kind max used remaining}}}}}}"
    )
    items: list[dict[str, Any]] = []
    for zero in order:
        restriction = {"kpi": "NUMBER_OF_TIMES", "maxLimit": zero, "currentCustomerUsage": zero}
        items.append(
            customer_item()
            | {
                "promotionId": len(items) + 1,
                "limits": {"pointsPerCustomer": 5, "numberOFTimesPerCustomer": zero},
                "customerUsage": {
                    "currentPointsPerCustomer": zero, "currentNumberOfTimesPerCustomer": zero,
                },
                "promotionRestriction": {"earnRestrictions": [restriction]},
            }
        )  # fmt: skip

    with platform() as (scripted, url), graph_over(url) as graph:

        async def answer(_: Request) -> Response:
            return Response(customer_page(*items), media_type="application/json")

        scripted.responses["promotionData"] = answer
        body = graph.http.post("/graphql", json={"query": query}).text
        assert "errors" not in body
        assert "-0" not in body
        assert body.count('"used":0.0') == 6
        assert body.count('"max":0.0') == 2
