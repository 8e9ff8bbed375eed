"""A customer's pages: checked before anything is fetched, then fetched all at once."""

from collections.abc import Awaitable, Sequence
from functools import lru_cache, partial
from typing import Annotated, NamedTuple

import strawberry

from gateway.errors import BadUserInputError, GatewayError, NotHereError
from gateway.loaders.batch import settle
from gateway.paging.arguments import ConnectionArguments, PageRequest
from gateway.paging.cursor import Binding, Owner
from gateway.paging.page import Page
from gateway.paging.walk import walk
from gateway.schema.context import Context
from gateway.schema.ids import check_digits
from gateway.upstream.customer_promotions import (
    BY_ID,
    MOST_PROGRAMS,
    NO_FILTERS,
    CustomerFilters,
    CustomerKey,
    CustomerPage,
    CustomerPageKey,
    canonical,
)
from gateway.wire.customer_view import CustomerPromotionPayload
from gateway.wire.vocabulary import (
    CustomerPromotionSourceType,
    CustomerSource,
    PromotionAvailability,
    PromotionTypeFilter,
)

Availability = Annotated[
    PromotionAvailability | None,
    strawberry.argument(description="Only those with which the customer can do this now."),
]
Type = Annotated[
    PromotionTypeFilter | None, strawberry.argument(description="Only those of this type.")
]
SourceType = Annotated[
    CustomerPromotionSourceType | None,
    strawberry.argument(description="Only those that were created there."),
]
ProgramIds = Annotated[
    list[strawberry.ID] | None,
    strawberry.argument(description="Only those of these programs, 1 to 100; without it, of all."),
]


class CustomerPageArguments(NamedTuple):
    """The arguments of `Customer.promotions` as they came; equal ones are one page."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None
    availability: PromotionAvailability | None = None
    type: PromotionTypeFilter | None = None
    source_type: CustomerPromotionSourceType | None = None
    program_ids: tuple[str, ...] | None = None


class CustomerPromotions(NamedTuple):
    """A fetched page, and what its cursors are bound to."""

    page: Page[CustomerPromotionPayload]
    binding: Binding
    customer_key: CustomerKey
    customer_id: str


Pages = dict[CustomerPageArguments, CustomerPromotions | GatewayError]


async def fetch_page(
    context: Context, customer: CustomerKey, arguments: CustomerPageArguments
) -> CustomerPromotions:
    """Fetch one page of a customer's promotions.

    Raises BadUserInputError or CursorInvalidError before any call; NotHereError for no such
    customer; UpstreamError.
    """
    filters = _check_filters(arguments)
    name, value = customer.identifier_name, customer.identifier_value
    connection = _connection(customer.source, filters)
    asked = ConnectionArguments(*arguments[:4])
    after, before = asked.after, asked.before
    binding = Binding(connection)
    if after is not None or before is not None:
        by_id = canonical(value) if name == BY_ID else None
        binding = Binding(connection, Owner(name, value, by_id))
    request = PageRequest.check(asked, binding)
    load = context.loaders.customer_pages.load

    def fetch(_segment: int, offset: int, limit: int) -> Awaitable[CustomerPage]:
        return load(CustomerPageKey(customer, filters, offset, limit))

    page = await walk(fetch, request)
    customer_id = str(page.customer_id)
    for argument, cursor in (("after", after), ("before", before)):
        if cursor is not None:
            binding.belongs(argument, cursor, customer_id)
    bound = Binding(connection, Owner(name, value, customer_id))
    return CustomerPromotions(page, bound, customer, customer_id)


def _check_filters(arguments: CustomerPageArguments) -> CustomerFilters:
    availability, type_, source_type, program_ids = filters = arguments[4:]
    if filters == NO_FILTERS:
        return NO_FILTERS
    if program_ids is not None:
        if not 1 <= len(program_ids) <= MOST_PROGRAMS:
            raise BadUserInputError(
                "programIds", f"name 1 to {MOST_PROGRAMS} programs, or leave it out for all."
            )
        program_ids = tuple(
            sorted({check_digits("programIds", program_id) for program_id in program_ids})
        )
    return CustomerFilters(availability, type_, source_type, program_ids)


@lru_cache(1024)
def _connection(source: CustomerSource, filters: CustomerFilters) -> str:
    availability, type_, source_type, program_ids = filters
    words = (
        "Customer.promotions",
        source.name,
        availability and availability.name,
        type_ and type_.name,
        source_type and source_type.name,
        program_ids and ",".join(program_ids),
    )
    return "|".join(word or "" for word in words)


async def fetch_pages(
    context: Context, customer: CustomerKey, wanted: Sequence[CustomerPageArguments]
) -> tuple[str, Pages] | None:
    """Fetch all distinct pages of a customer at once, and learn the customer's id by it.

    Null where the platform says that there is no such customer; where no page is wanted, one call
    with limit 1 asks it. A page that fails is its own error, unless all do: then raises the first.
    """
    distinct = wanted if len(wanted) < 2 else list(dict.fromkeys(wanted))
    if len(distinct) > 1:
        return _found(distinct, await settle(distinct, partial(fetch_page, context, customer)))
    try:
        for arguments in distinct:
            page = await fetch_page(context, customer, arguments)
            return page.customer_id, {arguments: page}
        probe = await context.loaders.customer_pages.load(
            CustomerPageKey(customer, NO_FILTERS, 0, 1)
        )
    except NotHereError:
        return None
    return str(probe.customer_id), {}


def _found(
    distinct: Sequence[CustomerPageArguments],
    results: Sequence[CustomerPromotions | GatewayError],
) -> tuple[str, Pages] | None:
    pages: Pages = dict(zip(distinct, results, strict=True))
    if any(isinstance(result, NotHereError) for result in results):
        return None
    for result in results:
        if isinstance(result, CustomerPromotions):
            return result.customer_id, pages
    raise next(result for result in results if isinstance(result, GatewayError))
