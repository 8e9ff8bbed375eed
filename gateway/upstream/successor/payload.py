"""The payload of the successor: ``GET /v3/promotions``, a page of promotions of all programs.

Attributes have the graph's names where the graph shows them as they are, and their `name` is the
documented key. `normalise.py` makes definitions of it.
"""

from typing import Annotated

from msgspec import Struct, field

from gateway.upstream.decoding.field_types import (
    ESSENTIAL,
    NO_JSON,
    RESTRICTIONS,
    Count,
    ExpressionTree,
    Figure,
    Flag,
    Instant,
    Integer,
    Key,
    Keys,
    OptionalKey,
    Text,
    Tree,
    Usage,
)
from gateway.upstream.definitions.payload import Action
from gateway.upstream.normalise.enums import (
    EarningTypeName,
    EventName,
    ExpiryBasisName,
    StatusName,
    TypeName,
    WindowUnitName,
)
from gateway.upstream.normalise.measures import Basis
from gateway.upstream.successor.words import CombinationName, GranularityName, PeriodTypeName

Actions = Annotated[list[Action] | None, ESSENTIAL]


class RankingFlags(Struct, gc=False):
    """``loyaltyConfigMetaData``: how a promotion stands beside others."""

    is_stackable: Flag = field(name="isStackable", default=None)
    is_considered_for_ranking: Flag = field(name="isConsideredForRanking", default=None)
    is_exclusive: Flag = field(name="isExclusive", default=None)
    is_always_applied: Flag = field(name="isAlwaysApply", default=None)
    skips_earned_date_check_on_redeem: Flag = field(
        name="skipEarnedDateCheckOnRedeem", default=None
    )


class Note(Struct, gc=False):
    """One entry of ``promotionMetadata``."""

    key: str
    value: Text = None
    is_brand_defined: Flag = field(name="isBrandDefined", default=None)


class General(Struct, gc=False, kw_only=True):
    """``metadata``: what is true of a promotion as a whole.

    ``promoIdentifer`` is a spelling of the platform's own (docs/platform.md#successor-spellings),
    and ``programId`` may be a word (docs/platform.md#successor-program).
    """

    name: str
    description: Text = None
    program_id: Key = field(name="programId")
    starts_at: Instant = field(name="startDate", default=None)
    ends_at: Instant = field(name="endDate", default=None)
    time_zone: Text = field(name="timezoneName", default=None)
    type_name: TypeName = field(name="promotionType", default=None)
    status_name: StatusName = field(name="status", default=None)
    identifier: Text = field(name="promoIdentifier", default=None)
    identifier_misspelt: Text = field(name="promoIdentifer", default=None)
    promotion_id: Annotated[Count, ESSENTIAL] = field(name="promotionId", default=None)
    created_at: Instant = field(name="createdOn", default=None)
    updated_at: Instant = field(name="lastModifiedOn", default=None)
    created_by: OptionalKey = field(name="createdBy", default=None)
    updated_by: OptionalKey = field(name="lastModifiedBy", default=None)
    earning_type_name: EarningTypeName = field(name="loyaltyEarningType", default=None)
    flags: RankingFlags | None = field(name="loyaltyConfigMetaData", default=None)
    notes: list[Note] | None = field(name="promotionMetadata", default=None)
    mode: Text = field(name="promotionMode", default=None)
    category: Text = field(name="promotionCategory", default=None)


class CycleActions(Struct, gc=False, kw_only=True):
    """One entry of ``commonCycleActionMapping`` or ``cycleActionMapping``.

    Its dates may have no time (docs/platform.md#successor-dates).
    """

    default_value: Usage = field(name="defaultValue", default=None)
    target_value: Usage = field(name="targetValue", default=None)
    actions: Actions = None
    starts_at: Text = field(name="startDate", default=None)
    ends_at: Text = field(name="endDate", default=None)


class MilestonePayload(Struct, gc=False, kw_only=True):
    """One entry of an activity's ``milestones``."""

    name: Text = None
    description: Text = None
    tracking_type_name: Text = field(name="trackingType", default=None)
    target_type_name: Text = field(name="targetType", default=None)
    default_value: Usage = field(name="defaultValue", default=None)
    target_value: Usage = field(name="targetValue", default=None)
    target_group_id: OptionalKey = field(name="targetGroupId", default=None)
    target_rule_ids: Keys = field(name="targetRuleIds", default=None)
    cycles: Annotated[list[CycleActions] | None, ESSENTIAL] = field(
        name="cycleActionMapping", default=None
    )


