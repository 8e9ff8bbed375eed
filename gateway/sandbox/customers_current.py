"""The holdings of C-CURRENT: each state of a promotion of each type, all valid now."""

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

PROGRAM_ID = 9020

_METADATA = (
    Metadata("badge", "New", brand_defined=True),
    Metadata("terms", "https://www.example.com/terms", brand_defined=False),
)
_TWICE = Restriction("NUMBER_OF_TIMES", "CUSTOMER", "2")
_HUNDRED_POINTS = Restriction("NUMBER_OF_POINTS", "CUSTOMER", "100")
_FIFTY_A_DAY = Restriction("NUMBER_OF_POINTS", "CUSTOMER", "50", "DAILY")
_THREE_AN_ISSUE = Restriction("NUMBER_OF_REDEMPTIONS_PER_EARN", "CUSTOMER", "3")
_TWO_ENROLMENTS = Restriction("NUMBER_OF_ISSUALS", "CUSTOMER", "2")
_TWO_ISSUES = Restriction("NUMBER_OF_EARNS", "CUSTOMER", "2")


def current_holdings(generator: Generator) -> list[Holding]:
    """Return the holdings by ascending id, dated around the date of the generator."""
    return [*_generic(generator), *_direct_issue(generator), *_enrol_and_issue(generator)]


def _promotion(generator: Generator, nth: int, name: str, **facts: Any) -> Promotion:
    defaults: dict[str, Any] = {
        "name": name,
        "description": f"A promotion that shows: {name.lower()}.",
        "starts_at": generator.day(-30),
        "ends_at": generator.day(45),
        "metadata": _METADATA if nth % 3 == 0 else (),
        "status": "LIVE",
        "earn_restrictions": (),
        "issual_restrictions": (),
        "redemption_restrictions": (),
    }
    return generator.promotion(PROGRAM_ID, 90_200_000 + nth, nth, **(defaults | facts))


def _generic(generator: Generator) -> list[Holding]:
    def holding(
        nth: int, name: str, restrictions: tuple[Restriction, ...], **usage: Any
    ) -> Holding:
        promotion = _promotion(
            generator, nth, name, offer_type=GENERIC, redemption_restrictions=restrictions
        )
        return Holding(promotion=promotion, **usage)

    return [
        holding(1, "Unused", (_TWICE, _HUNDRED_POINTS)),
        holding(2, "Partly used", (_TWICE, _HUNDRED_POINTS), times=1, points=Decimal(40)),
        holding(3, "Times used up", (_TWICE,), times=2, points=Decimal(20)),
        holding(4, "Points used up", (_HUNDRED_POINTS,), times=9, points=Decimal(100)),
        holding(
            5,
            "Used up for today",
            (_FIFTY_A_DAY, _HUNDRED_POINTS),
            times=3,
            points=Decimal(70),
            times_in_window=2,
            points_in_window=Decimal(50),
        ),
        holding(6, "Without any limit", (), times=3, points=Decimal("4990.5")),
    ]


def _direct_issue(generator: Generator) -> list[Holding]:
    promotions = (
        _promotion(
            generator,
            nth,
            name,
            offer_type=DIRECT_ISSUE,
            issual_restrictions=(_TWO_ENROLMENTS,),
            earn_restrictions=(_TWO_ISSUES,),
            redemption_restrictions=(_THREE_AN_ISSUE,),
        )
        for nth, name in enumerate(
            (
                "Not issued yet",
                "Issued",
                "Partly redeemed",
                "Fully redeemed",
                "Issued as often as allowed",
                "Issue has expired",
            ),
            start=11,
        )
    )
    states: tuple[tuple[tuple[int, int, int], ...], ...] = (
        (),
        ((-4, 0, 20),),
        ((-4, 2, 20),),
        ((-4, 3, 20),),
        ((-9, 3, 20), (-2, 1, 20)),
        ((-20, 0, -2),),
    )
    return [
        _issued(generator, promotion, state)
        for promotion, state in zip(promotions, states, strict=True)
    ]


def _issued(
    generator: Generator, promotion: Promotion, state: tuple[tuple[int, int, int], ...]
) -> Holding:
    """Create a directly issued holding; `state` has (day issued, times redeemed, day of expiry)."""
    redeemed = sum(count for _, count, _ in state)
    return Holding(
        promotion=promotion,
        times=redeemed,
        points=Decimal(10) * redeemed,
        enrolments=tuple(
            generator.enrolment(promotion, day, issues=(count,), expires_in_days=expiry)
            for day, count, expiry in state
        ),
    )


def _enrol_and_issue(generator: Generator) -> list[Holding]:
    def promotion(nth: int, name: str) -> Promotion:
        return _promotion(
            generator,
            nth,
            name,
            offer_type=ENROL_AND_ISSUE,
            issual_restrictions=(_TWO_ENROLMENTS,),
            earn_restrictions=(_TWO_ISSUES,),
            redemption_restrictions=(_THREE_AN_ISSUE,),
        )

    def enrolled(
        which: Promotion, day: int, issues: tuple[int, ...] = (), expires_in_days: int = 20
    ) -> Enrolment:
        return generator.enrolment(which, day, issues=issues, expires_in_days=expires_in_days)

    def holding(which: Promotion, *enrolments: Enrolment) -> Holding:
        redeemed = sum(issue.redeemed_count for one in enrolments for issue in one.issues)
        return Holding(
            promotion=which, times=redeemed, points=Decimal(10) * redeemed, enrolments=enrolments
        )

    open_to_all, waiting, issued, partly = (
        promotion(21, "Open for enrolment"),
        promotion(22, "Enrolled, nothing issued"),
        promotion(23, "Enrolled and issued"),
        promotion(24, "Issued and partly redeemed"),
    )
    lapsed, no_more_issues, no_more_enrolments, often = (
        promotion(25, "Enrolment has expired"),
        promotion(26, "Issues used up"),
        promotion(27, "Enrolments used up"),
        promotion(28, "An old enrolment and a new one"),
    )
    return [
        holding(open_to_all),
        holding(waiting, enrolled(waiting, -3)),
        holding(issued, enrolled(issued, -6, (0,))),
        holding(partly, enrolled(partly, -6, (2,))),
        holding(lapsed, enrolled(lapsed, -25, (), -5)),
        holding(no_more_issues, enrolled(no_more_issues, -6, (3, 0))),
        holding(
            no_more_enrolments,
            enrolled(no_more_enrolments, -25, (), -5),
            enrolled(no_more_enrolments, -20, (), -1),
        ),
        holding(often, enrolled(often, -25, (3,), -5), enrolled(often, -2, (1,))),
    ]
