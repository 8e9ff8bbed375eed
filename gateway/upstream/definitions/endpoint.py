"""The legacy definitions: ``GET …/programs/{id}/promotionsV2``, phased out (docs/platform.md)."""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from gateway.cache.entry import CachePolicy
from gateway.cache.evictions import PROGRAM, Evictions, Subject, program, promotion
from gateway.config.settings import Settings
from gateway.context import RequestContext
from gateway.errors import (
    PhasedOutError,
    UndocumentedNotFoundError,
    UpstreamError,
    UpstreamInputRefusedError,
    UpstreamNotFoundError,
)
from gateway.upstream.cached_upstream import CachedUpstream
from gateway.upstream.call import NOT_CACHED, UpstreamCall, percent_encoded
from gateway.upstream.decoded_page_cache import DecodedPageCache
from gateway.upstream.decoding.decode import UpstreamPage, decode_definition_page
from gateway.upstream.definitions.payload import DefinitionPayload
from gateway.upstream.normalise.enums import PromotionSourceType
from gateway.upstream.page_reader import Wanted, read_page, reject_payload
from gateway.upstream.resilience.phase_out import PhaseOut, RequestedList
from gateway.upstream.response_errors import client_error_or_misuse

ENDPOINT = "promotionsV2"
_NEGATIVE_S = 30.0  # short: the promotion may be about to be created
_MAX_DECODED_BYTES = 8 * 1024 * 1024

DefinitionPage = UpstreamPage[DefinitionPayload]


class DefinitionFilters(NamedTuple):
    """Filters of a program's definitions, in addition to their source type."""

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
    """Where definitions come from: the legacy endpoint, or one day its successor."""

    async def page(self, key: DefinitionPageKey, request: RequestContext) -> DefinitionPage:
        """Return one window.

        Raise UpstreamNotFoundError where there is no such promotion (4027), or UpstreamError.
        """
        ...


class LegacyDefinitionsEndpoint:
    """The documented endpoint."""

    def __init__(
        self, upstream: CachedUpstream, phase_out: PhaseOut, policy: CachePolicy = NOT_CACHED
    ) -> None:
        self._upstream, self._policy = upstream, policy
        self.phase_out = phase_out
        self.credential = upstream.credential
        self.statistics = upstream.client.traffic.statistics.of(ENDPOINT)
        # Without cached responses no memory is spent on decoded ones.
        self.pages = (
            DecodedPageCache[DefinitionPayload](_MAX_DECODED_BYTES) if policy.stores else None
        )

    async def page(self, key: DefinitionPageKey, request: RequestContext) -> DefinitionPage:
        """Return one window, from the cache also while the endpoint is gone.

        Raise PhasedOutError while it is gone, and the last error of a window that was missing
        lately.
        """
        subject = (key.program_id, key.filters.promotion_id or key.source_type)
        call = _DefinitionCall(_target(key), request, subject, self._policy, key=key, api=self)
        try:
            return await self._upstream.send(call)
        except UpstreamInputRefusedError as error:
            given = (
                {"sourceTypes"} if key.filters.event_name is None else {"sourceTypes", "eventName"}
            )
            raise client_error_or_misuse(error, given) from None


@dataclass(slots=True, eq=False, kw_only=True)
class _DefinitionCall(UpstreamCall[DefinitionPage]):
    """A call for one window, which leaves its operation's last calls to customers' pages."""

    endpoint = ENDPOINT
    is_low_priority = True
    evicted_with = PROGRAM
    key: DefinitionPageKey
    api: LegacyDefinitionsEndpoint
    identity: str = field(init=False)
    requested_list: RequestedList = field(init=False)

    def begin(self) -> None:
        """Raise UpstreamError where the endpoint or the list is known to be missing."""
        program_id, source_type, filters, offset, _ = self.key
        is_plain = offset == 0 and filters._replace(includes_inactive=False) == _NO_FILTERS
        path = (program_id, source_type, filters.includes_inactive)
        self.requested_list = RequestedList(program_id, path, self.target, is_plain)
        self.identity = self.api.credential.identity(self.request)
        self.api.phase_out.check(self.identity, self.requested_list)

    def known_about(self, _evictions: Evictions) -> Subject | None:
        """Return the definition, or the program whose list it is."""
        program_id, promotion_id = int(self.key.program_id), self.key.filters.promotion_id
        return (
            program(program_id)
            if promotion_id is None
            else promotion(program_id, int(promotion_id))
        )

    def map_error(self, error: UpstreamError) -> UpstreamError:
        """Record what the error says about the endpoint; return PhasedOutError once it is gone."""
        phase_out, identity, requested = self.api.phase_out, self.identity, self.requested_list
        if isinstance(error, PhasedOutError):
            phase_out.of(identity).gone(requested)
        elif isinstance(error, UndocumentedNotFoundError):
            phase_out.of(identity).not_found(requested)
            if phase_out.is_gone(identity):
                return PhasedOutError(ENDPOINT)
        elif isinstance(error, UpstreamNotFoundError):
            phase_out.of(identity).served(requested, is_found=False)
        return error

    def read(self, body: bytes, *, is_own: bool) -> DefinitionPage:
        """Return the page, from memory where an equal response has been decoded before."""
        if is_own:
            self.api.phase_out.of(self.identity).served(self.requested_list, is_found=True)
        pages, statistics, key = self.api.pages, self.api.statistics, self.key
        if pages is not None and (page := pages.find(self.target, body)) is not None:
            return page
        promotion_id = key.filters.promotion_id
        wanted_id = None if promotion_id is None else int(promotion_id)
        wanted = Wanted(frozenset((int(key.program_id),)), wanted_id)
        page = read_page(ENDPOINT, statistics, decode_definition_page, body, wanted)
        if promotion_id is not None and page.total and not page.items:
            raise reject_payload(ENDPOINT, statistics, "total above 0 without items")
        if pages is not None:
            pages.store(self.target, body, page)
        return page


def cache_policy(settings: Settings) -> CachePolicy:
    """Return how long definitions are cached."""
    ttl_s = settings.cache_definition_ttl_s
    stale_s = settings.cache_definition_stale_s if ttl_s else 0.0
    return CachePolicy(ttl_s, stale_s=stale_s, negative_s=min(_NEGATIVE_S, ttl_s))


def _target(key: DefinitionPageKey) -> str:
    """Return path and query; `program_id` has been checked to be digits."""
    program_id, source_type, filters, offset, limit = key
    event_name, includes_inactive, start_rule_id, promotion_id = filters
    target = (
        f"/api_gateway/loyalty/v1/programs/{program_id}/promotionsV2"
        f"?sourceType={source_type._value_}&limit={limit}&offset={offset}"
    )
    if includes_inactive:
        target += "&includeInactivePromotions=true"
    if event_name is not None:
        target += f"&eventName={percent_encoded(event_name)}"
    if start_rule_id is not None:
        target += f"&startRuleIdentifier={percent_encoded(start_rule_id)}"
    if promotion_id is not None:
        target += f"&promotionId={percent_encoded(promotion_id)}"
    return target
