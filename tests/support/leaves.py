"""Where each leaf of the documented payloads is shown in the graph; written by hand.

A path is the wire's: ``[]`` is any item of a list, ``*`` any key of a map, and ``{key}`` the key
itself. It maps to fields of the graph that lie on the way to what the leaf changes.
"""

_PROMOTION = "promotions[]"
_LIMITS = f"{_PROMOTION}.limits"
_USAGE = f"{_PROMOTION}.customerUsage"
_TIMELINE = f"{_PROMOTION}.customerPromotionTimelines[]"
_ISSUE = f"{_TIMELINE}.issuedDetails[]"

CUSTOMER_VIEW = {
    "customerId": "Customer.customerId",
    "pageDetails.totalEntries": "CustomerPromotionConnection.totalCount",
    "warnings": "PageWarning.message",
    f"{_PROMOTION}.promotionId": "Promotion.promotionId",
    f"{_PROMOTION}.promotionName": "Promotion.name",
    f"{_PROMOTION}.programId": "Promotion.programId",
    f"{_PROMOTION}.startDate": "Promotion.startsAt",
    f"{_PROMOTION}.endDate": "Promotion.endsAt",
    f"{_PROMOTION}.identifier": "Promotion.identifier",
    f"{_PROMOTION}.description": "Promotion.description",
    f"{_PROMOTION}.active": "Promotion.isActive",
    f"{_PROMOTION}.eventName": "Promotion.eventName",
    f"{_PROMOTION}.pointsOfferType": "Promotion.type",
    f"{_PROMOTION}.promotionMetadata[].key": "PromotionMetadata.key",
    f"{_PROMOTION}.promotionMetadata[].value": "PromotionMetadata.value",
    f"{_PROMOTION}.promotionMetadata[].brandDefined": "PromotionMetadata.isBrandDefined",
    f"{_LIMITS}.maxPointsPerEvent": "PromotionLimits.pointsPerEvent Limit.max",
    f"{_LIMITS}.pointsPerCustomer": "PromotionLimits.pointsPerCustomer Limit.max",
    f"{_LIMITS}.numberOFTimesPerCustomer": "PromotionLimits.timesPerCustomer Limit.max",
    f"{_LIMITS}.totalPointsInPromotion": "PromotionLimits.pointsInPromotion Limit.max",
    f"{_USAGE}.currentPointsPerCustomer": "PromotionLimits.pointsPerCustomer Limit.used",
    f"{_USAGE}.currentNumberOfTimesPerCustomer": "PromotionLimits.timesPerCustomer Limit.used",
    f"{_USAGE}.currentTotalPointsInPromotion": "PromotionLimits.pointsInPromotion Limit.used",
    f"{_TIMELINE}.enrollmentId": "Enrolment.enrolmentId",
    f"{_TIMELINE}.enrollmentDate": "Enrolment.enrolledAt",
    f"{_TIMELINE}.enrollmentExpiryDate": "Enrolment.expiresAt",
    f"{_TIMELINE}.enrollEventLogId": "Enrolment.eventLogId",
    f"{_ISSUE}.issualId": "PromotionIssue.issueId",
    f"{_ISSUE}.issualDate": "PromotionIssue.issuedAt",
    f"{_ISSUE}.issualExpiryDate": "PromotionIssue.expiresAt",
    f"{_ISSUE}.issualEventLogId": "PromotionIssue.eventLogId",
    f"{_ISSUE}.redeemedCount": "PromotionIssue.redeemedCount",
}
for _list in ("issualRestrictions", "earnRestrictions", "redemptionRestrictions"):
    _entry = f"{_PROMOTION}.promotionRestriction.{_list}[]"
    CUSTOMER_VIEW |= {
        f"{_entry}.kpi": "Restriction.measureName",
        f"{_entry}.maxLimit": "Restriction.limit Limit.max",
        f"{_entry}.currentCustomerUsage": "Restriction.limit Limit.used",
        f"{_entry}.limitOn": "Restriction.scopeName",
    }
CUSTOMER_VIEW |= {
    f"{_entry}.type": "Restriction.window",
    f"{_entry}.periodType": "RestrictionWindow.typeName",
    f"{_entry}.periodUnit": "RestrictionWindow.unitName",
}

