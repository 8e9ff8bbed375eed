"""The catalogue: what is read, kept and shared."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from gateway.cache.evictions import EVERYTHING, promotion
from gateway.cache.options import CacheClocks
from gateway.context import CallBudget, Caller, RequestContext
from gateway.errors import (
    PhasedOutError,
    UpstreamAuthFailedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from gateway.upstream.cached_upstream import create_cached_upstream
from gateway.upstream.client import UpstreamClient
from gateway.upstream.credentials import credential_from
from gateway.upstream.definitions.endpoint import cache_policy
from gateway.upstream.resilience.traffic_shaping import create_traffic_shaping
from gateway.upstream.successor.catalogue import Catalogue
from gateway.upstream.successor.catalogues import Catalogues
from tests.sandbox.client import NOW
from tests.support.graph import settings_for
from tests.support.httpx_transport import HttpxTransport
from tests.support.successor import example_item, published, successor_page
from tests.support.webhooks import SECRET

pytestmark = pytest.mark.anyio

URL = "http://platform.test"


class Successor(httpx.AsyncBaseTransport):
    """Lists items in pages; `status` replaces the response, and `gate` holds it back."""

    def __init__(self, items: list[Any]) -> None:
        self.items, self.calls, self.status = items, 0, 200
        self.gate: asyncio.Event | None = None
        self.began = asyncio.Event()
        self.arrived = asyncio.Event()
        self.on_page: Callable[[int], None] = lambda _: None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return one page."""
        self.calls += 1
        self.began.set()
        self.arrived.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.status != 200:
            return httpx.Response(self.status, request=request)
        number, size = (int(request.url.params[key]) for key in ("page", "size"))
        some = self.items[number * size : (number + 1) * size]
        body = successor_page(*some, total=len(self.items), number=number)
        self.on_page(number)
        return httpx.Response(200, content=json.dumps(body), request=request)


class Clock:
    """The wall clock and the monotonic one, which a test moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class Reader:
    """Catalogues on a successor, and the requests that ask for them."""

    def __init__(self, successor: Successor, **settings: Any) -> None:
        fitting = settings_for(URL, **({"cache_definition_ttl_s": 300} | settings))
        self.clock, traffic = Clock(), create_traffic_shaping(fitting)
        client = UpstreamClient(
            HttpxTransport(successor), credential_from(fitting), traffic, 10_000_000, 5.0
        )
        clocks = CacheClocks(self.clock, self.clock)
        self.cached = create_cached_upstream(fitting, client, clocks)
        self.catalogues = Catalogues(
            self.cached, cache_policy(fitting), fitting.catalogue_max_promotions, clocks
        )

    def request(self, seconds: float = 30.0) -> RequestContext:
        """Return a request with some seconds left."""
        deadline = asyncio.get_running_loop().time() + seconds
        return RequestContext("r", NOW, Caller(), deadline, CallBudget(10))

    async def load(self, seconds: float = 30.0) -> Catalogue:
        """Load the catalogue for a request of its own."""
        return await self.catalogues.load(self.request(seconds))


@asynccontextmanager
async def reading(successor: Successor, **settings: Any) -> AsyncIterator[Reader]:
    """Read from a successor, and end the loads."""
    reader = Reader(successor, **settings)
    try:
        yield reader
    finally:
        await reader.catalogues.aclose()
        await reader.cached.aclose()


def ids(catalogue: Catalogue, program_id: str = "9001") -> list[int]:
    """Return the ids of a program's promotions."""
    return [each.promotion_id for each in catalogue.of_program(program_id)]


async def loaded() -> None:
    """Wait until the loads in the background have ended."""
    await asyncio.wait([task for task in asyncio.all_tasks() if task.get_name() == "catalogue"])


async def test_all_pages_are_read_once_for_all_who_wait() -> None:
    """Ordered by their ids; those that are not published are not in it."""
    items = [published(number) for number in range(250, 0, -1)]
    successor = Successor([*items, example_item()])
    async with reading(successor) as reader:
        first, second = await asyncio.gather(reader.load(), reader.load())
        assert first is second
        assert ids(first) == list(range(1, 251))
        assert successor.calls == 3
        assert await reader.load() is first
        assert successor.calls == 3


