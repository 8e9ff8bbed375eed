"""The payload of the legacy definitions: ``GET …/programs/{id}/promotionsV2``.

Attributes have the graph's names, and their `name` is the documented key. Nesting and order of the
fields are those of the documented JSON example; the decoder is fastest in the order on the wire.
"""

from collections.abc import Iterable
from itertools import chain
from typing import Annotated

from msgspec import Raw, Struct, field

from gateway.upstream.customer_view.payload import PageDetails
from gateway.upstream.decoding.field_types import (
    ESSENTIAL,
    NO_JSON,
    RESTRICTIONS,
    Digits,
    ExpressionTree,
    Figure,
    Flag,
    Instant,
    Integer,
    JsonByName,
    Key,
    Keys,
    Normalised,
    OpenEnd,
    OpenStart,
    OptionalKey,
    ScopeWords,
    Text,
    Tree,
    Trees,
    TypeWord,
    WordOrJson,
)
from gateway.upstream.decoding.lazy_field import LazyField
from gateway.upstream.normalise.enums import (
    EarningTypeName,
    EventName,
    ExpiryBasisName,
    StatusName,
    TypeName,
    WindowTypeName,
    WindowUnitName,
)
from gateway.upstream.normalise.instants import prefer_readable
from gateway.upstream.normalise.measures import Basis, DefinitionMeasureName, ExpiryName
from gateway.upstream.normalise.texts import entries


class Filter(Struct, gc=False):
    """One entry of a ruleset's or a rule's ``filterInfo``."""

    filter_id: Key = field(name="id")
    org_id: OptionalKey = field(name="orgID", default=None)
    rule_id: OptionalKey = field(name="ruleID", default=None)
    name: Text = None
    class_name: Text = field(name="className", default=None)
    is_include: Flag = field(name="isInclude", default=None)
    properties: JsonByName = field(name="propertyToValues", default=None)


class Action(Struct, gc=False):
    """One action of a rule's ``caseToActions``."""

    action_id: Key = field(name="id")
    name: Text = field(name="actionName", default=None)
    class_name: Text = field(name="actionClass", default=None)
    description: Text = None
    properties: JsonByName = field(name="mandatoryPropertiesValues", default=None)
    complex_properties: Tree = field(name="mandatoryComplexPropertiesValues", default=None)


class RulePayload(Struct, gc=False, kw_only=True):
    """One entry of a ruleset's ``rules``."""

    rule_id: Key = field(name="id")
    expression: Text = field(name="exp", default=None)
    expression_tree: ExpressionTree = field(name="expJSON", default=NO_JSON)
    expression_tree_type: Text = field(name="jsonType", default=None)
    is_active: Flag = field(name="isActive", default=None)
    priority: Integer = None
    starts_at: OpenStart = field(name="startDate", default=None)
    ends_at: OpenEnd = field(name="endDate", default=None)
    created_at: Instant = field(name="createdOn", default=None)
    outcomes: Annotated[dict[str, list[Action] | None] | None, ESSENTIAL, Normalised(entries)] = (
        field(name="caseToActions", default=None)
    )
    scope: Text = field(name="ruleScope", default=None)
    created_by: OptionalKey = field(name="createdBy", default=None)
    modified_by: OptionalKey = field(name="modifiedBy", default=None)
    modified_at: Instant = field(name="modifiedOn", default=None)
    name: Text = None
    description: Text = None
    expression_data_type: TypeWord = field(name="expDataType", default=NO_JSON)
    filters: Annotated[list[Filter] | None, ESSENTIAL] = field(name="filterInfo", default=None)
    ruleset_id: OptionalKey = field(name="ruleSetId", default=None)
    is_updated_via_new_ui: Flag = field(name="updatedViaNewUI", default=None)
    starts_at_iso: Instant = field(name="startDateISO", default=None)
    ends_at_iso: Instant = field(name="endDateISO", default=None)
    created_at_iso: Instant = field(name="createdOnISO", default=None)
    modified_at_iso: Instant = field(name="modifiedOnISO", default=None)


