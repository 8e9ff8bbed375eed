"""The composition of the application from its settings."""

import logging
import os
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from gateway.app import create_app, create_worker_app
from gateway.config.settings import SettingsError
from gateway.telemetry import reset_logging
from tests.support.graph import settings_for
from tests.support.http_client import client
from tests.support.httpx_transport import HttpxTransport
from tests.support.serving import serve

QUERY = '{ customer(by: {externalId: "x"}) { customerId } }'
NOT_FOUND = {"errors": [{"status": False, "code": 8015, "message": "customer not found"}]}


class Platform(httpx.AsyncBaseTransport):
    """A transport that knows no customer, and records its requests."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the response for an unknown customer."""
        self.requests.append(request)
        return httpx.Response(400, json=NOT_FOUND)


def ask(platform: Platform, headers: dict[str, str] | None = None, **settings: Any) -> Any:
    """Send one query to a gateway on that upstream."""
    url = "https://platform.example/base"
    transport = HttpxTransport(platform, url)
    app = create_app(settings_for(url, **settings), transport=transport)
    with serve(app) as url, client(url) as http:
        return http.post("/graphql", json={"query": QUERY}, headers=headers).json()


def test_the_transport_stands_for_the_platform() -> None:
    """A call goes to the configured origin with the configured credential, and no client header."""
    platform = Platform()
    answer = ask(platform, {"Cookie": "a=b", "Authorization": "Bearer x", "X-Forwarded-For": "y"})
    assert answer == {
        "data": {"customer": None},
        "extensions": {
            "cost": {"requested": 101, "maximum": 50_000},
            "upstream": {"calls": 1, "coalesced": 0, "cached": 0, "stale": 0, "quotaLeft": None},
        },
    }
    (request,) = platform.requests
    assert str(request.url).startswith("https://platform.example/base/v2/customers/lookup")
    assert request.headers["authorization"] == "Basic c2FuZGJveDpzYW5kYm94"
    assert not {"cookie", "x-forwarded-for"} & set(request.headers)


def test_passthrough_hands_on_the_callers_credential_alone() -> None:
    """With `passthrough` only the caller's credential is sent."""
    platform = Platform()
    headers = {"X-CAP-API-OAUTH-TOKEN": "token", "Cookie": "a=b"}
    ask(platform, headers, upstream_auth="passthrough")
    (request,) = platform.requests
    assert request.headers["x-cap-api-oauth-token"] == "token"
    assert not {"authorization", "cookie"} & set(request.headers)


def test_passthrough_without_a_credential_asks_nobody() -> None:
    """Without a credential the call is refused before it is sent."""
    platform = Platform()
    (error,) = ask(platform, upstream_auth="passthrough")["errors"]
    assert error["extensions"]["code"] == "UPSTREAM_AUTH_FAILED"
    assert platform.requests == []


def test_what_an_operation_cost_is_told_only_on_request() -> None:
    """GATEWAY_REPORT_UPSTREAM adds the extension."""
    assert ask(Platform(), report_upstream=False)["extensions"].keys() == {"cost"}


def test_the_clock_is_read_once_for_an_answer() -> None:
    """All fields of a response share one "now"."""
    read: list[datetime] = []

    def clock() -> datetime:
        read.append(datetime(2026, 3, 2, tzinfo=UTC))
        return read[-1]

    app = create_app(
        settings_for("http://platform.example"), transport=HttpxTransport(Platform()), clock=clock
    )
    with serve(app) as url, client(url) as http:
        http.post("/graphql", json={"query": f"query {{ a: {QUERY[1:-1]} b: {QUERY[1:-1]} }}"})
    assert len(read) == 1


def test_a_worker_is_made_from_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of several processes reads the settings itself."""
    for name in [name for name in os.environ if name.startswith("GATEWAY_")]:
        monkeypatch.delenv(name)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        monkeypatch.setenv("GATEWAY_UPSTREAM_AUTH", "none")
        assert create_worker_app().routes
        monkeypatch.setenv("GATEWAY_LOG_FORMAT", "x")
        with pytest.raises(SystemExit) as ended:
            create_worker_app()
        assert isinstance(ended.value.__context__, SettingsError)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        reset_logging()