async def test_a_request_reads_it_once_although_it_is_not_kept() -> None:
    """Whenever it asks again, be it in the turn of the loop in which the reading ends."""
    for turns in range(60):
        successor = Successor([published(1)])
        async with reading(successor, cache_definition_ttl_s=0) as reader:
            request = reader.request()
            first = asyncio.create_task(reader.catalogues.load(request))
            for _ in range(turns):
                await asyncio.sleep(0)
            assert await reader.catalogues.load(request) is await first
            assert successor.calls == 1


async def test_of_several_versions_the_one_in_use_is_shown() -> None:
    """A draft has a higher version, and so has a rejected one; of those in use the newest."""
    versions = [
        published(7, name="first") | {"id": "a", "version": 1},
        published(7, name="second") | {"id": "b", "version": 2},
        published(7, status="DRAFT") | {"id": "c", "version": 3},
        published(7, status="REJECTED") | {"id": "d", "version": 4},
    ]
    for listed in (versions, versions[::-1]):
        async with reading(Successor(listed)) as reader:
            found = (await reader.load()).find("9001", "7")
            assert found is not None
            assert found.version_id == "b"


async def test_a_list_that_moves_is_read_twice() -> None:
    """An item that was pushed over a page's end is found by the second pass."""
    items = [published(number) for number in range(1, 151)]
    successor = Successor(items)

    def move(number: int) -> None:
        if number == 0:
            items.append(items.pop(0))  # what was first on page 1 is now the last of page 0
            successor.on_page = lambda _: None

    successor.on_page = move
    async with reading(successor) as reader:
        assert ids(await reader.load()) == list(range(1, 151))
    assert successor.calls == 4


async def test_there_is_a_maximum() -> None:
    """What is beyond is not read."""
    successor = Successor([published(number) for number in range(1, 451)])
    async with reading(successor, catalogue_max_promotions=200) as reader:
        assert len(await reader.load()) == 200
    assert successor.calls == 2


async def test_a_stale_catalogue_is_shown_while_it_is_read_again() -> None:
    """It is replaced once that has succeeded."""
    successor = Successor([published(1)])
    async with reading(successor) as reader:
        await reader.load()
        successor.items.append(published(2))
        reader.clock.now += 400
        assert ids(await reader.load()) == [1]
        await loaded()
        assert ids(await reader.load()) == [1, 2]
        assert successor.calls == 2


async def test_a_stale_catalogue_is_shown_in_an_outage_until_it_expires() -> None:
    """After that the error is."""
    successor = Successor([published(1)])
    async with reading(successor) as reader:
        await reader.load()
        successor.status = 404
        reader.clock.now += 400
        assert ids(await reader.load()) == [1]
        reader.clock.now += 4000
        with pytest.raises(PhasedOutError):
            await reader.load()


async def test_a_request_without_time_leaves_the_load_to_the_others() -> None:
    """The load goes on, and serves whoever comes later."""
    successor = Successor([published(1)])
    successor.gate = asyncio.Event()
    async with reading(successor) as reader:
        with pytest.raises(UpstreamTimeoutError):
            await reader.load(seconds=0.01)
        successor.gate.set()
        assert ids(await reader.load()) == [1]
        assert successor.calls == 1


async def test_one_that_was_dropped_is_read_again_once_a_minute_at_most() -> None:
    """Else whoever can show that it is outdated could have it read all the time."""
    successor = Successor([published(1)])
    async with reading(successor) as reader:
        for pass_s, calls in ((0.0, 2), (59.0, 2), (2.0, 3)):
            await reader.load()
            reader.clock.now += pass_s
            reader.catalogues.drop(reader.request())
            reader.clock.now += 0.1
            await reader.load()
            assert successor.calls == calls


async def test_a_load_that_began_before_it_was_dropped_is_not_kept() -> None:
    """It may have read what was outdated; whoever waits for it gets it."""
    successor = Successor([published(1)])
    successor.gate = asyncio.Event()
    async with reading(successor) as reader:
        waiting = asyncio.create_task(reader.load())
        await successor.arrived.wait()
        reader.clock.now += 1.0
        reader.catalogues.drop(reader.request())
        successor.gate.set()
        assert ids(await waiting) == [1]
        await reader.load()
        assert successor.calls == 2
        await reader.load()
        assert successor.calls == 2


