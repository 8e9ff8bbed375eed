"""The customers in whose lists promotions were shown, to find those without a definition."""

import time
from collections.abc import Callable, Iterable
from itertools import repeat
from operator import attrgetter
from typing import NamedTuple

from gateway.context import RequestContext
from gateway.upstream.customer_view.payload import CustomerPromotionPayload

_MAX_ENTRIES = 25_000  # of each generation; some 6 MB
_GENERATION_S = 3600.0
_program_id, _id = attrgetter("program_id"), attrgetter("promotion_id")

# Identity, program and promotion. Another identity may belong to another organisation, with other
# programs of the same ids.
_Key = tuple[str, int, int]


class ShownTo(NamedTuple):
    """A customer by the parts of their global id."""

    source: str
    customer_id: str


class ShownPromotions:
    """A cache of the customer in whose list a promotion was shown last, for one to two hours.

    It has two generations, of which the older one is dropped as a whole, so that entries need no
    time. `identity` returns the identity of a request's credential, `clock` monotonic seconds.
    """

    def __init__(
        self, identity: Callable[[RequestContext], str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._identity, self._clock = identity, clock
        self._young: dict[_Key, ShownTo] = {}
        self._old: dict[_Key, ShownTo] = {}
        self._began_at = clock()

    def __len__(self) -> int:
        """Return the number of entries of both generations."""
        return len(self._young) + len(self._old)

    def remember(
        self,
        request: RequestContext,
        shown_to: ShownTo,
        items: Iterable[CustomerPromotionPayload | None],
    ) -> None:
        """Store whose list these promotions are in.

        Nothing is stored for a caller whose token names customers: their lists are searched.
        """
        if request.caller.customers is not None:
            return
        young = self._young
        if len(young) >= _MAX_ENTRIES or self._clock() - self._began_at >= _GENERATION_S:
            self._age()
            young = self._young
        readable = list(filter(None, items))
        keys = zip(repeat(self._identity(request)), map(_program_id, readable), map(_id, readable))
        young.update(dict.fromkeys(keys, shown_to))

    def recall(self, request: RequestContext, program_id: str, promotion_id: str) -> list[ShownTo]:
        """Return the customers in whose lists a promotion was shown, the latest first."""
        self._age()
        key = self._identity(request), int(program_id), int(promotion_id)
        found = (self._young.get(key), self._old.get(key))
        return list(dict.fromkeys(filter(None, found)))

    def _age(self) -> None:
        now = self._clock()
        age_s = now - self._began_at
        if age_s >= _GENERATION_S or len(self._young) >= _MAX_ENTRIES:
            self._old = self._young if age_s < 2 * _GENERATION_S else {}
            self._young, self._began_at = {}, now
