"""The limit and restriction types, over the payloads of both endpoints."""

from datetime import datetime

import strawberry

from gateway.schema.declare import PAYLOAD, plain, view
from gateway.upstream.normalise import limits as figures
from gateway.upstream.normalise.enums import (
    LimitKind,
    RestrictionMeasure,
    RestrictionScope,
    RestrictionStage,
    WindowType,
    WindowUnit,
)
from gateway.upstream.normalise.restrictions import RestrictionFigures, WindowFigures


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


@view(description="The period over which a restriction counts.")
class RestrictionWindow:
    """A view over the platform's words for a period."""

    payload: strawberry.Private[WindowFigures]

    type: WindowType = plain("How the period runs.", "type_name")
    type_name: str | None = plain("The upstream's own word for it.")
    unit: WindowUnit = plain("The unit of its length.", "unit_name")
    unit_name: str | None = plain("The upstream's own word for it.")
    length: int | None = plain(
        "How many of these units it lasts; 1 where only one is possible, null for none."
    )
    starts_at: datetime | None = plain("When a FIXED_WINDOW starts; null for any other.")
    ends_at: datetime | None = plain("When a FIXED_WINDOW ends; null for any other.")
    anchor_at: datetime | None = plain(
        "From when on periods are counted; null where the upstream does not say."
    )


@view(description="A cap on one stage of a promotion.")
class Restriction:
    """A view over one normalised restriction."""

    payload: strawberry.Private[RestrictionFigures]

    stage: RestrictionStage = plain("The stage that it caps.")
    measure: RestrictionMeasure = plain("What it counts.")
    measure_name: str = plain("The upstream's own word for what it counts.")
    scope: RestrictionScope = plain("Over what it counts.")
    scope_name: str | None = plain("The upstream's own word for the scope, where it has one.")
    limit: Limit = plain("The cap, and how much of it is used up.")

    window: RestrictionWindow | None = plain(
        "The period over which it counts; null: over the promotion's whole life."
    )
