"""What customers have done: enrolments and issues, made and withdrawn."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any, Literal

from gateway.sandbox.customer import Customer, Enrolment, Holding, Issue
from gateway.sandbox.promotion import DIRECT_ISSUE, GENERIC, Promotion
from gateway.sandbox.world import World
from gateway.sandbox.writes.events import CustomerEventName, customer_event

# Above all ids of the generated and documented customers.
_FIRST_ID = 50_000_001

Reason = Literal["generic", "limit", "not_enrolled", "nothing", "has_issues"]


class NotPossible(Exception):  # noqa: N818 - a refusal, which each endpoint words by itself
    """An action that the customer's state does not allow."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Ledger:
    """Changes the holdings of customers; every change is an event.

    `emit` takes the events. `clock` returns aware datetimes.
    """

    def __init__(
        self,
        world: World,
        clock: Callable[[], datetime],
        emit: Callable[[dict[str, Any]], None],
    ) -> None:
        self.world = world
        self.clock = clock
        self.request_ids: set[str] = set()
        self._emit = emit
        self._ids = count(_FIRST_ID)

    def next_id(self) -> int:
        """Return an id that nothing has yet."""
        return next(self._ids)

    def enrol(self, customer: Customer, promotion: Promotion) -> Enrolment:
        """Enrol a customer; a direct issue is issued with it. Raise NotPossible."""
        now = self.clock()
        holding = _holding(customer, promotion)
        if promotion.offer_type == GENERIC:
            raise NotPossible("generic")
        is_direct = promotion.offer_type == DIRECT_ISSUE
        has_room = holding.can_be_issued(now) if is_direct else holding.can_be_enrolled(now)
        if not has_room or self._is_full(promotion):
            raise NotPossible("limit")
        enrolment = self._enrolment(promotion, now, is_direct=is_direct)
        _store(customer, holding, (*(holding.enrolments or ()), enrolment))
        name: CustomerEventName = "promotionEarned" if is_direct else "promotionIssued"
        issue_ids = [issue.issue_id for issue in enrolment.issues]
        self._emit(
            customer_event(name, customer, promotion, now, enrolment.enrolment_id, issue_ids)
        )
        return enrolment

    def _is_full(self, promotion: Promotion) -> bool:
        """Whether all customers together are enrolled as often as the promotion allows."""
        limits = [
            int(each.maximum)
            for each in promotion.issual_restrictions
            if each.limit_on == "PROMOTION" and int(each.maximum) >= 0
        ]
        if not limits:
            return False
        enrolled = sum(
            holding.enrolment_count
            for customer in self.world.customers
            for holding in customer.holdings
            if _is_of(holding, promotion)
        )
        return enrolled >= min(limits)

    def _enrolment(self, promotion: Promotion, now: datetime, *, is_direct: bool) -> Enrolment:
        now = now.replace(microsecond=0)
        enrolment = Enrolment(self.next_id(), self.next_id(), now, promotion.ends_at)
        if not is_direct:
            return enrolment
        issue = Issue(self.next_id(), enrolment.event_log_id, now, promotion.ends_at)
        return replace(enrolment, issues=(issue,))

    def issue(self, customer: Customer, promotion: Promotion) -> tuple[Enrolment, Issue]:
        """Issue a promotion to the newest enrolment, or directly. Raise NotPossible."""
        if promotion.offer_type in {GENERIC, DIRECT_ISSUE}:
            enrolment = self.enrol(customer, promotion)
            return enrolment, enrolment.issues[0]
        now = self.clock()
        holding = _holding(customer, promotion)
        if not holding.is_enrolled(now):
            raise NotPossible("not_enrolled")
        if not holding.can_be_issued(now):
            raise NotPossible("limit")
        made = Issue(self.next_id(), self.next_id(), now.replace(microsecond=0), promotion.ends_at)
        newest = _active(holding, now)[-1]
        enrolment = replace(newest, issues=(*newest.issues, made))
        _store(
            customer,
            holding,
            tuple(enrolment if each is newest else each for each in holding.enrolments or ()),
        )
        self._emit(
            customer_event(
                "promotionEarned",
                customer,
                promotion,
                now,
                enrolment.enrolment_id,
                [made.issue_id],
            )
        )
        return enrolment, made

    def withdraw_enrolments(
        self, customer: Customer, promotion: Promotion, ids: Collection[int] | None
    ) -> list[Enrolment]:
        """Remove enrolments with their issues; all active ones without ids. Raise NotPossible."""
        now = self.clock()
        holding = _holding(customer, promotion)
        active = _active(holding, now)
        removed = [each for each in active if ids is None or each.enrolment_id in ids]
        if not removed or (ids is not None and len(removed) < len(set(ids))):
            raise NotPossible("nothing")
        _store(
            customer,
            holding,
            tuple(each for each in holding.enrolments or () if each not in removed),
        )
        for enrolment in removed:
            self._emit_revoked(customer, promotion, enrolment, enrolment.issues)
            self._emit(
                customer_event(
                    "revokeIssuedPromotion", customer, promotion, now, enrolment.enrolment_id
                )
            )
        return removed

    def withdraw_newest(self, customer: Customer, promotion: Promotion) -> Enrolment:
        """Remove the newest enrolment, which must have no issues left. Raise NotPossible."""
        active = _active(_holding(customer, promotion), self.clock())
        if not active:
            raise NotPossible("nothing")
        if active[-1].issues:
            raise NotPossible("has_issues")
        return self.withdraw_enrolments(customer, promotion, [active[-1].enrolment_id])[0]

    def withdraw_issues(
        self, customer: Customer, promotion: Promotion, ids: Collection[int] | None
    ) -> list[int]:
        """Remove issues; all active ones without ids. Raise NotPossible.

        An enrolment that a direct issue came with goes with it.
        """
        now = self.clock()
        holding = _holding(customer, promotion)
        removed = [
            issue.issue_id
            for enrolment in holding.enrolments or ()
            for issue in enrolment.issues
            if (issue.expires_at >= now if ids is None else issue.issue_id in ids)
        ]
        if not removed or (ids is not None and len(removed) < len(set(ids))):
            raise NotPossible("nothing")
        left: list[Enrolment] = []
        for enrolment in holding.enrolments or ():
            kept = tuple(each for each in enrolment.issues if each.issue_id not in removed)
            gone = tuple(each for each in enrolment.issues if each.issue_id in removed)
            self._emit_revoked(customer, promotion, enrolment, gone)
            if kept or not gone or promotion.offer_type != DIRECT_ISSUE:
                left.append(replace(enrolment, issues=kept))
        _store(customer, holding, tuple(left))
        return removed

    def _emit_revoked(
        self,
        customer: Customer,
        promotion: Promotion,
        enrolment: Enrolment,
        issues: Sequence[Issue],
    ) -> None:
        for issue in issues:
            self._emit(
                customer_event(
                    "revokeEarnedPromotion",
                    customer,
                    promotion,
                    self.clock(),
                    enrolment.enrolment_id,
                    [issue.issue_id],
                )
            )


def _is_of(holding: Holding, promotion: Promotion) -> bool:
    held = holding.promotion
    return (held.program_id, held.promotion_id) == (promotion.program_id, promotion.promotion_id)


def _holding(customer: Customer, promotion: Promotion) -> Holding:
    """Return what the customer holds of a promotion; a fresh holding if it is nothing."""
    for holding in customer.holdings:
        if _is_of(holding, promotion):
            return holding
    return Holding(promotion=promotion, enrolments=None if _is_generic(promotion) else ())


def _is_generic(promotion: Promotion) -> bool:
    return promotion.offer_type == GENERIC


def _active(holding: Holding, now: datetime) -> list[Enrolment]:
    return [each for each in holding.enrolments or () if each.expires_at >= now]


def _store(customer: Customer, old: Holding, enrolments: tuple[Enrolment, ...]) -> None:
    """Put other enrolments in a holding's place; what was verbatim is rendered from now on."""
    new = replace(old, enrolments=enrolments, documented=None)
    for index, holding in enumerate(customer.holdings):
        if holding is old:
            customer.holdings[index] = new
            return
    customer.holdings.append(new)
