"""Random reads, writes, faults, keys and events over two gateways, checked with the platform."""

import time
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
)

from tests.sandbox.writing import customer_id, enrol, new_id, old_id, revoke
from tests.support.commands import until
from tests.writes.fleet import CUSTOMERS, DEADLINE_S, NEW, OLD, Answer, Fleet, held
from tests.writes.outcomes import LOST, REJECTED, check_outcome

_PATIENCE_S = 5.0
_SLOW = 0.6  # of the deadline: what takes longer may have met it
_BEGINS = count(1)

GATEWAYS = st.integers(0, 1)
ANY = st.integers(0, 999)  # of a number that depends on what was answered
NAMES = st.sampled_from(CUSTOMERS)
SELDOM = st.sampled_from([False] * 5 + [True])  # it takes two seconds
DELAYS = st.sampled_from([0, 5, 30])  # milliseconds
PROGRAMS = st.sampled_from([OLD, NEW])
ACTIONS = st.sampled_from(
    ["enrol", "issue", "withdraw", "withdraw issues", "withdraw one", "withdraw one of issues"]
)
FAULTS = st.sampled_from([*[None] * 10, *LOST, *REJECTED])
Key = tuple[str, str]  # a customer's name, and what they have chosen


def _promotion_id(name: str, program: int) -> int:
    return old_id(name) if program == OLD else new_id(name)


def _name_of(event: Any) -> str:
    """Return the name of the customer whom an event is about."""
    found = event["data"]["customerIdentifiers"]["customerId"]
    (name,) = [each for each in CUSTOMERS if customer_id(each) == found]
    return name


