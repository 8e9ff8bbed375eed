"""The customer's view: ``GET /v2/customers/lookup/promotionData`` (promotionData.txt)."""

from collections.abc import Awaitable
from typing import NamedTuple, Protocol

from gateway.request import Request
from gateway.upstream.client import UpstreamClient, encoded
from gateway.upstream.pages import disbelieved, read_page
from gateway.upstream.recall import Recall
from gateway.upstream.statistics import UpstreamStatistics
from gateway.wire.customer_view import CustomerPromotionPayload
from gateway.wire.decode import Page, decode_customer_page
from gateway.wire.vocabulary import (
    CustomerPromotionSourceType,
    CustomerSource,
    PromotionAvailability,
    PromotionTypeFilter,
)

ENDPOINT = "promotionData"
PATH = "/v2/customers/lookup/promotionData"
BY_ID = "id"
MOST_PROGRAMS = 100  # in one filter: more make a query string that nobody promises to take

CustomerPage = Page[CustomerPromotionPayload]


class CustomerKey(NamedTuple):
    """Who is looked up, and where: ``source``, ``identifierName`` and ``identifierValue``."""

    source: CustomerSource
    identifier_name: str
    identifier_value: str


class CustomerFilters(NamedTuple):
    """Which of a customer's promotions are wanted; `program_ids` None means of all programs."""

    availability: PromotionAvailability | None = None
    type: PromotionTypeFilter | None = None
    source_type: CustomerPromotionSourceType | None = None
    program_ids: tuple[str, ...] | None = None


NO_FILTERS = CustomerFilters()


class CustomerPageKey(NamedTuple):
    """One window: `limit` is 1..100, `offset` counts items from 0."""

    customer: CustomerKey
    filters: CustomerFilters
    offset: int
    limit: int


class CustomerPromotionsPort(Protocol):
    """Where pages of a customer's promotions come from."""

    async def page(self, key: CustomerPageKey, request: Request) -> CustomerPage:
        """Fetch one window. Raises NotHereError for no such customer (8015), or UpstreamError."""
        ...


class CustomerPromotions:
    """The documented endpoint."""

    def __init__(self, client: UpstreamClient, recall: Recall) -> None:
        self._client = client
        self._recall = recall

    async def page(self, key: CustomerPageKey, request: Request) -> CustomerPage:
        """Fetch one window, with a claim on a call; one about another customer is never served."""
        target = _target(key)

        def load(on_account_of: Request) -> Awaitable[bytes]:
            return self._client.get(ENDPOINT, target, on_account_of, about=(key.customer,))

        def read(body: bytes) -> CustomerPage:
            return _read(self._client.traffic.statistics, key, body)

        request.budget.keep(1)
        try:
            return await self._recall.fetch(ENDPOINT, target, request, load, read)
        finally:
            request.budget.keep(-1)


def _read(statistics: UpstreamStatistics, key: CustomerPageKey, body: bytes) -> CustomerPage:
    program_ids = key.filters.program_ids
    wanted = None if program_ids is None else frozenset(map(int, program_ids))
    is_wanted = None if wanted is None else lambda item: item.program_id in wanted
    page = read_page(ENDPOINT, statistics, decode_customer_page, body, is_wanted)
    _, name, value = key.customer
    if name == BY_ID and str(page.customer_id) != canonical(value):
        raise disbelieved(ENDPOINT, statistics, "it is about another customer")
    return page


def canonical(customer_id: str) -> str:
    """Give the spelling of a customer's id that the platform itself has: no leading zeros."""
    is_number = customer_id.isascii() and customer_id.isdigit()
    return customer_id.lstrip("0") or "0" if is_number else customer_id


def _target(key: CustomerPageKey) -> str:
    """Write path and query; all usage is always asked for, so that one node has one truth."""
    (source, name, value), filters, offset, limit = key
    target = (
        f"{PATH}?identifierName={name}&identifierValue={encoded(value)}&source={source.value}"
        f"&fetchAllUsage=true&limit={limit}&offset={offset}"
    )
    return target if filters is NO_FILTERS else target + _filtering(filters)


def _filtering(filters: CustomerFilters) -> str:
    availability, type_, source_type, program_ids = filters
    parameters = {
        "promotionStatusForCustomer": availability and availability.value,
        "promotionType": type_ and type_.value,
        "sourceType": source_type and source_type.value,
        "programs": None if program_ids is None else ",".join(program_ids),
    }
    given = {name: value for name, value in parameters.items() if value is not None}
    return "".join(f"&{name}={encoded(value)}" for name, value in given.items())
