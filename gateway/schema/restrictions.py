"""Restrictions as the graph shows them, from whichever endpoint they came."""

import strawberry

from gateway.schema.declare import AsView, plain
from gateway.schema.limits import Limit
from gateway.upstream.normalise.enums import (
    RestrictionMeasure,
    RestrictionScope,
    RestrictionStage,
    WindowType,
    WindowUnit,
    reader_of,
)
from gateway.upstream.normalise.restrictions import RestrictionFigures, WindowFigures


@strawberry.type(description="The period over which a restriction counts.")
class RestrictionWindow:
    """A view over the raw words of a period."""

    payload: strawberry.Private[WindowFigures]

    type: WindowType = plain("type_name", "How the period runs.", reader_of(WindowType))
    type_name: str | None = plain("type_name", "The upstream's own word for it.")
    unit: WindowUnit = plain("unit_name", "How long it is.", reader_of(WindowUnit))
    unit_name: str | None = plain("unit_name", "The upstream's own word for it.")


@strawberry.type(description="A cap on one stage of a promotion.")
class Restriction:
    """A view over one normalised restriction."""

    payload: strawberry.Private[RestrictionFigures]

    stage: RestrictionStage = plain("stage", "The stage that it caps.")
    measure: RestrictionMeasure = plain("measure", "What it counts.")
    measure_name: str = plain("measure_name", "The upstream's own word for what it counts.")
    scope: RestrictionScope = plain("scope", "Over what it counts.")
    scope_name: str | None = plain(
        "scope_name", "The upstream's own word for the scope, where it has one."
    )
    limit: Limit = plain("limit", "The cap, and how much of it is used up.", AsView(Limit))

    window: RestrictionWindow | None = plain(
        "window",
        "The period over which it counts; null: over the promotion's whole life.",
        AsView(RestrictionWindow),
    )
