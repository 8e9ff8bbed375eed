"""Scopes of a circuit breaker: what a failure is evidence of, and how much evidence it takes.

A call's scopes are all pairs of {its caller, all callers} and {its subject, the start of its
subject, all subjects}. A circuit opens after five failures in a row that are evidence for its whole
scope:

- each subject (a customer, a program) counts once, where the scope has several;
- each caller counts twice, where the scope has several: at least three callers have failed.

So failures of one caller, or about one customer, never hold back calls of others, or about others.
With one caller alone, failures about five customers open that caller's scope. A failure without an
attribution counts each time as that of another caller, about another subject.
"""

from collections.abc import Hashable, Iterator
from typing import NamedTuple, Protocol

FAILURES_TO_OPEN = 5
_MAX_OF_ONE_CALLER = 2
_MAX_OF_ONE_SUBJECT = 1
# Probes of this many callers, and subjects, must have failed before all others are held back, too.
_PROBES_FOR_EVIDENCE = 2
# Service is clean within 5 s after an outage: the longest period leaves two seconds for the probe.
_OPEN_FOR_S = (1.0, 2.0, 3.0)
# A probe that hangs must not keep the circuit open until its deadline: after this another may go.
_PROBE_LEASE_S = 2.0


class Probe(Protocol):
    """A call that finds out whether the endpoint is back."""

    started: float


class Attribution(NamedTuple):
    """A call's caller, and its subject, the widest part first: ("973", "114480")."""

    caller: str
    subject: tuple[Hashable, ...]


class CircuitScope(NamedTuple):
    """All calls of one caller (None: of all) about the subjects that start with `subject`.

    `is_leaf`: the subject is a call's in full.
    """

    caller: str | None
    subject: tuple[Hashable, ...]
    is_leaf: bool = False

    @property
    def kind(self) -> str:
        """Return the kind of scope for the log, where a subject is called "target"."""
        of_caller, of_subject = self.caller is not None, bool(self.subject)
        if of_caller:
            return "caller_and_target" if of_subject else "caller"
        return "target" if of_subject else "endpoint"


_ALL_CALLS = CircuitScope(None, ())


def scopes_of(attribution: Attribution | None) -> Iterator[CircuitScope]:
    """Return the scopes of a call, the widest first; without an attribution only that one."""
    yield _ALL_CALLS
    if attribution is None:
        return
    caller, subject = attribution
    yield CircuitScope(caller, ())
    for length in range(1, len(subject) + 1):
        is_leaf = length == len(subject)
        yield CircuitScope(None, subject[:length], is_leaf)
        yield CircuitScope(caller, subject[:length], is_leaf)


class _CappedCounter:
    """Counts failures by key, of one key at most `max_of_one`; `total` is their sum."""

    __slots__ = ("_counts", "_max_of_one", "total")

    def __init__(self, max_of_one: int) -> None:
        self._counts: dict[Hashable, int] = {}
        self._max_of_one, self.total = max_of_one, 0

    def add(self, key: Hashable) -> None:
        """Count one failure; stops at the number that opens a circuit, which bounds the keys."""
        count = self._counts.get(key, 0)
        if self.total < FAILURES_TO_OPEN and count < self._max_of_one:
            self._counts[key] = count + 1
            self.total += 1


class ScopedCircuit:
    """The state of one scope since its last success."""

    __slots__ = ("_callers", "_held_callers", "_held_subjects", "_retry_at", "_scope", "_subjects",
                 "failures", "generation", "openings", "probe")  # fmt: skip

    def __init__(self, scope: CircuitScope, generation: int) -> None:
        self._scope, self.generation = scope, generation
        self.failures = 0  # in a row, while closed
        self.openings = 0  # in a row, without a success in between
        self.probe: Probe | None = None
        self._retry_at = 0.0
        # While open: those whose probes have failed, where others may still probe.
        self._held_callers: set[Hashable] = set()
        self._held_subjects: set[Hashable] = set()
        self._forget_failures()

    @property
    def has_evidence(self) -> bool:
        """Whether the failures are enough to open the circuit."""
        return self._callers.total >= FAILURES_TO_OPEN <= self._subjects.total

    @property
    def holds_back_some(self) -> bool:
        """Whether only some callers or subjects are held back."""
        return bool(self._held_callers or self._held_subjects)

    def is_shut(self, now: float) -> bool:
        """Whether it is open, and no probe is due."""
        return self.probe is None and now < self._retry_at

    def may_probe(self, attribution: Attribution | None, now: float) -> bool:
        """Whether a call may find out if the endpoint is back: one at a time.

        After a failed probe all wait; or, until the failed probes are evidence, only those with the
        same caller or subject.
        """
        if self.probe is not None and now < self.probe.started + _PROBE_LEASE_S:
            return False
        if now >= self._retry_at:
            self._held_callers.clear()
            self._held_subjects.clear()
            return True
        if attribution is None or not self.holds_back_some:
            return False
        return (
            attribution.caller not in self._held_callers
            and self._part(attribution) not in self._held_subjects
        )

    def count(self, attribution: Attribution | None) -> None:
        """Count one more failure while closed."""
        self.failures += 1
        self._callers.add(object() if attribution is None else attribution.caller)
        self._subjects.add(object() if attribution is None else self._part(attribution))

    def open(self, since: float, generation: int) -> None:
        """Open for a period that grows with each opening in a row."""
        self._retry_at = since + _OPEN_FOR_S[min(self.openings, len(_OPEN_FOR_S) - 1)]
        self.openings += 1
        self.probe, self.generation = None, generation
        self._forget_failures()

    def open_again(self, since: float, attribution: Attribution | None, generation: int) -> None:
        """Open after a failed probe; others may probe earlier until there is evidence."""
        self.open(since, generation)
        if attribution is not None:
            if self._scope.caller is None:
                self._held_callers.add(attribution.caller)
            if not self._scope.is_leaf:
                self._held_subjects.add(self._part(attribution))
        if attribution is None or self._probes_are_evidence():
            self._held_callers.clear()
            self._held_subjects.clear()

    def _probes_are_evidence(self) -> bool:
        of_callers = (
            self._scope.caller is not None or len(self._held_callers) >= _PROBES_FOR_EVIDENCE
        )
        return of_callers and (
            self._scope.is_leaf or len(self._held_subjects) >= _PROBES_FOR_EVIDENCE
        )

    def _part(self, attribution: Attribution) -> Hashable:
        """Return the part of a call's subject that follows the scope's."""
        depth = len(self._scope.subject)
        return attribution.subject[depth] if depth < len(attribution.subject) else None

    def _forget_failures(self) -> None:
        one = self._scope.caller is not None
        self._callers = _CappedCounter(FAILURES_TO_OPEN if one else _MAX_OF_ONE_CALLER)
        self._subjects = _CappedCounter(
            FAILURES_TO_OPEN if self._scope.is_leaf else _MAX_OF_ONE_SUBJECT
        )
        self.failures = 0
