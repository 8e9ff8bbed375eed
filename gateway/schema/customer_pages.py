"""A customer's pages: checked before anything is fetched, then fetched concurrently."""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from itertools import starmap
from typing import Annotated, Any, NamedTuple, Self

import strawberry

from gateway.dataloaders.customer_counts import CustomerListKey
from gateway.errors import (
    BadUserInputError,
    CursorInvalidError,
    CustomerMismatchError,
    GatewayError,
    TooManyPromotionsError,
    UpstreamNotFoundError,
)
from gateway.pagination.arguments import ConnectionArguments, PageFields, PageRequest, window_size
from gateway.pagination.cursor import Binding, CursorOwner
from gateway.pagination.forward import first_page
from gateway.pagination.page import ConnectionPage
from gateway.pagination.paginate import paginate
from gateway.pagination.sorted_page import SortedRequest
from gateway.pagination.window_buffer import plausible_total
from gateway.schema.customer_search import CustomerPromotionOrder, CustomerSearch, search_page
from gateway.schema.ids import check_digits, is_number
from gateway.schema.info import ResolverContext, settle
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
    PromotionValidity,
)
from gateway.upstream.shown_promotions import ShownTo

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


_LISTS = frozenset({"program_ids", "validity"})


class CustomerPageArguments(NamedTuple):
    """The arguments of `Customer.promotions`, not yet checked; equal ones are one page."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None
    availability: PromotionAvailability | None = None
    type: PromotionTypeFilter | None = None
    source_type: CustomerPromotionSourceType | None = None
    program_ids: tuple[str, ...] | None = None
    search: str | None = None
    validity: tuple[PromotionValidity, ...] | None = None
    order_by: CustomerPromotionOrder | None = None

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Self:
        """Create them from a resolver's arguments."""
        if _LISTS.isdisjoint(arguments):
            return cls(**arguments)
        hashable: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in arguments.items()
        }
        return cls(**hashable)


_NARROWING = slice(4, None)  # the arguments after those of every connection
_NOT_NARROWED = CustomerPageArguments()[_NARROWING]


class FetchedCustomerPage(NamedTuple):
    """A fetched page, and what its cursors are bound to."""

    page: ConnectionPage[CustomerPromotionPayload]
    binding: Binding
    customer_key: CustomerKey
    customer_id: str
    availability: PromotionAvailability | None


class CustomerCount(NamedTuple):
    """The total of a customer's list, None where the upstream does not say, and the id."""

    total: int | None
    customer_id: str


Pages = dict[CustomerPageArguments, FetchedCustomerPage | GatewayError]
Counts = dict[CustomerPageArguments, CustomerCount | GatewayError]


async def fetch_page(
    context: ResolverContext,
    customer: CustomerKey,
    arguments: CustomerPageArguments,
    fields: PageFields,
) -> FetchedCustomerPage:
    """Fetch one page of a customer's promotions; `fields` are the selected ones of the page.

    Raise BadUserInputError or CursorInvalidError before any call; UpstreamNotFoundError where there
    is no such customer; UpstreamError.
    """
    if arguments[_NARROWING] == _NOT_NARROWED:  # most pages, in one comparison
        filters, search = NO_FILTERS, None
        connection = connection_key(customer.source, filters)
    else:
        filters, search, connection = _check_narrowing(customer.source, arguments)
    after, before = arguments.after, arguments.before
    has_cursor = after is not None or before is not None
    binding = _bind(connection, customer) if has_cursor else Binding(connection)
    connection_arguments = ConnectionArguments(arguments.first, after, arguments.last, before)
    load = context.loaders.customer_pages.load
    if search is None:
        request = PageRequest.check(connection_arguments, binding, fields=fields)
        page = window = None
        if not (has_cursor or request.backward):
            limit = window_size(request.size, request.look_ahead)
            window = await load(CustomerPageKey(customer, filters, 0, limit))
            page = first_page(window, request, limit)
        if page is None:
            page = await paginate(partial(_fetch, load, customer, filters), request, 1, window)
    else:
        page = await search_page(
            partial(_fetch, load, customer, filters, 0),
            search,
            SortedRequest.check(connection_arguments, binding, search.order),
            now=context.now,
            max_calls=context.loaders.max_scan_calls,
        )
    customer_id = str(page.customer_id)
    if has_cursor:
        try:
            if after is not None:
                binding.check_owner("after", after, customer_id)
            if before is not None:
                binding.check_owner("before", before, customer_id)
        except CursorInvalidError:
            context.loaders.customer_ids.doubt(customer, customer_id)
            raise
    # An enum member's `name` and `value` are Python functions, `_name_` is an attribute.
    shown_to = ShownTo(customer.source._name_, customer_id)
    context.loaders.shown_promotions.remember(context.request, shown_to, page.items)
    owner = CursorOwner(customer.identifier_name, customer.identifier_value, customer_id)
    binding = Binding(connection, owner)
    return FetchedCustomerPage(page, binding, customer, customer_id, arguments.availability)


async def fetch_count(
    context: ResolverContext, customer: CustomerKey, arguments: CustomerPageArguments
) -> CustomerCount:
    """Fetch the total of a customer's list; of the arguments only the filters are used.

    Raise BadUserInputError before any call; UpstreamNotFoundError where there is no such customer;
    UpstreamError.
    """
    key = CustomerListKey(customer, _check_filters(arguments))
    page, offset = await context.loaders.customer_counts.load(key)
    return CustomerCount(plausible_total(page, offset), str(page.customer_id))


