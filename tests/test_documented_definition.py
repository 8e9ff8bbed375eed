"""The vendor's example of the definitions endpoint, as the graph shows it.

The expectation is written by hand from the vendor's document and docs/platform.md.
"""

from typing import Any

from tests.support.expected import limited, moving, unlimited
from tests.support.graph import Graph
from tests.test_documented_examples import LIMIT, RESTRICTION

CHANGES = """startsAt endsAt createdAt createdBy modifiedAt modifiedBy isUpdatedViaNewUi
  filters { filterId orgId ruleId name className isInclude properties { name values } }"""
RULESETS = f"""{{
  rulesetId name description label packageName isPrivate scope eventType orgId orgName contextId
  contextType {CHANGES} cappings
  rules {{
    ruleId rulesetId name description expression expressionTree expressionTreeType
    expressionDataType scope isActive priority {CHANGES}
    outcomes {{ case actions {{
      actionId name className description properties {{ name value }} complexProperties
    }} }}
  }}
}}"""
PROMOTION = f"""{{
  promotionId programId program {{ programId name }} name identifier description
  type typeName event eventName startsAt endsAt isActive validity
  definition {{
    sourceType status statusName updatedAt updatedBy allocatePointsOn useProportions
    limits {{
      pointsPerEvent {LIMIT} pointsPerCustomer {LIMIT}
      timesPerCustomer {LIMIT} pointsInPromotion {LIMIT}
    }}
    restrictions {RESTRICTION}
    expiries {{ stage name basis basisName days }}
    earningType earningTypeName scopes expiryReminder cappingStatus
    isStackable isConsideredForRanking isExclusive isAlwaysApplied skipsEarnedDateCheckOnRedeem
    targetGroups {{ targetGroupId targetRuleIds }} targetRuleIds
    rulesets {RULESETS}
  }}
}}"""


def capped(
    words: str, most: float, window: dict[str, Any] | None = None, scope: str = "CUSTOMER"
) -> dict[str, Any]:
    """Return a restriction of a definition: without usage, and without a scope of its own."""
    stage, measure, name = words.split()
    return {
        "stage": stage,
        "measure": measure,
        "measureName": name,
        "scope": scope,
        "scopeName": None,
        "limit": limited(most),
        "window": window,
    }


def loyalty_filter(filter_id: str, name: str, class_name: str, **values: str) -> dict[str, Any]:
    """Return a filter of the ruleset, with its one property."""
    return {
        "filterId": filter_id,
        "orgId": "100737",
        "ruleId": None,
        "name": name,
        "className": f"com.capillary.shopbook.emf.impl.filter.{class_name}",
        "isInclude": True,
        "properties": [{"name": key, "values": [value]} for key, value in values.items()],
    }


