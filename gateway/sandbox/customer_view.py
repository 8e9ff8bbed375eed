"""GET /v2/customers/lookup/promotionData: a customer's view of their promotions."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.sandbox.customer import SOURCES, Holding
from gateway.sandbox.customer_payload import render_holding
from gateway.sandbox.promotion import DIRECT_ISSUE, ENROL_AND_ISSUE, GENERIC
from gateway.sandbox.responses import Refusal, page_details, whole_number
from gateway.sandbox.world import World

IDENTIFIER_NAMES = frozenset({"mobile", "email", "externalId", "id", "cuid"})
STATUSES = frozenset({"AVAILABLE_TO_ENROL", "AVAILABLE_TO_EARN", "AVAILABLE_TO_REDEEM", "EXPIRED"})
# `promotionType` (query spelling) to `pointsOfferType` (response spelling).
OFFER_TYPES = {
    "GENERIC": GENERIC,
    "DIRECT_ISSUE": DIRECT_ISSUE,
    "ENROL_AND_ISSUE": ENROL_AND_ISSUE,
}
# `sourceType` of this endpoint to the legacy spelling. Only these three can be asked for here.
SOURCE_TYPES = {"UI": "UI", "API": "PROMOTION_API", "CAMPAIGN": "CAMPAIGN"}

DEFAULT_LIMIT = 10  # undocumented: the documented requests without a limit have pages of ten
MALFORMED = 8002  # "input missing" on the vendor's other pages, for what has no documented code


@dataclass(frozen=True, slots=True)
class PromotionDataQuery:
    """The validated query parameters; a filter is None if it is absent."""

    identifier_name: str
    identifier_value: str
    source: str
    limit: int
    offset: int
    all_usage: bool
    status: str | None
    offer_type: str | None
    source_type: str | None
    program_ids: frozenset[int] | None

    def matches(self, holding: Holding, now: datetime) -> bool:
        """Whether a holding passes every filter."""
        promotion = holding.promotion
        return (
            (self.offer_type is None or promotion.offer_type == self.offer_type)
            and (self.source_type is None or promotion.source_type == self.source_type)
            and (self.program_ids is None or promotion.program_id in self.program_ids)
            and (self.status is None or holding.is_available(self.status, now))
        )


def read_query(parameters: Mapping[str, str]) -> PromotionDataQuery:
    """Validate the parameters in the upstream's order: name, source, the rest (the value later).

    Raise Refusal with the documented code.
    """
    name = parameters.get("identifierName", "")
    if name not in IDENTIFIER_NAMES:
        raise Refusal(8013, "Identifier name missing or incorrect")
    source = parameters.get("source", "")
    if source not in SOURCES:
        raise Refusal(8003, "Invalid source")
    offset = _offset(parameters)
    limit = _limit(parameters)
    source_type = parameters.get("sourceType")
    if source_type is not None and source_type not in SOURCE_TYPES:
        raise Refusal(8103, "Invalid source type")
    return PromotionDataQuery(
        identifier_name=name,
        identifier_value=parameters.get("identifierValue", ""),
        source=source,
        limit=limit,
        offset=offset,
        all_usage=_one_of(parameters, "fetchAllUsage", {"true", "false"}) == "true",
        status=_one_of(parameters, "promotionStatusForCustomer", STATUSES),
        offer_type=OFFER_TYPES.get(_one_of(parameters, "promotionType", OFFER_TYPES) or ""),
        source_type=SOURCE_TYPES.get(source_type or ""),
        program_ids=_program_ids(parameters),
    )


def _offset(parameters: Mapping[str, str]) -> int:
    offset = whole_number(parameters.get("offset", "0"))
    if offset is None or offset < 0:
        raise Refusal(8100, "offset must not be negative")
    return offset


def _limit(parameters: Mapping[str, str]) -> int:
    """Parse `limit`. The document allows 0; the vendor's other pages and the sandbox refuse it."""
    limit = whole_number(parameters.get("limit", str(DEFAULT_LIMIT)))
    if limit is None or limit <= 0:
        raise Refusal(8101, "limit must be above 0")
    if limit > 100:
        raise Refusal(8102, "limit must not be above 100")
    return limit


def _one_of(parameters: Mapping[str, str], name: str, allowed: Collection[str]) -> str | None:
    value = parameters.get(name)
    if value is not None and value not in allowed:
        raise Refusal(MALFORMED, f"Invalid input: {name}")
    return value


def _program_ids(parameters: Mapping[str, str]) -> frozenset[int] | None:
    """Parse `programs`; an empty list is no filter."""
    text = parameters.get("programs", "")
    if not text:
        return None
    numbers = [whole_number(part.strip()) for part in text.split(",")]
    if any(number is None for number in numbers):
        raise Refusal(8105, "Invalid programs")
    return frozenset(number for number in numbers if number is not None)


def promotion_data(
    world: World, clock: Callable[[], datetime], parameters: Mapping[str, str]
) -> dict[str, Any]:
    """Return the JSON of the endpoint. Raise Refusal, with 8015 for an unknown identifier."""
    query = read_query(parameters)
    customer = world.customer(query.identifier_name, query.identifier_value)
    if customer is None or not customer.is_registered_on(query.source):
        raise Refusal(8015, "Customer not found for the given identifiers")
    now = clock()
    matching = [holding for holding in customer.holdings if query.matches(holding, now)]
    page = matching[query.offset : query.offset + query.limit]
    return {
        "pageDetails": page_details(limit=query.limit, offset=query.offset, total=len(matching)),
        "customerId": customer.customer_id,
        "promotions": [
            render_holding(
                holding,
                all_usage=query.all_usage,
                has_promotion_types=world.has_promotion_types(holding.promotion.program_id),
            )
            for holding in page
        ],
        "warnings": list(customer.warnings),
    }
