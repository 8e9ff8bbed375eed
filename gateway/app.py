"""Composition of the gateway's parts to an ASGI application."""

import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    aclosing,
    asynccontextmanager,
    nullcontext,
)
from datetime import UTC, datetime
from functools import partial
from typing import Any

import strawberry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

from gateway.auth.authenticator import Authenticator
from gateway.auth.factory import create_authenticator
from gateway.cache.evictor import Evictor, create_evictor, eviction_samples
from gateway.cache.options import CacheClocks
from gateway.cache.redis_monitor import CHECK_EVERY_S, RedisMonitor
from gateway.cache.redis_server import RedisServer
from gateway.cache.statistics import cache_samples
from gateway.config.settings import Settings, SettingsError, is_traced, load_settings
from gateway.config.tracing import headers_of
from gateway.config.upstream import UpstreamAuth
from gateway.dataloaders.data_loaders import LoaderSources
from gateway.edge.clients import Clients
from gateway.edge.cors import Origins
from gateway.edge.middleware import EdgeMiddleware
from gateway.edge.request_guard import RequestGuard, create_request_guard
from gateway.execution.compiler.compiled_executor import CompiledExecutor
from gateway.execution.deprecations import deprecated_elements
from gateway.execution.executor import Executor, ReferenceExecutor
from gateway.execution.limits import Limits
from gateway.execution.operation_store import OperationStore
from gateway.file_watch import EVERY_S
from gateway.graphql_http.gc_tuning import DeferredGc, freeze_gc
from gateway.graphql_http.handler import GraphQLHandler
from gateway.graphql_http.operation_statistics import OperationStatistics
from gateway.graphql_http.persisted_queries.persisted_documents import create_documents
from gateway.graphql_http.response import routing_error_response
from gateway.graphql_http.response_cache import create_response_cache
from gateway.metric_table import create_metric_table
from gateway.schema.build import build_schema, executable, print_schema
from gateway.server import monitoring
from gateway.server.app_lifecycle import AppLifecycle
from gateway.server.connections import CONNECTIONS, Connections
from gateway.server.descriptors import connection_limit
from gateway.server.explorer import Explorer
from gateway.server.fast_path import FastPath
from gateway.server.graphql_route import GraphQLRoute, redirect_to_graphql
from gateway.server.schema_route import FILE, SchemaRoute
from gateway.server.uvicorn_protocol import FAST_PATH
from gateway.server.webhook_route import WebhookRoute, webhook_samples
from gateway.server.worker import STARTUP_FAILURE
from gateway.telemetry import (
    flush_logging,
    log,
    log_samples,
    log_startup_failure,
    start_logging,
)
from gateway.telemetry.eviction_metrics import WEBHOOK
from gateway.telemetry.logs import VERSION, log_uncaught
from gateway.telemetry.metric import Samples
from gateway.telemetry.name_slots import NameSlots
from gateway.telemetry.process import EventLoopLag, ProcessMetrics
from gateway.telemetry.scrape import MetricsScrape
from gateway.telemetry.shared_metrics import SharedMetrics
from gateway.telemetry.tracing import SpanCounts
from gateway.upstream.cached_upstream import CachedUpstream
from gateway.upstream.chain import create_upstream
from gateway.upstream.customer_view.endpoint import FreshCustomerView
from gateway.upstream.http_transport import HttpTransport
from gateway.upstream.metrics_samples import definition_samples, upstream_samples
from gateway.upstream.reloading import watch_files
from gateway.upstream.resilience.traffic_shaping import TrafficShaping, create_traffic_shaping
from gateway.upstream.shown_promotions import ShownPromotions
from gateway.upstream.transport import create_transport
from gateway.upstream.writes.factory import create_writing
from gateway.upstream.writes.writing import Writing, no_action_samples

