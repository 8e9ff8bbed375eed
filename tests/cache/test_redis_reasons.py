"""Why Redis fails, in the log and in metrics, by use, at the start and without any traffic."""

import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import trustme
from structlog.testing import capture_logs

from gateway.app import create_app
from gateway.cache.redis_monitor import RedisMonitor
from gateway.cache.redis_server import RedisServer
from gateway.cache.redis_use import RedisUse
from gateway.telemetry.metrics import REDIS_USES
from gateway.upstream.resilience.traffic_shaping import create_traffic_shaping
from tests.cache.uses import use_all
from tests.support.commands import free_port
from tests.support.graph import REDIS_MIN_TIMEOUT_S, serve_gateway, settings_for
from tests.support.metrics import scrape, wait_for_redis
from tests.support.serving import serve
from tests.support.tls_proxy import tls_proxy
from tests.support.valkey import Valkey
from tests.support.webhooks import SECRET

_PATIENCE_S = 20.0
_HANGING = {"plain server", "unknown authority", "paused"}
_LONGEST_S = 1.5  # of a use's time-out, and half a second more
SHARED: dict[str, Any] = {
    "cache_key_secret": "sixteen bytes at least",
    "cache_definition_ttl_s": 300,
    "upstream_calls_per_minute": 600,
    "rate_limit_per_minute": 600,
    "rate_limit_upstream_calls_per_minute": 600,
    "webhook_secret": SECRET,
    "writes": True,
}


@pytest.fixture
def own() -> Iterator[Valkey]:
    """Return a server for one test."""
    valkey = Valkey()
    yield valkey
    valkey.stop()


@contextmanager
def _serve(sandbox_url: str, cache_url: str, min_timeout_s: float = 0.0) -> Iterator[str]:
    """Serve a gateway that checks Redis, and gives it up, sooner than in production."""
    settings = settings_for(sandbox_url, cache_url=cache_url, **SHARED)
    traffic = create_traffic_shaping(settings, RedisServer.of(settings, min_timeout_s))
    assert traffic.replicas is not None
    traffic.replicas.grace_s = 0.1
    app = create_app(
        settings, traffic=traffic, redis_every_s=0.1, redis_min_timeout_s=min_timeout_s
    )
    with serve(app) as url:
        yield url


