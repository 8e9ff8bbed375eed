"""How many promotions a customer has: the total of a page of each list, without its items."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import strawberry

from gateway.errors import CustomerMismatchError, GatewayError, UpstreamNotFoundError
from gateway.schema.customer_pages import Counts, CustomerPageArguments, fetch_count
from gateway.schema.declare import NOT_PREFETCHED, fetching, one_call
from gateway.schema.info import Info
from gateway.schema.lookahead import Ahead, LooksFor
from gateway.schema.paging import same_page
from gateway.upstream.customer_view.endpoint import ENDPOINT, CustomerKey
from gateway.upstream.normalise.enums import PromotionAvailability

_LISTS = {
    "all": None,
    "availableToEnrol": PromotionAvailability.AVAILABLE_TO_ENROL,
    "availableForIssue": PromotionAvailability.AVAILABLE_FOR_ISSUE,
    "availableToRedeem": PromotionAvailability.AVAILABLE_TO_REDEEM,
    "expired": PromotionAvailability.EXPIRED,
}
COUNT_FIELDS = LooksFor(tuple(_LISTS), same_page)


class CountedLists(NamedTuple):
    """The lists of a customer that are counted: by `arguments`, and by each availability.

    `customer_id` is the error with which the customer was looked up where that has failed.
    `fetched` has the counts that the look-up has fetched.
    """

    customer: CustomerKey
    customer_id: str | GatewayError
    arguments: CustomerPageArguments
    fetched: Counts

    def prefetched(self, availability: PromotionAvailability | None) -> int | None:
        """Return a count that the look-up has fetched; raise the error with which it failed."""
        found = self.fetched.get(self.arguments._replace(availability=availability))
        if found is None:
            return NOT_PREFETCHED  # type: ignore[no-any-return]  # a marker of type Any
        if isinstance(found, GatewayError):
            raise found
        return found.total


def counted_lists(selections: Iterable[Ahead]) -> list[CustomerPageArguments]:
    """Return the lists that selections of `PromotionCounts` count, each once."""
    lists: dict[CustomerPageArguments, None] = {}
    for given, fields in selections:
        arguments = CustomerPageArguments.of(given)
        for name, availability in _LISTS.items():
            if name in fields.own:
                lists[arguments._replace(availability=availability)] = None
    return [*lists]


def _count(description: str, name: str) -> Any:
    """Declare the field that counts one list."""
    availability = _LISTS[name]

    def prefetched(counts: "PromotionCounts") -> int | None:
        return counts.payload.prefetched(availability)

    async def resolve(self: "PromotionCounts", info: Info) -> int | None:
        """Return the count that the look-up has fetched, or fetch it; null for no such customer."""
        lists = self.payload
        known = lists.prefetched(availability)
        if known is not NOT_PREFETCHED:
            return known
        wanted = lists.arguments._replace(availability=availability)
        try:
            count = await fetch_count(info.context, lists.customer, wanted)
        except UpstreamNotFoundError:
            return None
        if count.customer_id != lists.customer_id:  # the count is about another customer
            raise CustomerMismatchError(ENDPOINT)
        return count.total

    return fetching(description, calls=one_call, prefetched=prefetched)(resolve)


@strawberry.type(
    description="How many promotions a customer has, for the badges of tabs. Each selected field is"
    " one call to the platform, all at once; none where a page of the same list is selected. A"
    " field that fails is null with an error of its own, and so is one that the platform does not"
    " count."
)
class PromotionCounts:
    """Counts of a customer's lists."""

    payload: strawberry.Private[CountedLists]

    all: int | None = _count("All of them, expired ones included.", "all")
    available_to_enrol: int | None = _count(
        "Those of `availability: AVAILABLE_TO_ENROL`.", "availableToEnrol"
    )
    available_for_issue: int | None = _count(
        "Those of `availability: AVAILABLE_FOR_ISSUE`.", "availableForIssue"
    )
    available_to_redeem: int | None = _count(
        "Those of `availability: AVAILABLE_TO_REDEEM`.", "availableToRedeem"
    )
    expired: int | None = _count("Those of `availability: EXPIRED`.", "expired")