@pytest.mark.parametrize(
    ("status", "error", "held_off_s"),
    [
        (401, UpstreamAuthFailedError, 300),
        (403, UpstreamAuthFailedError, 300),
        (404, PhasedOutError, 300),
        (410, PhasedOutError, 300),
        (500, UpstreamUnavailableError, 30),
    ],
)
async def test_a_failure_is_remembered(
    status: int, error: type[Exception], held_off_s: int
) -> None:
    """It is asked again after five minutes, or half a minute where it may pass sooner."""
    successor = Successor([published(1)])
    successor.status = status
    async with reading(successor) as reader:
        with pytest.raises(error):
            await reader.load()
        successor.status = 200
        made = successor.calls
        reader.clock.now += held_off_s - 1
        with pytest.raises(error):
            await reader.load()
        assert successor.calls == made
        reader.clock.now += 2
        assert ids(await reader.load()) == [1]


async def test_without_the_right_nothing_stale_is_shown() -> None:
    """A 403 at a refresh ends what was in memory."""
    successor = Successor([published(1)])
    async with reading(successor) as reader:
        await reader.load()
        successor.status = 403
        reader.clock.now += 400
        await reader.load()
        await loaded()
        with pytest.raises(UpstreamAuthFailedError):
            await reader.load()


async def test_it_waits_for_calls_that_others_need() -> None:
    """On the background's quota: a minute's calls are not taken at once, and none is refused."""
    successor = Successor([published(number) for number in range(1, 301)])
    async with reading(successor, upstream_calls_per_minute=600) as reader:
        assert len(await reader.load()) == 300
    assert successor.calls == 3


def _searching(**settings: Any) -> dict[str, Any]:
    return {"webhook_secret": SECRET} | settings


def _changed(reader: Reader, *promotion_ids: int) -> None:
    assert reader.cached.evictions is not None
    reader.cached.evictions.apply([promotion(9001, each) for each in promotion_ids])


async def test_after_missed_evictions_all_is_read_before_anything_is_shown() -> None:
    """What has changed is not known, so that nothing old may be shown."""
    successor = Successor([published(1)])
    async with reading(successor, **_searching()) as reader:
        first = await reader.load()
        assert reader.cached.evictions is not None
        reader.cached.evictions.apply([EVERYTHING])
        assert reader.catalogues.cached(reader.request()) is None
        assert await reader.load() is not first
        assert successor.calls == 2


async def test_what_was_read_before_evictions_were_missed_is_not_waited_for() -> None:
    """It is read once more, for all who wait."""
    successor = Successor([published(1)])
    successor.gate = asyncio.Event()
    async with reading(successor, **_searching()) as reader:
        both = [asyncio.create_task(reader.load()) for _ in range(2)]
        await successor.began.wait()
        assert reader.cached.evictions is not None
        reader.cached.evictions.apply([EVERYTHING])
        successor.items.append(published(2))
        successor.gate.set()
        for each in both:
            assert ids(await each) == [1, 2]
        assert successor.calls == 2


async def test_a_catalogue_is_read_again_once_a_minute_because_of_events() -> None:
    """However many come; after that minute once more."""
    successor = Successor([published(1)])
    async with reading(successor, **_searching()) as reader:
        await reader.load()
        for minute in range(1, 4):
            for _ in range(5):
                _changed(reader, 1)
                await reader.load()
            await loaded()
            assert successor.calls == 1 + minute
            _changed(reader, 1)
            await reader.load()
            assert successor.calls == 1 + minute
            reader.clock.now += 61


async def test_it_is_not_read_again_where_others_need_the_calls() -> None:
    """With less than half of a minute's calls left, events cause none."""
    async with reading(Successor([published(1)]), **_searching(upstream_calls_per_minute=1)) as own:
        catalogue = await own.load()
        _changed(own, 1)
        assert await own.load() is catalogue
        assert own.cached.cache.statistics.refreshes_refused == 1