PATH = "/graphql"
# Pages get no CORS headers of these.
_MONITORING = frozenset(route.path for route in monitoring.ROUTES)
_WITHOUT_CORS = _MONITORING | {WEBHOOK}


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def create_app(  # noqa: PLR0913, PLR0915 - each is a seam for tests, or a part
    settings: Settings,
    *,
    transport: HttpTransport | None = None,
    traffic: TrafficShaping | None = None,
    authenticator: Authenticator | None = None,
    clock: Callable[[], datetime] = utc_now,
    cache_clocks: CacheClocks | None = None,
    shared_metrics: SharedMetrics | None = None,
    schema: strawberry.Schema | None = None,
    executor: Executor | None = None,
    files_every_s: float = EVERY_S,
    redis_every_s: float = CHECK_EVERY_S,
    redis_min_timeout_s: float = 0.0,
) -> Starlette:
    """Return the gateway as an ASGI application; tests replace parts of it.

    With several workers, each counts in the `shared_metrics` of all. Files of secrets and
    certificates are checked every `files_every_s`, and Redis every `redis_every_s`, none of whose
    operations times out before `redis_min_timeout_s`.
    """
    authenticator = authenticator or create_authenticator(settings, clock)
    http = transport or create_transport(settings)
    server = RedisServer.of(settings, redis_min_timeout_s)
    traffic = traffic or create_traffic_shaping(settings, server)
    upstream = create_upstream(settings, http, traffic, cache_clocks, server)
    cached = upstream.cached
    files = watch_files(settings, http, cached.credential, server, files_every_s)
    schema = schema or build_schema(federation=settings.federation)
    operations = create_operations(settings, schema)
    documents = create_documents(settings, operations, cached.cache, cached.keys)
    names = documents.operation_names
    table = (
        shared_metrics.table
        if shared_metrics
        else create_metric_table(settings, names.values(), deprecated_elements(operations.schema))
    )
    slots = (
        shared_metrics.operation_names
        if shared_metrics
        else NameSlots(table.values.spare_operations)
    )
    statistics = OperationStatistics(table.values.operations, documents.name_of, slots)
    statistics.add_names(names.values())  # of a worker that starts after a reload
    clients, lag = Clients(table.values.clients, len(table.values.deprecated)), EventLoopLag()
    response_cache = create_response_cache(
        settings, cached, upstream.customer_ids, clock, cache_clocks
    )
    origins = Origins(settings.cors_origins)
    guard = create_request_guard(settings, origins, server)
    connections = Connections(connection_limit(settings))
    evictor = None if cached.evictions is None else create_evictor(cached.evictions, server)
    writing = create_writing(settings, cached, evictor, server, clock, cache_clocks)
    redis = create_redis_monitor(
        server, cached, guard, traffic, redis_every_s, evictor=evictor, writing=writing
    )
    webhook = None
    if evictor is not None and settings.webhook_secret.get_secret_value():
        webhook = WebhookRoute(settings, evictor, cached.keys, guard.addresses, statistics)
    create_handler, tracing, spans = _handler_of(settings)
    metrics = MetricsScrape(
        (
            spans,
            statistics.samples,
            clients.samples,
            guard.samples,
            authenticator.samples,
            documents.samples,
            partial(upstream_samples, traffic, upstream.phase_out, table.values.fields),
            partial(definition_samples, upstream.absences, upstream.catalogues),
            partial(cache_samples, cached.cache),
            redis.samples,
            response_cache.samples,
            lag.samples,
            no_action_samples if writing is None else writing.samples,
            log_samples,
            connections.samples,
            ProcessMetrics().samples,
            partial(eviction_samples, cached.evictions),
            partial(webhook_samples, webhook),
        ),
        table,
        shared_metrics,
        slots,
    )
    sdl = SchemaRoute(print_schema(), guard, authenticator, statistics)
    graphql = create_handler(
        settings=settings,
        guard=guard,
        clients=clients,
        authenticator=authenticator,
        documents=documents,
        operations=operations,
        response_cache=response_cache,
        executor=executor
        or (
            ReferenceExecutor(executable(schema))
            if settings.executor == "reference"
            else CompiledExecutor(schema)
        ),
        loader_sources=LoaderSources(
            customer_view=upstream.customer_view,
            definitions=upstream.definitions,
            definition_by_id=upstream.definition_by_id,
            programs=upstream.programs,
            catalogues=upstream.catalogues,
            asks_legacy=settings.asks_legacy,
            source_types=upstream.source_types,
            known_customer_ids=upstream.customer_ids,
            shown_promotions=ShownPromotions(cached.credential.identity),
            max_scan_calls=settings.max_scan_calls,
            writing=writing,
            fresh_customer_view=FreshCustomerView(upstream.customer_view)
            if writing is not None
            else None,
        ),
        quota_left=upstream.client.quota_left,
        clock=clock,
        statistics=statistics,
        gc=DeferredGc(),
        max_startable=None if settings.cache_customer_ttl_s else traffic.startable(settings),
    )

    async def reload_documents() -> None:
        await documents.reload()
        statistics.add_names(documents.operation_names.values())
        operations.documents.forget_records()

    lifecycle = AppLifecycle(
        connections,
        {"auth_keys": lambda: authenticator.is_ready},
        [files.reload, authenticator.reload, reload_documents],
    )

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        with log_uncaught():
            async with (
                tracing, lag, authenticator, aclosing(http), files, traffic, metrics,
                aclosing(cached), guard, evictor or nullcontext(),
                aclosing(upstream.catalogues) if upstream.catalogues else nullcontext(),
                aclosing(writing) if writing else nullcontext(),
            ):  # fmt: skip
                lifecycle.is_started = True
                try:
                    async with redis:
                        yield {
                            FAST_PATH: FastPath(PATH, graphql, origins),
                            CONNECTIONS: connections,
                        }
                finally:
                    lifecycle.is_started = False

    app = Starlette(
        routes=[
            *_routes(graphql, Explorer() if settings.graphiql else None),
            *([sdl.route(f"{PATH}/{FILE}")] if settings.introspection else []),
            *([] if webhook is None else [webhook.route()]),
            *([] if settings.admin_port else monitoring.ROUTES),
        ],
        middleware=[
            Middleware(EdgeMiddleware, origins, statistics, _cors_headers(settings), _WITHOUT_CORS),
        ],
        exception_handlers={HTTPException: routing_error_response},
        lifespan=lifespan,
    )
    app.state.metrics, app.state.lifecycle, app.state.evictor = metrics, lifecycle, evictor
    app.state.admin = admin = Starlette(
        routes=monitoring.ROUTES,
        middleware=[Middleware(EdgeMiddleware, origins, statistics, (), _MONITORING)],
        exception_handlers={HTTPException: routing_error_response},
    )
    admin.state.metrics, admin.state.lifecycle = metrics, lifecycle
    app.router.redirect_slashes = False  # a redirect would name the host that the client named
    return app


