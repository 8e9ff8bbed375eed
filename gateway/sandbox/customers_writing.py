"""Customers who can enrol, opt in and withdraw, and one for each reason why they cannot.

Each holds a promotion of the new interface (program 9030) and the same one of the old interface
(program 9031), unless only the new one knows the reason. Their ids end in the same digits.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.sandbox.customer import Customer, Holding
from gateway.sandbox.customers_named import named_customer
from gateway.sandbox.generation import Generator
from gateway.sandbox.promotion import (
    DIRECT_ISSUE,
    ENROL_AND_ISSUE,
    GENERIC,
    Program,
    Promotion,
    Restriction,
)
from gateway.sandbox.successor.promotion import UnifiedPromotion

NEW_PROGRAM_ID = 9030
OLD_PROGRAM_ID = 9031
_FIRST_CUSTOMER_ID = 700_000_102


def _enrolments(maximum: int, scope: str = "CUSTOMER") -> tuple[Restriction, ...]:
    return (Restriction("NUMBER_OF_ISSUALS", scope, str(maximum)),)


def _issues(maximum: int) -> tuple[Restriction, ...]:
    return (Restriction("NUMBER_OF_EARNS", "CUSTOMER", str(maximum)),)


@dataclass(frozen=True, slots=True)
class _Case:
    """A customer: the facts of their promotion, and its issues by enrolment (redeemed counts).

    `runs` are the days of start and end, `window` those of the opt-in. `is_old` if the old
    interface has the promotion, too.
    """

    customer: str
    note: str
    offer_type: str = ENROL_AND_ISSUE
    facts: dict[str, Any] = field(default_factory=dict)
    enrolments: tuple[tuple[int, ...], ...] = ()
    runs: tuple[int, int] = (-20, 40)
    window: tuple[int, int] | None = None
    unified: dict[str, Any] = field(default_factory=dict)
    is_old: bool = True


_CASES = (
    _Case(
        "C-ENROL",
        "may enrol three times, and then opt in four times",
        facts={"issual_restrictions": _enrolments(3), "earn_restrictions": _issues(4)},
    ),
    _Case(
        "C-ENROLLED",
        "enrolled already, without a limit that allows more; may opt in",
        facts={"earn_restrictions": _issues(4)},
        enrolments=((),),
    ),
    _Case(
        "C-LIMIT",
        "enrolled and issued as often as allowed",
        facts={"issual_restrictions": _enrolments(1), "earn_restrictions": _issues(1)},
        enrolments=((0,),),
    ),
    _Case(
        "C-FULL",
        "not enrolled, but others are as often as the promotion allows",
        facts={"issual_restrictions": _enrolments(1, "PROMOTION")},
        is_old=False,
    ),
    _Case(
        "C-NOTOPEN",
        "enrolled; the opt-in window opens in a week",
        enrolments=((),),
        window=(7, 30),
        is_old=False,
    ),
    _Case(
        "C-CLOSED",
        "enrolled; the opt-in window closed yesterday",
        enrolments=((),),
        window=(-15, -1),
        is_old=False,
    ),
    _Case(
        "C-INACTIVE",
        "enrolled; the promotion is PAUSED: only withdrawing is possible",
        facts={"active": False, "status": "PAUSED"},
        enrolments=((),),
    ),
    _Case(
        "C-STOPPED",
        "enrolled and issued; the promotion is STOPPED: in the new interface nothing is possible",
        facts={"active": False, "status": "STOPPED"},
        enrolments=((0,),),
    ),
    _Case(
        "C-OVER",
        "enrolled; the promotion ended yesterday, and the enrolment with it",
        facts={"status": "COMPLETED"},
        enrolments=((),),
        runs=(-40, -1),
    ),
    _Case(
        "C-UPCOMING",
        "may enrol; the promotion begins in a week",
        facts={"status": "UPCOMING"},
        runs=(7, 60),
    ),
    _Case("C-GENERIC", "a GENERIC promotion: nothing to enrol in", offer_type=GENERIC),
    _Case(
        "C-DIRECT",
        "a direct issue that may be issued twice",
        offer_type=DIRECT_ISSUE,
        facts={"earn_restrictions": _issues(2)},
    ),
    _Case(
        "C-ISSUED",
        "a direct issue, issued as often as allowed",
        offer_type=DIRECT_ISSUE,
        facts={"earn_restrictions": _issues(1)},
        enrolments=((0,),),
    ),
    _Case(
        "C-WITHDRAW",
        "enrolled twice, once with two issues",
        facts={"issual_restrictions": _enrolments(3), "earn_restrictions": _issues(4)},
        enrolments=((0, 0), ()),
    ),
    _Case(
        "C-SILENT",
        "enrolling gets no answer of the engine, and has no effect",
        unified={"enrol_fault": "unconfirmed"},
        is_old=False,
    ),
    _Case(
        "C-UNCERTAIN",
        "enrolling gets no answer of the engine, but takes effect",
        unified={"enrol_fault": "unconfirmed_applied"},
        is_old=False,
    ),
    _Case(
        "C-MILESTONES",
        "enrolling takes effect, with a warning about milestones",
        unified={"enrol_fault": "milestones"},
        is_old=False,
    ),
)


def add_writing_customers(
    generator: Generator, programs: dict[int, Program]
) -> tuple[list[Customer], list[UnifiedPromotion]]:
    """Add programs 9030 and 9031; return the customers, and the promotions of the new interface."""
    new = Program(
        program_id=NEW_PROGRAM_ID,
        name="Sandbox Writing",
        note="new interface: what C-ENROL to C-MILESTONES hold",
    )
    old = Program(
        program_id=OLD_PROGRAM_ID,
        name="Sandbox Writing, the old way",
        note="old interface: what C-ENROL to C-WITHDRAW hold, save C-FULL, C-NOTOPEN and C-CLOSED",
    )
    programs |= {new.program_id: new, old.program_id: old}
    customers: list[Customer] = []
    unified: list[UnifiedPromotion] = []
    for nth, case in enumerate(_CASES, start=1):
        promotions = [_promotion(generator, case, NEW_PROGRAM_ID, nth)]
        unified.append(_unified(generator, case, promotions[0]))
        if case.is_old:
            promotions.append(_promotion(generator, case, OLD_PROGRAM_ID, nth))
            old.definitions.append(promotions[1])
        holdings = [_holding(generator, case, promotion) for promotion in promotions]
        customers.append(
            named_customer(_FIRST_CUSTOMER_ID + nth - 1, case.customer, case.note, holdings)
        )
    _fill(generator, customers)
    return customers, unified


def _promotion(generator: Generator, case: _Case, program_id: int, nth: int) -> Promotion:
    start, end = case.runs
    defaults: dict[str, Any] = {
        "name": case.customer.removeprefix("C-").capitalize(),
        "description": f"For {case.customer}: {case.note}.",
        "starts_at": generator.day(start),
        "ends_at": generator.day(end),
        "metadata": (),
        "issual_restrictions": (),
        "earn_restrictions": (),
        "redemption_restrictions": (),
        "status": "LIVE",
    }
    return generator.promotion(
        program_id,
        program_id * 10_000 + nth,
        nth,
        offer_type=case.offer_type,
        **(defaults | case.facts),
    )


def _unified(generator: Generator, case: _Case, promotion: Promotion) -> UnifiedPromotion:
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    if case.window is not None:
        opens_at, closes_at = (generator.day(day) for day in case.window)
    return UnifiedPromotion(
        promotion=promotion, opens_at=opens_at, closes_at=closes_at, **case.unified
    )


def _holding(generator: Generator, case: _Case, promotion: Promotion) -> Holding:
    if case.offer_type == GENERIC:
        return Holding(promotion=promotion)
    return Holding(
        promotion=promotion,
        enrolments=tuple(
            generator.enrolment(promotion, nth - 9, issues=issues)
            for nth, issues in enumerate(case.enrolments)
        ),
    )


def _fill(generator: Generator, customers: list[Customer]) -> None:
    """Enrol C-ENROLLED in what C-FULL holds, so that this promotion is full."""
    by_name = {customer.identifiers["externalId"][0]: customer for customer in customers}
    (full,) = by_name["C-FULL"].holdings
    enrolments = (generator.enrolment(full.promotion, -3),)
    by_name["C-ENROLLED"].holdings.append(Holding(promotion=full.promotion, enrolments=enrolments))
