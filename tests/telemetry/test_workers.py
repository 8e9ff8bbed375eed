"""Several processes behind one socket: each serves the metrics of all."""

import os
import signal
import time

import pytest

from tests.support.commands import free_port, post, running, wait_for
from tests.support.metrics import scrape
from tests.support.workers import needs_proc, worker_pids

QUERY = '{ customer(by: {externalId: "C-ONE"}) { promotions(first: 1) { totalCount } } }'
OK = 'gateway_operations_total{operation="other",outcome="ok"}'
CALLS = 'gateway_upstream_calls_total{endpoint="promotionData",outcome="2xx"}'


@pytest.mark.verify
@needs_proc
def test_all_workers_are_counted_the_killed_one_too(sandbox_url: str) -> None:
    """Every scrape counts all operations before it, those of killed workers included."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "GATEWAY_UPSTREAM_URL": sandbox_url,
        "GATEWAY_UPSTREAM_USERNAME": "sandbox",
        "GATEWAY_UPSTREAM_PASSWORD": "sandbox",
        "GATEWAY_PORT": str(port),
        "GATEWAY_WORKERS": "2",
    }
    with running("serve", variables=settings) as command:
        wait_for(f"{url}/readyz", command)
        for asked in range(1, 11):
            assert post(f"{url}/graphql", QUERY).json()["data"]["customer"]
            assert scrape(url)[OK] == asked
        until = time.monotonic() + 30
        while (counted := scrape(url))["gateway_workers"] < 2 and time.monotonic() < until:
            time.sleep(0.05)
        assert (counted[OK], counted[CALLS], counted["gateway_workers"]) == (10, 10, 2)
        before = worker_pids(command.process.pid)
        os.kill(before[0], signal.SIGKILL)
        while worker_pids(command.process.pid) == before and time.monotonic() < until:
            time.sleep(0.05)
        for asked in range(11, 16):
            assert post(f"{url}/graphql", QUERY).json()["data"]["customer"]
            assert scrape(url)[OK] == asked
        while (counted := scrape(url))["gateway_workers"] < 2 and time.monotonic() < until:
            time.sleep(0.05)
        assert (counted[OK], counted[CALLS], counted["gateway_workers"]) == (15, 15, 2)
        assert command.end() == 0
    assert command.is_gone()
    assert "metrics_slots_exhausted" not in command.err
    assert "Traceback" not in command.err


@pytest.mark.verify
@pytest.mark.timeout(180)
@needs_proc
def test_a_worker_that_does_not_react_is_replaced_and_counted(sandbox_url: str) -> None:
    """It is ended after half a minute; the metric and the log have the reason."""
    port = free_port()
    settings = {
        "GATEWAY_UPSTREAM_URL": sandbox_url,
        "GATEWAY_UPSTREAM_AUTH": "none",
        "GATEWAY_PORT": str(port),
        "GATEWAY_ADMIN_PORT": str(free_port()),
        "GATEWAY_WORKERS": "2",
    }
    admin = f"http://127.0.0.1:{settings['GATEWAY_ADMIN_PORT']}"
    series = 'gateway_worker_restarts_total{reason="unresponsive"}'
    with running("serve", variables=settings) as command:
        wait_for(f"{admin}/readyz", command)
        until = time.monotonic() + 90
        while scrape(admin)["gateway_workers"] < 2 and time.monotonic() < until:
            time.sleep(0.05)
        stopped = worker_pids(command.process.pid)[0]
        os.kill(stopped, signal.SIGSTOP)
        while stopped in worker_pids(command.process.pid) and time.monotonic() < until:
            time.sleep(0.2)
        while scrape(admin)["gateway_workers"] < 2 and time.monotonic() < until:
            time.sleep(0.05)
        assert scrape(admin)[series] == 1
        assert command.end() == 0
    assert '"reason":"unresponsive"' in command.err
