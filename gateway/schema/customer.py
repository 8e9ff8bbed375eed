"""A customer and their promotions."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Self

import strawberry

from gateway.errors import CustomerMismatchError, GatewayError, UpstreamNotFoundError
from gateway.pagination.arguments import PageFields
from gateway.pagination.page import Drift
from gateway.schema.customer_pages import (
    Availability,
    Counts,
    CustomerPageArguments,
    FetchedCustomerPage,
    Pages,
    ProgramIds,
    SourceType,
    Type,
    fetch_page,
    fetch_pages,
)
from gateway.schema.customer_promotion import CustomerPromotion, PromotionOwner
from gateway.schema.customer_search import OrderBy, Search, Validity
from gateway.schema.declare import NOT_PREFETCHED, calls_of_a_customers_page, computed, fetching
from gateway.schema.ids import ID_DESCRIPTION, Node, write_id
from gateway.schema.info import Info, ResolverContext, settle
from gateway.schema.lookahead import Ahead
from gateway.schema.paging import (
    PAGE_FIELDS,
    After,
    Before,
    BoundPage,
    First,
    Last,
    PageInfo,
    PageWarning,
)
from gateway.schema.promotion_counts import (
    COUNT_FIELDS,
    CountedLists,
    PromotionCounts,
    counted_lists,
)
from gateway.upstream.customer_view.endpoint import ENDPOINT, CustomerKey

_PAGES, _COUNTS = FETCHED_BELOW = (("Customer", "promotions"), ("Customer", "promotionCounts"))
"""The fields of a customer that its look-up fetches."""


@strawberry.type(description="A customer's promotion and its place in the list.")
class CustomerPromotionEdge:
    """The Relay edge."""

    cursor: str = strawberry.field(description="Pass it as `after` or `before`.")
    node: CustomerPromotion = strawberry.field(description="The promotion.")


@strawberry.type(description="A page of a customer's promotions.")
class CustomerPromotionConnection:
    """A view over one fetched page."""

    payload: strawberry.Private[FetchedCustomerPage]

    @computed("The promotions with their cursors.")
    def edges(self) -> list[CustomerPromotionEdge]:
        """Return an edge for each readable item."""
        write, owner = self.payload.binding.write, PromotionOwner.of(*self.payload[2:])
        return [
            CustomerPromotionEdge(
                cursor=write(place.position),
                node=CustomerPromotion(payload=place.item, owner=owner),
            )
            for place in self.payload.page.places
            if place.item is not None
        ]

    @computed("The promotions alone.")
    def nodes(self) -> list[CustomerPromotion]:
        """Return a node for each readable item."""
        owner = PromotionOwner.of(*self.payload[2:])
        items = self.payload.page.items
        return [CustomerPromotion(payload=item, owner=owner) for item in items if item is not None]

    @computed("Where the page lies in the list.")
    def page_info(self) -> PageInfo:
        """Return the page's place in the list."""
        return PageInfo(payload=BoundPage.of(self.payload.page, self.payload.binding))

    @computed(
        "How many there are in all, as the upstream counts; null where it does not say. With"
        " `search` or `validity`, how many match; null where the list could not be read completely."
    )
    def total_count(self) -> int | None:
        """Return the upstream's total."""
        return self.payload.page.totals.get(0)

    @computed("Whether the list moved since the cursor was given.")
    def drift(self) -> Drift:
        """Return the drift that was found while the page was fetched."""
        return self.payload.page.drift

    @computed("What the upstream says of this page, and what had to be left out.")
    def warnings(self) -> list[PageWarning]:
        """Return the warnings."""
        return [PageWarning(payload=warning) for warning in self.payload.page.warnings]


