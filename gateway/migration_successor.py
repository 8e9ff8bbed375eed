"""Where the graph has what the successor's payload holds, for `docs/migration.md`.

Its definitions are computed from the payload as a whole (`upstream/successor/normalise.py`), so
that no declaration of a field names a key of it.
"""

from collections.abc import Mapping

from gateway.upstream.successor import payload

_PROMOTION = {
    "name": "name", "description": "description", "program_id": "programId",
    "promotion_id": "promotionId", "starts_at": "startsAt", "ends_at": "endsAt",
    "identifier": "identifier", "identifier_misspelt": "identifier",
}  # fmt: skip
_DEFINITION = {
    "time_zone": "timeZone", "created_at": "createdAt", "created_by": "createdBy",
    "updated_at": "updatedAt", "updated_by": "updatedBy", "category": "category",
    "notes": "metadata", "mode": "source", "flags": "isStackable",
}  # fmt: skip
_STAGE_LIMIT = ("Restriction.stage", "Restriction.measure", "Restriction.scope")

SUCCESSOR_FIELDS: Mapping[type, Mapping[str, tuple[str, ...]]] = {
    payload.SuccessorPagePayload: {
        "items": ("PromotionConnection.nodes",),
        "total": ("PromotionConnection.totalCount",),
        "errors": ("errors",),
    },
    payload.SuccessorPayload: {
        "general": ("Promotion.definition",),
        "activities": ("PromotionDefinition.activities",),
        "version": ("Promotion.definition",),
        "version_id": ("Promotion.definition",),
        "limits": ("PromotionDefinition.limits", "PromotionDefinition.restrictions"),
        "workflow": ("PromotionDefinition.restrictions", "PromotionDefinition.expiries"),
    },
    payload.General: {
        **{name: (f"Promotion.{field}",) for name, field in _PROMOTION.items()},
        **{name: (f"PromotionDefinition.{field}",) for name, field in _DEFINITION.items()},
        "type_name": ("Promotion.type", "Promotion.typeName"),
        "status_name": (
            "PromotionDefinition.status",
            "PromotionDefinition.statusName",
            "Promotion.isActive",
        ),
        "earning_type_name": (
            "PromotionDefinition.earningType",
            "PromotionDefinition.earningTypeName",
        ),
    },
    payload.RankingFlags: {
        "is_stackable": ("PromotionDefinition.isStackable",),
        "is_considered_for_ranking": ("PromotionDefinition.isConsideredForRanking",),
        "is_exclusive": ("PromotionDefinition.isExclusive",),
        "is_always_applied": ("PromotionDefinition.isAlwaysApplied",),
        "skips_earned_date_check_on_redeem": ("PromotionDefinition.skipsEarnedDateCheckOnRedeem",),
    },
    payload.Note: {
        "key": ("PromotionMetadata.key",),
        "value": ("PromotionMetadata.value",),
        "is_brand_defined": ("PromotionMetadata.isBrandDefined",),
    },
    payload.ActivityPayload: {
        "kind": ("PromotionActivity.combination",),
        "activity_id": ("PromotionActivity.activityId",),
        "name": ("PromotionActivity.name",),
        "cycles": ("PromotionActivity.actions",),
        "event_name": (
            "PromotionActivity.event",
            "PromotionActivity.eventName",
            "Promotion.events",
            "Promotion.eventNames",
        ),
        "expression": ("PromotionActivity.expression",),
        "expression_tree": ("PromotionActivity.expressionTree",),
        "milestones": ("PromotionActivity.milestones",),
        "combination_name": ("PromotionActivity.combination",),
        "children": ("PromotionActivity.groupId",),
    },
    payload.CycleActions: {
        "default_value": ("Milestone.target",),
        "target_value": ("Milestone.target",),
        "actions": ("PromotionActivity.actions", "Milestone.actions"),
        "starts_at": ("PromotionActivity.startsAt",),
        "ends_at": ("PromotionActivity.endsAt",),
    },
    payload.MilestonePayload: {
        "name": ("Milestone.name",),
        "description": ("Milestone.description",),
        "tracking_type_name": ("Milestone.trackingTypeName",),
        "target_type_name": ("Milestone.targetTypeName",),
        "default_value": ("Milestone.target",),
        "target_value": ("Milestone.target",),
        "target_group_id": ("Milestone.targetGroupId", "TargetGroup.targetGroupId"),
        "target_rule_ids": ("Milestone.targetRuleIds", "PromotionDefinition.targetRuleIds"),
        "cycles": ("Milestone.actions",),
    },
    payload.CapPayload: {
        "entity_scope": ("PromotionDefinition.restrictions",),
        "granularity": ("Restriction.scope", "Restriction.scopeName"),
        "action_type": ("Restriction.measure", "Restriction.measureName"),
        "currency": ("Restriction.measure",),
        "limit_type": ("Restriction.measure", "Restriction.measureName"),
        "maximum": ("Restriction.limit.max", "PromotionLimits.pointsPerCustomer.max"),
        "is_active": ("PromotionDefinition.restrictions",),
        "period": ("Restriction.window",),
    },
    payload.Period: {
        "type_name": ("RestrictionWindow.type", "RestrictionWindow.typeName"),
        "unit_name": ("RestrictionWindow.unit", "RestrictionWindow.unitName"),
        "length": ("RestrictionWindow.length",),
        "reference_at": ("RestrictionWindow.anchorAt",),
        "starts_at": ("RestrictionWindow.startsAt", "RestrictionWindow.anchorAt"),
        "ends_at": ("RestrictionWindow.endsAt",),
    },
    payload.Workflow: {
        "enrol": ("PromotionDefinition.restrictions",),
        "issue": ("PromotionDefinition.restrictions",),
    },
    payload.Stage: {
        "restrictions": ("PromotionDefinition.restrictions", "PromotionDefinition.expiries"),
        "opens_at": ("TimeWindow.opensAt",),
        "closes_at": ("TimeWindow.closesAt",),
    },
    payload.StageRestrictions: {
        "enrolment_expiry": ("PromotionExpiry.name", "PromotionExpiry.stage"),
        "issue_expiry": ("PromotionExpiry.name", "PromotionExpiry.stage"),
        **dict.fromkeys(
            (
                *("enrolments_per_customer", "enrolments_per_promotion", "issues_per_customer"),
                *("redemptions_per_issue", "points_per_issue"),
            ),
            _STAGE_LIMIT,
        ),
    },
    payload.StageLimit: {
        "maximum": ("Restriction.limit.max",),
        "basis": ("Restriction.window",),
        "window_type": ("RestrictionWindow.type", "RestrictionWindow.typeName"),
        "window_unit": ("RestrictionWindow.unit", "RestrictionWindow.unitName"),
    },
    payload.StageExpiry: {
        "days": ("PromotionExpiry.days",),
        "expires_at": ("PromotionExpiry.expiresAt",),
        "basis_name": ("PromotionExpiry.basis", "PromotionExpiry.basisName"),
    },
}
"""The fields of the graph by struct and attribute."""

