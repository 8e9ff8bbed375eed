"""What worker processes tell each other: evictions, where no Redis does."""

import asyncio
from contextlib import ExitStack

import pytest

from gateway.cache.evictions import EVERYTHING, Evictions
from gateway.cache.evictor import Evictor
from gateway.cache.keys import KeyMaker
from gateway.server.siblings import MISSED, Channel, channel_pair
from tests.sandbox.writing import new_id
from tests.support.commands import free_port, running, until, wait_for
from tests.support.metrics import scrape
from tests.support.platform_changes import changing
from tests.support.webhooks import HEADER, PATH, SECRET, Sender, customer_event

QUERY = '{ customer(by: {externalId: "C-TEN"}) { customerId promotions(first: 1) { totalCount } } }'
EVICTED = 'gateway_cache_evictions_total{subject="customer"}'
CALLS = 'gateway_upstream_calls_total{endpoint="promotionData",outcome="2xx"}'
_KEYS = KeyMaker(b"a secret of the tests")


def _evictor() -> Evictor:
    return Evictor(Evictions(_KEYS))


@pytest.mark.anyio
async def test_an_eviction_reaches_the_sibling() -> None:
    """With the event, which is not taken by the sibling again."""
    own, other = channel_pair()
    first, second = _evictor(), _evictor()
    received = asyncio.Event()

    def receive(message: bytes) -> None:
        second.receive(message)
        received.set()

    channels = Channel(own, first.receive), Channel(other, receive)
    for channel in channels:
        channel.open()
    first.send = channels[0].send
    assert await first.evict_customer(1, "an event")
    await received.wait()
    customer = second.evictions.customer(1)
    assert second.evictions.of(customer) == second.evictions.position == 1
    assert not await second.evict_customer(1, "an event")
    for channel in channels:
        channel.close()


@pytest.mark.anyio
async def test_what_a_sibling_could_not_be_told_drops_everything() -> None:
    """Its socket was full: it drops all that it has, after what it has been told."""
    own, other = channel_pair()
    missed = asyncio.Event()
    second = _evictor()

    def receive(message: bytes) -> None:
        second.receive(message)
        if message == MISSED:
            missed.set()

    sender, receiver = Channel(own, receive), Channel(other, receive)
    message = b'[["p1"],"' + b"x" * 500 + b'"]'
    for _ in range(5_000):
        sender.send(message)
    receiver.open()
    await missed.wait()
    assert second.evictions.counts[EVERYTHING] == 1
    assert 0 < second.evictions.counts["p"] < 5_000
    sender.send(message)
    receiver.close()
    sender.send(message)
    sender.close()


@pytest.mark.parametrize("message", [b"", b"[", b"{}", b'[["p1", 2]]', MISSED])
def test_a_message_that_cannot_be_read_drops_everything(message: bytes) -> None:
    """Whatever it was, something was to be dropped."""
    evictor = _evictor()
    evictor.receive(message)
    assert evictor.evictions.counts[EVERYTHING] == 1


def test_an_event_that_one_worker_takes_drops_in_both(sandbox_url: str) -> None:
    """Two workers of one supervisor, each with a cache of its own, and without Redis."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "GATEWAY_UPSTREAM_URL": sandbox_url,
        "GATEWAY_UPSTREAM_USERNAME": "sandbox",
        "GATEWAY_UPSTREAM_PASSWORD": "sandbox",
        "GATEWAY_CACHE_CUSTOMER_TTL_S": "600",
        "GATEWAY_WEBHOOK_SECRET": SECRET,
        "GATEWAY_PORT": str(port),
        "GATEWAY_WORKERS": "2",
    }

    with running("serve", variables=settings) as command, ExitStack() as stack:
        wait_for(f"{url}/readyz", command)
        # A connection stays with the worker that has accepted it: one whose query makes a call is
        # the first one of its worker.
        workers: list[Sender] = []

        def calls() -> float:
            return scrape(url)[CALLS]

        def have_both() -> bool:
            before, sender = calls(), stack.enter_context(Sender(url))
            _ask(sender)
            if calls() > before:
                workers.append(sender)
            return len(workers) == 2

        assert until(have_both)
        first, second = workers
        event = customer_event(_ask(first), eventId="one")
        assert (calls(), first.send(event)) == (2, "evicted")
        assert until(lambda: scrape(url)[EVICTED] == 2)
        for number in (4, 4):
            for worker in workers:
                _ask(worker)
            assert calls() == number
        assert second.send(event) == "repeated"
        assert command.end() == 0
    assert command.is_gone()
    assert "Traceback" not in command.err


@pytest.mark.verify
def test_a_changed_promotion_of_the_successor_shows_in_all_workers() -> None:
    """Each has a catalogue of its own, and searches by itself."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with changing() as platform:
        settings = {
            "GATEWAY_UPSTREAM_URL": platform.url,
            "GATEWAY_UPSTREAM_USERNAME": "sandbox",
            "GATEWAY_UPSTREAM_PASSWORD": "sandbox",
            "GATEWAY_DEFINITIONS": "both",
            "GATEWAY_WEBHOOK_SECRET": SECRET,
            "GATEWAY_PORT": str(port),
            "GATEWAY_WORKERS": "2",
        }
        with running("serve", variables=settings) as command:
            wait_for(f"{url}/readyz", command)
            assert "new" not in {_description(url) for _ in range(10)}
            target = {"url": url + PATH, "header": HEADER, "secret": SECRET}
            platform.client.put("/__webhook", json=target).raise_for_status()
            platform.change(9030, new_id("C-ENROL"), description="new")
            assert until(lambda: {_description(url) for _ in range(10)} == {"new"})
            searches = [each for each in platform.requested("promotionsV3") if "search" in each]
            assert 1 <= len(searches) <= 2
            assert command.end() == 0


def _description(url: str) -> str:
    """Return the description of a promotion, from whichever worker takes the connection."""
    one = (
        f'{{ promotion(programId: "9030", promotionId: "{new_id("C-ENROL")}") {{ description }} }}'
    )
    with Sender(url) as sender:
        answer = sender.http.post("/graphql", json={"query": one}).json()
    found: str = answer["data"]["promotion"]["description"]
    return found


def _ask(sender: Sender) -> str:
    answer = sender.http.post("/graphql", json={"query": QUERY}).json()
    found: str = answer["data"]["customer"]["customerId"]
    return found
