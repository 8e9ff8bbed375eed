"""From an answer's bytes to a page that can be believed, for either endpoint."""

from collections.abc import Callable
from typing import TypeVar

from gateway.errors import UpstreamBadPayloadError
from gateway.telemetry import log
from gateway.upstream.failures import refused
from gateway.upstream.statistics import UpstreamStatistics
from gateway.wire.decode import MalformedPayloadError, Page, Refusal

_I = TypeVar("_I")


def read_page(
    endpoint: str,
    statistics: UpstreamStatistics,
    decode: Callable[[bytes], Page[_I] | Refusal],
    body: bytes,
    is_wanted: Callable[[_I], bool] | None = None,
) -> Page[_I]:
    """Read a page, as `decode` does, without the items that `is_wanted` refuses.

    The platform may bring other programs' promotions than it was asked for. Items that are left
    out are counted and logged, and so are values that are not as documented.

    Raises UpstreamBadPayloadError for what is no page, and for a documented error body what it
    means (`failures.refused`).
    """
    try:
        page = decode(body)
    except MalformedPayloadError as error:
        raise disbelieved(endpoint, statistics, str(error)) from None
    if isinstance(page, Refusal):
        raise refused(endpoint, page)
    if is_wanted is not None and not all(map(is_wanted, filter(None, page.items))):
        page = page.only(is_wanted)
    if page.surprises:
        statistics.undocumented_values(endpoint, page.surprises)
        log.warning("undocumented_values", endpoint=endpoint, count=page.surprises)
    if page.left_out:
        statistics.items_left_out(endpoint, page.left_out)
        log.warning("items_left_out", endpoint=endpoint, count=page.left_out, foreign=page.foreign)
    return page


def disbelieved(
    endpoint: str,
    statistics: UpstreamStatistics,
    reason: str,
    error: type[UpstreamBadPayloadError] = UpstreamBadPayloadError,
) -> UpstreamBadPayloadError:
    """Count and log an answer with status 200 that is not believed; gives the error to raise."""
    statistics.bad_payload(endpoint)
    log.warning("upstream_bad_payload", endpoint=endpoint, reason=reason)
    return error(endpoint)
