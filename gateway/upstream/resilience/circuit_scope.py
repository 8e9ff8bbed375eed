"""Which calls a failure tells something about, and how much it takes to believe it.

A call's scopes are all pairs of {its caller, everybody} and {what it is about, in full, in part,
whatever}. A circuit opens after five failures in a row that are evidence for its whole scope:

- each thing that the calls are about (a customer, a program) counts once, where the scope has many;
- each caller counts twice, where the scope has many: three callers at least have failed.

So neither one caller nor one customer ever holds anybody or anything else back, however often and
with whatever in between; with one caller alone, five customers open that caller's scope. What is
nobody's doing counts as another caller, about another thing, each time.
"""

from collections.abc import Hashable, Iterator
from typing import NamedTuple, Protocol

FAILURES_TO_OPEN = 5
_MAX_OF_ONE_CALLER = 2
_MAX_OF_ONE_TARGET = 1
# So many callers, and things, must have failed as probes before others need not try, too.
_PROBES_TO_BELIEVE = 2
# Clean service within 5 s after an outage: the longest period leaves two seconds for the probe.
_OPEN_FOR_S = (1.0, 2.0, 3.0)
# A probe that hangs must not keep the endpoint shut until its deadline: the next one may go.
_PROBE_LEASE_S = 2.0


class Probe(Protocol):
    """A call that finds out whether the endpoint is back."""

    started: float


class Attribution(NamedTuple):
    """Whose call it is, and what it is about, from the whole to the part: ("973", "114480")."""

    caller: str
    target: tuple[Hashable, ...]


class CircuitScope(NamedTuple):
    """All calls of one caller (None: of everybody) about one target, or about what is part of it.

    `is_leaf` where a target has no parts.
    """

    caller: str | None
    target: tuple[Hashable, ...]
    is_leaf: bool = False

    @property
    def word(self) -> str:
        """Name its kind, for the log."""
        of_caller, of_target = self.caller is not None, bool(self.target)
        if of_caller:
            return "caller_and_target" if of_target else "caller"
        return "target" if of_target else "endpoint"


_ALL_CALLS = CircuitScope(None, ())


def scopes_of(attribution: Attribution | None) -> Iterator[CircuitScope]:
    """Return the scopes of a call, the widest first; of what is nobody's doing only that one."""
    yield _ALL_CALLS
    if attribution is None:
        return
    caller, target = attribution
    yield CircuitScope(caller, ())
    for length in range(1, len(target) + 1):
        is_leaf = length == len(target)
        yield CircuitScope(None, target[:length], is_leaf)
        yield CircuitScope(caller, target[:length], is_leaf)


class _Tally:
    """Failures by what they have in common, of which each counts `max_of_one` times at most."""

    __slots__ = ("_counts", "_max_of_one", "total")

    def __init__(self, max_of_one: int) -> None:
        self._counts: dict[Hashable, int] = {}
        self._max_of_one, self.total = max_of_one, 0

    def add(self, key: Hashable) -> None:
        """Count one failure; keeps no more keys than it takes."""
        count = self._counts.get(key, 0)
        if self.total < FAILURES_TO_OPEN and count < self._max_of_one:
            self._counts[key] = count + 1
            self.total += 1


class ScopedCircuit:
    """What is known of one scope since it last succeeded."""

    __slots__ = ("_callers", "_held_callers", "_held_targets", "_retry_at", "_scope", "_targets",
                 "failures", "generation", "openings", "probe")  # fmt: skip

    def __init__(self, scope: CircuitScope, generation: int) -> None:
        self._scope, self.generation = scope, generation
        self.failures = 0  # in a row, while closed
        self.openings = 0  # in a row, without a success between them
        self.probe: Probe | None = None
        self._retry_at = 0.0
        # While it is open: whose probes have failed, where others may still try.
        self._held_callers: set[Hashable] = set()
        self._held_targets: set[Hashable] = set()
        self._forget_failures()

    @property
    def has_evidence(self) -> bool:
        """Whether what has failed is enough to open it."""
        return self._callers.total >= FAILURES_TO_OPEN <= self._targets.total

    @property
    def holds_back_some(self) -> bool:
        """Whether some may probe although others may not."""
        return bool(self._held_callers or self._held_targets)

    def is_shut(self, now: float) -> bool:
        """Whether it is open, and no probe is due."""
        return self.probe is None and now < self._retry_at

    def may_probe(self, attribution: Attribution | None, now: float) -> bool:
        """Whether a call may find out if the endpoint is back: one at a time.

        After a probe that failed all wait, or, until enough different ones have, those who have its
        caller or its target in common.
        """
        if self.probe is not None and now < self.probe.started + _PROBE_LEASE_S:
            return False
        if now >= self._retry_at:
            self._held_callers.clear()
            self._held_targets.clear()
            return True
        if attribution is None or not self.holds_back_some:
            return False
        return (
            attribution.caller not in self._held_callers
            and self._part(attribution) not in self._held_targets
        )

    def count(self, attribution: Attribution | None) -> None:
        """Count one more failure while it is closed."""
        self.failures += 1
        self._callers.add(object() if attribution is None else attribution.caller)
        self._targets.add(object() if attribution is None else self._part(attribution))

    def open(self, since: float, generation: int) -> None:
        """Hold back what is in the scope, for a period that grows."""
        self._retry_at = since + _OPEN_FOR_S[min(self.openings, len(_OPEN_FOR_S) - 1)]
        self.openings += 1
        self.probe, self.generation = None, generation
        self._forget_failures()

    def open_again(self, since: float, attribution: Attribution | None, generation: int) -> None:
        """Do the same after a probe that failed; others may try before, while one proves little."""
        self.open(since, generation)
        if attribution is not None:
            if self._scope.caller is None:
                self._held_callers.add(attribution.caller)
            if not self._scope.is_leaf:
                self._held_targets.add(self._part(attribution))
        if self._proves_enough(attribution):
            self._held_callers.clear()
            self._held_targets.clear()

    def _proves_enough(self, attribution: Attribution | None) -> bool:
        if attribution is None:
            return True
        of_callers = self._scope.caller is not None or len(self._held_callers) >= _PROBES_TO_BELIEVE
        return of_callers and (self._scope.is_leaf or len(self._held_targets) >= _PROBES_TO_BELIEVE)

    def _part(self, attribution: Attribution) -> Hashable:
        """Return which part of the scope's target a call is about."""
        depth = len(self._scope.target)
        return attribution.target[depth] if depth < len(attribution.target) else None

    def _forget_failures(self) -> None:
        one = self._scope.caller is not None
        self._callers = _Tally(FAILURES_TO_OPEN if one else _MAX_OF_ONE_CALLER)
        self._targets = _Tally(FAILURES_TO_OPEN if self._scope.is_leaf else _MAX_OF_ONE_TARGET)
        self.failures = 0
