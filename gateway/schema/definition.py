"""The definition of a promotion, from the legacy endpoint or its successor."""

from datetime import datetime
from typing import Annotated

import strawberry

from gateway.context import Role
from gateway.errors import ForbiddenError
from gateway.schema.activities import PromotionActivity, TimeWindow
from gateway.schema.declare import AsView, AsViews, computed, plain, view
from gateway.schema.info import Info, ResolverContext
from gateway.schema.limits import PromotionLimits, Restriction
from gateway.schema.metadata import Keys, PromotionMetadata, with_keys
from gateway.schema.rulesets import Ruleset
from gateway.upstream.definitions.payload import DefinitionPayload
from gateway.upstream.normalise import limits, restrictions
from gateway.upstream.normalise.enums import (
    DefinitionSource,
    EarningType,
    ExpiryBasis,
    PromotionSourceType,
    PromotionStatus,
    RestrictionStage,
)
from gateway.upstream.normalise.limits import PromotionLimitFigures
from gateway.upstream.normalise.restrictions import ExpiryFigures, RestrictionFigures
from gateway.upstream.successor.definition import SuccessorDefinition
from gateway.upstream.successor.payload import Note

Stage = Annotated[
    RestrictionStage | None, strawberry.argument(description="Only those of this stage.")
]


@view(description="When something that a promotion gave expires.")
class PromotionExpiry:
    """A view over one expiry."""

    payload: strawberry.Private[restrictions.ExpiryFigures]

    stage: RestrictionStage | None = plain(
        "The stage whose outcome expires; null where the name is not known."
    )
    name: str = plain("The upstream's own word for what expires.")
    basis: ExpiryBasis = plain("What the expiry counts from.")
    basis_name: str | None = plain("The upstream's own word for it.")
    days: int | None = plain("After how many days; null unless the basis is CUSTOM.")
    expires_at: datetime | None = plain("When; null where the upstream has no date for it.")


@view(description="A group of customers that a promotion is for.")
class TargetGroup:
    """A view over one target group."""

    payload: strawberry.Private[restrictions.TargetGroupFigures]

    target_group_id: strawberry.ID = plain("The group's id.")
    target_rule_ids: list[strawberry.ID] = plain("The rules that apply to this group.")


