from typing import Any

from gateway.sandbox.definition_payload import render_definition
from gateway.sandbox.rulesets import rule_ids
from gateway.sandbox.world import World
from tests.sandbox.client import LEGACY_BASICS, SandboxClient

LEGACY_NAMES = {
    ("NUMBER_OF_POINTS", "EVENT"): "MAX_ALLOWED_POINTS_PER_EVENT",
    ("NUMBER_OF_POINTS", "CUSTOMER"): "MAX_ALLOWED_POINTS_PER_CUSTOMER",
    ("NUMBER_OF_POINTS", "PROMOTION"): "MAX_ALLOWED_POINTS_PER_PROMOTION",
    ("NUMBER_OF_TIMES", "CUSTOMER"): "MAX_ALLOWED_TIMES_PER_CUSTOMER",
    ("NUMBER_OF_TIMES", "PROMOTION"): "MAX_ALLOWED_TIMES_PER_PROMOTION",
    ("NUMBER_OF_REDEMPTIONS_PER_EARN", "CUSTOMER"): "MAX_REDEMPTIONS_PER_EARN_PER_CUSTOMER",
    ("NUMBER_OF_ISSUALS", "CUSTOMER"): "MAX_NUMBER_OF_ISSUALS_PER_CUSTOMER",
    ("NUMBER_OF_EARNS", "CUSTOMER"): "MAX_NUMBER_OF_EARNS_PER_CUSTOMER",
    ("NUMBER_OF_EARNS", "PROMOTION"): "MAX_NUMBER_OF_EARNS_PER_PROMOTION",
    ("NUMBER_OF_WIDGETS", "CUSTOMER"): "MAX_NUMBER_OF_WIDGETS_PER_CUSTOMER",
    ("NUMBER_OF_POINTS", "HOUSEHOLD"): "MAX_NUMBER_OF_POINTS_PER_HOUSEHOLD",
}


def facts_of_item(item: dict[str, Any]) -> dict[str, Any]:
    """Return the customer view's facts of a promotion, in neutral terms."""
    limits = item["limits"]
    return {
        "id": item["promotionId"],
        "program": item["programId"],
        "name": item["promotionName"],
        "identifier": item["identifier"],
        "description": item["description"],
        "starts": item["startDate"].replace(".000Z", ""),
        "ends": item["endDate"].replace(".000Z", ""),
        "active": item["active"],
        "event": item["eventName"].lower(),
        "limits": [
            float(limits[name])
            for name in (
                "maxPointsPerEvent",
                "pointsPerCustomer",
                "numberOFTimesPerCustomer",
                "totalPointsInPromotion",
            )
        ],
        "type": item["pointsOfferType"],
        "restrictions": restrictions_of_item(item),
    }


def restrictions_of_item(item: dict[str, Any]) -> set[tuple[Any, ...]]:
    """Return the customer view's enabled restrictions by their legacy names."""
    return {
        (
            kind,
            LEGACY_NAMES[restriction["kpi"], restriction["limitOn"]],
            float(restriction["maxLimit"]),
            restriction.get("type"),
            restriction.get("periodUnit"),
        )
        for kind, restrictions in item.get("promotionRestriction", {}).items()
        for restriction in restrictions
        if float(restriction["maxLimit"]) >= 0
    }


def facts_of_definition(definition: dict[str, Any]) -> dict[str, Any]:
    """Return the legacy view's facts of a promotion, in the same terms."""
    limits = definition["limits"]
    return {
        "id": definition["id"],
        "program": definition["programId"],
        "name": definition["name"],
        "identifier": definition["identifier"],
        "description": definition["description"],
        "starts": with_seconds(definition["startDate"]),
        "ends": with_seconds(definition["endDate"]),
        "active": definition["isActive"],
        "event": definition["eventName"].lower(),
        "limits": [
            float(limits[name])
            for name in (
                "totalPointsPerEventLimit",
                "pointsPerCustomer",
                "numberOfTimesPerCustomer",
                "totalPointsInPromotion",
            )
        ],
        "type": type_of_definition(definition),
        "restrictions": restrictions_of_definition(definition),
    }


def with_seconds(moment: str) -> str:
    """Return a legacy instant with seconds, without zone."""
    bare = moment.removesuffix("Z")
    return bare if bare.count(":") == 2 else f"{bare}:00"


def type_of_definition(definition: dict[str, Any]) -> str:
    """Apply the legacy rule: LOYALTY with ISSUE_AND_EARN is enrol and issue."""
    earning_type = definition.get("promotionRestrictions", {}).get("loyaltyEarningType")
    offer_type: str = definition["pointsOfferType"]
    if offer_type == "LOYALTY" and earning_type == "ISSUE_AND_EARN":
        return "LOYALTY_EARNING"
    return offer_type


def restrictions_of_definition(definition: dict[str, Any]) -> set[tuple[Any, ...]]:
    """Return the legacy view's restrictions without those that only it has."""
    restrictions = definition.get("promotionRestrictions", {}).get("restrictions", {})
    return {
        (kind, entry["name"], float(entry["value"]), entry.get("type"), entry.get("periodUnit"))
        for kind, entries in restrictions.items()
        if kind != "expiryRestrictions"
        for entry in entries
        if entry["name"] != "MAX_POINTS_PER_EARN_PER_CUSTOMER" and entry["value"] >= 0
    }


def read_all_definitions(
    sandbox: SandboxClient, world: World
) -> dict[tuple[int, int], dict[str, Any]]:
    """Every definition of every program and source type, read over HTTP."""
    found = {}
    for program in world.programs.values():
        for source_type, count in program.counts().items():
            for offset in range(0, count, 100):
                query = LEGACY_BASICS | {"sourceType": source_type, "offset": offset}
                answer = sandbox.legacy(
                    program.program_id, **query, includeInactivePromotions="true"
                )
                for definition in answer.json()["data"]:
                    found[program.program_id, definition["id"]] = definition
    return found


def test_both_views_agree_on_every_promotion(sandbox: SandboxClient, world: World) -> None:
    """A promotion in both views has the same facts; two of C-MIXED are defined nowhere."""
    definitions = read_all_definitions(sandbox, world)
    undefined: list[int] = []
    compared = 0
    for customer in world.customers:
        value = customer.identifiers.get("externalId", (str(customer.customer_id),))[0]
        name = "externalId" if "externalId" in customer.identifiers else "id"
        for offset in range(0, len(customer.holdings), 100):
            for item in sandbox.promotions(
                value, identifierName=name, source="ALL", offset=offset, fetchAllUsage="true"
            ):
                definition = definitions.get((item["programId"], item["promotionId"]))
                if definition is None:
                    undefined.append(item["promotionId"])
                    continue
                assert facts_of_item(item) == facts_of_definition(definition)
                compared += 1
    unified = {each.promotion.promotion_id for each in world.unified}
    assert [number for number in undefined if number not in unified] == [90059001, 90059002]
    assert compared > 3600


def test_rule_ids_are_those_of_the_rendered_rules(world: World) -> None:
    """The ids that startRuleIdentifier searches are in rulesetInfos, in all small programs."""
    for program in world.programs.values():
        for promotion in program.definitions[:200]:
            rendered = render_definition(promotion, program)["rulesetInfos"]
            assert rule_ids(promotion) == [
                rule["id"] for ruleset in rendered for rule in ruleset["rules"]
            ]
