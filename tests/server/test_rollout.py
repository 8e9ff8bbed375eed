"""A rollout as Kubernetes does it: endpoints lag behind, and nobody retries."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle

import httpx
import pytest

from tests.support.commands import Command, free_port, running, wait_for
from tests.support.http_client import TLS

BODY = {"query": "{ __typename }"}


@dataclass
class Endpoints:
    """The addresses that clients use, and what became of their requests."""

    urls: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@contextmanager
def replica(variables: dict[str, str]) -> Iterator[tuple[Command, str]]:
    """Run one replica; yield it once it is ready."""
    port = free_port()
    settings = {
        "GATEWAY_UPSTREAM_URL": "http://127.0.0.1:1",
        "GATEWAY_UPSTREAM_AUTH": "none",
        "GATEWAY_PORT": str(port),
    }
    with running("serve", variables=settings | variables) as command:
        url = f"http://127.0.0.1:{port}"
        assert wait_for(f"{url}/readyz", command).status_code == 200
        yield command, url


@contextmanager
def load(endpoints: Endpoints, interval_s: float) -> Iterator[None]:
    """Send a steady load from two clients: one keeps its connections, the other does not."""
    ended = threading.Event()

    def send(*, keeps: bool) -> None:
        limits = httpx.Limits(max_keepalive_connections=None if keeps else 0)
        with httpx.Client(trust_env=False, limits=limits, timeout=30, verify=TLS) as client:
            for number in cycle(range(1000)):
                if ended.wait(interval_s):
                    return
                urls = endpoints.urls
                try:
                    answer = client.post(f"{urls[number % len(urls)]}/graphql", json=BODY)
                    endpoints.statuses.append(answer.status_code)
                except httpx.TransportError as error:
                    endpoints.failures.append(repr(error))

    threads = [threading.Thread(target=send, kwargs={"keeps": keeps}) for keeps in (True, False)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def roll_out(
    replicas: int, rolled: int, variables: dict[str, str], lag_s: float, interval_s: float = 0.02
) -> Endpoints:
    """Replace `rolled` replicas, one after the other, under load."""
    endpoints = Endpoints()
    with ExitStack() as stack:
        running_ones = [stack.enter_context(replica(variables)) for _ in range(replicas)]
        endpoints.urls = [url for _, url in running_ones]
        with load(endpoints, interval_s):
            for _ in range(rolled):
                running_ones.append(stack.enter_context(replica(variables)))
                old, _ = running_ones.pop(0)
                endpoints.urls = [*endpoints.urls, running_ones[-1][1]]
                old.process.send_signal(signal.SIGTERM)
                time.sleep(lag_s)  # clients do not know yet
                endpoints.urls = [url for _, url in running_ones]
                assert old.end(0) == 0
    return endpoints


def test_a_rollout_refuses_no_request() -> None:
    """One replica is replaced, whose clients learn of it a second later."""
    done = roll_out(1, 1, {"GATEWAY_SHUTDOWN_DELAY_S": "3"}, lag_s=1.0)
    assert done.failures == []
    assert set(done.statuses) == {200}
    assert len(done.statuses) > 50


@pytest.mark.verify
@pytest.mark.alone
@pytest.mark.timeout(300)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_rollout_of_three_replicas_refuses_no_request(workers: str) -> None:
    """With the image's delay, and endpoints that lag two seconds."""
    variables = {"GATEWAY_SHUTDOWN_DELAY_S": "5", "GATEWAY_WORKERS": workers}
    done = roll_out(3, 3, variables, lag_s=2.0, interval_s=0.005)
    assert done.failures == []
    assert set(done.statuses) == {200}
    assert len(done.statuses) > 2000