def _check(gateway: str, lines: list[Any], reason: str) -> None:
    """Assert that each use is unavailable for this reason, and has told that once."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        wait_for_redis(gateway, available=0)
        told = [line for line in lines if line["event"] == "redis_unavailable"]
        # A time-out comes first where the reason takes longer to show than an operation may, and
        # a broken connection where an operation was waiting.
        reasons = {(line["use"], line["reason"]) for line in told}
        if reason != "timeout":
            reasons -= {(use, early) for use in REDIS_USES for early in ("timeout", "connection")}
        if len(reasons) == len(REDIS_USES):
            break
        assert time.monotonic() < until, told
    assert reasons == {(use, reason) for use in REDIS_USES}
    steps = [(line["use"], line["operation"]) for line in told if line["reason"] == reason]
    assert len(steps) == len(set(steps))
    metrics = scrape(gateway)
    for use in REDIS_USES:
        assert metrics[f'gateway_redis_failures_total{{reason="{reason}",use="{use}"}}'] >= 1


def _broken(kind: str, valkey: Valkey, stack: ExitStack) -> str:  # noqa: PLR0911 - a case each
    """Break the server, or the way to it; return its URL."""
    port = valkey.port
    match kind:
        case "wrong password" | "no password":
            valkey.execute("CONFIG", "SET", "requirepass", "the-right-password")
            stack.callback(
                valkey.execute, "CONFIG", "SET", "requirepass", "", password="the-right-password"
            )
            user = ":a-wrong-password@" if kind == "wrong password" else ""
            return f"redis://{user}127.0.0.1:{port}"
        case "unknown user":
            return f"redis://nobody:a-wrong-password@127.0.0.1:{port}"
        case "no permission":
            valkey.execute("ACL", "SETUSER", "weak", "on", ">a-password", "~*", "+ping")
            return f"redis://weak:a-password@127.0.0.1:{port}"
        case "no permission in scripts":
            rights = ("~*", "+@all", "-hset", "-zadd", "-psetex", "-set", "-get")
            valkey.execute("ACL", "SETUSER", "weak", "on", ">a-password", *rights)
            return f"redis://weak:a-password@127.0.0.1:{port}"
        case "plain server":
            return f"rediss://127.0.0.1:{port}"
        case "unknown authority":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
            return f"rediss://127.0.0.1:{stack.enter_context(tls_proxy(port, context)).port}"
        case "unknown host":
            return "redis://redis.invalid"
        case "closed port":
            return f"redis://127.0.0.1:{free_port()}"
        case _:
            valkey.pause()
            stack.callback(valkey.resume)
            return valkey.url


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("wrong password", "authentication"),
        ("no password", "authentication"),
        ("unknown user", "authentication"),
        ("no permission", "permission"),
        ("no permission in scripts", "permission"),
        ("plain server", "tls"),
        ("unknown authority", "tls"),
        ("unknown host", "dns"),
        ("closed port", "refused"),
        ("paused", "timeout"),
    ],
)
def test_each_failure_of_redis_has_its_reason(
    own: Valkey, sandbox_url: str, kind: str, reason: str
) -> None:
    """One log line a use, and a metric, although nobody sends anything."""
    with ExitStack() as stack:
        url = _broken(kind, own, stack)
        min_timeout_s = 0.0 if kind in _HANGING else REDIS_MIN_TIMEOUT_S
        with (
            capture_logs() as lines,
            _serve(sandbox_url, url, min_timeout_s) as gateway,
        ):
            _check(gateway, lines, reason)
    assert "password" not in str(lines)


def test_an_outage_begins_and_ends_without_traffic(own: Valkey, sandbox_url: str) -> None:
    """A password that is changed is noticed, and so is its return."""
    url = own.url.replace("//", "//:a-password@")
    own.execute("CONFIG", "SET", "requirepass", "a-password")
    with capture_logs() as lines, _serve(sandbox_url, url, REDIS_MIN_TIMEOUT_S) as gateway:
        wait_for_redis(gateway, available=1)
        own.execute("CONFIG", "SET", "requirepass", "another", password="a-password")
        own.execute("CLIENT", "KILL", "TYPE", "normal", password="another")
        _check(gateway, lines, "authentication")
        own.execute("CONFIG", "SET", "requirepass", "a-password", password="another")
        wait_for_redis(gateway, available=1)
        own.execute("CONFIG", "SET", "requirepass", "", password="a-password")
    told = [line["use"] for line in lines if line["event"] == "redis_available"]
    assert sorted(told) == sorted(REDIS_USES)


def test_a_longer_time_out_is_that_of_each_use(own: Valkey, sandbox_url: str) -> None:
    """With it no use gives up a server that hangs for longer than the time-outs in production."""
    with _serve(sandbox_url, own.url, REDIS_MIN_TIMEOUT_S) as gateway:
        wait_for_redis(gateway, available=1)
        own.pause()
        time.sleep(_LONGEST_S)
        own.resume()
        use_all(gateway)
        told = scrape(gateway)
    failures = [name for name in told if name.startswith("gateway_redis_failures_total")]
    assert failures
    assert not [name for name in failures if told[name]]


def test_without_redis_there_is_nothing_to_tell(sandbox_url: str) -> None:
    """What does not use Redis has no availability."""
    with serve_gateway(sandbox_url) as gateway:
        assert not [name for name in scrape(gateway) if name.startswith("gateway_redis_available")]


@pytest.mark.anyio
async def test_a_late_diagnosis_begins_no_outage() -> None:
    """What has recovered while the reason was looked for stays available."""
    use = RedisUse("cache", time.monotonic)
    use.lost("read", TimeoutError())
    use.lost("write", TimeoutError())

    async def diagnose() -> Exception:
        use.restored("read")
        return ConnectionRefusedError()

    await RedisMonitor([use], diagnose=diagnose).check()
    assert not use.is_available
    use.restored("write")
    assert use.is_available
    assert sum(use.failures.counts) == 1
