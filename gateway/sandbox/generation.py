"""Generated promotions and usage: plausible, and deterministic for a seed and a date."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from gateway.sandbox.customer import Enrolment, Holding, Issue
from gateway.sandbox.promotion import (
    DIRECT_ISSUE,
    ENROL_AND_ISSUE,
    GENERIC,
    Metadata,
    Promotion,
    Restriction,
)

_OFFER_TYPES = (GENERIC,) * 6 + (DIRECT_ISSUE,) * 2 + (ENROL_AND_ISSUE,) * 2
_EVENT_NAMES = (
    "TransactionAdd",
    "TargetCompleted",
    "TransactionAdd",
    "PointsRedemption",
    "TransactionAdd",
    "GenericEvent",
    "TransactionAdd",
)
_REWARDS = ("Double points", "100 points", "5% back", "Triple points", "A free coffee")
_OCCASIONS = ("on shoes", "every Tuesday", "for a second visit", "on your birthday", "in the app")
_METADATA = (
    Metadata("preferred language", "en", brand_defined=True),
    Metadata("banner", "https://images.example.com/banner.png", brand_defined=False),
)


class Generator:
    """Generates promotions and holdings around a date, in sequence from one seed."""

    def __init__(self, seed: int, today: date) -> None:
        self._random = Random(seed)  # noqa: S311 - reproducible sample data
        self._last_id = 5000
        self.midnight = datetime.combine(today, time(), UTC)

    def day(self, days: int, clock_time: time = time()) -> datetime:
        """Return an instant some days from the date, in UTC."""
        return datetime.combine((self.midnight + timedelta(days=days)).date(), clock_time, UTC)

    def promotions(self, program_id: int, count: int, **facts: Any) -> list[Promotion]:
        """Return `count` promotions, with ids ascending from `program_id * 10_000 + 1`."""
        first = program_id * 10_000 + 1
        return [self.promotion(program_id, first + index, index, **facts) for index in range(count)]

    def promotion(self, program_id: int, promotion_id: int, index: int, **facts: Any) -> Promotion:
        """Return a promotion; `index` decides its kind, `facts` override generated values."""
        random = self._random
        offer_type = facts.pop("offer_type", _OFFER_TYPES[index % len(_OFFER_TYPES)])
        starts_at, ends_at, status = self._run(index)
        reward = f"{random.choice(_REWARDS)} {random.choice(_OCCASIONS)}"
        generated: dict[str, Any] = {
            "name": f"{reward} #{promotion_id % 10_000}",
            "identifier": str(UUID(int=random.getrandbits(128), version=4)),
            "description": "" if index % 9 == 8 else f"{reward}, for members only.",
            "starts_at": starts_at,
            "ends_at": ends_at,
            "event_name": _EVENT_NAMES[index % len(_EVENT_NAMES)],
            "metadata": _METADATA if index % 4 == 3 else (),
            "redemption_restrictions": self._redemption_restrictions(index),
            "issual_restrictions": self._issual_restrictions(offer_type),
            "earn_restrictions": self._earn_restrictions(offer_type, index),
            "status": status,
        }
        return Promotion(
            promotion_id=promotion_id,
            program_id=program_id,
            offer_type=offer_type,
            **(generated | facts),
        )

    def _run(self, index: int) -> tuple[datetime, datetime, str]:
        """Return start, end and status: one in twelve has ended, one is upcoming."""
        end_of_day = time(23, 59, 59)
        match index % 12:
            case 10:
                return self.day(-90), self.day(-1, end_of_day), "COMPLETED"
            case 11:
                return self.day(7), self.day(60, end_of_day), "UPCOMING"
            case _:
                status = "ACTIVE" if index % 2 else "LIVE"
                return self.day(-30 - index % 30), self.day(30 + index % 60, end_of_day), status

    def _redemption_restrictions(self, index: int) -> tuple[Restriction, ...]:
        hundred = str(100 * self._random.randint(1, 9))
        few = str(self._random.randint(1, 9))
        shapes: tuple[tuple[Restriction, ...], ...] = (
            (
                Restriction("NUMBER_OF_POINTS", "EVENT", hundred),
                Restriction("NUMBER_OF_TIMES", "CUSTOMER", few),
                Restriction("NUMBER_OF_POINTS", "CUSTOMER", hundred),
            ),
            (
                Restriction("NUMBER_OF_TIMES", "CUSTOMER", few, "MONTHLY"),
                Restriction("NUMBER_OF_POINTS", "CUSTOMER", hundred, "DAILY"),
                Restriction("NUMBER_OF_POINTS", "PROMOTION", "1000", "WEEKLY"),
            ),
            (),
            (
                Restriction("NUMBER_OF_POINTS", "CUSTOMER", hundred),
                Restriction("NUMBER_OF_TIMES", "PROMOTION", "1000"),
                Restriction("NUMBER_OF_POINTS", "PROMOTION", "50000"),
            ),
            (Restriction("NUMBER_OF_TIMES", "CUSTOMER", few),),
        )
        shape = shapes[index % len(shapes)]
        if index % 7 == 6:
            return shape
        return (*shape, Restriction("NUMBER_OF_REDEMPTIONS_PER_EARN", "CUSTOMER", few))

    def _issual_restrictions(self, offer_type: str) -> tuple[Restriction, ...]:
        if offer_type == GENERIC:
            return ()
        return (Restriction("NUMBER_OF_ISSUALS", "CUSTOMER", str(self._random.randint(2, 100))),)

    def _earn_restrictions(self, offer_type: str, index: int) -> tuple[Restriction, ...]:
        if offer_type != ENROL_AND_ISSUE:
            return ()
        own = Restriction("NUMBER_OF_EARNS", "CUSTOMER", str(self._random.randint(2, 10)))
        if index % 4 == 0:
            return (own, Restriction("NUMBER_OF_EARNS", "PROMOTION", "5000"))
        return (own,)

    def holding(self, promotion: Promotion) -> Holding:
        """Return a customer's state in a promotion: unused, or at one of its stages."""
        generic = promotion.offer_type == GENERIC
        stage = self._random.randrange(4)
        if stage == 0 or promotion.starts_at > self.midnight:
            return Holding(promotion=promotion, enrolments=None if generic else ())
        times = 1 if stage == 3 else 0
        if generic:
            enrolments: tuple[Enrolment, ...] | None = None
        elif stage == 1 and promotion.offer_type == ENROL_AND_ISSUE:
            enrolments = (self.enrolment(promotion, -5),)
        else:
            enrolments = (self.enrolment(promotion, -5, issues=(times,)),)
        return Holding(
            promotion=promotion,
            points=Decimal("12.5") * times,
            times=times,
            points_in_window=Decimal("12.5") * times,
            times_in_window=times,
            enrolments=enrolments,
        )

    def enrolment(
        self,
        promotion: Promotion,
        days: int,
        *,
        issues: tuple[int, ...] = (),
        expires_in_days: int | None = None,
    ) -> Enrolment:
        """Return an enrolment `days` from the date, with an issue for each redeemed count.

        With direct issue, an issue has its enrolment's instant and event log id, as documented.
        """
        is_direct = promotion.offer_type == DIRECT_ISSUE
        enrolled_at = self.day(days, time(12, 41, 55))
        expires_at = promotion.ends_at
        if expires_in_days is not None:
            expires_at = self.day(expires_in_days, time(12, 41, 55))
        enrolment_id, log_id = self._next_id(), 12_000_000 + self._next_id()
        return Enrolment(
            enrolment_id,
            log_id,
            enrolled_at,
            expires_at,
            tuple(
                Issue(
                    self._next_id(),
                    log_id if is_direct else 12_000_000 + self._next_id(),
                    enrolled_at if is_direct else enrolled_at + timedelta(hours=nth + 1),
                    expires_at,
                    redeemed,
                )
                for nth, redeemed in enumerate(issues)
            ),
        )

    def _next_id(self) -> int:
        self._last_id += 1
        return self._last_id
