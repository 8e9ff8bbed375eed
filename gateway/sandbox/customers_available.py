"""The holdings of C-AVAILABLE: whatever a customer can do with a promotion, and cannot."""

from decimal import Decimal
from typing import Any

from gateway.sandbox.customer import Enrolment, Holding
from gateway.sandbox.generation import Generator
from gateway.sandbox.promotion import (
    DIRECT_ISSUE,
    ENROL_AND_ISSUE,
    GENERIC,
    Metadata,
    Promotion,
    Restriction,
)

PROGRAM_ID = 9025

_METADATA = (
    Metadata("badge", "New", brand_defined=True),
    Metadata("colour", "#0a7", brand_defined=True),
    Metadata("terms", "https://www.example.com/terms", brand_defined=False),
)
_FIVE_TIMES = Restriction("NUMBER_OF_TIMES", "CUSTOMER", "5")
_ONE_ENROLMENT = Restriction("NUMBER_OF_ISSUALS", "CUSTOMER", "1")
_THREE_ENROLMENTS = Restriction("NUMBER_OF_ISSUALS", "CUSTOMER", "3")
_ONE_ISSUE = Restriction("NUMBER_OF_EARNS", "CUSTOMER", "1")
_FOUR_ISSUES = Restriction("NUMBER_OF_EARNS", "CUSTOMER", "4")
_TWO_AN_ISSUE = Restriction("NUMBER_OF_REDEMPTIONS_PER_EARN", "CUSTOMER", "2")


def available_holdings(generator: Generator) -> list[Holding]:
    """Return the holdings by ascending id: what is available, what is not, and what is over."""
    builder = _Builder(generator)
    return [*_available(builder), *_unavailable(builder)]


class _Builder:
    """Makes promotions that run, and holdings of them."""

    def __init__(self, generator: Generator) -> None:
        self._generator, self._count = generator, 0
        self.day = generator.day

    def promotion(self, name: str, offer_type: str, **facts: Any) -> Promotion:
        """Return the next promotion."""
        self._count += 1
        defaults: dict[str, Any] = {
            "name": name,
            "description": f"Shows how a wallet looks for this: {name.lower()}.",
            "offer_type": offer_type,
            "starts_at": self.day(-20),
            "ends_at": self.day(10 + self._count),
            "metadata": _METADATA if self._count % 2 else (),
            "status": "LIVE",
            "issual_restrictions": (),
            "earn_restrictions": (),
            "redemption_restrictions": (),
        }
        promotion_id = 90_250_000 + self._count
        return self._generator.promotion(
            PROGRAM_ID, promotion_id, self._count, **(defaults | facts)
        )

    def enrolled(
        self, promotion: Promotion, *issues: int, expires_in_days: int = 9, **usage: Any
    ) -> Holding:
        """Return a holding with one enrolment, and issues redeemed so many times."""
        enrolment: Enrolment = self._generator.enrolment(
            promotion, -4, issues=issues, expires_in_days=expires_in_days
        )
        return Holding(promotion=promotion, enrolments=(enrolment,), **usage)

    def not_enrolled(self, promotion: Promotion) -> Holding:
        """Return a holding without an enrolment."""
        return Holding(promotion=promotion, enrolments=())


def _available(builder: _Builder) -> list[Holding]:
    make = builder.promotion
    enrol = make("Join now", ENROL_AND_ISSUE, issual_restrictions=(_THREE_ENROLMENTS,))
    joined = make(
        "Joined, waiting for a purchase",
        ENROL_AND_ISSUE,
        issual_restrictions=(_ONE_ENROLMENT,),
        earn_restrictions=(_FOUR_ISSUES,),
    )
    everything = make(
        "Join again, earn again and redeem",
        ENROL_AND_ISSUE,
        issual_restrictions=(_THREE_ENROLMENTS,),
        earn_restrictions=(_FOUR_ISSUES,),
        redemption_restrictions=(_TWO_AN_ISSUE,),
    )
    unrestricted = make("Joined, without any restriction", ENROL_AND_ISSUE)
    direct = make("Waiting for a purchase", DIRECT_ISSUE, earn_restrictions=(_FOUR_ISSUES,))
    issued = make(
        "Redeem or earn again",
        DIRECT_ISSUE,
        earn_restrictions=(_FOUR_ISSUES,),
        redemption_restrictions=(_TWO_AN_ISSUE,),
    )
    last = make(
        "Redeem the last one",
        DIRECT_ISSUE,
        earn_restrictions=(_ONE_ISSUE,),
        redemption_restrictions=(_TWO_AN_ISSUE,),
    )
    generic = make("Redeem now", GENERIC, redemption_restrictions=(_FIVE_TIMES,))
    unlimited = make("Redeem as often as you like", GENERIC)
    return [
        builder.not_enrolled(enrol),
        builder.enrolled(joined),
        builder.enrolled(everything, 1, times=1, points=Decimal(10)),
        builder.enrolled(unrestricted),
        builder.not_enrolled(direct),
        builder.enrolled(issued, 0),
        builder.enrolled(last, 1, times=1, points=Decimal(10)),
        Holding(promotion=generic, times=4, points=Decimal(40)),
        Holding(promotion=unlimited, times=12, points=Decimal(120)),
    ]


def _unavailable(builder: _Builder) -> list[Holding]:
    make = builder.promotion
    used_up = make("Used up", GENERIC, redemption_restrictions=(_FIVE_TIMES,))
    redeemed = make(
        "Everything redeemed",
        DIRECT_ISSUE,
        earn_restrictions=(_ONE_ISSUE,),
        redemption_restrictions=(_TWO_AN_ISSUE,),
    )
    left = make("Missed the purchase", ENROL_AND_ISSUE, issual_restrictions=(_ONE_ENROLMENT,))
    off = make("Switched off", GENERIC, active=False, status="PAUSED")
    later = make(
        "Begins next week",
        GENERIC,
        starts_at=builder.day(7),
        ends_at=builder.day(40),
        status="UPCOMING",
    )
    over = make("Ended yesterday", GENERIC, ends_at=builder.day(0), status="COMPLETED")
    never = make(
        "Ended before it was redeemed",
        DIRECT_ISSUE,
        ends_at=builder.day(-2),
        status="COMPLETED",
        redemption_restrictions=(_TWO_AN_ISSUE,),
    )
    return [
        Holding(promotion=used_up, times=5, points=Decimal(50)),
        builder.enrolled(redeemed, 2, times=2, points=Decimal(20)),
        builder.enrolled(left, expires_in_days=-1),
        Holding(promotion=off),
        Holding(promotion=later),
        Holding(promotion=over, times=1, points=Decimal(10)),
        builder.enrolled(never, 0, expires_in_days=-2),
    ]
