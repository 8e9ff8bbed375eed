"""Which customer an identifier stands for, as far as the platform's own answers have told.

An id once known is not overwritten by another without a second look: of two answers that
contradict each other neither is believed, until one that was asked for afterwards agrees with
either (`docs/decisions/027-…`).
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from gateway.context import RequestContext

if TYPE_CHECKING:
    from gateway.upstream.customer_view.endpoint import CustomerKey

_V = TypeVar("_V")

PROOF_S = 600.0
_RENEW_AFTER_S = 30.0  # a proof that is younger is not worth writing down again
_MAX_PROOFS = 20_000  # some 10 MB
_MAX_DISPUTES = 1_000

# Whoever the platform sees as another may belong to another organisation, with other customers.
_Key = tuple[str, Hashable]


class Proof(NamedTuple):
    """What an answer has proven, and when, in wall-clock seconds.

    `is_confirmed`: a second answer has said the same.
    """

    customer_id: int
    proven_at: float
    is_confirmed: bool = False


class _Dispute(NamedTuple):
    """The ids that answers have told since one contradicted another; none of them is known.

    A second look is an answer to a call that began when `contradictions` stood at `since` or later.
    """

    customer_ids: frozenset[int]
    since: int
    at: float


class KnownCustomerIds:
    """The ids that were proven in the last ten minutes, for the whole process.

    `identity` tells as whom the platform sees a request's caller; `clock` gives wall-clock seconds,
    as the caches of answers count them. `contradictions` is how many there have been, `changes` how
    often anything has been learnt by which an answer might be believed no longer.
    """

    def __init__(
        self, identity: Callable[[RequestContext], str], clock: Callable[[], float] = time.time
    ) -> None:
        self._identity, self._clock = identity, clock
        self._proofs: OrderedDict[_Key, Proof] = OrderedDict()
        self._disputes: OrderedDict[_Key, _Dispute] = OrderedDict()
        self._contradicted: OrderedDict[_Key, float] = OrderedDict()
        self.contradictions = 0
        self.changes = 0

    def __len__(self) -> int:
        """Count the ids that are kept, the outdated ones too."""
        return len(self._proofs)

    def proof(self, request: RequestContext, customer: "CustomerKey") -> Proof | None:
        """Return what is known of an identifier; None where nothing is, or no longer."""
        proof = self._proofs.get((self._identity(request), customer))
        return None if proof is None or _is_over(proof.proven_at, self._clock()) else proof

    def agrees(self, request: RequestContext, customer: "CustomerKey", customer_id: int) -> bool:
        """Whether an answer that is at hand may be believed; nothing is learnt of it."""
        key = self._identity(request), customer
        proof = self._proofs.get(key)
        if proof is not None and 0 <= self._clock() - proof.proven_at < PROOF_S:  # not `_is_over`
            return proof.customer_id == customer_id
        return not self._disputes or self._dispute(key, self._clock()) is None

    def learn(
        self, request: RequestContext, customer: "CustomerKey", customer_id: int, asked_at: int
    ) -> bool:
        """Learn of an answer that has just come; return whether it may be believed.

        `asked_at` is what `contradictions` was when its call began.
        """
        key = self._identity(request), customer
        now = self._clock()
        proof = self._proofs.get(key)
        if proof is not None:
            known_id, proven_at, is_confirmed = proof
            is_over = not 0 <= now - proven_at < PROOF_S  # as in `_is_over`
            if known_id == customer_id and not is_over:
                if not is_confirmed or now - proven_at > _RENEW_AFTER_S:
                    self._keep(key, Proof(customer_id, now, is_confirmed=True))
                return True
            if is_over:
                if known_id != customer_id:  # what was kept of that customer goes with it
                    self._contradict(key, now)
                proof = None
        dispute = self._dispute(key, now)
        if proof is None and dispute is None:
            self.changes += 1
            self._keep(key, Proof(customer_id, now))
            return True
        if proof is not None:
            self._begin(key, frozenset((proof.customer_id, customer_id)))
            return False
        assert dispute is not None  # noqa: S101 - see above
        if asked_at < dispute.since:
            return False
        if customer_id not in dispute.customer_ids:
            self._begin(key, dispute.customer_ids | {customer_id})
            return False
        del self._disputes[key]
        self.changes += 1
        self._keep(key, Proof(customer_id, now, is_confirmed=True))
        return True

    def doubt(self, request: RequestContext, customer: "CustomerKey", customer_id: int) -> None:
        """Have an id looked at once more that something else contradicts which proves nothing.

        One that two answers have told stays.
        """
        key = self._identity(request), customer
        proof = self._proofs.get(key)
        if proof is not None and proof.customer_id == customer_id and not proof.is_confirmed:
            self._begin(key, frozenset((customer_id,)))

    def not_before(
        self, request: RequestContext, customer: "CustomerKey", max_age_s: float
    ) -> float:
        """Return since when an answer must have been fetched to be served, where it may be so old.

        It is in wall-clock seconds, and 0 for whenever. What came before answers contradicted each
        other is not served any more.
        """
        not_before = 0.0 if max_age_s == math.inf else self._clock() - max_age_s
        if not self._contradicted:
            return not_before
        key = self._identity(request), customer
        return max(not_before, self._contradicted.get(key, 0.0))

    def _begin(self, key: _Key, customer_ids: frozenset[int]) -> None:
        """Forget what was known of an identifier, and wait for a second look."""
        now = self._clock()
        self._proofs.pop(key, None)
        self._contradict(key, now)
        _put(self._disputes, key, _Dispute(customer_ids, self.contradictions, now), _MAX_DISPUTES)

    def _contradict(self, key: _Key, now: float) -> None:
        self.contradictions += 1
        self.changes += 1
        _put(self._contradicted, key, now, _MAX_PROOFS)

    def _dispute(self, key: _Key, now: float) -> _Dispute | None:
        dispute = self._disputes.get(key) if self._disputes else None
        return None if dispute is None or _is_over(dispute.at, now) else dispute

    def _keep(self, key: _Key, proof: Proof) -> None:
        _put(self._proofs, key, proof, _MAX_PROOFS)


def _is_over(at: float, now: float) -> bool:
    # What is from the future is only so by a clock that was put back: nobody knows its age.
    return not 0 <= now - at < PROOF_S


def _put(held: OrderedDict[_Key, _V], key: _Key, value: _V, max_length: int) -> None:
    """Put a value at the end, and drop the first where there are too many."""
    held[key] = value
    held.move_to_end(key)
    if len(held) > max_length:
        held.popitem(last=False)
