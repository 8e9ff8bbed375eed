"""The customer's view: ``GET /v2/customers/lookup/promotionData`` (docs/platform.md)."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from gateway.cache.entry import CachePolicy
from gateway.cache.evictions import CUSTOMER, Evictions, Subject
from gateway.context import RequestContext
from gateway.errors import CustomerMismatchError, UpstreamInputRefusedError
from gateway.upstream.cached_upstream import CachedUpstream
from gateway.upstream.call import NOT_CACHED, UpstreamCall, percent_encoded
from gateway.upstream.customer_identities import KnownCustomerIds
from gateway.upstream.customer_view.payload import CustomerPromotionPayload
from gateway.upstream.decoding.decode import UpstreamPage, decode_customer_page
from gateway.upstream.normalise.enums import (
    CustomerPromotionSourceType,
    CustomerSource,
    PromotionAvailability,
    PromotionTypeFilter,
)
from gateway.upstream.page_reader import Wanted, read_page, reject_payload
from gateway.upstream.response_errors import client_error_or_misuse

ENDPOINT = "promotionData"
PATH = "/v2/customers/lookup/promotionData"
BY_ID = "id"
MAX_PROGRAMS = 100  # of one filter: a longer query string may not be accepted

CustomerPage = UpstreamPage[CustomerPromotionPayload]


class CustomerKey(NamedTuple):
    """The customer: ``source``, ``identifierName`` and ``identifierValue`` of the platform."""

    source: CustomerSource
    identifier_name: str
    identifier_value: str


class CustomerFilters(NamedTuple):
    """Filters of a customer's promotions; None does not filter."""

    availability: PromotionAvailability | None = None
    type: PromotionTypeFilter | None = None
    source_type: CustomerPromotionSourceType | None = None
    program_ids: tuple[str, ...] | None = None


NO_FILTERS = CustomerFilters()


class CustomerPageKey(NamedTuple):
    """One window of a customer's promotions; `limit` is 1..100, `offset` counts items from 0."""

    customer: CustomerKey
    filters: CustomerFilters
    offset: int
    limit: int


class CustomerViewPort(Protocol):
    """Where pages of a customer's promotions come from."""

    async def page(
        self, key: CustomerPageKey, request: RequestContext, max_age_s: float = math.inf
    ) -> CustomerPage:
        """Return one window, from a cached response only if that is at most `max_age_s` old.

        Raise UpstreamNotFoundError where there is no such customer (8015), or UpstreamError.
        """
        ...


class CustomerViewEndpoint:
    """The documented endpoint."""

    def __init__(
        self, upstream: CachedUpstream, known: KnownCustomerIds, policy: CachePolicy = NOT_CACHED
    ) -> None:
        self._upstream, self._policy = upstream, policy
        self.known = known
        self.statistics = upstream.client.traffic.statistics.of(ENDPOINT)

    async def page(
        self, key: CustomerPageKey, request: RequestContext, max_age_s: float = math.inf
    ) -> CustomerPage:
        """Return one window, with a call reserved for it.

        A cached response that contradicts what has been proven since is not served: the call is
        made anew. Raise CustomerMismatchError for a page of another customer.
        """
        known, customer = self.known, key.customer
        call = _CustomerCall(_target(key), request, (customer,), self._policy, key=key, api=self)
        not_before = 0.0
        if known.contradictions or max_age_s != math.inf:
            not_before = known.not_before(request, customer, max_age_s)
        request.budget.reserve_more(1)
        try:
            try:
                return await self._upstream.send(call, not_before=not_before)
            except _OutdatedError:
                not_before = known.not_before(request, customer, 0.0)
                return await self._upstream.send(call, not_before=not_before)
        except UpstreamInputRefusedError as error:
            raise client_error_or_misuse(error, _given(key.filters)) from None
        finally:
            request.budget.reserve_more(-1)

    async def page_now(self, key: CustomerPageKey, request: RequestContext) -> CustomerPage:
        """Return one window by a call of its own, with a call reserved for it."""
        call = _CustomerCall(_target(key), request, (key.customer,), key=key, api=self)
        request.report.fresh_until = 0.0
        request.budget.reserve_more(1)
        try:
            call.begin()
            return call.read(await self._upstream.client.send(call), is_own=True)
        except UpstreamInputRefusedError as error:
            raise client_error_or_misuse(error, _given(key.filters)) from None
        finally:
            request.budget.reserve_more(-1)


