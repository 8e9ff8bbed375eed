"""What an unreadable value costs, for every field, written out by hand.

Each struct of a payload has the path at which the documented examples contain one, and two groups
of its wire keys, each key with its kind of value: those that cost the whole item, and those that
become null.
"""

from typing import Any, NamedTuple

import msgspec

from gateway.upstream.customer_view import payload as customer_view_payload
from gateway.upstream.definitions import payload as definition_payload
from tests.support.payloads import Step


class Part(NamedTuple):
    """One struct: its path, and what its keys cost."""

    path: tuple[Step, ...]
    left_out: dict[str, str]
    null: dict[str, str]


_NUMBERS = [
    True,
    [],
    {},
    " 12",
    "0x10",
    "\uff11\uff12",
    "abc",
    "NaN",
    "Infinity",
    "1e999",
    "9" * 5_000,
]
GARBAGE: dict[str, list[Any]] = {
    "digits": [None, "", "abc", -1, "-1", 1.5, 2**63, *_NUMBERS[:8]],
    "required key": [None, "", 1.5, True, [], {}],
    "key": [1.5, True, [], {}],
    "required text": [None, [], {}, ["x"], {"x": 1}],
    "text": [[], {}],
    "flag": ["maybe", "", 2, -1, 1.5, [], {}],
    "instant": [12.5, True, [], {}],
    "figure": [-2, "-1.5", *_NUMBERS],
    "usage": [-1, "-1", "-0.5", *_NUMBERS],
    "count": [-1, 1.5, "1.5", 2**31, *_NUMBERS],
    "integer": [1.5, "1.5", 2**31, -(2**31) - 1, *_NUMBERS],
    "object": [5, "x", True, [5], [[]], [{}, {}]],
    "list": [5, "x", True],
    "list of objects": [5, "x", True, {"x": 1}, [None], [5], [[]], ["x"]],
    "entries": [5, "x", True, [None], [5], [[]], ["x"], [{"x": 1}], {"key": []}],
    "nullable list": [5, "x", True],
    "keys": [1.5, True, {"x": 1}, [None], [[]], [1.5], [""]],
    "map": [5, "x", True, [5], [{}, {}]],
    "map of keys": [5, "x", {"1": True}, {"1": [None]}],
    "map of actions": [5, "x", {"true": 5}, {"true": [None]}, {"true": [{}]}, {"true": {"x": 1}}],
}

PLAIN: dict[str, list[tuple[Any, Any]]] = {
    "required text": [(5, "5"), (1.5, "1.5"), (10**19, str(10**19)), (True, "true")],
    "text": [
        (5, "5"),
        (-1, "-1"),
        (0, "0"),
        (1.5, "1.5"),
        (10**25, str(10**25)),
        (False, "false"),
        (["x"], '["x"]'),
        ({"x": 1.5}, '{"x":1.5}'),
    ],
    "object": [([], {})],
    "list": [({}, []), ({"x": 1}, [{"x": 1}])],
    "list of objects": [({}, [])],
    "entries": [
        ({}, []),
        ({"a": 1, "b": "x"}, [{"key": "a", "value": "1"}, {"key": "b", "value": "x"}]),
        ({"key": "a", "value": "x"}, [{"key": "a", "value": "x"}]),
    ],
    "nullable list": [({}, [])],
    "keys": [({}, []), (5, [5]), ("x", ["x"])],
    "map": [([], {})],
    "map of keys": [([], {}), ({"1": 5}, {"1": [5]}), ({"1": {}}, {"1": []})],
    "map of actions": [([], {}), ({"true": {}}, {"true": []})],
}
"""What is of another shape than documented, and the documented shape that it is read as."""

_LIMITS = ("redemptionRestrictions", 0)
_RULESET: tuple[Step, ...] = ("rulesetInfos", 0)
_RULE: tuple[Step, ...] = (*_RULESET, "rules", 0)
_CHANGES = {
    "createdOn": "instant",
    "createdBy": "key",
    "modifiedOn": "instant",
    "modifiedBy": "key",
    "updatedViaNewUI": "flag",
    "startDate": "instant",
    "endDate": "instant",
    "createdOnISO": "instant",
    "modifiedOnISO": "instant",
    "startDateISO": "instant",
    "endDateISO": "instant",
    "name": "text",
    "description": "text",
    "ruleScope": "text",
}

