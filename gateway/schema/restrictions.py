"""The restriction types, over the payloads of both endpoints."""

import strawberry

from gateway.schema.declare import plain, view
from gateway.schema.limits import Limit
from gateway.upstream.normalise.enums import (
    RestrictionMeasure,
    RestrictionScope,
    RestrictionStage,
    WindowType,
    WindowUnit,
)
from gateway.upstream.normalise.restrictions import RestrictionFigures, WindowFigures


@view(description="The period over which a restriction counts.")
class RestrictionWindow:
    """A view over the platform's words for a period."""

    payload: strawberry.Private[WindowFigures]

    type: WindowType = plain("How the period runs.", "type_name")
    type_name: str | None = plain("The upstream's own word for it.")
    unit: WindowUnit = plain("How long it is.", "unit_name")
    unit_name: str | None = plain("The upstream's own word for it.")


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