_DAYS_OF_CYCLES = "date or text → DateTime; without a time the {} of the day in UTC"
_USER = "number or text → ID; -1 and 0 → null"
SUCCESSOR_NOTES: dict[tuple[type, str], str] = {
    (payload.SuccessorPagePayload, "errors"): "codes → coded errors",
    (payload.SuccessorPayload, "general"): "`Promotion` has what both endpoints know",
    (payload.SuccessorPayload, "version"): "of several, the highest of those that are in use",
    (payload.SuccessorPayload, "version_id"): "belongs to one version, and is not shown",
    (payload.SuccessorPayload, "limits"): "without a period both, else restrictions alone",
    (payload.SuccessorPayload, "activities"): "tree → list, a group before its activities",
    (payload.General, "promotion_id"): "number → ID, a text; 0, not published, is left out",
    (payload.General, "program_id"): "number or text → ID; a word is left out",
    (payload.General, "mode"): "UNIFIED is `V3`; else `LEGACY` where the legacy list has it",
    (payload.General, "created_by"): _USER,
    (payload.General, "updated_by"): _USER,
    (payload.General, "flags"): "each flag is a field of `PromotionDefinition`",
    (payload.General, "notes"): "list, by key where `keys` asks for some",
    (payload.ActivityPayload, "kind"): "GROUP has a `combination`",
    (payload.ActivityPayload, "children"): "with their group's id",
    (payload.CycleActions, "starts_at"): f"{_DAYS_OF_CYCLES.format('start')}; the earliest",
    (payload.CycleActions, "ends_at"): f"{_DAYS_OF_CYCLES.format('end')}; the latest",
    (payload.CycleActions, "default_value"): "where no other target is stated",
    (payload.CycleActions, "target_value"): "where all cycles have the same",
    (payload.MilestonePayload, "default_value"): "where there is no `targetValue`",
    (payload.CapPayload, "entity_scope"): "PROMOTION; others are left out",
    (payload.CapPayload, "granularity"): "OVERALL, USER, PER_ACTIVITY → PROMOTION, CUSTOMER, EVENT",
    (payload.CapPayload, "action_type"): "AWARD_CURRENCY; others are UNKNOWN",
    (payload.CapPayload, "currency"): "Points; a sum of another one is UNKNOWN",
    (payload.CapPayload, "limit_type"): "SUM → POINTS, COUNT → TIMES",
    (payload.CapPayload, "is_active"): "what is off is left out",
    (payload.Period, "type_name"): "word → enum, and the word itself; NON_PERIOD_BASED → no window",
    (
        payload.Period,
        "unit_name",
    ): "DAYS, WEEKS, MONTHS → DAILY, WEEKLY, MONTHLY, and the word itself",
    (payload.Period, "starts_at"): "text → DateTime; `startsAt` of a FIXED_WINDOW alone",
    (payload.Period, "ends_at"): "text → DateTime; of a FIXED_WINDOW alone",
    (payload.Workflow, "enrol"): "→ ENROL",
    (payload.Workflow, "issue"): "OPT_IN → ISSUE",
    (payload.StageLimit, "basis"): "NON_PERIOD_BASED → null",
    (payload.StageExpiry, "days"): "number or text → Int; null unless CUSTOM",
    **{
        (payload.StageRestrictions, name): note
        for name, note in {
            "enrolments_per_customer": "→ ENROL, ENROLMENTS, CUSTOMER",
            "enrolments_per_promotion": "→ ENROL, ENROLMENTS, PROMOTION",
            "issues_per_customer": "→ ISSUE, ISSUES, CUSTOMER",
            "redemptions_per_issue": "→ REDEEM, REDEMPTIONS_PER_ISSUE, CUSTOMER",
            "points_per_issue": "→ ISSUE, POINTS_PER_ISSUE, CUSTOMER",
            "enrolment_expiry": "→ ENROL",
            "issue_expiry": "→ ISSUE",
        }.items()
    },
}
"""How a value changes where its type does not say it."""