class RulesetPayload(Struct, gc=False, kw_only=True):
    """One entry of ``rulesetInfos``."""

    ruleset_id: Key = field(name="id")
    org_name: Text = field(name="orgName", default=None)
    context_id: OptionalKey = field(name="contextID", default=None)
    org_id: OptionalKey = field(name="orgID", default=None)
    context_type: Text = field(name="contextType", default=None)
    rules: Annotated[list[RulePayload] | None, ESSENTIAL] = None
    scope: Text = field(name="ruleScope", default=None)
    starts_at: OpenStart = field(name="startDate", default=None)
    ends_at: OpenEnd = field(name="endDate", default=None)
    created_at: Instant = field(name="createdOn", default=None)
    created_by: OptionalKey = field(name="createdBy", default=None)
    modified_by: OptionalKey = field(name="modifiedBy", default=None)
    modified_at: Instant = field(name="modifiedOn", default=None)
    name: Text = None
    package_name: Text = field(name="packageName", default=None)
    description: Text = None
    filters: Annotated[list[Filter] | None, ESSENTIAL] = field(name="filterInfo", default=None)
    event_type: Text = field(name="eventType", default=None)
    cappings: Trees = field(name="cappingInfo", default=None)
    is_updated_via_new_ui: Flag = field(name="updatedViaNewUI", default=None)
    label: Text = None
    is_private: Flag = field(name="private", default=None)
    starts_at_iso: Instant = field(name="startDateISO", default=None)
    ends_at_iso: Instant = field(name="endDateISO", default=None)
    created_at_iso: Instant = field(name="createdOnISO", default=None)
    modified_at_iso: Instant = field(name="modifiedOnISO", default=None)


class DefinitionLimits(Struct, gc=False):
    """``limits``: -1 means no limit; 0 is not stated (docs/platform.md#zero-in-limits)."""

    points_per_event: Figure = field(name="totalPointsPerEventLimit", default=None)
    points_per_customer: Figure = field(name="pointsPerCustomer", default=None)
    times_per_customer: Figure = field(name="numberOfTimesPerCustomer", default=None)
    points_in_promotion: Figure = field(name="totalPointsInPromotion", default=None)


class DefinitionRestriction(Struct, gc=False):
    """One entry of the enrol, issue and redeem lists of ``promotionRestrictions.restrictions``."""

    measure_name: DefinitionMeasureName = field(name="name")
    maximum: Figure = field(name="value", default=None)
    basis: Basis = field(name="type", default=None)
    window_type: WindowTypeName = field(name="periodType", default=None)
    window_unit: WindowUnitName = field(name="periodUnit", default=None)


class Expiry(Struct, gc=False):
    """One entry of ``expiryRestrictions``."""

    name: ExpiryName
    basis_name: ExpiryBasisName = field(name="type", default=None)
    days: Integer = field(name="value", default=None)


DefinitionRestrictions = Annotated[
    Annotated[list[DefinitionRestriction], RESTRICTIONS] | None, ESSENTIAL
]


class DefinitionRestrictionLists(Struct, gc=False):
    """``promotionRestrictions.restrictions``; the list that holds a restriction is its stage."""

    redeem: DefinitionRestrictions = field(name="redemptionRestrictions", default=None)
    enrol: DefinitionRestrictions = field(name="issualRestrictions", default=None)
    issue: DefinitionRestrictions = field(name="earnRestrictions", default=None)
    expiries: Annotated[list[Expiry] | None, ESSENTIAL] = field(
        name="expiryRestrictions", default=None
    )


class DefinitionRules(Struct, gc=False):
    """``promotionRestrictions``: how a promotion is earned, to whom it applies, and its limits."""

    restrictions: Annotated[DefinitionRestrictionLists | None, ESSENTIAL] = None
    scopes: ScopeWords = field(name="scope", default=NO_JSON)
    earning_type_name: EarningTypeName = field(name="loyaltyEarningType", default=None)
    expiry_reminder: WordOrJson = field(name="expiryReminder", default=NO_JSON)
    target_group_ids: Keys = field(name="targetGroupIds", default=None)
    target_rule_ids: Keys = field(name="targetRuleIds", default=None)
    target_rule_ids_by_group: Annotated[dict[str, list[Key] | None] | None, ESSENTIAL] = field(
        name="linkedTargetGroupVsTargetRuleIdMap", default=None
    )
    capping_status: WordOrJson = field(name="cappingStatus", default=NO_JSON)
    skips_earned_date_check_on_redeem: Flag = field(
        name="skipEarnedDateCheckOnRedeem", default=None
    )
    is_stackable: Flag = field(name="isStackable", default=None)
    is_considered_for_ranking: Flag = field(name="isConsideredForRanking", default=None)
    is_exclusive: Flag = field(name="isExclusive", default=None)
    is_always_applied: Flag = field(name="isAlwaysApply", default=None)