def _fetch(
    load: Callable[[CustomerPageKey], Awaitable[CustomerPage]],
    customer: CustomerKey,
    filters: CustomerFilters,
    _segment: int,
    offset: int,
    limit: int,
) -> Awaitable[CustomerPage]:
    return load(CustomerPageKey(customer, filters, offset, limit))


def _bind(connection: str, customer: CustomerKey) -> Binding:
    """Return the binding that decodes cursors while only the customer's identifier is known."""
    name, value = customer.identifier_name, customer.identifier_value
    return Binding(
        connection, CursorOwner(name, value, canonical_id(value) if name == BY_ID else None)
    )


def _check_narrowing(
    source: CustomerSource, arguments: CustomerPageArguments
) -> tuple[CustomerFilters, CustomerSearch | None, str]:
    """Return the checked filters, what the gateway searches, and the connection's key."""
    filters = _check_filters(arguments)
    connection = connection_key(source, filters)
    search = CustomerSearch.check(arguments)
    return filters, search, connection if search is None else connection + search.key


def _check_filters(arguments: CustomerPageArguments) -> CustomerFilters:
    program_ids = arguments.program_ids
    if program_ids is not None:
        if not 1 <= len(program_ids) <= MAX_PROGRAMS:
            raise BadUserInputError(
                "programIds", f"it must have 1 to {MAX_PROGRAMS} programs; omit it for all."
            )
        program_ids = tuple(
            sorted({check_digits("programIds", program_id) for program_id in program_ids})
        )
    return CustomerFilters(
        arguments.availability, arguments.type, arguments.source_type, program_ids
    )


@lru_cache(1024)
def connection_key(source: CustomerSource, filters: CustomerFilters) -> str:
    """Return the key of a connection among those of one customer, for its cursors."""
    availability, type_, source_type, program_ids = filters
    parts = (
        "Customer.promotions",
        source.name,
        availability and availability.name,
        type_ and type_.name,
        source_type and source_type.name,
        program_ids and ",".join(program_ids),
    )
    return "|".join(part or "" for part in parts)


class FetchedCustomer(NamedTuple):
    """A customer's id, or the first error where nothing tells it, with pages and counts."""

    customer_id: str | GatewayError
    pages: Pages
    counts: Counts


async def fetch_pages(
    context: ResolverContext,
    customer: CustomerKey,
    wanted: Mapping[CustomerPageArguments, PageFields],
    counted: Iterable[CustomerPageArguments] = (),
) -> FetchedCustomer | None:
    """Fetch all pages and counts of a customer concurrently, and the customer's id with them.

    Return None where the upstream says that there is no such customer. The result of a page or
    count that fails is its error; where all fail, the id is an error too, unless the query itself
    has it. Where none is wanted, one call with limit 1 fetches the id; raise UpstreamError where
    that fails.
    """
    loads: list[Coroutine[Any, Any, FetchedCustomerPage | CustomerCount]] = [
        *starmap(partial(fetch_page, context, customer), wanted.items())
    ]
    if counted:
        loads += map(partial(fetch_count, context, customer), counted)
    if not loads:
        return await _fetch_id(context, customer)
    ids = context.loaders.customer_ids
    async with ids.together(customer):
        results = await settle(loads)
    failure: GatewayError | None = None
    customer_id: str | None = None
    for index, result in enumerate(results):
        if isinstance(result, UpstreamNotFoundError):
            return None
        # A list that is too long has been read as far as the customer's id.
        if not isinstance(result, GatewayError) or isinstance(result, TooManyPromotionsError):
            if ids.agrees(customer, result.customer_id):
                customer_id = result.customer_id
                continue
            # Another response has contradicted it meanwhile.
            results[index] = CustomerMismatchError(ENDPOINT)
        failure = failure or results[index]
    pages = dict(zip(wanted, results, strict=False))
    counts = dict(zip(counted, results[len(pages) :], strict=True)) if counted else {}
    if customer_id is not None:
        return FetchedCustomer(customer_id, pages, counts)
    assert failure is not None  # noqa: S101 - a fetched page has the id
    return FetchedCustomer(_id_without_pages(customer, wanted) or failure, pages, counts)


async def _fetch_id(context: ResolverContext, customer: CustomerKey) -> FetchedCustomer | None:
    ids = context.loaders.customer_ids
    try:
        async with ids.together(customer):
            page = await context.loaders.customer_pages.load(
                CustomerPageKey(customer, NO_FILTERS, 0, 1)
            )
    except UpstreamNotFoundError:
        return None
    customer_id = str(page.customer_id)
    if not ids.agrees(customer, customer_id):
        raise CustomerMismatchError(ENDPOINT)
    return FetchedCustomer(customer_id, {}, {})


def _id_without_pages(customer: CustomerKey, failed: Iterable[CustomerPageArguments]) -> str | None:
    """Return the id that the query itself has, as the identifier or in its cursors.

    The client that has sent it gets it back; it is no proof. None where two cursors disagree.
    """
    if customer.identifier_name == BY_ID:
        stated = {canonical_id(customer.identifier_value)}
    else:
        stated = {each for arguments in failed for each in _ids_in_cursors(customer, arguments)}
    customer_id = stated.pop() if len(stated) == 1 else ""
    return customer_id if is_number(customer_id) else None


def _ids_in_cursors(customer: CustomerKey, arguments: CustomerPageArguments) -> Iterator[str]:
    cursors = [cursor for cursor in (arguments.after, arguments.before) if cursor is not None]
    if not cursors:
        return
    try:
        _, _, connection = _check_narrowing(customer.source, arguments)
    except BadUserInputError:  # no cursor can be of a list with these filters
        return
    binding = _bind(connection, customer)
    for cursor in cursors:
        customer_id = binding.customer_of(cursor)
        if customer_id is not None:
            yield customer_id