class ActivityPayload(Struct, gc=False, kw_only=True):
    """One entry of ``activities``; a GROUP has ``children``, which may be groups themselves."""

    kind: Text = field(name="type", default=None)
    activity_id: Key = field(name="id")
    name: Text = None
    cycles: Annotated[list[CycleActions] | None, ESSENTIAL] = field(
        name="commonCycleActionMapping", default=None
    )
    event_name: EventName = field(name="event", default=None)
    expression: Text = field(name="ruleExpression", default=None)
    expression_tree: ExpressionTree = field(name="expJSON", default=NO_JSON)
    milestones: Annotated[list[MilestonePayload] | None, ESSENTIAL] = None
    combination_name: CombinationName = field(name="combinationType", default=None)
    children: "Annotated[list[ActivityPayload] | None, ESSENTIAL]" = None


class Period(Struct, gc=False, kw_only=True):
    """``period`` of a limit."""

    type_name: PeriodTypeName = field(name="periodType", default=None)
    unit_name: WindowUnitName = field(name="periodUnit", default=None)
    length: Integer = field(name="periodValue", default=None)
    reference_at: Instant = field(name="referenceDate", default=None)
    starts_at: Instant = field(name="startDate", default=None)
    ends_at: Instant = field(name="endDate", default=None)


class CapPayload(Struct, gc=False, kw_only=True):
    """One entry of ``limits``."""

    entity_scope: Text = field(name="entityScope", default=None)
    granularity: GranularityName = None
    action_type: Text = field(name="actionType", default=None)
    currency: Text = field(name="actionSubTypeId", default=None)
    limit_type: Text = field(name="limitType", default=None)
    maximum: Figure = field(name="limitValue", default=None)
    is_active: Flag = field(name="active", default=None)
    period: Annotated[Period | None, ESSENTIAL] = None


class StageLimit(Struct, gc=False):
    """A limit within ``restrictions`` of a stage; its key says what it limits."""

    maximum: Figure = field(name="value", default=None)
    basis: Basis = field(name="type", default=None)
    window_type: PeriodTypeName = field(name="periodType", default=None)
    window_unit: WindowUnitName = field(name="periodUnit", default=None)


class StageExpiry(Struct, gc=False):
    """When what a stage has given expires; its key says which stage."""

    days: Integer = field(name="value", default=None)
    expires_at: Instant = field(name="expiryDate", default=None)
    basis_name: ExpiryBasisName = field(name="type", default=None)


Limit = Annotated[StageLimit | None, ESSENTIAL]


class StageRestrictions(Struct, gc=False, kw_only=True):
    """``restrictions`` of a stage; both stages may have each key."""

    enrolment_expiry: StageExpiry | None = field(name="enrolmentExpiryBasedOn", default=None)
    issue_expiry: StageExpiry | None = field(name="optinExpiryBasedOn", default=None)
    enrolments_per_customer: Limit = field(name="enrolmentLimitPerCustomer", default=None)
    enrolments_per_promotion: Limit = field(name="enrolmentLimitPerPromotion", default=None)
    issues_per_customer: Limit = field(name="optinLimitPerCustomer", default=None)
    redemptions_per_issue: Limit = field(name="maxRedemptionsPerEarnPerCustomer", default=None)
    points_per_issue: Limit = field(name="maxPointsPerEarnPerCustomer", default=None)


class Stage(Struct, gc=False):
    """``enrolment`` or ``optin`` of ``workflowMetadata``."""

    restrictions: Annotated[StageRestrictions | None, ESSENTIAL] = None
    opens_at: Instant = field(name="optInStartDate", default=None)
    closes_at: Instant = field(name="optInEndDate", default=None)


class Workflow(Struct, gc=False):
    """``workflowMetadata``."""

    enrol: Annotated[Stage | None, ESSENTIAL] = field(name="enrolment", default=None)
    issue: Annotated[Stage | None, ESSENTIAL] = field(name="optin", default=None)


class SuccessorPayload(Struct, gc=False, kw_only=True):
    """One entry of ``content``; `version_id` belongs to one version of the promotion."""

    general: General = field(name="metadata")
    activities: Annotated[list[ActivityPayload] | None, ESSENTIAL] = None
    version: Integer = None
    limits: Annotated[Annotated[list[CapPayload], RESTRICTIONS] | None, ESSENTIAL] = None
    version_id: Text = field(name="id", default=None)
    workflow: Annotated[Workflow | None, ESSENTIAL] = field(name="workflowMetadata", default=None)


class SuccessorPagePayload(Struct, gc=False):
    """``data`` of a response."""

    items: list[SuccessorPayload] | None = field(name="content", default=None)
    total: Count = field(name="totalElements", default=None)
    errors: Tree = None
