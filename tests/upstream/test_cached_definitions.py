"""Definitions whose responses have not changed, through the endpoint."""

import asyncio

import httpx
import msgspec
import pytest

from gateway.context import CallBudget, Caller, RequestContext
from gateway.upstream.cached_upstream import create_cached_upstream
from gateway.upstream.client import UpstreamClient
from gateway.upstream.credentials import credential_from
from gateway.upstream.definitions.endpoint import (
    ENDPOINT,
    DefinitionFilters,
    DefinitionPage,
    DefinitionPageKey,
    LegacyDefinitionsEndpoint,
    cache_policy,
)
from gateway.upstream.normalise.enums import PromotionSourceType
from gateway.upstream.resilience.phase_out import PhaseOut
from gateway.upstream.resilience.traffic_shaping import create_traffic_shaping
from tests.sandbox.client import NOW
from tests.support.graph import settings_for
from tests.support.httpx_transport import HttpxTransport

pytestmark = pytest.mark.anyio

URL = "http://platform.test"
KEY = DefinitionPageKey("9001", PromotionSourceType.UI, DefinitionFilters(), 0, 100)


class Platform(httpx.AsyncBaseTransport):
    """Returns one definition with a settable name, and counts the calls."""

    def __init__(self) -> None:
        self.name, self.calls = "one", 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the response."""
        self.calls += 1
        definition = {"id": 1, "programId": 9001, "name": self.name}
        answer = {"data": [definition], "pageDetails": {"totalEntries": 1}}
        return httpx.Response(200, content=msgspec.json.encode(answer), request=request)


class Definitions:
    """The endpoint on that platform; definitions are cached for `ttl_s`."""

    def __init__(self, ttl_s: float) -> None:
        settings = settings_for(URL, cache_definition_ttl_s=ttl_s, upstream_auth="passthrough")
        self.platform = Platform()
        credential, traffic = credential_from(settings), create_traffic_shaping(settings)
        client = UpstreamClient(HttpxTransport(self.platform), credential, traffic, 1_000_000)
        self._port = LegacyDefinitionsEndpoint(
            create_cached_upstream(settings, client), PhaseOut(ENDPOINT), cache_policy(settings)
        )

    async def page(self, caller: str = "a") -> DefinitionPage:
        """Request the list, with a request context of its own."""
        request = RequestContext(
            id="r",
            now=NOW,
            caller=Caller(credential=(("Authorization", f"Basic {caller}"),)),
            deadline=asyncio.get_running_loop().time() + 30,
            budget=CallBudget(10),
        )
        return await self._port.page(KEY, request)


async def test_remembered_definitions_are_read_once() -> None:
    """Requests that find the same response in the cache share its page."""
    definitions = Definitions(ttl_s=300)

    first = await definitions.page()

    assert await definitions.page() is first
    assert definitions.platform.calls == 1


async def test_another_identity_shares_what_is_equal_and_nothing_else() -> None:
    """Its own call is made, and its response decoded only if it differs."""
    definitions = Definitions(ttl_s=300)
    first = await definitions.page("a")

    assert await definitions.page("b") is first
    definitions.platform.name = "two"
    other = await definitions.page("c")

    assert [item and item.name for item in other.items] == ["two"]
    assert [item and item.name for item in first.items] == ["one"]
    assert definitions.platform.calls == 3


async def test_who_remembers_no_definitions_spends_no_memory_on_them() -> None:
    """Each response is decoded."""
    definitions = Definitions(ttl_s=0)

    first, again = await definitions.page(), await definitions.page()

    assert again is not first
    assert again == first
