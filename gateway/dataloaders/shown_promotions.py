"""In whose list each promotion has been shown: where to look for one that has no definition."""

import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from gateway.context import RequestContext
from gateway.upstream.customer_view.payload import CustomerPromotionPayload

_MAX_REMEMBERED = 25_000  # of each half; some 6 MB
_HALF_LIFE_S = 3600.0

# Whoever the platform sees as another may belong to another organisation, with other programs.
_Key = tuple[str, int, int]


class ShownTo(NamedTuple):
    """A customer by the parts of their global id."""

    source: str
    customer_id: str


class ShownPromotions:
    """The customer in whose list a promotion was shown last, for an hour or two.

    It is kept in two halves, of which the older is dropped as a whole: no promotion has a time or a
    place in line of its own. `identity` tells as whom the platform sees a request's caller,
    `clock` gives seconds that never go back.
    """

    def __init__(
        self, identity: Callable[[RequestContext], str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._identity, self._clock = identity, clock
        self._young: dict[_Key, ShownTo] = {}
        self._old: dict[_Key, ShownTo] = {}
        self._began_at = clock()

    def __len__(self) -> int:
        """Count what is remembered, twice where both halves have it."""
        return len(self._young) + len(self._old)

    def remember(
        self,
        request: RequestContext,
        shown_to: ShownTo,
        items: Iterable[CustomerPromotionPayload | None],
    ) -> None:
        """Remember whose list these promotions are in.

        A caller who is bound to customers needs none of it: theirs are the lists to look in.
        """
        if request.caller.customers is not None:
            return
        young = self._young
        if len(young) >= _MAX_REMEMBERED or self._clock() - self._began_at >= _HALF_LIFE_S:
            self._age()
            young = self._young
        identity = self._identity(request)
        for item in items:
            if item is not None:
                young[identity, item.program_id, item.promotion_id] = shown_to

    def recall(self, request: RequestContext, program_id: str, promotion_id: str) -> list[ShownTo]:
        """Return whose lists had a promotion, the latest first."""
        self._age()
        key = self._identity(request), int(program_id), int(promotion_id)
        found = (self._young.get(key), self._old.get(key))
        return list(dict.fromkeys(filter(None, found)))

    def _age(self) -> None:
        now = self._clock()
        age_s = now - self._began_at
        if age_s >= _HALF_LIFE_S or len(self._young) >= _MAX_REMEMBERED:
            self._old = self._young if age_s < 2 * _HALF_LIFE_S else {}
            self._young, self._began_at = {}, now
