"""One page of the successor: ``GET /v3/promotions`` (docs/platform.md#successor)."""

from dataclasses import dataclass

from gateway.context import RequestContext
from gateway.telemetry import log
from gateway.upstream.call import UpstreamCall
from gateway.upstream.client import UpstreamClient
from gateway.upstream.decoding.decode import (
    MalformedPayloadError,
    Refusal,
    SuccessorPage,
    decode_successor_page,
)
from gateway.upstream.decoding.drift import UNDOCUMENTED, DriftKind
from gateway.upstream.page_reader import reject_payload
from gateway.upstream.response import UpstreamResponse
from gateway.upstream.response_errors import error_from_status

ENDPOINT = "promotionsV3"
PAGE_SIZE = 100
PATH = "/v3/promotions"


class SuccessorEndpoint:
    """The endpoint; its pages are not cached one by one, because they belong together."""

    def __init__(self, client: UpstreamClient) -> None:
        self._client = client
        self._statistics = client.traffic.statistics.of(ENDPOINT)

    async def page(self, number: int, request: RequestContext) -> tuple[bytes, SuccessorPage]:
        """Return a page, counted from 0, and the body that it was decoded from.

        Raise UpstreamError.
        """
        call = _PageCall(f"{PATH}?page={number}&size={PAGE_SIZE}", request, api=self)
        body = await self._client.send(call)
        return body, call.read(body, is_own=True)

    def read(self, body: bytes) -> SuccessorPage:
        """Decode a page; count and log what is left out and what is not as documented.

        Raise UpstreamError for a body that is no page, or has errors.
        """
        try:
            page = decode_successor_page(body)
        except MalformedPayloadError as error:
            raise reject_payload(ENDPOINT, self._statistics, str(error)) from None
        if isinstance(page, Refusal):
            raise error_from_status(ENDPOINT, UpstreamResponse(200, refusal=page))
        drift = page.drift
        self._statistics.drift.add(drift)
        if count := drift.total(*UNDOCUMENTED):
            fields = drift.fields(*UNDOCUMENTED)
            log.warning(
                "upstream_undocumented_values", endpoint=ENDPOINT, count=count, fields=fields
            )
        if page.unreadable:
            log.warning(
                "upstream_items_dropped",
                endpoint=ENDPOINT,
                count=page.unreadable,
                foreign=0,
                fields=drift.fields(DriftKind.DROPPED),
            )
        return page


@dataclass(slots=True, eq=False, kw_only=True)
class _PageCall(UpstreamCall[SuccessorPage]):
    """A call for one page."""

    endpoint = ENDPOINT
    is_low_priority = True
    api: SuccessorEndpoint

    def read(self, body: bytes, *, is_own: bool) -> SuccessorPage:
        """Decode the page."""
        return self.api.read(body)
