"""Trusted operations that a reload adds have series of their own, in all workers."""

import json
import os
import signal
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import pytest

from gateway.telemetry.exposition import MetricTable
from gateway.telemetry.label_values import LabelValues
from gateway.telemetry.name_slots import NAME_BYTES, NameSlots
from gateway.telemetry.shared_metrics import SharedMetrics
from tests.support.commands import free_port, post, running, wait_for
from tests.support.examples import rarely
from tests.support.metrics import changed, scrape
from tests.support.workers import worker_pids

OK = 'gateway_operations_total{{operation="{}",outcome="ok"}}'
_COUNT = 'gateway_operation_duration_seconds_count{{operation="{}"}}'


def _until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("workers", [1, *rarely(2)])
def test_an_operation_that_a_reload_adds_is_counted_by_its_name(
    tmp_path: Path, workers: int
) -> None:
    """Also one that ran before, when it was not trusted; and the counters outlive a worker."""
    port, manifest = free_port(), tmp_path / "manifest.json"
    url = f"http://127.0.0.1:{port}"
    old, new = "query Old { __typename }", "query New { __typename }"
    manifest.write_text(json.dumps({"old": old}), "utf-8")
    settings = {
        "GATEWAY_UPSTREAM_URL": "http://127.0.0.1:1",
        "GATEWAY_UPSTREAM_AUTH": "none",
        "GATEWAY_PORT": str(port),
        "GATEWAY_WORKERS": str(workers),
        "GATEWAY_TRUSTED_DOCUMENTS": str(manifest),
    }

    def ask(query: str, number: int) -> None:
        for _ in range(number):
            assert post(f"{url}/graphql", query).json()["data"] == {"__typename": "Query"}

    def added(number: int) -> dict[str, float]:
        """Return under which names so many of the new operation are counted."""
        before = scrape(url)
        ask(new, number)
        grown = changed(before, scrape(url))
        series = {name: OK.format(name) for name in ("Old", "New", "other")}
        return {name: grown[each] for name, each in series.items() if each in grown}

    with running("serve", variables=settings) as command:
        wait_for(f"{url}/readyz", command)
        _until(lambda: scrape(url)["gateway_workers"] == workers)
        ask(old, 6)
        ask(new, 6)
        before = scrape(url)
        assert sum(n for name, n in before.items() if "worker_restarts" in name) == 0
        assert (before[OK.format("Old")], before[OK.format("other")]) == (6, 6)
        assert OK.format("New") not in before
        manifest.write_text(json.dumps({"new": new, "old": old}), "utf-8")
        command.process.send_signal(signal.SIGHUP)
        _until(lambda: added(16) == {"New": 16})  # every worker has reloaded
        ask(old, 6)
        after = scrape(url)
        assert after[OK.format("Old")] == 12
        assert after[_COUNT.format("New")] == after[OK.format("New")]
        assert added(6) == {"New": 6}
        if workers == 2:
            killed = worker_pids(command.process.pid)[0]
            os.kill(killed, signal.SIGKILL)
            _until(lambda: killed not in worker_pids(command.process.pid))
            _until(lambda: scrape(url)["gateway_workers"] == workers)
            _until(lambda: scrape(url)['gateway_worker_restarts_total{reason="signal"}'] == 1)
            assert added(6) == {"New": 6}
            assert scrape(url)[OK.format("New")] == after[OK.format("New")] + 12
        assert command.end() == 0
    assert "Traceback" not in command.err


def test_a_name_has_one_place_and_there_are_only_so_many() -> None:
    """What has none is counted as `other`."""
    slots = NameSlots(2)
    long = "n" * NAME_BYTES
    claimed = [slots.claim(name) for name in ("a", long, "", "b", "a", "c")]
    assert claimed == [0, None, None, 1, 0, None]
    assert slots.names() == ["a", "b"]
    assert NameSlots(0).claim("a") is None


def _claim(shared: SharedMetrics, names: list[str]) -> None:
    for name in names:
        shared.operation_names.claim(name)


def test_processes_that_claim_at_once_agree() -> None:
    """Each name has one place, whichever process claims it first."""
    shared = SharedMetrics(1, MetricTable(LabelValues(spare_operations=50)))
    spawn = get_context("spawn")
    names = [f"name{number}" for number in range(40)]
    processes = [
        spawn.Process(target=_claim, args=(shared, order)) for order in (names, names[::-1])
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
        assert process.exitcode == 0
    assert sorted(shared.operation_names.names()) == sorted(names)
    shared.close()
