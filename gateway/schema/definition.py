"""The definition of a promotion, which only the legacy endpoint has."""

from datetime import datetime
from typing import Annotated

import strawberry

from gateway.context import Role
from gateway.errors import ForbiddenError
from gateway.schema.declare import AsView, AsViews, computed, plain, view
from gateway.schema.info import Info
from gateway.schema.limits import PromotionLimits, Restriction
from gateway.schema.rulesets import Ruleset
from gateway.upstream.definitions.payload import DefinitionPayload
from gateway.upstream.normalise import limits, restrictions
from gateway.upstream.normalise.enums import (
    EarningType,
    ExpiryBasis,
    PromotionSourceType,
    PromotionStatus,
    RestrictionStage,
)
from gateway.upstream.normalise.limits import PromotionLimitFigures
from gateway.upstream.normalise.restrictions import ExpiryFigures, RestrictionFigures

Stage = Annotated[
    RestrictionStage | None, strawberry.argument(description="Only those of this stage.")
]


@view(description="When something that a promotion gave expires.")
class PromotionExpiry:
    """A view over one entry of ``expiryRestrictions``."""

    payload: strawberry.Private[restrictions.ExpiryFigures]

    stage: RestrictionStage | None = plain(
        "The stage whose outcome expires; null where the name is not known."
    )
    name: str = plain("The upstream's own word for what expires.")
    basis: ExpiryBasis = plain("What the expiry counts from.")
    basis_name: str | None = plain("The upstream's own word for it.")
    days: int | None = plain("After how many days; null unless the basis is CUSTOM.")


@view(description="A group of customers that a promotion is for.")
class TargetGroup:
    """A view over one target group."""

    payload: strawberry.Private[restrictions.TargetGroupFigures]

    target_group_id: strawberry.ID = plain("The group's id.")
    target_rule_ids: list[strawberry.ID] = plain("The rules that apply to this group.")


@view(
    description="How a promotion is set up. The endpoint that knows it is being phased out, so it"
    " may be null at any time."
)
class PromotionDefinition:
    """A view over one legacy definition."""

    payload: strawberry.Private[DefinitionPayload]
    found_under: strawberry.Private[PromotionSourceType]

    @computed("Where it was created.")
    def source_type(self) -> PromotionSourceType:
        """Return the source type in which it was found; the payload does not have it."""
        return self.found_under

    status: PromotionStatus = plain("Where it stands in its life.", "status_name")
    status_name: str | None = plain(
        "The upstream's own word for it, in one spelling where it is known."
    )
    updated_at: datetime | None = plain("When it was last changed.")
    updated_by: strawberry.ID | None = plain("The user who last changed it.")
    allocate_points_on: str | None = plain("On what points are credited, e.g. BILL.")
    use_proportions: bool | None = plain("Whether points follow the value of a purchase.")

    @computed(
        "Its limits as a whole. They may disagree with `restrictions`: neither replaces the other.",
        AsView(PromotionLimits),
    )
    def limits(self) -> PromotionLimitFigures:
        """Return the four limits."""
        return limits.definition_limits(self.payload)

    @computed("What caps its stages.", AsViews(Restriction))
    def restrictions(self, stage: Stage = None) -> list[RestrictionFigures]:
        """Return the restrictions of one stage or all."""
        return restrictions.definition_restrictions(self.payload, stage)

    @computed("When what it gave expires.", AsViews(PromotionExpiry))
    def expiries(self) -> list[ExpiryFigures]:
        """Return the expiries."""
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
        "The rules behind it; null with FORBIDDEN for a caller without the role `rulesets`: they"
        " hold class names and organisation ids."
    )
    def rulesets(self, info: Info) -> list[Ruleset] | None:
        """Return the rulesets to a caller with the role."""
        if Role.RULESETS not in info.context.caller.roles:
            raise ForbiddenError("rulesets: the caller needs the role `rulesets`.")
        if self.payload.rulesets is None:
            return None
        return [Ruleset(payload=ruleset) for ruleset in self.payload.rulesets]