CUSTOMER: dict[type[msgspec.Struct], Part] = {
    customer_view_payload.CustomerPromotionPayload: Part(
        (),
        {
            "promotionId": "digits",
            "promotionName": "required text",
            "programId": "digits",
            "promotionMetadata": "entries",
            "limits": "object",
            "promotionRestriction": "object",
        },
        {
            "startDate": "instant",
            "endDate": "instant",
            "startDateISO": "instant",
            "endDateISO": "instant",
            "identifier": "text",
            "description": "text",
            "active": "flag",
            "eventName": "text",
            "customerUsage": "object",
            "pointsOfferType": "text",
            "customerPromotionTimelines": "nullable list",
        },
    ),
    customer_view_payload.Metadata: Part(
        ("promotionMetadata", 0),
        {"key": "required text"},
        {"value": "text", "brandDefined": "flag"},
    ),
    customer_view_payload.CustomerLimits: Part(
        ("limits",),
        {
            "maxPointsPerEvent": "figure",
            "pointsPerCustomer": "figure",
            "numberOFTimesPerCustomer": "figure",
            "totalPointsInPromotion": "figure",
        },
        {},
    ),
    customer_view_payload.CustomerUsage: Part(
        ("customerUsage",),
        {},
        {
            "currentPointsPerCustomer": "usage",
            "currentNumberOfTimesPerCustomer": "usage",
            "currentTotalPointsInPromotion": "usage",
        },
    ),
    customer_view_payload.CustomerRestrictionLists: Part(
        ("promotionRestriction",),
        {
            "issualRestrictions": "list of objects",
            "earnRestrictions": "list of objects",
            "redemptionRestrictions": "list of objects",
        },
        {},
    ),
    customer_view_payload.CustomerRestriction: Part(
        ("promotionRestriction", *_LIMITS),
        {"kpi": "required text", "maxLimit": "figure"},
        {
            "currentCustomerUsage": "usage",
            "limitOn": "text",
            "type": "text",
            "periodType": "text",
            "periodUnit": "text",
        },
    ),
    customer_view_payload.Timeline: Part(
        ("customerPromotionTimelines", 0),
        {"enrollmentId": "required key", "issuedDetails": "list of objects"},
        {
            "enrollmentDate": "instant",
            "enrollmentExpiryDate": "instant",
            "enrollmentDateISO": "instant",
            "enrollmentExpiryDateISO": "instant",
            "enrollEventLogId": "key",
        },
    ),
    customer_view_payload.Issue: Part(
        ("customerPromotionTimelines", 0, "issuedDetails", 0),
        {"issualId": "required key"},
        {
            "issualDate": "instant",
            "issualExpiryDate": "instant",
            "issualDateISO": "instant",
            "issualExpiryDateISO": "instant",
            "issualEventLogId": "key",
            "redeemedCount": "count",
        },
    ),
}

DEFINITION: dict[type[msgspec.Struct], Part] = {
    definition_payload.DefinitionPayload: Part(
        (),
        {
            "id": "digits",
            "name": "required text",
            "programId": "digits",
            "limits": "object",
            "promotionRestrictions": "object",
        },
        {
            "programName": "text",
            "startDate": "instant",
            "endDate": "instant",
            "startDateISO": "instant",
            "endDateISO": "instant",
            "identifier": "text",
            "description": "text",
            "isActive": "flag",
            "eventName": "text",
            "pointsOfferType": "text",
            "promotionStatus": "text",
            "lastUpdateDate": "instant",
            "lastUpdateDateISO": "instant",
            "lastUpdatedBy": "key",
            "allocatePointsOn": "text",
            "useProportions": "flag",
            "rulesetInfos": "nullable list",
        },
    ),
    definition_payload.DefinitionLimits: Part(
        ("limits",),
        {
            "totalPointsPerEventLimit": "figure",
            "pointsPerCustomer": "figure",
            "numberOfTimesPerCustomer": "figure",
            "totalPointsInPromotion": "figure",
        },
        {},
    ),
    definition_payload.DefinitionRules: Part(
        ("promotionRestrictions",),
        {
            "restrictions": "object",
            "targetGroupIds": "keys",
            "targetRuleIds": "keys",
            "linkedTargetGroupVsTargetRuleIdMap": "map of keys",
        },
        {
            "loyaltyEarningType": "text",
            "skipEarnedDateCheckOnRedeem": "flag",
            "isStackable": "flag",
            "isConsideredForRanking": "flag",
            "isExclusive": "flag",
            "isAlwaysApply": "flag",
        },
    ),
    definition_payload.DefinitionRestrictionLists: Part(
        ("promotionRestrictions", "restrictions"),
        {
            "issualRestrictions": "list of objects",
            "earnRestrictions": "list of objects",
            "redemptionRestrictions": "list of objects",
            "expiryRestrictions": "list of objects",
        },
        {},
    ),
    definition_payload.DefinitionRestriction: Part(
        ("promotionRestrictions", "restrictions", *_LIMITS),
        {"name": "required text", "value": "figure"},
        {"type": "text", "periodType": "text", "periodUnit": "text"},
    ),
    definition_payload.Expiry: Part(
        ("promotionRestrictions", "restrictions", "expiryRestrictions", 0),
        {"name": "required text"},
        {"type": "text", "value": "integer"},
    ),
    definition_payload.RulesetPayload: Part(
        _RULESET,
        {
            "id": "required key",
            "filterInfo": "list of objects",
            "cappingInfo": "list",
            "rules": "list of objects",
        },
        _CHANGES
        | {
            "label": "text",
            "packageName": "text",
            "private": "flag",
            "eventType": "text",
            "orgID": "key",
            "orgName": "text",
            "contextID": "key",
            "contextType": "text",
        },
    ),
    definition_payload.RulePayload: Part(
        _RULE,
        {
            "id": "required key",
            "filterInfo": "list of objects",
            "caseToActions": "map of actions",
        },
        _CHANGES
        | {
            "ruleSetId": "key",
            "exp": "text",
            "jsonType": "text",
            "isActive": "flag",
            "priority": "integer",
        },
    ),
    definition_payload.Action: Part(
        (*_RULE, "caseToActions", "true", 0),
        {"id": "required key", "mandatoryPropertiesValues": "map"},
        {"actionName": "text", "actionClass": "text", "description": "text"},
    ),
    definition_payload.Filter: Part(
        (*_RULESET, "filterInfo", 0),
        {"id": "required key", "propertyToValues": "map"},
        {
            "orgID": "key",
            "ruleID": "key",
            "name": "text",
            "className": "text",
            "isInclude": "flag",
        },
    ),
}

PASSED_THROUGH = {
    (definition_payload.Action, "mandatoryComplexPropertiesValues"),
    (definition_payload.DefinitionRules, "scope"),
    (definition_payload.DefinitionRules, "expiryReminder"),
    (definition_payload.DefinitionRules, "cappingStatus"),
    (definition_payload.RulePayload, "expJSON"),
    (definition_payload.RulePayload, "expDataType"),
}
"""JSON of any shape, so that nothing in it is unreadable."""
