"""``/healthz`` and ``/readyz`` over the life of the application."""

import time

import httpx
import pytest
from starlette.applications import Starlette

from gateway.app import create_app
from tests.sandbox.client import NOW
from tests.support.graph import settings_for
from tests.support.http_client import TLS
from tests.support.httpx_transport import HttpxTransport
from tests.support.serving import serve
from tests.support.tokens import JWT, Issuer, KeyServer

pytestmark = pytest.mark.anyio


class Unreachable(httpx.AsyncBaseTransport):
    """A platform that refuses connections."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Refuse the connection."""
        raise httpx.ConnectError("refused")


async def probe(app: Starlette, path: str) -> tuple[int, str]:
    """Send a request without a server, which would serve only within the lifespan."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
        answer = await http.get(path)
        assert answer.headers["cache-control"] == "private, no-store"
        return answer.status_code, answer.json()["status"]


async def test_readiness_follows_the_life_of_the_application() -> None:
    """The gateway is ready from the end of start-up to shutdown, even if the platform is down."""
    app = create_app(
        settings_for("http://platform.example"), transport=HttpxTransport(Unreachable())
    )
    assert await probe(app, "/readyz") == (503, "not ready")
    async with app.router.lifespan_context(app):
        assert await probe(app, "/readyz") == (200, "ready")
    assert await probe(app, "/readyz") == (503, "not ready")


async def test_the_process_is_healthy_before_start_up() -> None:
    """A process that responds is healthy."""
    app = create_app(
        settings_for("http://platform.example"), transport=HttpxTransport(Unreachable())
    )
    assert await probe(app, "/healthz") == (200, "ok")


async def test_readiness_ends_when_the_application_fails() -> None:
    """A shutdown by an error is one."""
    app = create_app(
        settings_for("http://platform.example"), transport=HttpxTransport(Unreachable())
    )
    with pytest.raises(RuntimeError, match="failed"):
        async with app.router.lifespan_context(app):
            raise RuntimeError("failed")
    assert await probe(app, "/readyz") == (503, "not ready")


def test_readiness_waits_for_the_first_keys_and_never_again() -> None:
    """It asks for them although no request comes; the process is healthy all the time."""
    issuer = Issuer()
    with KeyServer([issuer.jwk()], status=503).serving() as keys:
        lifetimes = {"auth_jwks_ttl_s": 1.0, "auth_jwks_stale_s": 0.0}
        settings = settings_for("http://127.0.0.1:1", auth_jwks_url=keys.url, **JWT, **lifetimes)
        with (
            serve(create_app(settings, clock=lambda: NOW)) as url,
            httpx.Client(
                base_url=url, trust_env=False, headers=issuer.bearer(), verify=TLS
            ) as http,
        ):
            answer = http.get("/readyz")
            assert answer.status_code == 503
            assert answer.json() == {"status": "not ready", "waiting_for": ["auth_keys"]}
            assert http.get("/healthz").status_code == 200
            keys.status = 200
            until = time.monotonic() + 10
            while http.get("/readyz").status_code != 200:
                assert time.monotonic() < until
            keys.status = 503
            while http.post("/graphql", json={"query": "{ __typename }"}).status_code == 200:
                assert time.monotonic() < until  # until the keys have expired
            assert http.get("/readyz").status_code == 200
            assert http.get("/healthz").status_code == 200
