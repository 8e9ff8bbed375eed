"""A customer's pages: checked before anything is fetched, then fetched all at once."""

from collections.abc import Awaitable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Annotated, NamedTuple

import strawberry

from gateway.dataloaders.batch_loader import settle
from gateway.dataloaders.shown_promotions import ShownTo
from gateway.errors import (
    BadUserInputError,
    CursorInvalidError,
    CustomerMismatchError,
    GatewayError,
    UpstreamNotFoundError,
)
from gateway.pagination.arguments import ConnectionArguments, PageFields, PageRequest
from gateway.pagination.cursor import Binding, CursorOwner
from gateway.pagination.page import ConnectionPage
from gateway.pagination.paginate import paginate
from gateway.schema.ids import check_digits, is_number
from gateway.schema.info import ResolverContext
from gateway.upstream.customer_view.endpoint import (
    BY_ID,
    ENDPOINT,
    MAX_PROGRAMS,
    NO_FILTERS,
    CustomerFilters,
    CustomerKey,
    CustomerPage,
    CustomerPageKey,
    canonical_id,
)
from gateway.upstream.customer_view.payload import CustomerPromotionPayload
from gateway.upstream.normalise.enums import (
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


class FetchedCustomerPage(NamedTuple):
    """A fetched page, and what its cursors are bound to."""

    page: ConnectionPage[CustomerPromotionPayload]
    binding: Binding
    customer_key: CustomerKey
    customer_id: str


Pages = dict[CustomerPageArguments, FetchedCustomerPage | GatewayError]


async def fetch_page(
    context: ResolverContext,
    customer: CustomerKey,
    arguments: CustomerPageArguments,
    fields: PageFields,
) -> FetchedCustomerPage:
    """Fetch one page of a customer's promotions; `fields` are those that are selected of it.

    Raises BadUserInputError or CursorInvalidError before any call; NotHereError for no such
    customer; UpstreamError.
    """
    filters = _check_filters(arguments)
    connection = _connection(customer.source, filters)
    asked = ConnectionArguments(*arguments[:4])
    after, before = asked.after, asked.before
    binding = Binding(connection)
    if after is not None or before is not None:
        binding = _bind(connection, customer)
    request = PageRequest.check(asked, binding, fields=fields)
    load = context.loaders.customer_pages.load

    def fetch(_segment: int, offset: int, limit: int) -> Awaitable[CustomerPage]:
        return load(CustomerPageKey(customer, filters, offset, limit))

    page = await paginate(fetch, request)
    customer_id = str(page.customer_id)
    try:
        if after is not None:
            binding.belongs("after", after, customer_id)
        if before is not None:
            binding.belongs("before", before, customer_id)
    except CursorInvalidError:
        context.loaders.customer_ids.doubt(customer, customer_id)
        raise
    # A word's `name` and `value` take calls of Python's own, these do not.
    shown_to = ShownTo(customer.source._name_, customer_id)
    context.loaders.shown_promotions.remember(context.request, shown_to, page.items)
    name, value = customer.identifier_name, customer.identifier_value
    bound = Binding(connection, CursorOwner(name, value, customer_id))
    return FetchedCustomerPage(page, bound, customer, customer_id)


def _bind(connection: str, customer: CustomerKey) -> Binding:
    """Return what reads cursors before the customer is known, but for what was asked."""
    name, value = customer.identifier_name, customer.identifier_value
    return Binding(
        connection, CursorOwner(name, value, canonical_id(value) if name == BY_ID else None)
    )


def _check_filters(arguments: CustomerPageArguments) -> CustomerFilters:
    availability, type_, source_type, program_ids = filters = arguments[4:]
    if filters == NO_FILTERS:
        return NO_FILTERS
    if program_ids is not None:
        if not 1 <= len(program_ids) <= MAX_PROGRAMS:
            raise BadUserInputError(
                "programIds", f"it must have 1 to {MAX_PROGRAMS} programs; omit it for all."
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
    context: ResolverContext,
    customer: CustomerKey,
    wanted: Mapping[CustomerPageArguments, PageFields],
) -> tuple[str | GatewayError, Pages] | None:
    """Fetch all pages of a customer at once, and learn the customer's id by it.

    Return None where the platform says that there is no such customer. A page that fails is its own
    error; where all do, so is the id, unless it is known without them. Where no page is wanted, one
    call with limit 1 asks for the id: raises UpstreamError where that fails.
    """
    if not wanted:
        return await _probe(context, customer)
    ids = context.loaders.customer_ids
    ids.begin(customer)
    try:
        results = await settle(
            list(wanted.items()), lambda each: fetch_page(context, customer, *each)
        )
    finally:
        others = ids.end(customer)
    if others is not None:
        await others.wait()
    pages: Pages = {}
    failure: GatewayError | None = None
    customer_id: str | None = None
    for arguments, fetched_or_failed in zip(wanted, results, strict=True):
        result = fetched_or_failed
        if isinstance(result, UpstreamNotFoundError):
            return None
        if isinstance(result, FetchedCustomerPage):
            if ids.believes(customer, result.customer_id):
                customer_id = result.customer_id
            else:  # another answer has contradicted it meanwhile
                result = CustomerMismatchError(ENDPOINT)
        pages[arguments] = result
        if isinstance(result, GatewayError):
            failure = failure or result
    if customer_id is not None:
        return customer_id, pages
    assert failure is not None  # noqa: S101 - a page that is there tells the id
    return _id_without_pages(customer, wanted) or failure, pages


async def _probe(context: ResolverContext, customer: CustomerKey) -> tuple[str, Pages] | None:
    ids = context.loaders.customer_ids
    fetched = context.loaders.customer_pages.load(CustomerPageKey(customer, NO_FILTERS, 0, 1))
    try:
        page = await ids.together(customer, fetched)
    except UpstreamNotFoundError:
        return None
    customer_id = str(page.customer_id)
    if not ids.believes(customer, customer_id):
        raise CustomerMismatchError(ENDPOINT)
    return customer_id, {}


def _id_without_pages(customer: CustomerKey, failed: Iterable[CustomerPageArguments]) -> str | None:
    """Return the id where the query itself has it: as the identifier, or in its cursors.

    That is the client's own word: it is shown to that client, and believed in nothing else. Where
    two cursors disagree, neither counts.
    """
    if customer.identifier_name == BY_ID:
        told = {canonical_id(customer.identifier_value)}
    else:
        told = {each for arguments in failed for each in _ids_in_cursors(customer, arguments)}
    customer_id = told.pop() if len(told) == 1 else ""
    return customer_id if is_number(customer_id) else None


def _ids_in_cursors(customer: CustomerKey, arguments: CustomerPageArguments) -> Iterator[str]:
    cursors = [cursor for cursor in (arguments.after, arguments.before) if cursor is not None]
    if not cursors:
        return
    try:
        filters = _check_filters(arguments)
    except BadUserInputError:  # no list has such filters, so no cursor is of it
        return
    binding = _bind(_connection(customer.source, filters), customer)
    for cursor in cursors:
        customer_id = binding.customer_of(cursor)
        if customer_id is not None:
            yield customer_id
