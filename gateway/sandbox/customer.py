"""A customer, and the state of each of their promotions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from gateway.sandbox.promotion import (
    DIRECT_ISSUE,
    ENROL_AND_ISSUE,
    GENERIC,
    Promotion,
    Restriction,
)

# Every documented value of `source`; ALL finds a customer on any of them.
SOURCES = frozenset(
    {
        "FACEBOOK",
        "WEB_ENGAGE",
        "INSTORE",
        "MARTJACK",
        "TMALL",
        "TAOBAO",
        "JD",
        "ECOMMERCE",
        "WEBSITE",
        "LINE",
        "ALL",
    }
)


@dataclass(frozen=True, slots=True)
class Issue:
    """One entry of `issuedDetails`."""

    issue_id: int
    event_log_id: int
    issued_at: datetime
    expires_at: datetime
    redeemed_count: int = 0


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One entry of `customerPromotionTimelines`."""

    enrolment_id: int
    event_log_id: int
    enrolled_at: datetime
    expires_at: datetime
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """The state of one promotion for one customer.

    `points` and `times` count over the promotion's life, `..._in_window` within the moving window
    of its period-based restrictions. `enrolments` is None if the upstream tracks none (GENERIC),
    empty if the customer is not enrolled. `documented` is a payload that is returned verbatim.
    """

    promotion: Promotion
    points: Decimal = Decimal(0)
    times: int = 0
    points_in_window: Decimal = Decimal(0)
    times_in_window: int = 0
    enrolments: tuple[Enrolment, ...] | None = None
    documented: Mapping[str, Any] | None = None

    @property
    def enrolment_count(self) -> int:
        """Return the number of enrolments ("issuals" in the payload)."""
        return len(self.enrolments or ())

    @property
    def issue_count(self) -> int:
        """Return the number of issues ("earns" in the payload)."""
        return sum(len(enrolment.issues) for enrolment in self.enrolments or ())

    def usage(self, restriction: Restriction) -> str | None:
        """Return the `currentCustomerUsage` of a restriction; None if the payload has no such key.

        Scope EVENT has none. Scope PROMOTION and NUMBER_OF_REDEMPTIONS_PER_EARN have "0" even after
        use, as in the documented examples.
        """
        if restriction.limit_on == "EVENT":
            return None
        windowed = restriction.period_unit is not None
        match restriction.kpi, restriction.limit_on:
            case _, "PROMOTION":
                figure = "0"
            case "NUMBER_OF_POINTS", _:
                figure = points_figure(self.points_in_window if windowed else self.points)
            case "NUMBER_OF_TIMES", _:
                figure = str(self.times_in_window if windowed else self.times)
            case "NUMBER_OF_ISSUALS", _:
                figure = str(self.enrolment_count)
            case "NUMBER_OF_EARNS", _:
                figure = str(self.issue_count)
            case _:
                figure = "0"
        return figure

    def is_available(self, status: str, now: datetime) -> bool:
        """Whether the holding has a `promotionStatusForCustomer`, as documented."""
        promotion = self.promotion
        if status == "EXPIRED":
            return promotion.ends_at < now
        if not promotion.is_current(now):
            return False
        if status == "AVAILABLE_TO_ENROL":
            return promotion.offer_type == ENROL_AND_ISSUE and self.can_be_enrolled(now)
        if status == "AVAILABLE_TO_EARN":
            return self.can_be_issued(now)
        return self._can_be_redeemed(now)

    def can_be_enrolled(self, now: datetime) -> bool:
        """Whether there is room for an enrolment: one at a time where no restriction says more."""
        restrictions = self.promotion.issual_restrictions
        return self._has_room(restrictions) if restrictions else not self.is_enrolled(now)

    def is_enrolled(self, now: datetime) -> bool:
        """Whether the customer has an enrolment that has not expired."""
        return any(enrolment.expires_at >= now for enrolment in self.enrolments or ())

    def can_be_issued(self, now: datetime) -> bool:
        """Whether the promotion can be issued: to the enrolled, where it needs an enrolment."""
        promotion = self.promotion
        is_issuable = promotion.offer_type == DIRECT_ISSUE or (
            promotion.offer_type == ENROL_AND_ISSUE and self.is_enrolled(now)
        )
        return is_issuable and self._has_room(promotion.earn_restrictions)

    def _can_be_redeemed(self, now: datetime) -> bool:
        promotion = self.promotion
        own = [each for each in promotion.redemption_restrictions if each.limit_on == "CUSTOMER"]
        if not self._has_room(own):
            return False
        if promotion.offer_type == GENERIC:
            return True
        per_issue = next(
            (
                Decimal(restriction.maximum)
                for restriction in promotion.redemption_restrictions
                if restriction.kpi == "NUMBER_OF_REDEMPTIONS_PER_EARN"
            ),
            Decimal(-1),
        )
        return any(
            issue.expires_at >= now and (per_issue < 0 or issue.redeemed_count < per_issue)
            for enrolment in self.enrolments or ()
            for issue in enrolment.issues
        )

    def _has_room(self, restrictions: Iterable[Restriction]) -> bool:
        return all(
            Decimal(restriction.maximum) < 0
            or Decimal(self.usage(restriction) or 0) < Decimal(restriction.maximum)
            for restriction in restrictions
        )


@dataclass(slots=True, kw_only=True)
class Customer:
    """A customer with promotions, identifiers and sources.

    `identifiers` maps an `identifierName` to its values; the world adds `id`. Tests may change
    `holdings` between two calls, as a live upstream would.
    """

    customer_id: int
    identifiers: Mapping[str, tuple[str, ...]]
    sources: frozenset[str] = frozenset({"INSTORE"})
    holdings: list[Holding] = field(default_factory=list)
    warnings: tuple[Mapping[str, Any], ...] = ()
    note: str = ""

    def is_registered_on(self, source: str) -> bool:
        """Whether a `source` parameter finds the customer."""
        return source == "ALL" or source in self.sources


def points_figure(points: Decimal) -> str:
    """Return points as the customer view writes them: "0", or three decimals ("4990.000")."""
    return f"{points:.3f}" if points else "0"
