"""The checks of `promotion-gateway check`: whether `serve` would start, and what it reaches."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from gateway.auth.factory import create_authenticator
from gateway.cache.options import SharedLimits
from gateway.cache.redis_server import RedisServer
from gateway.config.auth import is_loopback
from gateway.config.secret_files import quote_file
from gateway.config.settings import Settings, SettingsError, load_settings, unknown_variables
from gateway.config.upstream import UpstreamAuth
from gateway.metric_table import create_metric_table
from gateway.telemetry.exposition import MetricTable

_TIMEOUT_S = 5.0


class Finding(NamedTuple):
    """One line: a part of the gateway that is ok, or what is wrong with it."""

    status: str
    text: str


def check_servable(settings: Settings) -> None:
    """Raise SettingsError for settings with which `serve` does not start."""
    if not settings.upstream_url:
        raise _mistake(
            "GATEWAY_UPSTREAM_URL is required: the platform's origin; to try the gateway without"
            " one, run `promotion-gateway dev`"
        )
    create_authenticator(
        settings, lambda: datetime.now(UTC)
    )  # raises what a worker would, as one line
    has_credential = settings.upstream_auth in {UpstreamAuth.BASIC, UpstreamAuth.OAUTH}
    is_local = bool(settings.unix_socket) or is_loopback(settings.host)
    is_open = settings.auth == "none" and not is_local
    if has_credential and is_open and not settings.allow_anonymous:
        raise _mistake(
            f"GATEWAY_AUTH=none on GATEWAY_HOST={settings.host} would let unauthenticated callers"
            " use this gateway's own credential: set GATEWAY_AUTH=jwt, or"
            " GATEWAY_ALLOW_ANONYMOUS=true where a proxy in front authenticates"
        )


def _mistake(line: str) -> SettingsError:
    return SettingsError([line])


def read_metric_table(settings: Settings) -> MetricTable:
    """Return the metrics of all workers.

    Raise SettingsError for an invalid manifest: it is checked here, instead of by each worker.
    """
    if not _has_trusted(settings):
        return create_metric_table(settings, ())
    # The parent of workers needs the schema for that alone.
    from gateway.app import create_operations  # noqa: PLC0415 - see above
    from gateway.graphql_http.persisted_queries.trusted import load_trusted  # noqa: PLC0415 - ditto

    trusted = load_trusted(settings, create_operations(settings))
    return create_metric_table(settings, trusted.operation_names.values() if trusted else ())


def _has_trusted(settings: Settings) -> bool:
    return bool(settings.trusted_documents) or settings.trusted_documents_mode == "only"


def check_deployment(*, connect: bool) -> Iterator[Finding]:
    """Yield what is found in the environment; with `connect` also in the network."""
    yield from (Finding("warning", line) for line in unknown_variables())
    try:
        settings = load_settings()
        check_servable(settings)
    except SettingsError as error:
        yield from (Finding("failed", line) for line in error.lines)
        return
    yield Finding("ok", "settings")
    yield from (Finding("ok", quote_file(*one)) for one in settings.paths.items())
    if _has_trusted(settings):
        try:
            read_metric_table(settings)
        except SettingsError as error:
            yield from (Finding("failed", line) for line in error.lines)
        else:
            yield Finding("ok", "trusted documents")
    if connect:
        yield from asyncio.run(_connect(settings))


async def _connect(settings: Settings) -> list[Finding]:
    """Return what is found at the other ends, all of which are tried at the same time."""
    parts: dict[str, Callable[[Settings], Awaitable[str]]] = {"platform": _platform}
    server = RedisServer.of(settings)
    if server is not None:
        parts["redis"] = partial(_redis, server)
    if settings.auth == "jwt" and settings.auth_jwks_url:
        parts["auth keys"] = _auth_keys
    return list(await asyncio.gather(*(_try(name, settings, part) for name, part in parts.items())))


async def _try(
    name: str, settings: Settings, part: Callable[[Settings], Awaitable[str]]
) -> Finding:
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            return Finding("ok", f"{name}: {await part(settings)}")
    except TimeoutError:
        return Finding("failed", f"{name}: no response within {_TIMEOUT_S:g} s")
    except Exception as error:  # noqa: BLE001 - the libraries have no common one
        reason = error.__cause__ or error
        # A library's message may be long, and one line is promised; URLs are in none of them.
        text = str(reason).partition("\n")[0] or "no response"
        return Finding("failed", f"{name}: {type(reason).__name__}: {text}")


async def _platform(settings: Settings) -> str:
    """Connect, through the proxy and with TLS; a call would use up a part of the quota."""
    from gateway.upstream.transport import create_transport  # noqa: PLC0415 - only to connect

    http = create_transport(settings)
    try:
        await http.connect()
    finally:
        await http.aclose()
    return "can be connected to"


async def _redis(server: RedisServer, _settings: Settings) -> str:
    from gateway.cache.redis_connections import create_redis, ping  # noqa: PLC0415 - decision 22

    redis = create_redis(server, SharedLimits(timeout_s=_TIMEOUT_S))
    try:
        await ping(redis)
    finally:
        await redis.aclose()
    return "answers"


async def _auth_keys(settings: Settings) -> str:
    from gateway.auth.jwks import create_http, fetch_keys  # noqa: PLC0415 - decision 22

    proxy, authorities = settings.auth_jwks_proxy, settings.auth_jwks_ca_file
    async with create_http(proxy, authorities) as http:
        keys = await fetch_keys(http, settings.auth_jwks_url)
    if not keys:
        raise ValueError("the JWK set has no key to verify with")
    return f"{len(keys)} in the JWK set"
