"""A customer and their promotions."""

from typing import Any

import strawberry

from gateway.errors import CustomerMismatchError, GatewayError, UpstreamNotFoundError
from gateway.pagination.arguments import PageFields
from gateway.pagination.page import Drift
from gateway.schema.connection import shown
from gateway.schema.customer_pages import (
    Availability,
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
from gateway.schema.declare import NOT_PREFETCHED, calls_of_a_page, computed, fetching
from gateway.schema.ids import write_id
from gateway.schema.info import Info, ResolverContext
from gateway.schema.lookahead import Ahead
from gateway.schema.node import ID_WORDS, Node
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
from gateway.upstream.customer_view.endpoint import ENDPOINT, CustomerKey

PAGES_BELOW = ("Customer", "promotions")


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
        """Show each item that could be read."""
        write = self.payload.binding.write
        owner = self._owner()
        return [
            CustomerPromotionEdge(
                cursor=write(place.position), node=CustomerPromotion(payload=item, owner=owner)
            )
            for place, item in shown(self.payload.page)
        ]

    @computed("The promotions alone.")
    def nodes(self) -> list[CustomerPromotion]:
        """Show each item that could be read."""
        owner = self._owner()
        return [
            CustomerPromotion(payload=item, owner=owner)
            for item in self.payload.page.items
            if item is not None
        ]

    def _owner(self) -> PromotionOwner:
        return PromotionOwner(self.payload.customer_key, self.payload.customer_id)

    @computed("Where the page lies in the list.")
    def page_info(self) -> PageInfo:
        """Show the page's edges."""
        return PageInfo(payload=BoundPage.of(self.payload.page, self.payload.binding))

    @computed("How many there are in all, as the upstream counts; null where it does not say.")
    def total_count(self) -> int | None:
        """Return the upstream's own total."""
        return self.payload.page.totals.get(0)

    @computed("Whether the list moved since the cursor was given.")
    def drift(self) -> Drift:
        """Tell what the walk has seen."""
        return self.payload.page.drift

    @computed("What the upstream says of this page, and what had to be left out.")
    def warnings(self) -> list[PageWarning]:
        """Show the warnings."""
        return [PageWarning(payload=warning) for warning in self.payload.page.warnings]


@strawberry.type(description="A customer of the loyalty platform, as one source knows them.")
class Customer(Node):
    """A look-up: `payload` is the customer's id, `pages` what was fetched for it.

    Where all pages have failed and nothing else tells the id, `payload` is what the first failed
    with.
    """

    payload: strawberry.Private[str | GatewayError]
    key: strawberry.Private[CustomerKey]
    pages: strawberry.Private[Pages | None] = None

    @computed(ID_WORDS)
    def id(self) -> strawberry.ID:
        """Write the source, which is part of the look-up, and the platform's own id."""
        return strawberry.ID(write_id("Customer", self.key.source.name, self._known_id()))

    @computed("The platform's own id.")
    def customer_id(self) -> strawberry.ID:
        """Return the id."""
        return strawberry.ID(self._known_id())

    def _known_id(self) -> str:
        """Return the id; raise the pages' error where they have not told it."""
        if isinstance(self.payload, GatewayError):
            raise self.payload
        return self.payload

    def _page_at_hand(self, **arguments: Any) -> CustomerPromotionConnection:
        """Show the page that the look-up has fetched; raises what it failed with."""
        fetched = self.pages.get(_page_arguments(**arguments)) if self.pages else None
        if isinstance(fetched, GatewayError):
            raise fetched
        return NOT_PREFETCHED if fetched is None else CustomerPromotionConnection(payload=fetched)

    @fetching(
        "The customer's promotions. A page that fails is null; the customer stays.",
        calls=calls_of_a_page,
        prefetched=_page_at_hand,
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
    ) -> CustomerPromotionConnection | None:
        """Show the page that the look-up has fetched, or fetch it; null for nobody's."""
        arguments: dict[str, Any] = {
            "first": first,
            "after": after,
            "last": last,
            "before": before,
            "availability": availability,
            "type": type,
            "source_type": source_type,
            "program_ids": program_ids,
        }
        at_hand = self._page_at_hand(**arguments)
        if at_hand is not NOT_PREFETCHED:
            return at_hand
        try:
            wanted = _page_arguments(**arguments)
            page = await fetch_page(info.context, self.key, wanted, info.page_fields)
        except UpstreamNotFoundError:
            return None
        if page.customer_id != self.payload:  # a page in front has told another id
            raise CustomerMismatchError(ENDPOINT)
        return CustomerPromotionConnection(payload=page)


def _page_arguments(**arguments: Any) -> CustomerPageArguments:
    program_ids = arguments.get("program_ids")
    if program_ids is not None:
        arguments["program_ids"] = tuple(program_ids)
    return CustomerPageArguments(**arguments)


async def load_customer(
    context: ResolverContext, key: CustomerKey, pages_below: list[Ahead]
) -> Customer | None:
    """Look a customer up by fetching the pages that are selected below; null where there is none.

    Its claim on the call budget stands from here on, before any definition can have taken a call.
    A page that fails costs that page (`fetch_pages`).
    """
    wanted: dict[CustomerPageArguments, PageFields] = {}
    for below in pages_below:
        arguments = _page_arguments(**below.arguments)
        same = wanted.get(arguments)
        wanted[arguments] = below.fields if same is None else below.fields.merge(same)
    budget = context.request.budget
    budget.reserve_more(1)
    try:
        found = await fetch_pages(context, key, wanted)
    finally:
        budget.reserve_more(-1)
    if found is None:
        return None
    customer_id, pages = found
    return Customer(payload=customer_id, key=key, pages=pages)