@strawberry.type(description="A customer of the loyalty platform, as one source knows them.")
class Customer(Node):
    """A view over a look-up: `payload` is the customer's id, `pages` and `counts` came with it.

    Where all of them have failed and the query does not have the id, `payload` is the first error.
    """

    payload: strawberry.Private[str | GatewayError]
    key: strawberry.Private[CustomerKey]
    pages: strawberry.Private[Pages | None] = None
    counts: strawberry.Private[Counts | None] = None

    @computed(ID_DESCRIPTION)
    def id(self) -> strawberry.ID:
        """Return the global id: the source, which is part of the look-up, and the platform's id."""
        return strawberry.ID(write_id("Customer", self.key.source.name, self._known_id()))

    @computed("The platform's own id.")
    def customer_id(self) -> strawberry.ID:
        """Return the id."""
        return strawberry.ID(self._known_id())

    def _known_id(self) -> str:
        """Return the id; raise the pages' error where it is not known."""
        if isinstance(self.payload, GatewayError):
            raise self.payload
        return self.payload

    def _prefetched_page(self, **arguments: Any) -> CustomerPromotionConnection:
        """Return the page that the look-up has fetched; raise the error with which it failed."""
        page = self.pages.get(CustomerPageArguments.of(arguments)) if self.pages else None
        if isinstance(page, GatewayError):
            raise page
        return NOT_PREFETCHED if page is None else CustomerPromotionConnection(payload=page)

    @fetching(
        "The customer's promotions. A page that fails is null; the customer stays.",
        calls=calls_of_a_customers_page,
        prefetched=_prefetched_page,
        looks_for=PAGE_FIELDS,
    )
    async def promotions(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        availability: Availability = None,
        type: Type = None,  # noqa: A002 - the graph's name
        source_type: SourceType = None,
        program_ids: ProgramIds = None,
        search: Search = None,
        validity: Validity = None,
        order_by: OrderBy = None,
    ) -> CustomerPromotionConnection | None:
        """Return the page that the look-up has fetched, or fetch it; null for no such customer."""
        arguments: dict[str, Any] = {
            "first": first,
            "after": after,
            "last": last,
            "before": before,
            "availability": availability,
            "type": type,
            "source_type": source_type,
            "program_ids": program_ids,
            "search": search,
            "validity": validity,
            "order_by": order_by,
        }
        prefetched = self._prefetched_page(**arguments)
        if prefetched is not NOT_PREFETCHED:
            return prefetched
        try:
            wanted = CustomerPageArguments.of(arguments)
            page = await fetch_page(info.context, self.key, wanted, info.page_fields)
        except UpstreamNotFoundError:
            return None
        if page.customer_id != self.payload:  # another page was about another customer
            raise CustomerMismatchError(ENDPOINT)
        return CustomerPromotionConnection(payload=page)

    @computed("How many promotions the customer has.", looks_for=COUNT_FIELDS)
    def promotion_counts(
        self,
        type: Type = None,  # noqa: A002 - the graph's name
        source_type: SourceType = None,
        program_ids: ProgramIds = None,
    ) -> PromotionCounts:
        """Return the counts, of which each is fetched with the look-up, or where it is selected."""
        arguments = {"type": type, "source_type": source_type, "program_ids": program_ids}
        lists = CustomerPageArguments.of(arguments)
        counted = CountedLists(self.key, self.payload, lists, self.counts or {})
        return PromotionCounts(payload=counted)


class Below(NamedTuple):
    """The selections below a customer that its look-up fetches."""

    pages: list[Ahead]
    counts: list[Ahead]

    @classmethod
    def of(cls, look_ahead: Callable[[str, str], list[Ahead]]) -> Self:
        """Return those below a field that is declared to look ahead to `FETCHED_BELOW`."""
        return cls(look_ahead(*_PAGES), look_ahead(*_COUNTS))


async def load_customer(
    context: ResolverContext, key: CustomerKey, below: Below
) -> Customer | None:
    """Return a customer, found by fetching what is selected below; null if there is none.

    One call of the budget is reserved meanwhile, so that no definition takes it. The result of a
    page or count that fails is its error (`fetch_pages`).
    """
    wanted: dict[CustomerPageArguments, PageFields] = {}
    for arguments, fields in below.pages:
        page = CustomerPageArguments.of(arguments)
        equal = wanted.get(page)
        wanted[page] = fields if equal is None else fields.merge(equal)
    counted = counted_lists(below.counts) if below.counts else []
    budget = context.request.budget
    budget.reserve_more(1)
    try:
        found = await fetch_pages(context, key, wanted, counted)
    finally:
        budget.reserve_more(-1)
    if found is None:
        return None
    customer_id, pages, counts = found
    return Customer(payload=customer_id, key=key, pages=pages, counts=counts)


async def load_own_customers(
    context: ResolverContext, keys: Iterable[CustomerKey], below: Below
) -> list[Customer]:
    """Return the customers of the caller's token, each once, without those who do not exist.

    One whose look-up fails is there all the same: what is selected of it has the error.
    """
    keys = [*keys]
    results = await settle([load_customer(context, key, below) for key in keys])
    customers: dict[tuple[Any, ...], Customer] = {}
    for key, result in zip(keys, results, strict=True):
        if result is None:
            continue
        customer = Customer(payload=result, key=key) if isinstance(result, GatewayError) else result
        is_known = isinstance(customer.payload, str)
        customers.setdefault((key.source, customer.payload) if is_known else key, customer)
    return [*customers.values()]
