"""Where each leaf of the successor's payload is shown in the graph; written by hand.

The notation is that of `leaves.py`. Documents are the vendor's example, and one with everything
that is documented.
"""

from typing import Any

from tests.support.successor import full_item, published


def _elaborate() -> dict[str, Any]:
    """Return the full item with a value for whatever may be null, and its last cycle first."""
    item = full_item()
    item["activities"][0]["commonCycleActionMapping"][0]["endDate"] = "2027-06-30"
    stages = item["workflowMetadata"]
    stages["enrolment"]["restrictions"]["enrolmentExpiryBasedOn"]["expiryDate"] = (
        "2026-12-31T23:59:59Z"
    )
    stages["optin"]["restrictions"]["optinExpiryBasedOn"] |= {"value": 7, "type": "CUSTOM"}
    return item


ITEMS = [_elaborate(), published(81002)]

_GENERAL = "metadata"
_FLAGS = f"{_GENERAL}.loyaltyConfigMetaData"
_NOTES = f"{_GENERAL}.promotionMetadata[]"
_ACTIVITY = "activities[]"
_CYCLE = f"{_ACTIVITY}.commonCycleActionMapping[]"
_MILESTONE = f"{_ACTIVITY}.milestones[]"
_CHILD = f"{_ACTIVITY}.children[]"
_GRANDCHILD = f"{_CHILD}.children[]"
_CAP = "limits[]"
_PERIOD = f"{_CAP}.period"
_ENROL = "workflowMetadata.enrolment.restrictions"
_ISSUE = "workflowMetadata.optin.restrictions"

SUCCESSOR_ITEM = {
    f"{_GENERAL}.name": "Promotion.name",
    f"{_GENERAL}.description": "Promotion.description",
    f"{_GENERAL}.programId": "Promotion.programId",
    f"{_GENERAL}.startDate": "Promotion.startsAt",
    f"{_GENERAL}.endDate": "Promotion.endsAt",
    f"{_GENERAL}.timezoneName": "PromotionDefinition.timeZone",
    f"{_GENERAL}.promotionType": "Promotion.type",
    f"{_GENERAL}.status": "PromotionDefinition.statusName",
    f"{_GENERAL}.promoIdentifier": "Promotion.identifier",
    f"{_GENERAL}.promotionId": "Promotion.promotionId",
    f"{_GENERAL}.createdOn": "PromotionDefinition.createdAt",
    f"{_GENERAL}.createdBy": "PromotionDefinition.createdBy",
    f"{_GENERAL}.lastModifiedOn": "PromotionDefinition.updatedAt",
    f"{_GENERAL}.lastModifiedBy": "PromotionDefinition.updatedBy",
    f"{_GENERAL}.loyaltyEarningType": "PromotionDefinition.earningTypeName",
    f"{_GENERAL}.promotionCategory": "PromotionDefinition.category",
    f"{_FLAGS}.isStackable": "PromotionDefinition.isStackable",
    f"{_FLAGS}.isConsideredForRanking": "PromotionDefinition.isConsideredForRanking",
    f"{_FLAGS}.isExclusive": "PromotionDefinition.isExclusive",
    f"{_FLAGS}.isAlwaysApply": "PromotionDefinition.isAlwaysApplied",
    f"{_FLAGS}.skipEarnedDateCheckOnRedeem": "PromotionDefinition.skipsEarnedDateCheckOnRedeem",
    f"{_NOTES}.key": "PromotionMetadata.key",
    f"{_NOTES}.value": "PromotionMetadata.value",
    f"{_NOTES}.isBrandDefined": "PromotionMetadata.isBrandDefined",
    f"{_ACTIVITY}.id": "PromotionActivity.activityId",
    f"{_ACTIVITY}.name": "PromotionActivity.name",
    f"{_ACTIVITY}.event": "PromotionActivity.eventName",
    f"{_ACTIVITY}.ruleExpression": "PromotionActivity.expression",
    f"{_ACTIVITY}.expJSON": "PromotionActivity.expressionTree",
    f"{_ACTIVITY}.combinationType": "PromotionActivity.combination",
    f"{_CYCLE}.startDate": "PromotionActivity.startsAt",
    f"{_CYCLE}.endDate": "PromotionActivity.endsAt",
    f"{_MILESTONE}.name": "Milestone.name",
    f"{_MILESTONE}.description": "Milestone.description",
    f"{_MILESTONE}.trackingType": "Milestone.trackingTypeName",
    f"{_MILESTONE}.targetType": "Milestone.targetTypeName",
    f"{_MILESTONE}.targetGroupId": "Milestone.targetGroupId",
    f"{_MILESTONE}.targetRuleIds[]": "Milestone.targetRuleIds",
    f"{_MILESTONE}.targetValue": "Milestone.target",
    f"{_CHILD}.id": "PromotionActivity.activityId",
    f"{_CHILD}.name": "PromotionActivity.name",
    f"{_CHILD}.event": "PromotionActivity.eventName",
    f"{_CHILD}.combinationType": "PromotionActivity.combination",
    f"{_GRANDCHILD}.id": "PromotionActivity.activityId",
    f"{_GRANDCHILD}.event": "PromotionActivity.eventName",
    f"{_CAP}.entityScope": "PromotionDefinition.restrictions",
    f"{_CAP}.granularity": "Restriction.scopeName",
    f"{_CAP}.actionType": "Restriction.measureName",
    f"{_CAP}.actionSubTypeId": "Restriction.measure",
    f"{_CAP}.limitType": "Restriction.measureName",
    f"{_CAP}.limitValue": "Restriction.limit Limit.max",
    f"{_CAP}.active": "PromotionDefinition.restrictions",
    f"{_PERIOD}.periodType": "Restriction.window",
    f"{_PERIOD}.periodUnit": "RestrictionWindow.unitName",
    f"{_PERIOD}.periodValue": "RestrictionWindow.length",
    f"{_PERIOD}.startDate": "RestrictionWindow.startsAt",
    f"{_PERIOD}.endDate": "RestrictionWindow.endsAt",
    f"{_PERIOD}.referenceDate": "RestrictionWindow.anchorAt",
    "workflowMetadata.optin.optInStartDate": "TimeWindow.opensAt",
    "workflowMetadata.optin.optInEndDate": "TimeWindow.closesAt",
}
for _actions, _owner in (
    (f"{_CYCLE}.actions[]", "PromotionActivity.actions"),
    (f"{_MILESTONE}.cycleActionMapping[].actions[]", "Milestone.actions"),
):
    SUCCESSOR_ITEM |= {
        f"{_actions}.id": f"{_owner} RuleAction.actionId",
        f"{_actions}.actionName": f"{_owner} RuleAction.name",
        f"{_actions}.actionClass": f"{_owner} RuleAction.className",
        f"{_actions}.description": f"{_owner} RuleAction.description",
        f"{_actions}.mandatoryPropertiesValues{{key}}": f"{_owner} RuleProperty.name",
        f"{_actions}.mandatoryPropertiesValues.*": f"{_owner} RuleProperty.value",
        f"{_actions}.mandatoryComplexPropertiesValues.tiers.1": (
            f"{_owner} RuleAction.complexProperties"
        ),
    }
