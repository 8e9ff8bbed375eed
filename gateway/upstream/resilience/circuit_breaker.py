"""Circuit breaker of an endpoint: whether a call is worth making.

::

    closed ──five failures in a row──► open ──its period is over──► half-open ──success──► closed
                                        ▲                              │
                                        └───────────failure────────────┘

The caller reports what is a failure: connection errors, timeouts, and the statuses that
`http_statuses.py` names. An error response with a documented code is a success whatever its status,
for the endpoint is there; a bad payload and a cancelled call are neutral.

Each failure is counted in every scope that its call belongs to, from "this caller about this
customer" to "all calls", and opens those for which it is evidence (`circuit_scope.py`). So a
caller, or a customer's record, that makes the platform fail holds back nothing but itself.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Self

from gateway.errors import CallerCircuitOpenError, UpstreamUnavailableError
from gateway.telemetry import log
from gateway.upstream.resilience.circuit_scope import (
    Attribution,
    CircuitScope,
    ScopedCircuit,
    scopes_of,
)

_MAX_CIRCUITS = 4096


class CircuitState(Enum):
    """The state of a breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(slots=True, eq=False)
class Permit:
    """Permission to make one call; as a context manager neutral unless an outcome is reported.

    Its first outcome counts, later ones are ignored.
    """

    _breaker: "CircuitBreaker"
    attribution: Attribution | None
    generation: int
    started: float
    is_pending: bool = True
    is_probe: bool = False

    def success(self) -> None:
        """Report that the endpoint answered."""
        if self.is_pending:
            self.is_pending = False
            if self._breaker.circuits:
                self._breaker.count_success(self)

    def failure(self, *, is_attributable: bool = True) -> None:
        """Report that the endpoint could not be reached, did not answer in time, or failed (5xx).

        A failure that is not attributable, as a refused connection, is no caller's doing: it counts
        for all calls at once.
        """
        if self.is_pending:
            self.is_pending = False
            self._breaker.count_failure(self, self.attribution if is_attributable else None)

    def neutral(self) -> None:
        """Report that the call says nothing about the endpoint; another probe may go."""
        if self.is_pending:
            self.is_pending = False
            self._breaker.release_probe(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.neutral()


class CircuitBreaker:
    """The breaker of the endpoint with this documented name.

    It has a circuit for each scope that has failed since its last success, at most 4,096, and none
    where nothing fails. `clock` is monotonic, in seconds. Not thread-safe.
    """

    def __init__(self, endpoint: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._endpoint, self._clock = endpoint, clock
        self.circuits: dict[CircuitScope, ScopedCircuit] = {}
        """By scope, the longest without a failure first."""
        # Ignore outcomes of calls that were admitted before a circuit last opened or closed.
        self._generation = self._closed_generation = 0
        self.opened = 0
        """How often any circuit has opened since the start, for the metrics."""

    @property
    def state(self) -> CircuitState:
        """Return the state of the circuit that rejects most: open, then half-open, then closed."""
        now = self._clock()
        opened = [circuit for circuit in self.circuits.values() if circuit.openings]
        if any(circuit.is_shut(now) for circuit in opened):
            return CircuitState.OPEN
        return CircuitState.HALF_OPEN if opened else CircuitState.CLOSED

    def admit(self, attribution: Attribution | None = None) -> Permit:
        """Return a permit for one call.

        Raise UpstreamUnavailableError while a scope of the call is open, or half-open with a probe
        in flight; CallerCircuitOpenError where an equal call of another caller might be admitted.
        """
        now = self._clock()
        permit = Permit(self, attribution, self._generation, now)
        if self.circuits:
            self._probe(permit, now)
        return permit

    def _probe(self, permit: Permit, now: float) -> None:
        """Register the permit as the probe of its open scopes; raise as `admit` does."""
        probed = []
        for scope in scopes_of(permit.attribution):
            circuit = self.circuits.get(scope)
            if circuit is None or not circuit.openings:
                continue
            if not circuit.may_probe(permit.attribution, now):
                rejects_only_some = scope.caller is not None or circuit.holds_back_some
                raise (CallerCircuitOpenError if rejects_only_some else UpstreamUnavailableError)(
                    self._endpoint
                )
            probed.append(circuit)
        for circuit in probed:
            circuit.probe, permit.is_probe = permit, True

    def count_success(self, permit: Permit) -> None:
        """Close the circuits of a permit that succeeded; called by the permit."""
        has_closed = False
        for scope in scopes_of(permit.attribution):
            circuit = self.circuits.get(scope)
            # The success of any probe counts, also of one that took longer than its lease.
            if circuit is not None and permit.generation >= circuit.generation:
                del self.circuits[scope]
                if circuit.openings:
                    has_closed = True
                    log.info("circuit_closed", endpoint=self._endpoint, scope=scope.kind)
        if has_closed:
            self._generation += 1
            self._closed_generation = self._generation

    def count_failure(self, permit: Permit, attribution: Attribution | None) -> None:
        """Count the failure of a permit in all scopes of `attribution`; called by the permit."""
        now, has_opened, generation = self._clock(), False, self._generation + 1
        for scope in scopes_of(attribution):
            circuit = self.circuits.pop(scope, None) or ScopedCircuit(
                scope, self._closed_generation
            )
            self.circuits[scope] = circuit
            if permit.generation < circuit.generation:
                continue
            if not circuit.openings:
                circuit.count(attribution)
                if circuit.has_evidence:
                    log.warning(
                        "circuit_opened",
                        endpoint=self._endpoint,
                        scope=scope.kind,
                        failures=circuit.failures,
                    )
                    circuit.open(now, generation)
                    has_opened = True
            elif circuit.probe is permit:
                # A probe shows the endpoint's state when it was sent. After one that hung for
                # seconds the period is over at once, so that a recovered endpoint is found.
                circuit.open_again(permit.started, attribution, generation)
                has_opened = True
        if has_opened:
            self.opened += 1
            self._generation = generation
        self.release_probe(permit)
        while len(self.circuits) > _MAX_CIRCUITS:
            del self.circuits[next(iter(self.circuits))]

    def release_probe(self, permit: Permit) -> None:
        """Permit another probe, because this one ended without an outcome; called by the permit."""
        if not permit.is_probe:
            return
        for scope in scopes_of(permit.attribution):
            circuit = self.circuits.get(scope)
            if circuit is not None and circuit.probe is permit:
                circuit.probe = None
