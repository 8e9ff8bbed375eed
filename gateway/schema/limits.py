"""The limit types."""

import strawberry

from gateway.schema.declare import PAYLOAD, plain, view
from gateway.upstream.normalise import limits as figures
from gateway.upstream.normalise.enums import LimitKind


@view(description="How much of something there may be, and how much is left.")
class Limit:
    """A view over normalised figures."""

    payload: strawberry.Private[figures.LimitFigures]

    kind: LimitKind = plain("Whether there is a limit at all.")
    max: float | None = plain(
        "The limit; null unless it is LIMITED, or where a Float cannot have its digits (some"
        " figures beyond 2^53).",
        "maximum",
    )
    used: float | None = plain(
        "How much is used up; null where the upstream does not say, or cannot be believed, or"
        " where a Float cannot have its digits."
    )

    remaining: float | None = plain(
        "What is left, never below 0; null unless the limit and its use are known, or where a"
        " Float cannot have its digits.",
        PAYLOAD,
        figures.remaining,
    )
    is_exhausted: bool | None = plain(
        "Whether nothing is left; false when UNLIMITED, null when not known.",
        PAYLOAD,
        figures.is_exhausted,
    )


@view(description="The limits of a promotion as a whole.")
class PromotionLimits:
    """A view over the four limits that both endpoints have."""

    payload: strawberry.Private[figures.PromotionLimitFigures]

    points_per_event: Limit = plain("Points that one activity may give.")
    points_per_customer: Limit = plain("Points that one customer may get.")
    times_per_customer: Limit = plain("Activities for which one customer may get points.")
    points_in_promotion: Limit = plain("Points that all customers together may get.")
