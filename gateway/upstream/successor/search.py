"""One promotion of the successor, by a search: it has no look-up by `promotionId`."""

from dataclasses import dataclass

from gateway.cache.entry import CachePolicy
from gateway.cache.evictions import Evictions, Subject, promotion
from gateway.context import RequestContext
from gateway.errors import PhasedOutError, UpstreamBadPayloadError, UpstreamMisuseError
from gateway.upstream.cached_upstream import CachedUpstream
from gateway.upstream.call import UpstreamCall
from gateway.upstream.resilience.absence import EndpointAbsence
from gateway.upstream.successor.catalogue import Catalogue, Ids
from gateway.upstream.successor.definition import SuccessorDefinition
from gateway.upstream.successor.endpoint import ENDPOINT, PAGE_SIZE, PATH, SuccessorEndpoint


class PromotionSearch:
    """Searches by `promotionId`; results are cached as definitions are, and shared over Redis."""

    def __init__(
        self,
        upstream: CachedUpstream,
        endpoint: SuccessorEndpoint,
        absence: EndpointAbsence,
        policy: CachePolicy,
    ) -> None:
        self._upstream, self._policy = upstream, policy
        self.endpoint, self.absence, self.credential = endpoint, absence, upstream.credential

    async def find(self, ids: Ids, request: RequestContext) -> SuccessorDefinition | None:
        """Return a promotion; None where the search does not find it, which proves nothing.

        That ids are searched is not documented. Raise GatewayError in an outage.
        """
        target = f"{PATH}?page=0&size={PAGE_SIZE}&searchText={ids[1]}"
        call = _SearchCall(target, request, ids, self._policy, ids=ids, api=self)
        try:
            found = await self._upstream.send(call)
        except (PhasedOutError, UpstreamBadPayloadError, UpstreamMisuseError):
            return None
        return Catalogue(found).find(str(ids[0]), str(ids[1]))


@dataclass(slots=True, eq=False, kw_only=True)
class _SearchCall(UpstreamCall[list[SuccessorDefinition]]):
    """A call for one promotion, which leaves its operation's last calls to customers' pages."""

    endpoint = ENDPOINT
    is_low_priority = True
    ids: Ids
    api: PromotionSearch

    def begin(self) -> None:
        """Raise UpstreamError where the endpoint is known to be absent."""
        self.api.absence.check(self.api.credential.identity(self.request))

    def known_about(self, _evictions: Evictions) -> Subject | None:
        """Return the promotion."""
        return promotion(*self.ids)

    def read(self, body: bytes, *, is_own: bool) -> list[SuccessorDefinition]:
        """Decode the page."""
        return self.api.endpoint.read(body).definitions
