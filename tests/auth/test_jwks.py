"""The keys of a JWKS URL: fetched, refreshed, rotated, and valid through an outage for a time."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from gateway.auth.jwks import JwksKeySource, KeyLifetimes
from gateway.errors import KeysUnavailableError
from tests.support.clock import Clock
from tests.support.graph import graph_over
from tests.support.http_client import code
from tests.support.tokens import JWT, Issuer, KeyServer

pytestmark = pytest.mark.anyio

FIRST, SECOND = Issuer("first"), Issuer("second")
TIMES = KeyLifetimes(ttl_s=300, stale_s=3600)


@pytest.fixture
def server() -> Iterator[KeyServer]:
    """Serve the first issuer's key."""
    with KeyServer([FIRST.jwk()]).serving() as server:
        yield server


@asynccontextmanager
async def keys_of(server: KeyServer, clock: Clock) -> AsyncIterator[JwksKeySource]:
    """Return a key source for a server, with the test's clock."""
    async with JwksKeySource(server.url, TIMES, clock) as keys:
        yield keys


async def ids(keys: JwksKeySource, kid: str | None = None) -> list[str | None]:
    """Return the ids of the valid keys."""
    return [key.kid for key in await keys.keys(kid)]


async def landed() -> None:
    """Wait for a fetch in the background."""
    fetches = [task for task in asyncio.all_tasks() if task.get_name() == "keys"]
    if fetches:
        await asyncio.wait(fetches)


async def test_one_fetch_serves_all_who_wait(server: KeyServer) -> None:
    """Fifty concurrent requests share the fetch that the start began."""
    async with keys_of(server, Clock()) as keys:
        found = await asyncio.gather(*(ids(keys, "first") for _ in range(50)))
    assert found == [["first"]] * 50
    assert server.calls == 1


async def test_whoever_leaves_does_not_end_the_fetch(server: KeyServer) -> None:
    """Cancelling one request does not cancel the fetch for the others."""
    server.delay_s = 0.1
    async with keys_of(server, Clock()) as keys:
        first, second = (asyncio.create_task(ids(keys)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == ["first"]
    assert server.calls == 1


async def test_keys_are_renewed_behind_the_scenes_before_their_time(server: KeyServer) -> None:
    """In the last fifth of the TTL keys are fetched in the background, and no request waits."""
    clock = Clock()
    async with keys_of(server, clock) as keys:
        await ids(keys)
        clock.advance(239)
        assert await ids(keys) == ["first"]
        server.keys = [SECOND.jwk()]
        clock.advance(2)
        assert await ids(keys) == ["first"]
        await landed()
        assert await ids(keys) == ["second"]
    assert server.calls == 2


async def test_keys_past_their_time_are_waited_for(server: KeyServer) -> None:
    """After an idle night a key that has been withdrawn is not accepted once more."""
    clock = Clock()
    async with keys_of(server, clock) as keys:
        await ids(keys)
        server.keys = [SECOND.jwk()]
        clock.advance(301)
        assert await ids(keys, "first") == ["second"]


async def test_an_unknown_key_id_is_asked_for_at_once_and_then_not_for_a_while(
    server: KeyServer,
) -> None:
    """A new key works at once; made-up key ids cost one fetch in ten seconds."""
    clock = Clock()
    async with keys_of(server, clock) as keys:
        await ids(keys)
        clock.advance(10)
        server.keys = [FIRST.jwk(), SECOND.jwk()]
        assert await ids(keys, "second") == ["first", "second"]
        for made_up in range(100):
            await ids(keys, f"made up {made_up}")
        assert server.calls == 2
        clock.advance(10)
        await asyncio.gather(*(ids(keys, f"made up {made_up}") for made_up in range(100)))
        assert server.calls == 3


async def test_known_keys_serve_through_an_outage_for_so_long(server: KeyServer) -> None:
    """They expire an hour after their TTL; a retry every two seconds ends the outage."""
    clock = Clock()
    async with keys_of(server, clock) as keys:
        await ids(keys)
        server.status = 500
        clock.advance(301)
        assert await ids(keys) == ["first"]
        calls = server.calls
        for _ in range(100):
            assert await ids(keys) == ["first"]
        assert server.calls == calls
        clock.advance(3_598)
        assert await ids(keys) == ["first"]
        await landed()
        clock.advance(2)
        with pytest.raises(KeysUnavailableError):
            await ids(keys)
        server.status = 200
        clock.advance(2)
        assert await ids(keys) == ["first"]


async def test_without_any_keys_nobody_waits_for_each_others_failures(server: KeyServer) -> None:
    """After a failure requests are refused for two seconds without a fetch."""
    server.status = 500
    clock = Clock()
    async with keys_of(server, clock) as keys:
        for _ in range(100):
            with pytest.raises(KeysUnavailableError):
                await ids(keys)
        assert server.calls == 1
        server.status = 200
        clock.advance(2)
        assert await ids(keys) == ["first"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"<html>"),
        (200, b'{"keys": "none"}'),
        (200, b'{"keys": []}' + b" " * 262_144),
        (204, b""),
        (302, b'{"keys": []}'),
        (404, b'{"keys": []}'),
    ],
)
async def test_what_is_no_set_is_an_outage(server: KeyServer, status: int, body: bytes) -> None:
    """A proxy's page, a redirect or an endless response does not withdraw a key."""
    clock = Clock()
    async with keys_of(server, clock) as keys:
        await ids(keys)
        server.status, server.body = status, body
        clock.advance(301)
        assert await ids(keys) == ["first"]


async def test_an_empty_set_withdraws_all_keys(server: KeyServer) -> None:
    """The issuer states that no key is valid."""
    clock = Clock()
    async with keys_of(server, clock) as keys:
        await ids(keys)
        server.keys = []
        clock.advance(301)
        assert await ids(keys) == []


def test_a_gateway_follows_its_issuers_rotation(sandbox_url: str, server: KeyServer) -> None:
    """Tokens of a published key are accepted; an outage from the start is 503."""
    url = {"auth_jwks_url": server.url}
    query = {"query": "{ __typename }"}
    with graph_over(sandbox_url, **JWT, **url) as graph:
        for issuer, status in ((FIRST, 200), (SECOND, 401)):
            answer = graph.http.post("/graphql", json=query, headers=issuer.bearer())
            assert answer.status_code == status
    server.status = 503
    with graph_over(sandbox_url, **JWT, **url) as graph:
        answer = graph.http.post("/graphql", json=query, headers=FIRST.bearer())
        assert (answer.status_code, code(answer)) == (503, "UNAUTHENTICATED")
        assert answer.headers["retry-after"] == "5"
        assert "www-authenticate" not in answer.headers
        assert server.url not in answer.text