def _handler_of(
    settings: Settings,
) -> tuple[
    Callable[..., GraphQLHandler], AbstractAsyncContextManager[object], Callable[[], Samples]
]:
    """Return the class of the endpoint's handler, the tracing that it needs, and its samples."""
    if not is_traced(settings):
        return GraphQLHandler, nullcontext(), SpanCounts().samples
    from gateway.graphql_http.traced_handler import (  # noqa: PLC0415 - decision 22
        TracedGraphQLHandler,
    )
    from gateway.telemetry.otel import create_tracing  # noqa: PLC0415 - as above

    tracing = create_tracing(
        settings.tracing_url, headers_of(settings), settings.tracing_sample_ratio, VERSION
    )
    return partial(TracedGraphQLHandler, tracing), tracing, tracing.samples


def create_redis_monitor(  # noqa: PLR0913 - all that use Redis
    server: RedisServer | None,
    cached: CachedUpstream,
    guard: RequestGuard,
    traffic: TrafficShaping,
    every_s: float,
    *,
    evictor: Evictor | None = None,
    writing: Writing | None = None,
) -> RedisMonitor:
    """Return what watches all uses of Redis; the quota and evictions check themselves."""
    if server is None or cached.cache.shared is None:
        return RedisMonitor()
    from gateway.cache.redis_connections import diagnose  # noqa: PLC0415 - decision 22

    uses = [cached.cache.shared.use]
    if traffic.replicas is not None:
        uses.append(traffic.replicas.use)
    if guard.redis_use is not None:
        uses.append(guard.redis_use)
    if evictor is not None and evictor.stream is not None:
        uses.append(evictor.stream.use)
    checks = [cached.cache.shared.check, guard.check_redis]
    keys: Any = writing and writing.claims.keys
    if keys:
        uses.append(keys.use)
        checks.append(keys.check)
    return RedisMonitor(uses, checks, partial(diagnose, server), every_s=every_s)


def _routes(graphql: GraphQLHandler, explorer: Explorer | None) -> list[BaseRoute]:
    route = GraphQLRoute(graphql, explorer)
    # Not every client follows a redirect with its POST, so that a slash at the end is served, too.
    routes: list[BaseRoute] = [
        *(Route(path, route, methods=["GET", "POST"]) for path in (PATH, f"{PATH}/")),
    ]
    if explorer is not None:
        routes += [Route("/", redirect_to_graphql, methods=["GET", "POST"]), *explorer.routes()]
    return routes


def _cors_headers(settings: Settings) -> list[str]:
    """Return the request headers that pages of other origins may send beside the usual ones."""
    is_forwarded = settings.upstream_auth is UpstreamAuth.PASSTHROUGH
    return [*([settings.upstream_oauth_header] if is_forwarded else []), *settings.cors_headers]


def create_operations(
    settings: Settings, schema: strawberry.Schema | None = None
) -> OperationStore:
    """Return what validates documents against the schema and the limits."""
    return OperationStore(
        executable(schema or build_schema(federation=settings.federation)),
        introspection=settings.introspection,
        limits=Limits.of(settings),
    )


def create_worker_app(shared_metrics: SharedMetrics | None = None) -> Starlette:
    """Return the gateway of a worker process, from the environment alone.

    A failure is logged, and ends the process: its parent would write a traceback.
    """
    start_logging()
    try:
        app = create_app(load_settings(), shared_metrics=shared_metrics)
    except SettingsError as error:
        log_startup_failure(error.lines)
        sys.exit(STARTUP_FAILURE)
    except Exception as error:  # noqa: BLE001 - see above
        log.critical("uncaught_exception", exc_info=error)
        flush_logging()
        sys.exit(STARTUP_FAILURE)
    freeze_gc()
    return app
