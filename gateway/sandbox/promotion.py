"""Promotions and programs: the facts from which both endpoints of the upstream are rendered."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

GENERIC = "GENERIC"
DIRECT_ISSUE = "LOYALTY"
ENROL_AND_ISSUE = "LOYALTY_EARNING"


@dataclass(frozen=True, slots=True)
class Restriction:
    """A restriction, in the terms of the customer view's `promotionRestriction`.

    `maximum` is a decimal as text, "-1" for no limit. With a `period_unit` (DAILY, WEEKLY, MONTHLY)
    it is PERIOD_BASED over a MOVING_WINDOW; without one it covers the promotion's whole life.
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
    """The `limits` of both endpoints, as decimals in text; "0" if not configured."""

    points_per_event: str = "0"
    points_per_customer: str = "0"
    times_per_customer: str = "0"
    points_in_promotion: str = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """A promotion, independent of customers.

    `offer_type` is the customer view's `pointsOfferType`, `source_type` the legacy spelling.
    `figures_as_numbers` writes the customer view's figures as JSON numbers where the document has
    strings (both occur in its tables). `documented_definition` is a legacy payload that is
    returned verbatim. Instants are aware datetimes in UTC.
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
        """Return `limits`, derived from the redemption restrictions that are not period-based.

        Every documented example agrees: a period-based limit of 20 is 0 here.
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
        """Whether the promotion is active and runs at `now`."""
        return self.active and self.starts_at <= now <= self.ends_at


@dataclass(slots=True, kw_only=True)
class Program:
    """A program.

    `has_promotion_types` is the org's "types of promotions" switch. `definitions` are those of the
    legacy endpoint, in its order; tests may change the list between two calls.
    """

    program_id: int
    name: str
    has_promotion_types: bool = True
    definitions: list[Promotion] = field(default_factory=list)
    note: str = ""

    def counts(self) -> dict[str, int]:
        """Return the number of definitions by source type, including inactive ones."""
        return dict(Counter(promotion.source_type for promotion in self.definitions))


def exact_number(figure: str) -> int | float:
    """Return the JSON number of a decimal."""
    return float(figure) if "." in figure else int(figure)