OPEN_ENDED = {
    "startsAt": None,
    "endsAt": None,
    "createdAt": "2025-06-23T09:25:04.532Z",
    "createdBy": None,
    "modifiedAt": "2025-06-23T09:25:04.532Z",
    "modifiedBy": None,
    "isUpdatedViaNewUi": False,
}
ACTION: dict[str, Any] = {
    "actionId": "126778453",
    "name": "AWARD_TARGET_POINTS_ACTION",
    "className": "com.capillary.shopbook.pointsengine.endpoint.impl.action."
    "AwardTargetPointsActionImpl",
    "description": None,
    "properties": [
        {"name": "TargetRuleId", "value": "123"},
        {"name": "ProRateOnSourceValue", "value": "EVENT_DEFAULT_VALUE"},
        {"name": "DelayStrategy", "value": "AS_DEFINED_IN_ALLOCATION_STRATEGY"},
        {"name": "SourceValueRoundingStrategy", "value": "ACTUAL"},
        {"name": "TargetGroupId", "value": "1234567"},
        {"name": "ExpiryStrategy", "value": "81042"},
        {"name": "TargetRuleName", "value": "TargetRuleName"},
        {"name": "AwardStrategy", "value": "82690"},
        {"name": "PointsRoundingStrategy", "value": "ACTUAL"},
    ],
    "complexProperties": {},
}
RULE = OPEN_ENDED | {
    "ruleId": "126600796",
    "rulesetId": "126412694",
    "name": "Rule 1",
    "description": "Rule 1",
    "expression": "true",
    "expressionTree": {"arity": "literal", "value": "true", "type": "boolean:primitive"},
    "expressionTreeType": "JNODE",
    "expressionDataType": None,
    "scope": "SERVER",
    "isActive": True,
    "priority": -1,
    "filters": [],
    "outcomes": [{"case": "true", "actions": [ACTION]}],
}
RULESET = OPEN_ENDED | {
    "rulesetId": "126412694",
    "name": "rulesetName_uniqueue1",
    "description": "Promotional Rulesets",
    "label": "userCreatedLabel_2025-06-23T09:25:04.532Z",
    "packageName": "",
    "isPrivate": True,
    "scope": "SERVER",
    "eventType": None,
    "orgId": "100737",
    "orgName": "DocDemo",
    "contextId": "2932",
    "contextType": "program",
    "filters": [
        loyalty_filter("126654282", "LoyaltyType", "LoyaltyTypeFilterImpl", loyaltyType="loyalty"),
        loyalty_filter("126654283", "EventSource", "EventSourceFilterImpl", eventSource="INSTORE"),
    ],
    "cappings": [],
    "rules": [RULE],
}
DEFINITION = {
    "sourceType": "USER_CREATED",
    "status": "LIVE",
    "statusName": "LIVE",
    "updatedAt": "2025-06-23T09:25:04Z",
    "updatedBy": None,
    "allocatePointsOn": "BILL",
    "useProportions": False,
    "limits": {
        "pointsPerEvent": unlimited(None),
        "pointsPerCustomer": limited(10),
        "timesPerCustomer": limited(2),
        "pointsInPromotion": limited(10),
    },
    "restrictions": [
        capped("ENROL ENROLMENTS MAX_NUMBER_OF_ISSUALS_PER_CUSTOMER", 3),
        capped("ISSUE ISSUES MAX_NUMBER_OF_EARNS_PER_CUSTOMER", 3),
        capped("REDEEM TIMES MAX_ALLOWED_TIMES_PER_CUSTOMER", 3, moving("WEEKLY")),
        capped("REDEEM TIMES MAX_ALLOWED_TIMES_PER_PROMOTION", 3, scope="PROMOTION"),
        capped("REDEEM REDEMPTIONS_PER_ISSUE MAX_REDEMPTIONS_PER_EARN_PER_CUSTOMER", 100),
    ],
    "expiries": [
        {
            "stage": "ENROL",
            "name": "ISSUAL_PROMOTION_EXPIRY_BASED_ON",
            "basis": "PROMOTION",
            "basisName": "PROMOTION",
            "days": None,
        }
    ],
    "earningType": "ISSUE_AND_EARN",
    "earningTypeName": "ISSUE_AND_EARN",
    "scopes": [],
    "expiryReminder": None,
    "cappingStatus": None,
    "isStackable": False,
    "isConsideredForRanking": False,
    "isExclusive": False,
    "isAlwaysApplied": False,
    "skipsEarnedDateCheckOnRedeem": False,
    "targetGroups": [{"targetGroupId": "1234567", "targetRuleIds": ["123"]}],
    "targetRuleIds": ["123"],
    "rulesets": [RULESET],
}
EXPECTED = {
    "promotionId": "96664",
    "programId": "973",
    "program": {"programId": "973", "name": "DocDemoDefaultProgram"},
    "name": "test_promo_uniqueName110",
    "identifier": "test_promo_uniqueIdentifier110",
    "description": "creating promotion via API",
    "type": "ENROL_AND_ISSUE",
    "typeName": "LOYALTY_EARNING",
    "event": "TARGET_COMPLETED",
    "eventName": "TargetCompleted",
    "startsAt": "2025-06-23T00:00:00Z",
    "endsAt": "2026-08-25T23:59:59Z",
    "isActive": True,
    "validity": "CURRENT",
    "definition": DEFINITION,
}


def test_documented_list_is_shown_as_the_document_means_it(graph: Graph) -> None:
    """The example request for program 973 and USER_CREATED: every field of the response."""
    query = f"""{{ program(programId: "973") {{
      name
      promotions(first: 3, sourceTypes: [USER_CREATED]) {{
        totalCount drift warnings {{ message }} pageInfo {{ hasNextPage hasPreviousPage }}
        nodes {PROMOTION}
      }}
    }} }}"""
    assert graph.ask(query)["program"] == {
        "name": "DocDemoDefaultProgram",
        "promotions": {
            "totalCount": 1,
            "drift": "NONE",
            "warnings": [],
            "pageInfo": {"hasNextPage": False, "hasPreviousPage": False},
            "nodes": [EXPECTED],
        },
    }


def test_documented_promotion_is_found_by_its_ids(graph: Graph) -> None:
    """The same promotion, looked up by its id alone, which tells no source type."""
    query = f'{{ promotion(programId: "973", promotionId: "96664") {PROMOTION} }}'
    expected = EXPECTED | {"definition": DEFINITION | {"sourceType": None}}
    assert graph.ask(query)["promotion"] == expected
