"""A Promotion node is equal from both endpoints, as a normalising client needs."""

from typing import Any

import pytest

from gateway.schema.promotion import Promotion
from tests.support.graph import Graph
from tests.support.payloads import customer_promotion, definition, definition_with_rules

SHARED = (
    "id promotionId programId name identifier description type typeName event eventName"
    " startsAt endsAt isActive validity"
)
CUSTOMERS = ("C-101", "C-MIXED", "C-CURRENT", "C-TEN")


def _nodes(listed: Any) -> dict[str, Any]:
    return {node["id"]: node for node in listed}


def _show(attribute: str, payload: Any) -> Any:
    fields = Promotion.__strawberry_definition__.fields  # type: ignore[attr-defined]  # Strawberry puts it there
    (field,) = [each for each in fields if each.python_name == attribute]
    return field.base_resolver.wrapped_func(Promotion(payload=payload))


def test_shared_fields_are_the_same_from_both_endpoints(graph: Graph) -> None:
    """Promotions of these customers are equal from their lists and from the definitions."""
    compared, types = 0, set()
    for customer in CUSTOMERS:
        data = graph.ask(
            f'{{customer(by:{{externalId:"{customer}"}}){{promotions(first:100){{'
            f"nodes{{promotion{{{SHARED}}}}}}}}}}}"
        )
        shown = _nodes(node["promotion"] for node in data["customer"]["promotions"]["nodes"])
        defined: dict[str, Any] = {}
        for program in {node["programId"] for node in shown.values()}:
            for source_type in ("UI", "CAMPAIGN", "IMPORT_API", "USER_CREATED"):
                data = graph.ask(
                    f'{{program(programId:"{program}"){{promotions(first:100,includeInactive:true,'
                    f"sourceTypes:[{source_type}]){{nodes{{{SHARED}}}}}}}}}"
                )
                defined |= _nodes(data["program"]["promotions"]["nodes"])
        for key in shown.keys() & defined.keys():
            assert shown[key] == defined[key]
            compared += 1
            types.add(shown[key]["typeName"])
    assert compared > 20
    assert types == {"GENERIC", "LOYALTY", "LOYALTY_EARNING"}


@pytest.mark.parametrize(
    ("told", "defined", "earning", "shown"),
    [
        ("GENERIC", "GENERIC", None, "GENERIC"),
        ("LOYALTY", "LOYALTY", "DIRECT_EARN", "LOYALTY"),
        ("LOYALTY_EARNING", "LOYALTY", "ISSUE_AND_EARN", "LOYALTY_EARNING"),
        ("LOYALTY_EARNING", "LOYALTY_EARNING", None, "LOYALTY_EARNING"),
        ("Loyalty_Earning", "ENROL_AND_ISSUE", None, "LOYALTY_EARNING"),
        ("DISCOUNT", "DISCOUNT", "ISSUE_AND_EARN", "DISCOUNT"),
        (None, None, "ISSUE_AND_EARN", None),
    ],
)
def test_type_name_is_one_spelling_whichever_endpoint_told_it(
    told: str | None, defined: str | None, earning: str | None, shown: str | None
) -> None:
    """The legacy LOYALTY with ISSUE_AND_EARN is the customer view's LOYALTY_EARNING."""
    rules = definition_with_rules(loyaltyEarningType=earning)
    rules.type_name = defined
    for payload in (customer_promotion(pointsOfferType=told), rules):
        assert _show("type_name", payload) == shown


@pytest.mark.parametrize(
    ("told", "defined"),
    [
        ({"startDate": "2025-06-23T00:00:00.000Z"}, {"startDate": "2025-06-23T00:00Z"}),
        ({"endDate": "2026-08-25T23:59:59.000Z"}, {"endDate": 1787702399000}),
        ({"eventName": "TargetCompleted"}, {"eventName": "TARGETCOMPLETED"}),
        ({"eventName": "CUSTOMERUPDATE"}, {"eventName": "CustomerUpdate"}),
        ({"active": True}, {"isActive": "true"}),
        ({"promotionName": "2X "}, {"name": "2X "}),
        ({"identifier": None}, {}),
    ],
)
def test_what_two_payloads_spell_differently_is_shown_the_same(
    told: dict[str, Any], defined: dict[str, Any]
) -> None:
    """Dates, events and flags have several spellings upstream and one in the graph."""
    (key,) = told
    attribute = {
        "startDate": "starts_at", "endDate": "ends_at", "eventName": "event_name",
        "active": "is_active", "promotionName": "name", "identifier": "identifier",
    }[key]  # fmt: skip
    there, here = customer_promotion(**told), definition(**({"identifier": None} | defined))
    assert _show(attribute, there) == _show(attribute, here)
