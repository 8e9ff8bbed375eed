"""The facts of one promotion, from which both upstream views of it are rendered."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

GENERIC = "GENERIC"
DIRECT_ISSUE = "LOYALTY"
ENROL_AND_ISSUE = "LOYALTY_EARNING"


@dataclass(frozen=True, slots=True)
class Restriction:
    """One configured cap, in the words of the customer view's `promotionRestriction`.

    `maximum` is a decimal figure as text, "-1" for no limit. `period_unit` (DAILY, WEEKLY, MONTHLY)
    makes it PERIOD_BASED over a MOVING_WINDOW; None lets it count over the promotion's whole life.
    """

    kpi: str
    limit_on: str
    maximum: str
    period_unit: str | None = None


@dataclass(frozen=True, slots=True)
class Metadata:
    """One entry of the customer view's `promotionMetadata`."""

    key: str
    value: str
    brand_defined: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """The figures of both views' `limits`, as decimal text; "0" where nothing is configured."""

    points_per_event: str = "0"
    points_per_customer: str = "0"
    times_per_customer: str = "0"
    points_in_promotion: str = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """What is true of a promotion whoever looks at it.

    `offer_type` is the customer view's `pointsOfferType`, `source_type` the legacy spelling.
    `figures_as_numbers` writes the customer view's figures as JSON numbers where the document has
    strings (both occur in its tables). `documented_definition` is a legacy payload that is
    answered word for word. Instants are aware datetimes in UTC.
    """

    promotion_id: int
    program_id: int
    name: str
    identifier: str
    description: str
    starts_at: datetime
    ends_at: datetime
    active: bool = True
    event_name: str = "TransactionAdd"
    offer_type: str = GENERIC
    metadata: tuple[Metadata, ...] = ()
    issual_restrictions: tuple[Restriction, ...] = ()
    earn_restrictions: tuple[Restriction, ...] = ()
    redemption_restrictions: tuple[Restriction, ...] = ()
    source_type: str = "UI"
    status: str = "LIVE"
    figures_as_numbers: bool = False
    documented_definition: Mapping[str, Any] | None = None

    @property
    def limits(self) -> Limits:
        """The figures of `limits`: the redemption restrictions again, without period-based ones.

        Every documented example agrees: a period-based limit of 20 stands there as 0.
        """
        found = {
            (restriction.kpi, restriction.limit_on): restriction.maximum
            for restriction in self.redemption_restrictions
            if restriction.period_unit is None
        }
        return Limits(
            points_per_event=found.get(("NUMBER_OF_POINTS", "EVENT"), "0"),
            points_per_customer=found.get(("NUMBER_OF_POINTS", "CUSTOMER"), "0"),
            times_per_customer=found.get(("NUMBER_OF_TIMES", "CUSTOMER"), "0"),
            points_in_promotion=found.get(("NUMBER_OF_POINTS", "PROMOTION"), "0"),
        )

    def is_current(self, now: datetime) -> bool:
        """Whether the promotion is switched on and runs at `now`."""
        return self.active and self.starts_at <= now <= self.ends_at


def exact_number(figure: str) -> int | float:
    """Turn a decimal figure into the JSON number that the upstream writes for it."""
    return float(figure) if "." in figure else int(figure)