_DEFINED = "data[]"
_CAPS = f"{_DEFINED}.limits"
_RULES = f"{_DEFINED}.promotionRestrictions"
_RULESET = f"{_DEFINED}.rulesetInfos[]"
_RULE = f"{_RULESET}.rules[]"
_FILTER = f"{_RULESET}.filterInfo[]"
_ACTION = f"{_RULE}.caseToActions.*[]"

LEGACY_LIST = {
    "pageDetails.totalEntries": "PromotionConnection.totalCount",
    f"{_DEFINED}.id": "Promotion.promotionId",
    f"{_DEFINED}.name": "Promotion.name",
    f"{_DEFINED}.description": "Promotion.description",
    f"{_DEFINED}.promotionStatus": "PromotionDefinition.statusName",
    f"{_DEFINED}.lastUpdateDate": "PromotionDefinition.updatedAt",
    f"{_DEFINED}.lastUpdatedBy": "PromotionDefinition.updatedBy",
    f"{_DEFINED}.programName": "Promotion.program Program.name",
    f"{_DEFINED}.programId": "Promotion.programId",
    f"{_DEFINED}.startDate": "Promotion.startsAt",
    f"{_DEFINED}.endDate": "Promotion.endsAt",
    f"{_DEFINED}.identifier": "Promotion.identifier",
    f"{_DEFINED}.isActive": "Promotion.isActive",
    f"{_DEFINED}.eventName": "Promotion.eventName",
    f"{_DEFINED}.allocatePointsOn": "PromotionDefinition.allocatePointsOn",
    f"{_DEFINED}.useProportions": "PromotionDefinition.useProportions",
    f"{_DEFINED}.pointsOfferType": "Promotion.type",
    f"{_CAPS}.totalPointsPerEventLimit": "PromotionLimits.pointsPerEvent Limit.max",
    f"{_CAPS}.pointsPerCustomer": "PromotionLimits.pointsPerCustomer Limit.max",
    f"{_CAPS}.numberOfTimesPerCustomer": "PromotionLimits.timesPerCustomer Limit.max",
    f"{_CAPS}.totalPointsInPromotion": "PromotionLimits.pointsInPromotion Limit.max",
    f"{_RULES}.scope": "PromotionDefinition.scopes",
    f"{_RULES}.loyaltyEarningType": "PromotionDefinition.earningTypeName",
    f"{_RULES}.expiryReminder": "PromotionDefinition.expiryReminder",
    f"{_RULES}.cappingStatus": "PromotionDefinition.cappingStatus",
    f"{_RULES}.skipEarnedDateCheckOnRedeem": "PromotionDefinition.skipsEarnedDateCheckOnRedeem",
    f"{_RULES}.isStackable": "PromotionDefinition.isStackable",
    f"{_RULES}.isConsideredForRanking": "PromotionDefinition.isConsideredForRanking",
    f"{_RULES}.isExclusive": "PromotionDefinition.isExclusive",
    f"{_RULES}.isAlwaysApply": "PromotionDefinition.isAlwaysApplied",
    f"{_RULES}.targetGroupIds[]": "TargetGroup.targetGroupId",
    f"{_RULES}.targetRuleIds[]": "PromotionDefinition.targetRuleIds",
    f"{_RULES}.linkedTargetGroupVsTargetRuleIdMap{{key}}": "TargetGroup.targetGroupId",
    f"{_RULES}.linkedTargetGroupVsTargetRuleIdMap.*[]": "TargetGroup.targetRuleIds",
    f"{_RULES}.restrictions.expiryRestrictions[].name": "PromotionExpiry.name",
    f"{_RULES}.restrictions.expiryRestrictions[].type": "PromotionExpiry.basisName",
    f"{_RULESET}.id": "Ruleset.rulesetId",
    f"{_RULESET}.orgName": "Ruleset.orgName",
    f"{_RULESET}.contextID": "Ruleset.contextId",
    f"{_RULESET}.orgID": "Ruleset.orgId",
    f"{_RULESET}.contextType": "Ruleset.contextType",
    f"{_RULESET}.packageName": "Ruleset.packageName",
    f"{_RULESET}.eventType": "Ruleset.eventType",
    f"{_RULESET}.cappingInfo": "Ruleset.cappings",
    f"{_RULESET}.label": "Ruleset.label",
    f"{_RULESET}.private": "Ruleset.isPrivate",
    f"{_RULE}.id": "Rule.ruleId",
    f"{_RULE}.exp": "Rule.expression",
    f"{_RULE}.expJSON": "Rule.expressionTree",
    f"{_RULE}.jsonType": "Rule.expressionTreeType",
    f"{_RULE}.isActive": "Rule.isActive",
    f"{_RULE}.priority": "Rule.priority",
    f"{_RULE}.expDataType": "Rule.expressionDataType",
    f"{_RULE}.filterInfo": "Rule.filters RuleFilter.filterId",
    f"{_RULE}.ruleSetId": "Rule.rulesetId",
    f"{_RULE}.caseToActions{{key}}": "RuleOutcome.case",
    f"{_ACTION}.id": "RuleAction.actionId",
    f"{_ACTION}.actionName": "RuleAction.name",
    f"{_ACTION}.actionClass": "RuleAction.className",
    f"{_ACTION}.mandatoryPropertiesValues{{key}}": "RuleProperty.name",
    f"{_ACTION}.mandatoryPropertiesValues.*": "RuleProperty.value",
    f"{_ACTION}.mandatoryComplexPropertiesValues": "RuleAction.complexProperties",
    f"{_ACTION}.description": "RuleAction.description",
    f"{_FILTER}.id": "RuleFilter.filterId",
    f"{_FILTER}.orgID": "RuleFilter.orgId",
    f"{_FILTER}.ruleID": "RuleFilter.ruleId",
    f"{_FILTER}.name": "RuleFilter.name",
    f"{_FILTER}.className": "RuleFilter.className",
    f"{_FILTER}.isInclude": "RuleFilter.isInclude",
    f"{_FILTER}.propertyToValues{{key}}": "FilterProperty.name",
    f"{_FILTER}.propertyToValues.*[]": "FilterProperty.values",
}
for _owner, _type in ((_RULESET, "Ruleset"), (_RULE, "Rule")):
    LEGACY_LIST |= {
        f"{_owner}.name": f"{_type}.name",
        f"{_owner}.description": f"{_type}.description",
        f"{_owner}.ruleScope": f"{_type}.scope",
        f"{_owner}.startDate": f"{_type}.startsAt",
        f"{_owner}.endDate": f"{_type}.endsAt",
        f"{_owner}.createdOn": f"{_type}.createdAt",
        f"{_owner}.createdBy": f"{_type}.createdBy",
        f"{_owner}.modifiedOn": f"{_type}.modifiedAt",
        f"{_owner}.modifiedBy": f"{_type}.modifiedBy",
        f"{_owner}.updatedViaNewUI": f"{_type}.isUpdatedViaNewUi",
    }
