"""Other shapes of the platform's values are read, and no item is lost."""

from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from tests.support.graph import Graph, graph_over
from tests.support.metrics import scrape
from tests.support.payloads import (
    customer_item,
    customer_page,
    definition_item,
    definition_page,
)
from tests.support.scripted_platform import platform

CUSTOMER = """{customer(by:{mobile:"1"}){promotions(first:5){totalCount warnings{message} nodes{
  promotion{name identifier description eventName isActive startsAt}
  metadata{key value isBrandDefined} enrolments{enrolmentId}
}}}}"""
DEFINITIONS = """{program(programId:"973"){promotions(first:1){warnings{message} nodes{name
  definition{scopes expiryReminder cappingStatus targetRuleIds
    rulesets{filters{properties{name values}} rules{expressionDataType expressionTree
      outcomes{case actions{properties{name value} complexProperties}}}}}
}}}}"""


def _asked(graph: Graph, query: str) -> Any:
    (root,) = graph.ask(query).values()
    assert root["promotions"]["warnings"] == []
    return root["promotions"]["nodes"]


def _counted(graph: Graph, endpoint: str) -> float:
    name = 'gateway_upstream_undocumented_values_total{effect="'
    samples = scrape(str(graph.http.base_url).rstrip("/"))
    return sum(
        number
        for series, number in samples.items()
        if series.startswith(name) and f'endpoint="{endpoint}"' in series
    )


def _customer_items() -> list[tuple[dict[str, Any], dict[str, Any], int]]:
    """Return items, the graph's values of the changed fields, and the number of surprises."""
    big = 1234567890123456789
    metadata = [{"key": "a", "value": big}, {"key": "b", "value": True}, {"key": 5, "value": "x"}]
    return [
        (customer_item() | {"promotionId": 1, "identifier": big}, {"identifier": str(big)}, 1),
        (customer_item() | {"promotionId": 2, "promotionName": 2024}, {"name": "2024"}, 1),
        (customer_item() | {"promotionId": 3, "promotionMetadata": metadata}, {}, 3),
        (
            customer_item() | {"promotionId": 4, "promotionMetadata": metadata[0], "limits": []},
            {},
            3,
        ),
        (customer_item() | {"promotionId": 5, "promotionMetadata": {}, "endDate": {}}, {}, 2),
    ]


@pytest.mark.parametrize("at", range(5))
def test_customer_view_of_another_shape_costs_no_promotion(at: int) -> None:
    """Numbers keep their digits, one object is a list of one, and each is counted."""
    item, shown, surprises = _customer_items()[at]
    with platform() as (scripted, url), graph_over(url) as graph:

        async def answer(_: Request) -> Response:
            body = customer_page(item).replace(b'"value":true', b'"value":1.10')
            return Response(body, media_type="application/json")

        scripted.responses["promotionData"] = answer
        (node,) = _asked(graph, CUSTOMER)
        assert shown.items() <= node["promotion"].items()
        values = {entry["key"]: entry["value"] for entry in node["metadata"]}
        expected = [None, None, {"a": "1234567890123456789", "b": "1.10", "5": "x"},
                    {"a": "1234567890123456789"}, {}][at]  # fmt: skip
        assert expected is None or values == expected
        assert _counted(graph, "promotionData") == surprises


def test_definition_of_the_real_platform_is_shown_whole() -> None:
    """A scope with ids, a reminder as an object, a boolean and a type as an object."""
    item = definition_item()
    reminder = {"remindBeforeDays": [7], "smsTemplate": "x"}
    item["promotionRestrictions"] |= {
        "scope": [{"type": "TIER", "ids": [1]}, {"type": "PROGRAM", "ids": [2]}],
        "expiryReminder": reminder,
        "cappingStatus": False,
    }
    rule = item["rulesetInfos"][0]["rules"][0]
    rule["expDataType"] = {"typeName": "boolean", "allowedValues": {}, "isMultiSelect": False}
    rule["expJSON"] = {"arity": "literal"}
    action = rule["caseToActions"]["true"][0]
    action["mandatoryPropertiesValues"] = {
        "Points": "@",
        "Big": 12345678901234567890123,
        "On": True,
    }
    action["mandatoryComplexPropertiesValues"] = {"A": {"b": 1}}
    with platform() as (scripted, url), graph_over(url) as graph:

        async def answer(_: Request) -> Response:
            body = definition_page(item).replace(b'"@"', b"1.10")
            return Response(body, media_type="application/json")

        scripted.responses["promotionsV2"] = answer
        (node,) = _asked(graph, DEFINITIONS)
        definition = node["definition"]
        assert definition["scopes"] == ["TIER", "PROGRAM"]
        assert definition["expiryReminder"] == '{"remindBeforeDays":[7],"smsTemplate":"x"}'
        assert definition["cappingStatus"] == "false"
        (shown,) = definition["rulesets"][0]["rules"]
        assert shown["expressionDataType"] == "boolean"
        assert shown["expressionTree"] == {"arity": "literal"}
        (did,) = shown["outcomes"][0]["actions"]
        assert did["complexProperties"] == {"A": {"b": 1}}
        values = {each["name"]: each["value"] for each in did["properties"]}
        assert values == {"Points": "1.10", "Big": "12345678901234567890123", "On": "true"}
        assert _counted(graph, "promotionsV2") == 0
        # Beside a broken promotion, and with another shape of its own, it is the same.
        item["promotionRestrictions"]["targetRuleIds"] = 123
        scripted.responses["promotionsV2"] = answer
        (again,) = _asked(graph, DEFINITIONS.replace("first:1", "first:2"))
        assert again == node | {"definition": definition | {"targetRuleIds": ["123"]}}
        assert _counted(graph, "promotionsV2") == 1
