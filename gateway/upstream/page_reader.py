"""Decodes pages and lists, and counts and logs what is dropped or rejected."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from gateway.errors import UpstreamBadPayloadError
from gateway.telemetry import log
from gateway.upstream.decoding.decode import MalformedPayloadError, Refusal, UpstreamPage
from gateway.upstream.decoding.drift import UNDOCUMENTED, DriftKind, PayloadDrift
from gateway.upstream.response import UpstreamResponse
from gateway.upstream.response_errors import error_from_status
from gateway.upstream.statistics import EndpointStatistics

_I = TypeVar("_I")
_program_id = attrgetter("program_id")


class Wanted(NamedTuple):
    """The programs whose promotions a response may have, or the one promotion."""

    program_ids: frozenset[int]
    promotion_id: int | None = None

    def has(self, item: Any) -> bool:
        """Whether a promotion was requested."""
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
    """Decode a page by `decode`, and drop the promotions that are not `wanted`.

    The platform may return promotions of other programs than requested. Dropped items are counted
    and logged, and so are values of undocumented shapes.

    Raise UpstreamBadPayloadError for a body that is no page, and the error of a documented error
    body.
    """
    try:
        page = decode(body)
    except MalformedPayloadError as error:
        raise reject_payload(endpoint, statistics, str(error)) from None
    if isinstance(page, Refusal):
        raise error_from_status(endpoint, UpstreamResponse(200, refusal=page))
    if wanted is not None:
        # Nearly always all items are wanted: check that without a call per item.
        programs = set(map(_program_id, filter(None, page.items)))
        is_one = wanted.promotion_id is not None
        if not programs <= wanted.program_ids or (
            is_one and not all(map(wanted.has, filter(None, page.items)))
        ):
            page = page.only(wanted.has)
    if page.drift:
        statistics.drift.add(page.drift)
        _log_undocumented_values(endpoint, page.drift)
    if None in page.items:
        statistics.foreign_items += page.foreign
        log.warning(
            "upstream_items_dropped",
            endpoint=endpoint,
            count=page.dropped,
            foreign=page.foreign,
            fields=page.drift.fields(DriftKind.DROPPED),
        )
    return page


def _log_undocumented_values(endpoint: str, drift: PayloadDrift) -> None:
    """Log the number and the fields; unknown words are only counted: they come with each page."""
    count = drift.total(*UNDOCUMENTED)
    if count:
        fields = drift.fields(*UNDOCUMENTED)
        log.warning("upstream_undocumented_values", endpoint=endpoint, count=count, fields=fields)


def reject_payload(
    endpoint: str,
    statistics: EndpointStatistics,
    reason: str,
    error: type[UpstreamBadPayloadError] = UpstreamBadPayloadError,
) -> UpstreamBadPayloadError:
    """Count and log a response with status 200 that is rejected; return the error to raise."""
    statistics.bad_payloads += 1
    log.warning("upstream_bad_payload", endpoint=endpoint, reason=reason)
    return error(endpoint)