for _list in ("issualRestrictions", "earnRestrictions", "redemptionRestrictions"):
    _entry = f"{_RULES}.restrictions.{_list}[]"
    LEGACY_LIST |= {
        f"{_entry}.name": "Restriction.measureName",
        f"{_entry}.value": "Restriction.limit Limit.max",
    }
LEGACY_LIST |= {
    f"{_entry}.type": "Restriction.window",
    f"{_entry}.periodType": "RestrictionWindow.typeName",
    f"{_entry}.periodUnit": "RestrictionWindow.unitName",
}

ON_PURPOSE = {
    "pageDetails.pageNumber": "repeats the request; a cursor stands for it",
    "pageDetails.pageSize": "repeats the request",
    "pageDetails.pageCount": "follows from the total and the request",
    "status.code": "200 in every answer that is shown; any other is an error",
    "status.message": "says what the code says",
    "validationErrors": "null in every answer that is shown; anything else is an error",
    f"{_RULES}.restrictions.expiryRestrictions[].value": "days count only where `type` is CUSTOM,"
    " and the documented one is PROMOTION",
    "errors[].status": "false in every error",
    "errors[].message": "nobody vouches for what it holds; the gateway has words of its own",
}
"""What the graph does not show, each with its reason."""

REFUSALS = {"errors[].code"}
"""What becomes a null or an error's code, not a field."""
