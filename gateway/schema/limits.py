"""Limits as the graph shows them."""

import strawberry

from gateway.schema.declare import PAYLOAD, AsView, plain
from gateway.upstream.normalise import limits as figures
from gateway.upstream.normalise.enums import LimitKind


@strawberry.type(description="How much of something there may be, and how much is left.")
class Limit:
    """A view over normalised figures."""

    payload: strawberry.Private[figures.LimitFigures]

    kind: LimitKind = plain("kind", "Whether there is a limit at all.")
    max: float | None = plain(
        "maximum",
        "The limit; null unless it is LIMITED, or where a Float cannot have its digits (some"
        " figures beyond 2^53).",
        figures.shown,
    )
    used: float | None = plain(
        "used",
        "How much is used up; null where the upstream does not say, or cannot be believed, or"
        " where a Float cannot have its digits.",
        figures.shown,
    )

    remaining: float | None = plain(
        PAYLOAD,
        "What is left, never below 0; null unless the limit and its use are known, or where a"
        " Float cannot have its digits.",
        figures.remaining,
    )
    is_exhausted: bool | None = plain(
        PAYLOAD,
        "Whether nothing is left; false when UNLIMITED, null when not known.",
        figures.is_exhausted,
    )


@strawberry.type(description="The limits of a promotion as a whole.")
class PromotionLimits:
    """A view over the four figures that both endpoints know."""

    payload: strawberry.Private[figures.PromotionLimitFigures]

    points_per_event: Limit = plain(
        "points_per_event", "Points that one activity may give.", AsView(Limit)
    )
    points_per_customer: Limit = plain(
        "points_per_customer", "Points that one customer may get.", AsView(Limit)
    )
    times_per_customer: Limit = plain(
        "times_per_customer", "Activities for which one customer may get points.", AsView(Limit)
    )
    points_in_promotion: Limit = plain(
        "points_in_promotion", "Points that all customers together may get.", AsView(Limit)
    )