for _limit in (
    f"{_ENROL}.enrolmentLimitPerCustomer",
    f"{_ENROL}.enrolmentLimitPerPromotion",
    f"{_ISSUE}.optinLimitPerCustomer",
    f"{_ISSUE}.maxRedemptionsPerEarnPerCustomer",
    f"{_ISSUE}.maxPointsPerEarnPerCustomer",
):
    SUCCESSOR_ITEM[f"{_limit}.value"] = "Restriction.limit Limit.max"
_LIMIT = f"{_ENROL}.enrolmentLimitPerCustomer"
SUCCESSOR_ITEM |= {
    f"{_LIMIT}.type": "Restriction.window",
    f"{_LIMIT}.periodType": "RestrictionWindow.typeName",
    f"{_LIMIT}.periodUnit": "RestrictionWindow.unitName",
    f"{_ENROL}.enrolmentLimitPerPromotion.type": "Restriction.window",
    f"{_ISSUE}.optinLimitPerCustomer.type": "Restriction.window",
}
for _expiry in (f"{_ENROL}.enrolmentExpiryBasedOn", f"{_ISSUE}.optinExpiryBasedOn"):
    SUCCESSOR_ITEM |= {
        f"{_expiry}.value": "PromotionExpiry.days",
        f"{_expiry}.expiryDate": "PromotionExpiry.expiresAt",
        f"{_expiry}.type": "PromotionExpiry.basisName",
    }

_ONE_VERSION = "belongs to one version of the promotion, of which the one in use is shown"
_MAKERS = "for those who make promotions, not for customers"
SUCCESSOR_ON_PURPOSE = {
    "id": _ONE_VERSION,
    "version": _ONE_VERSION,
    "parentId": _ONE_VERSION,
    "parentDetails": _ONE_VERSION,
    f"{_GENERAL}.version": _ONE_VERSION,
    f"{_GENERAL}.draftDetails": _MAKERS,
    "comments": _MAKERS,
    f"{_GENERAL}.orgId": "the credential's own organisation",
    f"{_GENERAL}.promotionMode": "decides which endpoint's definition is shown",
    f"{_GENERAL}.commonStrategies": "references to strategies that no endpoint explains",
    "customerEnrolment.enrolmentMethod": "how members come in, which `type` says",
    "liabilityOwnerSplitInfo": "who pays for the points, which is no customer's concern",
    f"{_ACTIVITY}.type": "a group has children and `combination`",
    f"{_CHILD}.type": "as that of its group",
    f"{_GRANDCHILD}.type": "as that of its group",
    f"{_ACTIVITY}.allCycles": "cycles are the dates of their actions",
    f"{_CYCLE}.cycle": "the name of a cycle, to which nothing in the graph refers",
    f"{_MILESTONE}.cycleActionMapping[].cycle": "as that of an activity",
    f"{_MILESTONE}.cycleActionMapping[].defaultValue": "counts where no `targetValue` is stated",
    f"{_MILESTONE}.targetEntity": "what is counted, which the expression says",
    f"{_CAP}.id": "an id to which nothing refers",
    f"{_PERIOD}.id": "an id to which nothing refers",
    f"{_ENROL}.optinLimitPerCustomer.value": "the stage's own block goes first",
    "workflowMetadata.enrolment.basedOn": "by what members come in, which `type` says",
    "workflowMetadata.optin.basedOn": "by what they opt in, which the activities say",
    **dict.fromkeys(
        (
            "workflowMetadata.enrolment.activities",
            "workflowMetadata.enrolment.audienceMapping",
            "workflowMetadata.optin.audienceMapping",
            "workflowMetadata.optin.activities[].type",
            "workflowMetadata.optin.activities[].id",
            "workflowMetadata.optin.activities[].name",
            "workflowMetadata.optin.activities[].event",
            "workflowMetadata.optin.activities[].allCycles",
        ),
        "what triggers a stage, not what a customer does for the reward",
    ),
}
"""What the graph does not show of the successor, each with its reason."""
