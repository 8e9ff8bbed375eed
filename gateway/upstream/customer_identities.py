"""The customer ids of identifiers, as responses of the platform have proven them.

A response with another id than the known one does not replace it: neither of two responses that
contradict each other is served, until a later call confirms one (docs/decisions/027).
"""

import math
import time
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, NamedTuple

from gateway.cache.bounded_dict import BoundedDict
from gateway.context import RequestContext

if TYPE_CHECKING:
    from gateway.upstream.customer_view.endpoint import CustomerKey

PROOF_S = 600.0
_RENEW_AFTER_S = 30.0  # renewing a younger proof is not worth the write
_MAX_PROOFS = 20_000  # some 10 MB
_MAX_DISPUTES = 1_000

# By identity: another may belong to another organisation, with other customers.
_Key = tuple[str, Hashable]


class Proof(NamedTuple):
    """A customer id that a response had, and when, in wall-clock seconds.

    `is_confirmed`: a second response had the same.
    """

    customer_id: int
    proven_at: float
    is_confirmed: bool = False


class _Dispute(NamedTuple):
    """The ids of responses that contradict each other; none of them is proven.

    Only a call that began after the contradiction, the one with number `since`, decides.
    """

    customer_ids: frozenset[int]
    since: int
    at: float


class KnownCustomerIds:
    """The ids that were proven in the last ten minutes, for the whole process.

    `identity` returns the identity of a request's credential; `clock` has wall-clock seconds, as
    the cache has. `contradictions` counts responses that contradicted a known id, `changes` all
    events by which a cached response may have become invalid.
    """

    def __init__(
        self, identity: Callable[[RequestContext], str], clock: Callable[[], float] = time.time
    ) -> None:
        self._identity, self._clock = identity, clock
        self._proofs: BoundedDict[_Key, Proof] = BoundedDict(_MAX_PROOFS)
        self._disputes: BoundedDict[_Key, _Dispute] = BoundedDict(_MAX_DISPUTES)
        self._contradicted: BoundedDict[_Key, float] = BoundedDict(_MAX_PROOFS)
        self.contradictions = 0
        self.changes = 0

    def __len__(self) -> int:
        """Return the number of stored ids, including expired ones."""
        return len(self._proofs)

    def proof(self, request: RequestContext, customer: "CustomerKey") -> Proof | None:
        """Return the proof of an identifier's id; None where there is none that has not expired."""
        proof = self._proofs.get((self._identity(request), customer))
        return None if proof is None or _is_expired(proof.proven_at, self._clock()) else proof

    def agrees(self, request: RequestContext, customer: "CustomerKey", customer_id: int) -> bool:
        """Whether a cached response agrees with the proof; it proves nothing itself."""
        key = self._identity(request), customer
        proof = self._proofs.get(key)
        if (
            proof is not None and 0 <= self._clock() - proof.proven_at < PROOF_S
        ):  # not `_is_expired`
            return proof.customer_id == customer_id
        return not self._disputes or self._open_dispute(key, self._clock()) is None

    def record(
        self,
        request: RequestContext,
        customer: "CustomerKey",
        customer_id: int,
        contradictions_before: int,
    ) -> bool:
        """Record the id of a response just received; return whether it may be served.

        `contradictions_before` is the value of `contradictions` when its call began.
        """
        key = self._identity(request), customer
        now = self._clock()
        proof = self._proofs.get(key)
        if proof is not None:
            known_id, proven_at, is_confirmed = proof
            is_expired = not 0 <= now - proven_at < PROOF_S  # as in `_is_expired`
            if known_id == customer_id and not is_expired:
                if not is_confirmed or now - proven_at > _RENEW_AFTER_S:
                    self._proofs[key] = Proof(customer_id, now, is_confirmed=True)
                return True
            if is_expired:
                if known_id != customer_id:  # so cached responses of that customer are invalid
                    self._contradict(key, now)
                proof = None
        dispute = self._open_dispute(key, now)
        if proof is None and dispute is None:
            self.changes += 1
            self._proofs[key] = Proof(customer_id, now)
            return True
        if proof is not None:
            self._begin_dispute(key, frozenset((proof.customer_id, customer_id)))
            return False
        assert dispute is not None  # noqa: S101 - see above
        if contradictions_before < dispute.since:
            return False
        if customer_id not in dispute.customer_ids:
            self._begin_dispute(key, dispute.customer_ids | {customer_id})
            return False
        del self._disputes[key]
        self.changes += 1
        self._proofs[key] = Proof(customer_id, now, is_confirmed=True)
        return True

    def dispute(self, request: RequestContext, customer: "CustomerKey", customer_id: int) -> None:
        """Drop an unconfirmed proof of `customer_id` that a cursor contradicts.

        A cursor proves nothing itself.
        """
        key = self._identity(request), customer
        proof = self._proofs.get(key)
        if proof is not None and proof.customer_id == customer_id and not proof.is_confirmed:
            self._begin_dispute(key, frozenset((customer_id,)))

    def not_before(
        self, request: RequestContext, customer: "CustomerKey", max_age_s: float
    ) -> float:
        """Return the earliest time of a cached response that may be served, wall-clock seconds.

        It is `max_age_s` ago, but not before the last contradiction; 0 means any time.
        """
        not_before = 0.0 if max_age_s == math.inf else self._clock() - max_age_s
        if not self._contradicted:
            return not_before
        key = self._identity(request), customer
        return max(not_before, self._contradicted.get(key, 0.0))

    def _begin_dispute(self, key: _Key, customer_ids: frozenset[int]) -> None:
        """Drop what was known about an identifier, until a later call decides."""
        now = self._clock()
        self._proofs.pop(key, None)
        self._contradict(key, now)
        self._disputes[key] = _Dispute(customer_ids, self.contradictions, now)

    def _contradict(self, key: _Key, now: float) -> None:
        self.contradictions += 1
        self.changes += 1
        self._contradicted[key] = now

    def _open_dispute(self, key: _Key, now: float) -> _Dispute | None:
        dispute = self._disputes.get(key) if self._disputes else None
        return None if dispute is None or _is_expired(dispute.at, now) else dispute


def _is_expired(at: float, now: float) -> bool:
    # A time in the future comes from a clock that was set back: its age is unknown.
    return not 0 <= now - at < PROOF_S
