"""The way of a call to the platform, put together: each link calls the next one.

1. endpoint (`customer_view/`, `definitions/`, `successor/`, `programs/`): path, parameters,
   payload, error rules
2. cache and dedup (`cached_upstream.py`): a stored response, or an equal call in flight
3. retry (`client.py`, `send`): one retry, and one repetition with a renewed
   credential, all of it before the deadline
4. admission of each attempt (`client.py`, `_attempt`): call budget of the operation, concurrency,
   circuit breaker, credential, quota (docs/decisions/008)
5. transport (`http1/`): one HTTP request and its response
"""

from typing import NamedTuple

from gateway.cache.entry import CachePolicy
from gateway.cache.options import CacheClocks
from gateway.cache.redis_server import RedisServer
from gateway.config.settings import Settings, is_traced
from gateway.upstream.announcements import announce_to
from gateway.upstream.cached_upstream import CachedUpstream, create_cached_upstream
from gateway.upstream.client import UpstreamClient
from gateway.upstream.credentials import credential_from
from gateway.upstream.customer_identities import KnownCustomerIds
from gateway.upstream.customer_view.endpoint import CustomerViewEndpoint
from gateway.upstream.definitions.by_id import ENDPOINT as BY_ID_ENDPOINT
from gateway.upstream.definitions.by_id import LegacyDefinitionByIdEndpoint
from gateway.upstream.definitions.endpoint import ENDPOINT as LEGACY_ENDPOINT
from gateway.upstream.definitions.endpoint import LegacyDefinitionsEndpoint, cache_policy
from gateway.upstream.http_transport import HttpTransport
from gateway.upstream.normalise.enums import PromotionSourceType
from gateway.upstream.programs.endpoint import ENDPOINT as PROGRAMS_ENDPOINT
from gateway.upstream.programs.endpoint import ProgramsEndpoint
from gateway.upstream.resilience.absence import EndpointAbsence
from gateway.upstream.resilience.phase_out import PhaseOut
from gateway.upstream.resilience.traffic_shaping import TrafficShaping
from gateway.upstream.source_types import SourceTypes
from gateway.upstream.successor.catalogues import Catalogues
from gateway.upstream.successor.endpoint import ENDPOINT as SUCCESSOR_ENDPOINT


class Upstream(NamedTuple):
    """The endpoints, and what they share."""

    client: UpstreamClient
    cached: CachedUpstream
    customer_view: CustomerViewEndpoint
    definitions: LegacyDefinitionsEndpoint
    definition_by_id: LegacyDefinitionByIdEndpoint
    programs: ProgramsEndpoint
    catalogues: Catalogues | None
    customer_ids: KnownCustomerIds
    source_types: SourceTypes
    phase_out: PhaseOut

    @property
    def absences(self) -> dict[str, EndpointAbsence]:
        """What is known of the absence of endpoints that the gateway can do without, by name."""
        known = {
            BY_ID_ENDPOINT: self.definition_by_id.absence,
            PROGRAMS_ENDPOINT: self.programs.absence,
        }
        if self.catalogues is not None:
            known[SUCCESSOR_ENDPOINT] = self.catalogues.absence
        return known


def create_upstream(
    settings: Settings,
    transport: HttpTransport,
    traffic: TrafficShaping,
    clocks: CacheClocks | None = None,
    redis: RedisServer | None = None,
) -> Upstream:
    """Create the links of a process, from the last to the first; `redis` shares its cache."""
    credential, cache_kind = credential_from(settings), CachedUpstream
    if is_traced(settings):
        from gateway.upstream.tracing import (  # noqa: PLC0415 - decision 22
            TracedCachedUpstream,
            TracedTransport,
        )

        transport = TracedTransport(transport, settings.upstream_url)
        cache_kind = TracedCachedUpstream
    client = UpstreamClient(
        transport,
        credential,
        traffic,
        settings.upstream_max_response_bytes,
        settings.upstream_deadline_s,
    )
    cached = create_cached_upstream(settings, client, clocks, cache_kind, redis)
    customer_ids = KnownCustomerIds(credential.identity, (clocks or CacheClocks()).wall)
    phase_out = PhaseOut(LEGACY_ENDPOINT, switched_on=settings.asks_legacy)
    source_types = tuple(PromotionSourceType[name] for name in settings.definition_source_types)
    policy = cache_policy(settings)
    by_id_absence = EndpointAbsence(BY_ID_ENDPOINT, switched_on=settings.asks_legacy)
    if cached.evictions is not None:
        cached.evictions.listeners.append(announce_to(phase_out, by_id_absence))
    catalogues = (
        Catalogues(cached, policy, settings.catalogue_max_promotions, clocks)
        if settings.asks_successor
        else None
    )
    return Upstream(
        client,
        cached,
        CustomerViewEndpoint(cached, customer_ids, CachePolicy(settings.cache_customer_ttl_s)),
        LegacyDefinitionsEndpoint(cached, phase_out, policy),
        LegacyDefinitionByIdEndpoint(cached, by_id_absence, policy),
        ProgramsEndpoint(cached, EndpointAbsence(PROGRAMS_ENDPOINT), policy),
        catalogues,
        customer_ids,
        SourceTypes(source_types, credential),
        phase_out,
    )
