"""The wiring: what the gateway is made of, and in which order a request passes through it."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
from graphql import GraphQLSchema
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gateway.cache.readings import cache_readings
from gateway.cache.store import CacheClocks
from gateway.execution.compiled import CompiledExecutor
from gateway.execution.executor import Executor, ReferenceExecutor
from gateway.execution.limits import Limits
from gateway.execution.operation import Operations
from gateway.http.answer_cache import create_answer_cache
from gateway.http.answers import MaskingMiddleware, no_such_resource
from gateway.http.auth import Authentication, authentication_from
from gateway.http.collector import Collector, spare_the_collector
from gateway.http.cors import CorsMiddleware, Origins
from gateway.http.direct import DirectWay
from gateway.http.door import create_door
from gateway.http.explorer import Explorer
from gateway.http.graphql import GraphQLEndpoint
from gateway.http.metrics import MetricsEndpoint
from gateway.http.over_asgi import GraphQLOverAsgi, lead_to
from gateway.http.probes import healthz, readyz
from gateway.http.protocol import DIRECT_WAY
from gateway.http.request_id import RequestIdMiddleware
from gateway.http.security_headers import SecurityHeadersMiddleware
from gateway.http.statistics import OperationStatistics
from gateway.loaders.bundle import Loaders
from gateway.loaders.shown_promotions import ShownPromotions
from gateway.persisted.documents import create_documents
from gateway.persisted.trusted import load_trusted
from gateway.request import Request
from gateway.schema.build import build_schema, executable
from gateway.schema.context import Context
from gateway.settings import Settings, UpstreamAuth, load_settings
from gateway.telemetry import configure_logging
from gateway.telemetry.board import Board
from gateway.telemetry.metrics import Readings
from gateway.telemetry.telling import Metrics
from gateway.upstream.client import UpstreamClient
from gateway.upstream.credentials import credential_from
from gateway.upstream.customer_identities import KnownCustomerIds
from gateway.upstream.customer_promotions import CustomerPromotions
from gateway.upstream.definitions import ENDPOINT as LEGACY_ENDPOINT
from gateway.upstream.definitions import LegacyDefinitions
from gateway.upstream.phase_out import PhaseOut
from gateway.upstream.readings import upstream_readings
from gateway.upstream.recall import create_recall
from gateway.upstream.source_types import SourceTypes
from gateway.upstream.traffic import Traffic, create_traffic
from gateway.upstream.transport import create_http
from gateway.wire.vocabulary import PromotionSourceType

PATH = "/graphql"
_FOR_OPERATORS = frozenset({"/healthz", "/readyz", "/metrics"})  # no pages


def utc_now() -> datetime:
    """Give the time of an answer."""
    return datetime.now(UTC)


def create_app(  # noqa: PLR0913 - each is a seam for tests
    settings: Settings,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    traffic: Traffic | None = None,
    authentication: Authentication | None = None,
    clock: Callable[[], datetime] = utc_now,
    cache_clocks: CacheClocks | None = None,
    board: Board | None = None,
) -> Starlette:
    """Make the gateway; tests give what they replace.

    One of several workers gets the `board` on which all write their metrics.
    """
    authentication = authentication or authentication_from(settings, clock)
    http = create_http(settings, transport)
    traffic = traffic or create_traffic(settings)
    credential = credential_from(settings)
    client = UpstreamClient(
        http,
        credential,
        traffic,
        settings.upstream_max_response_bytes,
        settings.upstream_deadline_s,
    )
    recall = create_recall(settings, credential, traffic, cache_clocks)
    wall = (cache_clocks or CacheClocks()).wall
    known_customer_ids = KnownCustomerIds(credential.identity, wall)
    answers = create_answer_cache(settings, recall, known_customer_ids, clock, cache_clocks)
    phase_out = PhaseOut(LEGACY_ENDPOINT, switched_on=settings.legacy == "on")
    customer_promotions = CustomerPromotions(client, recall, known_customer_ids)
    definitions = LegacyDefinitions(client, recall, phase_out)
    source_types = SourceTypes(
        tuple(PromotionSourceType[name] for name in settings.definition_source_types), credential
    )

    shown_promotions = ShownPromotions(credential.identity)

    def context_of(request: Request) -> Context:
        ports = (customer_promotions, definitions, source_types, known_customer_ids)
        return Context(request, Loaders(request, *ports, shown_promotions=shown_promotions))

    statistics = OperationStatistics()
    schema = executable(build_schema())
    operations = create_operations(settings, schema)
    documents = create_documents(settings, operations, recall.cache, recall.keys)

    def read() -> Readings:
        return {
            **statistics.readings(),
            **documents.readings(),
            **upstream_readings(traffic, phase_out),
            **cache_readings(recall.cache),
            **answers.readings(),
        }

    metrics = Metrics(read, board)
    explorer = Explorer() if settings.graphiql else None
    origins = Origins(settings.cors_origins)
    door = create_door(settings, origins)
    graphql = GraphQLEndpoint(
        settings=settings,
        authentication=authentication,
        documents=documents,
        operations=operations,
        executor=_executor(settings),
        context_of=context_of,
        quota_left=client.quota_left,
        clock=clock,
        statistics=statistics,
        answers=answers,
        door=door,
        collector=Collector(),
        max_startable=None if settings.cache_customer_ttl_s else traffic.startable(settings),
    )

    direct_way = DirectWay(PATH, graphql, origins, statistics)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        async with authentication, aclosing(http), traffic, metrics, recall, door:
            app.state.ready = True
            try:
                yield {DIRECT_WAY: direct_way}
            finally:
                app.state.ready = False

    app = Starlette(
        routes=_routes(GraphQLOverAsgi(graphql, explorer), metrics, explorer),
        middleware=[
            Middleware(RequestIdMiddleware),
            Middleware(SecurityHeadersMiddleware),
            cross_origin(settings, origins),
            Middleware(MaskingMiddleware, statistics),
        ],
        exception_handlers={HTTPException: no_such_resource},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a redirect would name the host that the client named
    return app


def _routes(
    graphql: GraphQLOverAsgi, metrics: Metrics, explorer: Explorer | None
) -> list[BaseRoute]:
    # Not every client follows a redirect with its POST: a slash at the end changes nothing.
    routes: list[BaseRoute] = [
        *(Route(path, graphql.answer, methods=["GET", "POST"]) for path in (PATH, f"{PATH}/")),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", MetricsEndpoint(metrics).answer),
    ]
    if explorer is not None:
        routes += [Route("/", _root, methods=["GET", "POST"]), *explorer.routes()]
    return routes


async def _root(http: HttpRequest) -> Response:
    return lead_to(PATH.removeprefix("/"), http)


def _executor(settings: Settings) -> Executor:
    schema = build_schema()
    if settings.executor == "reference":
        return ReferenceExecutor(executable(schema))
    return CompiledExecutor(schema)


def cross_origin(settings: Settings, origins: Origins) -> Middleware:
    """Make what answers pages of other origins."""
    passes_on = settings.upstream_auth is UpstreamAuth.PASSTHROUGH
    headers = [settings.upstream_oauth_header] if passes_on else []
    return Middleware(CorsMiddleware, origins, [*headers, *settings.cors_headers], _FOR_OPERATORS)


def create_operations(settings: Settings, schema: GraphQLSchema) -> Operations:
    """Make what says which operations may run."""
    limits = Limits.of(settings)
    return Operations(schema, introspection=settings.introspection, limits=limits)


def check_trusted_documents(settings: Settings) -> None:
    """Raise SettingsError where the manifest of trusted documents would stop a start."""
    if settings.trusted_documents or settings.trusted_documents_mode == "only":
        load_trusted(settings, create_operations(settings, executable(build_schema())))


def create_worker_app(board: Board | None = None) -> Starlette:
    """Make the gateway in a process of its own, from the environment alone."""
    settings = load_settings()
    configure_logging(settings.log_format)
    app = create_app(settings, board=board)
    spare_the_collector()
    return app