class DefinitionPayload(Struct, gc=False, kw_only=True):
    """One entry of ``data``."""

    promotion_id: Digits = field(name="id")
    name: str
    description: Text = None
    status_name: StatusName = field(name="promotionStatus", default=None)
    updated_at: Instant = field(name="lastUpdateDate", default=None)
    updated_by: OptionalKey = field(name="lastUpdatedBy", default=None)
    rulesets_json: Raw = field(name="rulesetInfos", default_factory=Raw)
    program_name: Text = field(name="programName", default=None)
    program_id: Digits = field(name="programId")
    starts_at: Instant = field(name="startDate", default=None)
    ends_at: Instant = field(name="endDate", default=None)
    identifier: Text = None
    is_active: Flag = field(name="isActive", default=None)
    event_name: EventName = field(name="eventName", default=None)
    allocate_points_on: Text = field(name="allocatePointsOn", default=None)
    limits: Annotated[DefinitionLimits | None, ESSENTIAL] = None
    use_proportions: Flag = field(name="useProportions", default=None)
    type_name: TypeName = field(name="pointsOfferType", default=None)
    rules_json: Raw = field(name="promotionRestrictions", default_factory=Raw)
    starts_at_iso: Instant = field(name="startDateISO", default=None)
    ends_at_iso: Instant = field(name="endDateISO", default=None)
    updated_at_iso: Instant = field(name="lastUpdateDateISO", default=None)

    @property
    def created_at(self) -> Instant:
        """Return None: only the successor says when."""
        return None

    @property
    def created_by(self) -> OptionalKey:
        """Return None: only the successor says who."""
        return None

    @property
    def time_zone(self) -> Text:
        """Return None: only the successor says where."""
        return None

    @property
    def category(self) -> Text:
        """Return None: only the successor has categories."""
        return None

    @property
    def rules(self) -> DefinitionRules | None:
        """Return the value of ``promotionRestrictions``."""
        return rules_field.read(self.rules_json)

    @property
    def rulesets(self) -> list[RulesetPayload] | None:
        """Return the value of ``rulesetInfos``."""
        return rulesets_field.read(self.rulesets_json)


rules_field: LazyField[DefinitionRules] = LazyField(
    "promotionRestrictions", "rules_json", DefinitionRules | None, is_essential=True
)


def prefer_iso_dates(items: Iterable[DefinitionPayload | None]) -> None:
    """Replace each date by its ``ISO`` twin; those of rulesets are replaced when they are read."""
    for item in filter(None, items):
        if item.starts_at_iso is not None:
            item.starts_at = prefer_readable(item.starts_at_iso, item.starts_at)
        if item.ends_at_iso is not None:
            item.ends_at = prefer_readable(item.ends_at_iso, item.ends_at)
        if item.updated_at_iso is not None:
            item.updated_at = prefer_readable(item.updated_at_iso, item.updated_at)


def _prefer_iso_dates_of_rules(rulesets: list[RulesetPayload]) -> None:
    rules = chain.from_iterable(ruleset.rules or () for ruleset in rulesets)
    dated: Iterable[RulesetPayload | RulePayload] = chain(rulesets, rules)
    for each in dated:
        if each.starts_at_iso is not None:
            each.starts_at = prefer_readable(each.starts_at_iso, each.starts_at)
        if each.ends_at_iso is not None:
            each.ends_at = prefer_readable(each.ends_at_iso, each.ends_at)
        if each.created_at_iso is not None:
            each.created_at = prefer_readable(each.created_at_iso, each.created_at)
        if each.modified_at_iso is not None:
            each.modified_at = prefer_readable(each.modified_at_iso, each.modified_at)


rulesets_field: LazyField[list[RulesetPayload]] = LazyField(
    "rulesetInfos",
    "rulesets_json",
    list[RulesetPayload] | None,
    postprocess=_prefer_iso_dates_of_rules,
)


class DefinitionPagePayload(Struct, gc=False):
    """A response of the endpoint."""

    items: list[DefinitionPayload] | None = field(name="data", default=None)
    page_details: PageDetails | None = field(name="pageDetails", default=None)
    status: Tree = None
    validation_errors: Tree = field(name="validationErrors", default=None)
    errors: Tree = None

    @property
    def total(self) -> int | None:
        """Return the total of the page details."""
        return self.page_details.total if self.page_details is not None else None