class Writes(RuleBasedStateMachine):
    """What two gateways do, and what the platform says."""

    fleet: Fleet

    @initialize()
    def begin(self) -> None:
        """Begin with the platform's own data."""
        self.fleet.reset()
        self.number = next(_BEGINS)
        self.keys = 0
        self.done: dict[Key, tuple[str, dict[str, Any], Answer]] = {}  # with a stored result
        self.reached: dict[Key, int] = {}
        self.freed: dict[Key, int] = {}
        self.seen = 0  # of the platform's events
        self.pending: list[Any] = []
        self.taken: list[Any] = []
        self.outdated: set[str] = set()  # customers whose event is pending
        self.changed: set[tuple[int, int]] = set()  # definitions whose event is pending
        self.descriptions: dict[tuple[int, int], str] = {}

    # Writing

    @rule(gateway=GATEWAYS, name=NAMES, program=PROGRAMS, action=ACTIONS, fault=FAULTS)
    def write(self, gateway: int, name: str, program: int, action: str, fault: str | None) -> None:
        """Do something under a new key."""
        given = self._input(name, program, action)
        self._write(gateway, name, action, given, fault)

    @rule(which=ANY, gateway=GATEWAYS, fault=FAULTS)
    def write_again(self, which: int, gateway: int, fault: str | None) -> None:
        """Repeat something: the answer is the same, and nothing is sent."""
        if not self.done:
            return
        key = list(self.done)[which % len(self.done)]
        action, given, before = self.done[key]
        self._play(fault)
        answer, sent = self._send((gateway, action, given))[0]
        assert answer.payload is not None, answer
        assert (answer.result, sent) == (before.result, [])
        self._check_promotion(key[0], given, answer)

    @rule(which=ANY, gateway=GATEWAYS, action=ACTIONS, program=PROGRAMS)
    def write_something_else(self, which: int, gateway: int, action: str, program: int) -> None:
        """Use a key for something else: that is refused, and nothing is sent."""
        if not self.done:
            return
        key = list(self.done)[which % len(self.done)]
        before_action, before, _ = self.done[key]
        given = self._input(key[0], program, action) | {"idempotencyKey": key[1]}
        if (before_action, before) == (action, given):
            given["by"] = {"customerId": str(customer_id(key[0]))}  # is another input
        answer, sent = self._send((gateway, action, given))[0]
        assert answer.payload is not None, answer
        codes = [error["code"] for error in answer.payload["userErrors"]]
        assert (answer.payload["outcome"], codes, sent) == (
            "REFUSED",
            ["IDEMPOTENCY_KEY_REUSED"],
            [],
        )

    @rule(name=NAMES, program=PROGRAMS, action=ACTIONS, fault=FAULTS)
    def write_at_once(self, name: str, program: int, action: str, fault: str | None) -> None:
        """Do one thing at both gateways at the same time: it is done once."""
        given = self._input(name, program, action)
        before = self.fleet.truth(name)
        self._play(fault)
        began = time.monotonic()
        (first, sent), (second, _) = self._send((0, action, given), (1, action, given))
        is_slow = time.monotonic() - began > _SLOW * DEADLINE_S
        key = (name, given["idempotencyKey"])
        answered = [each for each in (first, second) if each.payload is not None]
        self.freed[key] = 2 - len(answered)
        self._count(key, sent)
        for answer in answered:
            self.done[key] = action, given, answer
            assert answer.result == answered[0].result
        if fault in REJECTED:
            assert self.fleet.truth(name) == before
        elif not is_slow:
            assert len(answered) == 2, (first, second)
        for answer in answered:
            self._check_promotion(name, given, answer)
        if sent:
            self.outdated.discard(name)

    @rule(gateway=GATEWAYS, name=NAMES, program=PROGRAMS, action=ACTIONS, delay_ms=DELAYS)
    def write_while_reading(
        self, gateway: int, name: str, program: int, action: str, delay_ms: int
    ) -> None:
        """Do something while the page is read: that shows what was before, or what is now."""
        given = self._input(name, program, action)
        before, sent_before = self.fleet.truth(name), len(self.fleet.writes())
        answer, pages = self.fleet.write_while_reading(
            gateway, action.split(maxsplit=1)[0], given, delay_ms
        )
        after, sent = self.fleet.truth(name), self.fleet.writes()[sent_before:]
        self._count((name, given["idempotencyKey"]), sent)
        if answer.payload is not None:
            self.done[name, given["idempotencyKey"]] = action, given, answer
        if name not in self.outdated:
            assert all(page in (before, after) for page in pages)
        if sent:
            self.outdated.discard(name)
            self._check_page(gateway, name, {"externalId": name}, at_once=True)

    @rule(gateway=GATEWAYS, name=NAMES, program=PROGRAMS, is_due=SELDOM)
    def write_too_late(self, gateway: int, name: str, program: int, is_due: bool) -> None:  # noqa: FBT001 - drawn
        """Enrol with a platform that takes longer than the gateway waits, and does it then."""
        if not is_due:
            return
        given = self._input(name, program, "enrol")
        self._play(f"slow={int(DEADLINE_S * 1000) + 200}")
        before, sent_before = self.fleet.truth(name), len(self.fleet.writes())
        answer = self.fleet.write(gateway, "enrol", given)
        sent = self.fleet.writes()[sent_before:]
        self._count((name, given["idempotencyKey"]), sent)
        assert answer.payload is not None
        self.done[name, given["idempotencyKey"]] = "enrol", given, answer
        if sent:
            assert answer.payload["outcome"] == "UNCERTAIN"
            self.fleet.wait_for_last_write()
            if self.fleet.truth(name) != before:
                self.outdated.add(name)
        self.fleet.play()

    # What others do

    @rule(name=NAMES)
    def enrol_elsewhere(self, name: str) -> None:
        """Enrol a customer without the gateways."""
        before = self.fleet.truth(name)
        enrol(self.fleet.platform, name)
        if self.fleet.truth(name) != before:
            self.outdated.add(name)

    @rule(name=NAMES)
    def withdraw_elsewhere(self, name: str) -> None:
        """Withdraw a customer from a promotion without the gateways."""
        before = self.fleet.truth(name)
        revoke(self.fleet.platform, name)
        if self.fleet.truth(name) != before:
            self.outdated.add(name)

    @rule(name=NAMES, program=PROGRAMS)
    def change_definition(self, name: str, program: int) -> None:
        """Change a definition, or make one."""
        self._change(program, _promotion_id(name, program))

    @rule(program=PROGRAMS, number=st.integers(1, 3))
    def make_definition(self, program: int, number: int) -> None:
        """Make a definition, or change it once it is there."""
        self._change(program, program * 10_000 + 900 + number)

    # Events

    @rule(which=ANY, gateway=GATEWAYS)
    def deliver(self, which: int, gateway: int) -> None:
        """Deliver one event, whichever; what it is about is shown from then on."""
        self._collect()
        if self.pending:
            self._deliver(self.pending.pop(which % len(self.pending)), gateway)

    @rule(which=ANY, gateway=GATEWAYS)
    def deliver_again(self, which: int, gateway: int) -> None:
        """Deliver an event that was taken before, by the same gateway or by the other one."""
        if self.taken:
            event = self.taken[which % len(self.taken)]
            assert self.fleet.deliver(event, gateway) == "repeated"

    @rule(gateway=GATEWAYS, delay_ms=DELAYS)
    def deliver_while_reading(self, gateway: int, delay_ms: int) -> None:
        """Deliver an event of a customer while their page is read: the next one shows it."""
        self._collect()
        for index, event in enumerate(self.pending):
            if "customerIdentifiers" in event["data"]:
                name = _name_of(event)
                deliver = partial(self.fleet.deliver_while_reading, name=name, delay_ms=delay_ms)
                self._deliver(self.pending.pop(index), gateway, deliver)
                return

    @rule(gateway=GATEWAYS)
    def deliver_all(self, gateway: int) -> None:
        """Deliver all events, the last one first."""
        self._collect()
        while self.pending:
            self._deliver(self.pending.pop(), gateway)

    # Reading

    @rule(gateway=GATEWAYS, name=NAMES, by=st.sampled_from(["externalId", "customerId"]))
    def read_page(self, gateway: int, name: str, by: str) -> None:
        """Read a customer's page, so that it is cached; check it if nothing is pending."""
        value = name if by == "externalId" else str(customer_id(name))
        if name in self.outdated:
            self.fleet.page(gateway, {by: value})
        else:
            self._check_page(gateway, name, {by: value})

    @rule(gateway=GATEWAYS, name=NAMES, program=PROGRAMS)
    def read_definition(self, gateway: int, name: str, program: int) -> None:
        """Read a definition, alone and in its program's list."""
        self._check_definition(gateway, program, _promotion_id(name, program))

    def teardown(self) -> None:
        """Deliver what is pending; both gateways say what the platform does."""
        if not hasattr(self, "pending"):
            return
        self.fleet.play()
        self.deliver_all(0)
        for gateway in (1, 0):
            for name in CUSTOMERS:
                self._check_page(gateway, name, {"externalId": name})
            for ids in self.descriptions:
                self._check_definition(gateway, *ids)

    def _input(self, name: str, program: int, action: str) -> dict[str, Any]:
        self.keys += 1
        given: dict[str, Any] = {
            "by": {"externalId": name},
            "programId": str(program),
            "promotionId": str(_promotion_id(name, program)),
            "idempotencyKey": f"a key of {self.number}, {self.keys}",
        }
        if action.startswith("withdraw"):
            given["stage"] = "ISSUE" if action.endswith("issues") else "ENROL"
        if "one" in action:
            given["ids"] = [self._id_of(name, given, is_issue=given["stage"] == "ISSUE")]
        return given

    def _id_of(self, name: str, given: dict[str, Any], *, is_issue: bool) -> str:
        """Return the id of something that a customer has; a foreign one where they have nothing."""
        enrolments = self.fleet.truth(name).get(given["promotionId"], {})
        issues = {each for some in enrolments.values() for each in some}
        return min(issues if is_issue else enrolments, default="1")

    def _play(self, fault: str | None) -> None:
        self.fleet.play(*([] if fault is None else [f"{fault},endpoint=writes"]))

    def _send(
        self, *wanted: tuple[int, str, dict[str, Any]]
    ) -> list[tuple[Answer, list[dict[str, Any]]]]:
        """Return each answer, and the writes that have reached the platform by then."""
        before = len(self.fleet.writes())
        actions = [(gateway, action.split()[0], given) for gateway, action, given in wanted]
        answers = (
            self.fleet.write_at_once(*actions)
            if len(actions) > 1
            else [self.fleet.write(*actions[0])]
        )
        self.fleet.play()
        sent = self.fleet.writes()[before:]
        note(f"{answers} after {sent}")
        return [(answer, sent) for answer in answers]

    def _write(
        self, gateway: int, name: str, action: str, given: dict[str, Any], fault: str | None
    ) -> None:
        before = self.fleet.truth(name)
        self._play(fault)
        began = time.monotonic()
        ((answer, sent),) = self._send((gateway, action, given))
        is_slow = time.monotonic() - began > _SLOW * DEADLINE_S
        key = (name, given["idempotencyKey"])
        applied = any(each["applied"] for each in sent)
        after = self.fleet.truth(name)
        assert applied == (after != before)
        if answer.payload is None:
            assert fault in REJECTED or is_slow, answer
            self.freed[key] = self.freed.get(key, 0) + 1
            assert not applied
        else:
            self.done[key] = action, given, answer
            check_outcome(given, answer.payload, fault, sent, (before, after), is_slow=is_slow)
        self._count(key, sent)
        if sent:
            self.outdated.discard(name)
        self._check_promotion(name, given, answer)
        if name not in self.outdated:
            self._check_page(gateway, name, {"externalId": name}, at_once=bool(sent))

    def _check_promotion(self, name: str, given: dict[str, Any], answer: Answer) -> None:
        """Assert that what was read again is what the platform says."""
        if answer.payload is None or answer.code is not None:
            return
        shown = answer.payload["customerPromotion"]
        truth = self.fleet.truth(name).get(given["promotionId"])
        assert (None if shown is None else held(shown)) == truth

    def _count(self, key: Key, sent: list[dict[str, Any]]) -> None:
        """Assert that a key sends once, and again only after it was freed."""
        self.reached[key] = self.reached.get(key, 0) + len(sent)
        assert self.reached[key] <= 1 + self.freed.get(key, 0)
        assert sum(each["applied"] for each in sent) <= 1

    def _collect(self) -> None:
        """Take the platform's new events."""
        events = self.fleet.events()
        self.pending += events[self.seen :]
        self.seen = len(events)

    def _deliver(
        self, event: Any, gateway: int, deliver: Callable[[Any, int], str] | None = None
    ) -> None:
        assert (deliver or self.fleet.deliver)(event, gateway) == "evicted"
        self.taken.append(event)
        data = event["data"]
        if "customerIdentifiers" in data:
            name = _name_of(event)
            self.outdated.discard(name)
            self._check_page(gateway, name, {"externalId": name}, at_once=True)
        else:
            ids = data["loyaltyProgramId"], data["promotionId"]
            self.changed.discard(ids)
            self._check_definition(gateway, *ids, at_once=True)

    def _change(self, program: int, promotion_id: int) -> None:
        ids = program, promotion_id
        self.keys += 1
        self.descriptions[ids] = f"no. {self.keys}"
        self.changed.add(ids)
        body = {"description": self.descriptions[ids], "unified": program == NEW}
        path = f"/__promotions/{program}/{promotion_id}"
        self.fleet.platform.put(path, json=body).raise_for_status()

    def _check_page(
        self, gateway: int, name: str, by: dict[str, str], *, at_once: bool = False
    ) -> None:
        truth = self.fleet.truth(name)
        shown = self.fleet.page(gateway, by)
        if at_once or shown == truth:
            assert shown == truth
        else:
            assert until(lambda: self.fleet.page(gateway, by) == truth, _PATIENCE_S), name

    def _check_definition(
        self, gateway: int, program: int, promotion_id: int, *, at_once: bool = False
    ) -> None:
        for read in (self.fleet.description, self.fleet.listed):
            is_true = partial(self._is_true, partial(read, gateway), program, promotion_id)
            assert is_true() or (not at_once and until(is_true, _PATIENCE_S)), read

    def _is_true(self, read: Any, program: int, promotion_id: int) -> bool:
        shown = read(program, promotion_id)
        expected = self.descriptions.get((program, promotion_id), shown)
        return (program, promotion_id) in self.changed or bool(shown == expected)
