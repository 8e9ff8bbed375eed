"""From an answer's bytes to a page that can be believed, for either endpoint."""

from collections.abc import Callable
from operator import attrgetter
from typing import NamedTuple, TypeVar

from gateway.errors import UpstreamBadPayloadError
from gateway.telemetry import log
from gateway.upstream.customer_view.payload import CustomerPromotionPayload
from gateway.upstream.decoding.decode import MalformedPayloadError, Refusal, UpstreamPage
from gateway.upstream.definitions.payload import DefinitionPayload
from gateway.upstream.response_errors import error_from_refusal
from gateway.upstream.statistics import EndpointStatistics

_I = TypeVar("_I", CustomerPromotionPayload, DefinitionPayload)
_program_id = attrgetter("program_id")


class Wanted(NamedTuple):
    """Which programs' promotions an answer may have, and which one of them alone."""

    program_ids: frozenset[int]
    promotion_id: int | None = None

    def has(self, item: CustomerPromotionPayload | DefinitionPayload) -> bool:
        """Whether an item was asked for."""
        return item.program_id in self.program_ids and self.promotion_id in {
            None,
            item.promotion_id,
        }


def read_page(
    endpoint: str,
    statistics: EndpointStatistics,
    decode: Callable[[bytes], UpstreamPage[_I] | Refusal],
    body: bytes,
    wanted: Wanted | None = None,
) -> UpstreamPage[_I]:
    """Read a page, as `decode` does, without the items that are not `wanted`.

    The platform may bring other programs' promotions than it was asked for. Items that are left
    out are counted and logged, and so are values that are not as documented.

    Raises UpstreamBadPayloadError for what is no page, and for a documented error body what it
    means (`failures.refused`).
    """
    try:
        page = decode(body)
    except MalformedPayloadError as error:
        raise reject_payload(endpoint, statistics, str(error)) from None
    if isinstance(page, Refusal):
        raise error_from_refusal(endpoint, page)
    if wanted is not None:
        # Most pages have nothing else, which is seen without a call for each item.
        programs = set(map(_program_id, filter(None, page.items)))
        is_one = wanted.promotion_id is not None
        if not programs <= wanted.program_ids or (
            is_one and not all(map(wanted.has, filter(None, page.items)))
        ):
            page = page.only(wanted.has)
    if page.surprises:
        statistics.undocumented_values += page.surprises
        log.warning("upstream_undocumented_values", endpoint=endpoint, count=page.surprises)
    if None in page.items:
        statistics.items_left_out += page.left_out
        log.warning(
            "upstream_items_dropped", endpoint=endpoint, count=page.left_out, foreign=page.foreign
        )
    return page


def reject_payload(
    endpoint: str,
    statistics: EndpointStatistics,
    reason: str,
    error: type[UpstreamBadPayloadError] = UpstreamBadPayloadError,
) -> UpstreamBadPayloadError:
    """Count and log an answer with status 200 that is not believed; gives the error to raise."""
    statistics.bad_payloads += 1
    log.warning("upstream_bad_payload", endpoint=endpoint, reason=reason)
    return error(endpoint)
