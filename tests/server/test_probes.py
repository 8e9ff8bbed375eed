"""``/healthz`` and ``/readyz`` over the life of the application."""

import httpx
import pytest
from starlette.applications import Starlette

from gateway.app import create_app
from tests.support.graph import settings_for
from tests.support.httpx_transport import HttpxTransport

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
