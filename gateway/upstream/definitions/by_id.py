"""One legacy definition by its id: ``GET …/programs/{id}/promotions/{id}/get``.

It needs no source type, so that it is one call instead of one for each source type; the payload
does not have the source type either.
"""

from dataclasses import dataclass, field
from typing import Protocol

from gateway.cache.entry import CachePolicy
from gateway.cache.evictions import Evictions, Subject, promotion
from gateway.context import RequestContext
from gateway.errors import UpstreamBadPayloadError, UpstreamError, UpstreamNotFoundError
from gateway.upstream.cached_upstream import CachedUpstream
from gateway.upstream.call import NOT_CACHED, UpstreamCall
from gateway.upstream.decoded_page_cache import DecodedPageCache
from gateway.upstream.decoding.decode import decode_definition_page
from gateway.upstream.definitions.endpoint import DefinitionPage
from gateway.upstream.definitions.payload import DefinitionPayload
from gateway.upstream.page_reader import Wanted, read_page
from gateway.upstream.resilience.absence import EndpointAbsence

ENDPOINT = "promotionById"
_MAX_DECODED_BYTES = 4 * 1024 * 1024


class DefinitionByIdPort(Protocol):
    """Where a definition is looked up by its id."""

    async def page(
        self, program_id: str, promotion_id: str, request: RequestContext
    ) -> DefinitionPage:
        """Return the definition as a page of one item.

        The item is None where it is another definition or could not be read. Raise
        UpstreamNotFoundError where there is no such promotion or program, or UpstreamError.
        """
        ...

    def is_served(self, request: RequestContext) -> bool:
        """Whether the endpoint has been served to the credential of a request."""
        ...


class LegacyDefinitionByIdEndpoint:
    """The documented endpoint; where it is not offered, that is remembered in `absence`."""

    def __init__(
        self,
        upstream: CachedUpstream,
        absence: EndpointAbsence,
        policy: CachePolicy = NOT_CACHED,
    ) -> None:
        self._upstream, self._policy = upstream, policy
        self.absence = absence
        self.credential = upstream.credential
        self.statistics = upstream.client.traffic.statistics.of(ENDPOINT)
        self.pages = (
            DecodedPageCache[DefinitionPayload](_MAX_DECODED_BYTES) if policy.stores else None
        )

    async def page(
        self, program_id: str, promotion_id: str, request: RequestContext
    ) -> DefinitionPage:
        """Return the definition, from the cache also while the endpoint is absent."""
        target = f"/api_gateway/loyalty/v1/programs/{program_id}/promotions/{promotion_id}/get"
        wanted = Wanted(frozenset((int(program_id),)), int(promotion_id))
        subject = (program_id, promotion_id)
        return await self._upstream.send(
            _ByIdCall(target, request, subject, self._policy, wanted=wanted, api=self)
        )

    def is_served(self, request: RequestContext) -> bool:
        """Whether the endpoint has been served to the credential of a request."""
        return self.absence.is_served(self.credential.identity(request))


@dataclass(slots=True, eq=False, kw_only=True)
class _ByIdCall(UpstreamCall[DefinitionPage]):
    """A call for one definition, which leaves its operation's last calls to customers' pages."""

    endpoint = ENDPOINT
    is_low_priority = True
    wanted: Wanted
    api: LegacyDefinitionByIdEndpoint
    identity: str = field(init=False)

    def begin(self) -> None:
        """Raise UpstreamError where the endpoint is known to be absent."""
        self.identity = self.api.credential.identity(self.request)
        self.api.absence.check(self.identity)

    def known_about(self, _evictions: Evictions) -> Subject | None:
        """Return the definition."""
        (program_id,), promotion_id = self.wanted
        return None if promotion_id is None else promotion(program_id, promotion_id)

    def map_error(self, error: UpstreamError) -> UpstreamError:
        """Record what the error says about the endpoint."""
        if isinstance(error, UpstreamNotFoundError):
            self.api.absence.served(self.identity)
        return self.api.absence.record(self.identity, error, self.subject)

    def read(self, body: bytes, *, is_own: bool) -> DefinitionPage:
        """Return the definition, from memory where an equal response has been decoded before."""
        pages = self.api.pages
        page = None if pages is None else pages.find(self.target, body)
        if page is None:
            page = self._decode(body, is_own=is_own)
            if pages is not None:
                pages.store(self.target, body, page)
        if is_own:
            self.api.absence.served(self.identity)
        return page

    def _decode(self, body: bytes, *, is_own: bool) -> DefinitionPage:
        statistics = self.api.statistics
        try:
            return read_page(ENDPOINT, statistics, decode_definition_page, body, self.wanted)
        except UpstreamNotFoundError:
            if is_own:
                self.api.absence.served(self.identity)
            raise
        except UpstreamBadPayloadError as error:
            if is_own:
                raise self.api.absence.record(self.identity, error) from None
            raise