@view(
    description="How a promotion is set up. Of the two endpoints that know it, the older one is"
    " being phased out, so it may be null at any time."
)
class PromotionDefinition:
    """A view over one definition of either endpoint."""

    payload: strawberry.Private[DefinitionPayload | SuccessorDefinition]
    found_under: strawberry.Private[PromotionSourceType | None]

    @computed("The endpoint that it is from.")
    def source(self) -> DefinitionSource:
        """Return the endpoint."""
        is_successors = isinstance(self.payload, SuccessorDefinition)
        return DefinitionSource.V3 if is_successors else DefinitionSource.LEGACY

    @computed(
        "Where it was created; null for `V3`, which does not say, and where it was found by its id"
        " alone."
    )
    def source_type(self) -> PromotionSourceType | None:
        """Return the source type in which it was found; the payload does not have it."""
        return self.found_under

    status: PromotionStatus = plain("Where it stands in its life.", "status_name")
    status_name: str | None = plain(
        "The upstream's own word for it, in one spelling where it is known."
    )
    updated_at: datetime | None = plain("When it was last changed.")
    updated_by: strawberry.ID | None = plain("The user who last changed it.")
    created_at: datetime | None = plain("When it was made; null for `LEGACY`.")
    created_by: strawberry.ID | None = plain("The user who made it; null for `LEGACY`.")
    time_zone: str | None = plain(
        "The time zone in which it was set up, e.g. Asia/Kolkata; null for `LEGACY`. All instants"
        " are in UTC."
    )
    category: str | None = plain(
        "The upstream's own word for its category, e.g. BROADCAST; null for `LEGACY`."
    )

    @computed(
        "What the brand has noted about it, in the platform's order; none for `LEGACY`. A key that"
        " it does not have is left out; one that occurs several times is there as often.",
        AsViews(PromotionMetadata),
    )
    def metadata(self, keys: Keys = None) -> list[Note]:
        """Return the entries with some keys, or all."""
        payload = self.payload
        notes = payload.notes if isinstance(payload, SuccessorDefinition) else None
        return with_keys(notes, keys)

    @computed("When a customer may opt in; null for `LEGACY`, and where it is always.")
    def issue_window(self) -> TimeWindow | None:
        """Return the window."""
        payload = self.payload
        window = payload.issue_window if isinstance(payload, SuccessorDefinition) else None
        return None if window is None else TimeWindow(payload=window)

    allocate_points_on: str | None = plain("On what points are credited, e.g. BILL.")
    use_proportions: bool | None = plain("Whether points follow the value of a purchase.")

    @computed(
        "Its limits as a whole. They may disagree with `restrictions`: neither replaces the other.",
        AsView(PromotionLimits),
    )
    def limits(self) -> PromotionLimitFigures:
        """Return the four limits."""
        if isinstance(self.payload, SuccessorDefinition):
            return self.payload.limits
        return limits.definition_limits(self.payload)

    @computed("What caps its stages.", AsViews(Restriction))
    def restrictions(self, stage: Stage = None) -> list[RestrictionFigures]:
        """Return the restrictions of one stage or all."""
        if isinstance(self.payload, SuccessorDefinition):
            return [each for each in self.payload.restrictions if stage in {None, each.stage}]
        return restrictions.definition_restrictions(self.payload, stage)

    @computed("When what it gave expires.", AsViews(PromotionExpiry))
    def expiries(self) -> list[ExpiryFigures]:
        """Return the expiries."""
        if isinstance(self.payload, SuccessorDefinition):
            return self.payload.expiries
        return restrictions.definition_expiries(self.payload)

    earning_type: EarningType | None = plain(
        "How customers come to its benefits; null where the upstream does not say.",
        "earning_type_name",
        within="rules",
    )
    earning_type_name: str | None = plain("The upstream's own word for it.", within="rules")
    scopes: list[str] = plain(
        "Where it applies: the types of scope, e.g. PROGRAM, TIER, each once. The ids of programs"
        " or tiers that the upstream may name within a type are not shown.",
        within="rules",
    )
    expiry_reminder: str | None = plain(
        "How customers are reminded before it expires: a word, or JSON where the upstream has an"
        " object.",
        within="rules",
    )
    capping_status: str | None = plain(
        'Whether cappings are enforced: the upstream\'s word, which may be "true" or "false".',
        within="rules",
    )
    is_stackable: bool | None = plain(
        "Whether it applies beside other promotions to one purchase.", within="rules"
    )
    is_considered_for_ranking: bool | None = plain(
        "Whether it takes part in the ranking of promotions.", within="rules"
    )
    is_exclusive: bool | None = plain(
        "Whether it keeps all others from one purchase.", within="rules"
    )
    is_always_applied: bool | None = plain(
        "Whether it applies past ranking and stacking.", within="rules"
    )
    skips_earned_date_check_on_redeem: bool | None = plain(
        "Whether it can be redeemed outside the dates of its issue.", within="rules"
    )

    @computed("The groups of customers that it is for.")
    def target_groups(self) -> list[TargetGroup]:
        """Return the groups of both lists."""
        groups = restrictions.target_groups(self.payload.rules)
        return [TargetGroup(payload=group) for group in groups]

    target_rule_ids: list[strawberry.ID] = plain(
        "The rules that define its points.", within="rules"
    )

    @computed(
        "The rules behind it, none for `V3`; null with FORBIDDEN for a caller without the role"
        " `rulesets`: they hold class names and organisation ids."
    )
    def rulesets(self, info: Info) -> list[Ruleset] | None:
        """Return the rulesets to a caller with the role."""
        _authorize(info.context, "rulesets")
        if isinstance(self.payload, SuccessorDefinition):
            return []
        if self.payload.rulesets is None:
            return None
        return [Ruleset(payload=ruleset) for ruleset in self.payload.rulesets]

    @computed(
        "What a customer does for it, groups before their activities; null for `LEGACY`, and with"
        " FORBIDDEN for a caller without the role `rulesets`."
    )
    def activities(self, info: Info) -> list[PromotionActivity] | None:
        """Return the activities to a caller with the role."""
        _authorize(info.context, "activities")
        if not isinstance(self.payload, SuccessorDefinition):
            return None
        return [PromotionActivity(payload=activity) for activity in self.payload.activities]


def _authorize(context: ResolverContext, field: str) -> None:
    """Raise ForbiddenError for a caller without the role that may see rules."""
    if Role.RULESETS not in context.caller.roles:
        raise ForbiddenError(f"{field}: the caller needs the role `rulesets`.")
