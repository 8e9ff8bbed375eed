"""The rulesets of a generated promotion, as pure functions of its id."""

from typing import Any

from gateway.sandbox.promotion import Promotion

# The documented example's open-ended rule: from 2004 to the year 3034.
OPEN_START_MS = 1089532593324
OPEN_END_MS = 33593126193324

_ACTION_CLASSES = "com.capillary.shopbook.pointsengine.endpoint.impl.action."
_FILTER_CLASSES = "com.capillary.shopbook.emf.impl.filter."

# `exp` with its `expJSON`: JSON inside a string. The fourth is truncated on purpose.
_EXPRESSIONS: tuple[tuple[str, str | None], ...] = (
    ("true", '{ "arity": "literal", "value": "true", "type": "boolean:primitive" }'),
    (
        "currentTxn.value>=500",
        (
            '{"arity":"operation","value":">=","type":"boolean:primitive","operands":['
            '{"arity":"name","value":"currentTxn.value"},'
            '{"arity":"literal","value":"500","type":"real:primitive"}]}'
        ),
    ),
    ("currentTxn.notes.contains('GENERIC')", None),
    ("currentCustomer.isLoyalty", '{"arity":"name","value":"currentCustomer.'),
)


def ruleset_count(promotion: Promotion) -> int:
    """Return the number of rulesets of a promotion: 0 to 2."""
    return (1, 1, 2, 1, 0)[promotion.promotion_id % 5]


def rule_ids(promotion: Promotion) -> list[int]:
    """Return the ids by which `startRuleIdentifier` finds a promotion."""
    if promotion.documented_definition is not None:
        return [
            rule["id"]
            for ruleset in promotion.documented_definition["rulesetInfos"]
            for rule in ruleset["rules"]
        ]
    return [
        rule_id
        for index in range(ruleset_count(promotion))
        for rule_id in _rule_ids(promotion, index)
    ]


def _ruleset_id(promotion: Promotion, index: int) -> int:
    return promotion.promotion_id * 100 + index * 10


def _rule_ids(promotion: Promotion, index: int) -> range:
    first = _ruleset_id(promotion, index) + 1
    return range(first, first + 1 + promotion.promotion_id % 3)


def render_rulesets(promotion: Promotion) -> list[dict[str, Any]]:
    """Return the `rulesetInfos` of a promotion."""
    return [_ruleset(promotion, index) for index in range(ruleset_count(promotion))]


def _ruleset(promotion: Promotion, index: int) -> dict[str, Any]:
    number = promotion.promotion_id
    ruleset_id = _ruleset_id(promotion, index)
    user = 75_001_234 if number % 2 == 0 else -1
    return {
        "id": ruleset_id,
        "orgName": "Sandbox",
        "contextID": 2932 + promotion.program_id,
        "orgID": 100737,
        "contextType": "program",
        "rules": [
            _rule(promotion, ruleset_id, position, rule_id)
            for position, rule_id in enumerate(_rule_ids(promotion, index))
        ],
        "ruleScope": "SERVER",
        **_times(promotion, user, open_ended=number % 3 != 0),
        "name": f"ruleset_{ruleset_id}",
        "packageName": "promotions" if number % 4 == 0 else "",
        "description": "Promotional Rulesets",
        "filterInfo": _filters(ruleset_id, -1, number % 3),
        "eventType": promotion.event_name if number % 4 == 0 else None,
        "cappingInfo": [{"cappingType": "POINTS", "value": 100}] if number % 6 == 0 else [],
        "updatedViaNewUI": number % 5 == 0,
        "label": f"label_{ruleset_id}",
        "private": number % 2 == 0,
    }


def _rule(promotion: Promotion, ruleset_id: int, position: int, rule_id: int) -> dict[str, Any]:
    expression, tree = _EXPRESSIONS[(promotion.promotion_id + position) % len(_EXPRESSIONS)]
    user = 75_001_234 if rule_id % 2 == 0 else -1
    times = _times(promotion, user, open_ended=rule_id % 3 != 0)
    return {
        "id": rule_id,
        "exp": expression,
        "expJSON": tree,
        "jsonType": "JNODE",
        "isActive": position != 2,
        "priority": position - 1,
        "startDate": times["startDate"],
        "endDate": times["endDate"],
        "createdOn": times["createdOn"],
        "caseToActions": _cases(rule_id),
        "ruleScope": "SERVER",
        "createdBy": times["createdBy"],
        "modifiedBy": times["modifiedBy"],
        "modifiedOn": times["modifiedOn"],
        "name": f"Rule {position + 1}",
        "description": f"Rule {position + 1}" if position == 0 else "",
        "expDataType": _data_type(rule_id) if rule_id % 4 == 0 else None,
        "filterInfo": _filters(rule_id, rule_id, rule_id % 2),
        "ruleSetId": ruleset_id,
        "updatedViaNewUI": rule_id % 5 == 0,
    }


def _data_type(rule_id: int) -> str | dict[str, Any]:
    if rule_id % 8:
        return "boolean:primitive"
    return {"typeName": "boolean:primitive", "allowedValues": {}, "isMultiSelect": False}


def _times(promotion: Promotion, user: int, *, open_ended: bool) -> dict[str, int]:
    starts = int(promotion.starts_at.timestamp() * 1000)
    return {
        "startDate": OPEN_START_MS if open_ended else starts,
        "endDate": OPEN_END_MS if open_ended else int(promotion.ends_at.timestamp() * 1000),
        "createdOn": starts - 86_400_000,
        "createdBy": user,
        "modifiedBy": user,
        "modifiedOn": starts - 43_200_532,
    }


def _cases(rule_id: int) -> dict[str, list[dict[str, Any]]]:
    cases = {"true": [_action(rule_id * 10 + nth) for nth in range(1 + rule_id % 2)]}
    if rule_id % 3 == 0:
        cases["false"] = [_action(rule_id * 10 + 9)]
    return cases


def _action(action_id: int) -> dict[str, Any]:
    if action_id % 4 == 0:
        return {
            "id": action_id,
            "actionName": "ISSUE_VOUCHER_ACTION",
            "actionClass": _ACTION_CLASSES + "IssueVoucherActionImpl",
            "mandatoryPropertiesValues": {"VoucherSeriesId": action_id % 100_000, "Notify": None},
            "mandatoryComplexPropertiesValues": {"Tiers": [{"tier": "Gold", "factor": 1.5}]},
            "description": "Issues a voucher",
        }
    return {
        "id": action_id,
        "actionName": "AWARD_POINTS_ACTION",
        "actionClass": _ACTION_CLASSES + "AwardPointsActionImpl",
        "mandatoryPropertiesValues": {
            "AwardStrategy": "82690",
            "ExpiryStrategy": "81042",
            "PointsRoundingStrategy": "ACTUAL",
        },
        "mandatoryComplexPropertiesValues": {},
        "description": None,
    }


def _filters(owner: int, rule_id: int, count: int) -> list[dict[str, Any]]:
    kinds: tuple[tuple[str, dict[str, list[str]]], ...] = (
        ("LoyaltyType", {"loyaltyType": ["loyalty"]}),
        ("EventSource", {"eventSource": ["INSTORE", "ECOMMERCE"], "excluded": []}),
    )
    return [
        {
            "id": owner * 10 + nth,
            "orgID": 100737,
            "ruleID": rule_id,
            "name": name,
            "className": f"{_FILTER_CLASSES}{name}FilterImpl",
            "isInclude": nth == 0,
            "propertyToValues": values,
        }
        for nth, (name, values) in enumerate(kinds[:count])
    ]