class FreshCustomerView:
    """An endpoint whose pages come from calls of their own: from no cache, no other request."""

    def __init__(self, endpoint: CustomerViewEndpoint) -> None:
        self._endpoint = endpoint

    async def page(
        self, key: CustomerPageKey, request: RequestContext, max_age_s: float = math.inf
    ) -> CustomerPage:
        """Return one window as it is now; it is 0 s old."""
        return await self._endpoint.page_now(key, request)


@dataclass(slots=True, eq=False, kw_only=True)
class _CustomerCall(UpstreamCall[CustomerPage]):
    """A call for one window."""

    endpoint = ENDPOINT
    evicted_with = CUSTOMER
    key: CustomerPageKey
    api: CustomerViewEndpoint
    contradictions: int = field(init=False)

    def begin(self) -> None:
        """Record the number of contradictions: only a call that begins after one may decide it."""
        self.contradictions = self.api.known.contradictions

    def known_about(self, evictions: Evictions) -> Subject | None:
        """Return the customer whom the identifier is proven to name, None where none is."""
        customer = self.key.customer
        if customer.identifier_name == BY_ID:
            customer_id = canonical_id(customer.identifier_value)
            return evictions.customer(int(customer_id)) if customer_id.isdecimal() else None
        proof = self.api.known.proof(self.request, customer)
        return None if proof is None else evictions.customer(proof.customer_id)

    def about(self, evictions: Evictions, value: CustomerPage) -> Subject | None:
        """Return the customer whose page it is, whatever identifier it was requested by."""
        assert value.customer_id is not None  # noqa: S101 - see `read`
        return evictions.customer(value.customer_id)

    def read(self, body: bytes, *, is_own: bool) -> CustomerPage:
        """Return the page; raise UpstreamError for a page of another customer."""
        statistics, known, customer = self.api.statistics, self.api.known, self.key.customer
        program_ids = self.key.filters.program_ids
        wanted = None if program_ids is None else Wanted(frozenset(map(int, program_ids)))
        page = read_page(ENDPOINT, statistics, decode_customer_page, body, wanted)
        customer_id = page.customer_id
        assert customer_id is not None  # noqa: S101 - no page of a customer is read without
        if customer.identifier_name == BY_ID:
            if str(customer_id) != canonical_id(customer.identifier_value):
                raise reject_payload(ENDPOINT, statistics, "about another customer")
        elif not is_own:
            if not known.agrees(self.request, customer, customer_id):
                raise _OutdatedError(ENDPOINT)
        elif not known.record(self.request, customer, customer_id, self.contradictions):
            reason = "about another customer than the previous response"
            raise reject_payload(ENDPOINT, statistics, reason, CustomerMismatchError)
        return page


class _OutdatedError(CustomerMismatchError):
    """A response of the cache, or of another request's call, contradicts what is known by now."""


def _given(filters: CustomerFilters) -> set[str]:
    """Return the names of the GraphQL arguments that a call passes on."""
    availability, type_, source_type, program_ids = filters
    arguments = {
        "by": True,
        "source": True,
        "availability": availability,
        "type": type_,
        "sourceType": source_type,
        "programIds": program_ids,
    }
    return {name for name, value in arguments.items() if value is not None}


def canonical_id(customer_id: str) -> str:
    """Return a customer's id as the platform writes it: without leading zeros."""
    is_number = customer_id.isascii() and customer_id.isdigit()
    return customer_id.lstrip("0") or "0" if is_number else customer_id


def _target(key: CustomerPageKey) -> str:
    """Return path and query; all usage is always requested, so that a node has one value."""
    (source, name, value), filters, offset, limit = key
    target = (
        f"{PATH}?identifierName={name}&identifierValue={percent_encoded(value)}&source={source._value_}"
        f"&fetchAllUsage=true&limit={limit}&offset={offset}"
    )
    return target if filters is NO_FILTERS else target + _filter_parameters(filters)


def _filter_parameters(filters: CustomerFilters) -> str:
    availability, type_, source_type, program_ids = filters
    parameters = {
        "promotionStatusForCustomer": availability and availability.value,
        "promotionType": type_ and type_.value,
        "sourceType": source_type and source_type.value,
        "programs": None if program_ids is None else ",".join(program_ids),
    }
    return "".join(
        f"&{name}={percent_encoded(value)}"
        for name, value in parameters.items()
        if value is not None
    )
