"""The legacy definitions: ``GET …/programs/{id}/promotionsV2``, phased out (docs/platform.md)."""

from functools import partial
from typing import NamedTuple, Protocol

from gateway.context import RequestContext
from gateway.errors import (
    PhasedOutError,
    UndocumentedNotFoundError,
    UpstreamInputRefusedError,
    UpstreamNotFoundError,
)
from gateway.upstream.cached_upstream import CachedUpstream
from gateway.upstream.client import UpstreamClient, encoded
from gateway.upstream.decoded_page_cache import DecodedPageCache
from gateway.upstream.decoding.decode import UpstreamPage, decode_definition_page
from gateway.upstream.definitions.payload import DefinitionPayload
from gateway.upstream.normalise.enums import PromotionSourceType
from gateway.upstream.page_reader import Wanted, read_page, reject_payload
from gateway.upstream.resilience.phase_out import PhaseOut, Window
from gateway.upstream.response_errors import blame
from gateway.upstream.statistics import UpstreamStatistics

ENDPOINT = "promotionsV2"
_MOST_BYTES_KNOWN = 8 * 1024 * 1024

DefinitionPage = UpstreamPage[DefinitionPayload]


class DefinitionFilters(NamedTuple):
    """Which of a program's definitions are wanted, beside their source type."""

    event_name: str | None = None
    includes_inactive: bool = False
    start_rule_id: str | None = None
    promotion_id: str | None = None


_NO_FILTERS = DefinitionFilters()


class DefinitionPageKey(NamedTuple):
    """One window of one source type: `limit` is 1..100, `offset` counts items from 0."""

    program_id: str
    source_type: PromotionSourceType
    filters: DefinitionFilters
    offset: int
    limit: int


class DefinitionsPort(Protocol):
    """Where definitions come from: so small that the endpoint's successor can stand in for it."""

    async def page(self, key: DefinitionPageKey, request: RequestContext) -> DefinitionPage:
        """Fetch one window. Raises NotHereError for no such promotion (4027), or UpstreamError."""
        ...


class LegacyDefinitionsEndpoint:
    """The documented endpoint."""

    def __init__(self, client: UpstreamClient, recall: CachedUpstream, phase_out: PhaseOut) -> None:
        self._client = client
        self._recall = recall
        self._phase_out = phase_out
        # Who keeps no definitions wants no memory spent on them.
        most_bytes = _MOST_BYTES_KNOWN if recall.policies[ENDPOINT].stores else 0
        self._known: DecodedPageCache[DefinitionPayload] = DecodedPageCache(most_bytes)

    async def page(self, key: DefinitionPageKey, request: RequestContext) -> DefinitionPage:
        """Fetch one window; `program_id` has been checked to be digits, so the path is safe.

        Its call leaves the operation's last ones to the customers' pages. Raises PhasedOutError
        while the endpoint is known to be gone, and what was raised before where this was missing
        lately, if nothing is remembered.
        """
        target = _target(key)
        about = (key.program_id, key.filters.promotion_id or key.source_type)

        async def load(on_account_of: RequestContext) -> bytes:
            identity, window = self._client.credential.identity(on_account_of), _window(key, target)
            self._phase_out.ask(identity, window)
            try:
                body = await self._client.get(
                    ENDPOINT, target, on_account_of, about=about, yields=True
                )
            except PhasedOutError:
                self._phase_out.of(identity).gone(window)
                raise
            except UndocumentedNotFoundError:
                self._phase_out.of(identity).not_found(window)
                if self._phase_out.is_gone(identity):
                    raise PhasedOutError(ENDPOINT) from None
                raise
            except UpstreamNotFoundError:
                self._phase_out.of(identity).answered(window, has_found=False)
                raise
            self._phase_out.of(identity).answered(window, has_found=True)
            return body

        read = partial(_read, self._client.traffic.statistics, key)
        try:
            return await self._recall.fetch(
                ENDPOINT, target, request, load, lambda body: self._known.read(target, body, read)
            )
        except UpstreamInputRefusedError as error:
            given = (
                {"sourceTypes"} if key.filters.event_name is None else {"sourceTypes", "eventName"}
            )
            raise blame(error, given) from None


def _read(statistics: UpstreamStatistics, key: DefinitionPageKey, body: bytes) -> DefinitionPage:
    promotion_id = key.filters.promotion_id
    wanted_id = None if promotion_id is None else int(promotion_id)
    wanted = Wanted(frozenset((int(key.program_id),)), wanted_id)
    page = read_page(ENDPOINT, statistics, decode_definition_page, body, wanted)
    if promotion_id is not None and page.total and not page.items:
        raise reject_payload(ENDPOINT, statistics, "it counts what it has not")
    return page


def _window(key: DefinitionPageKey, target: str) -> Window:
    program_id, source_type, filters, offset, _ = key
    path = (program_id, source_type, filters.includes_inactive)
    is_plain = filters._replace(includes_inactive=False) == _NO_FILTERS and offset == 0
    return Window(program_id, path, target, is_plain)


def _target(key: DefinitionPageKey) -> str:
    parameters = {
        "sourceType": key.source_type.value,
        "limit": str(key.limit),
        "offset": str(key.offset),
    }
    filters = key.filters
    if filters.includes_inactive:
        parameters["includeInactivePromotions"] = "true"
    if filters.event_name is not None:
        parameters["eventName"] = filters.event_name
    if filters.start_rule_id is not None:
        parameters["startRuleIdentifier"] = filters.start_rule_id
    if filters.promotion_id is not None:
        parameters["promotionId"] = filters.promotion_id
    query = "&".join(f"{name}={encoded(value)}" for name, value in parameters.items())
    return f"/api_gateway/loyalty/v1/programs/{key.program_id}/promotionsV2?{query}"
