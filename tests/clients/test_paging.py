"""Real clients that page through a list which moves, or fails: the state of their caches."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import httpx
import pytest

from gateway.sandbox.app import create_sandbox
from gateway.sandbox.world import World
from tests.pagination.sandbox_list import SandboxList, borrowed
from tests.sandbox.client import NOW, TODAY
from tests.support.graph import serve_gateway
from tests.support.http_client import TLS
from tests.support.javascript import CLIENTS
from tests.support.serving import serve

pytestmark = [pytest.mark.verify, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def upstream() -> Iterator[tuple[World, str]]:
    """Serve a world for this module only."""
    world = World.generate(today=TODAY)
    with serve(create_sandbox(world, clock=lambda: NOW)) as url:
        yield world, url


@pytest.fixture(scope="module")
def served(upstream: tuple[World, str]) -> Iterator[tuple[World, str]]:
    """Serve that world through a gateway."""
    world, sandbox_url = upstream
    with serve_gateway(sandbox_url) as url:
        yield world, url


@contextmanager
def _client(
    name: str, url: str, way: str, size: int, customer: str = "C-100"
) -> Iterator[subprocess.Popen[str]]:
    node = shutil.which("node")
    assert node
    command = [node, f"{name}.mjs", url, customer, way, str(size)]
    process = subprocess.Popen(  # noqa: S603 - the project's own scripts
        command, cwd=CLIENTS, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _walk(client: subprocess.Popen[str], change: Any) -> list[dict[str, Any]]:
    """Run a client page by page, with a change in between; return its output for each."""
    assert client.stdin
    assert client.stdout
    said: list[dict[str, Any]] = []
    for line in client.stdout:
        said.append(json.loads(line))
        if said[-1]["more"]:
            change()
            client.stdin.write("\n")
            client.stdin.flush()
    assert client.wait(timeout=10) == 0
    return said


def _changes(seed: int, moving: SandboxList, stayed: set[int]) -> Any:
    """Return a function that changes one to three items anywhere, four times."""
    random = Random(seed)  # noqa: S311 - a test that is to repeat itself

    def change() -> None:
        for _ in range(4):
            at = random.randrange(len(moving.items) + 1)
            (moving.insert if random.random() < 0.5 else moving.delete)(at, random.randint(1, 3))
        stayed.intersection_update(moving.ids)

    return change


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("way", ["forward", "backward"])
@pytest.mark.parametrize("name", ["relay", "apollo"])
def test_a_client_that_joins_pages_of_a_moving_list_has_each_item_once(
    npm: str, served: tuple[World, str], name: str, way: str, seed: int
) -> None:
    """The client's cache ends with no item twice, and all that stayed in the list."""
    world, url = served
    with borrowed(world, 150) as moving, _client(name, url, way, 20) as client:
        stayed = set(moving.ids)
        said = _walk(client, _changes(seed, moving, stayed))
        ids = [int(id_) for id_ in said[-1]["ids"]]
        assert len(said) >= 5
        assert len(ids) == len(set(ids))
        assert stayed <= set(ids)
        order = [id_ for id_ in ids if id_ in stayed]
        assert order == [id_ for id_ in moving.ids if id_ in stayed]
        drifts = {page["drift"] for page in said}
        assert "REPAIRED" in drifts
        assert "SUSPECTED" not in drifts


def _render(client: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what a client renders after its step."""
    assert client.stdout
    said: dict[str, Any] = json.loads(client.stdout.readline())
    return said


def _go_on(client: subprocess.Popen[str]) -> None:
    """Run a client's next step."""
    assert client.stdin
    client.stdin.write("\n")
    client.stdin.flush()


@pytest.mark.parametrize("client", ["apollo", "urql", "relay"])
def test_page_ones_cards_stay_while_page_two_fails(
    npm: str, upstream: tuple[World, str], served: tuple[World, str], client: str
) -> None:
    """A normalised cache keeps page one, and a retry fetches page two."""
    (_, sandbox_url), (_, url) = upstream, served
    with (
        httpx.Client(base_url=sandbox_url, trust_env=False, verify=TLS) as sandbox,
        _client("failing", url, client, 20, "C-101") as process,
    ):
        first = _render(process)
        assert sandbox.put("/__faults", json=["status=500"]).status_code == 200
        _go_on(process)
        failed = _render(process)
        assert sandbox.delete("/__faults").status_code == 204
        _go_on(process)
        second = _render(process)
    assert len(first["ids"]) == 20
    assert failed == first | {"error": "UPSTREAM_UNAVAILABLE"}
    assert second["error"] is None
    assert second["customer"] == first["customer"]
    assert second["ids"][:20] == first["ids"]
    assert len(set(second["ids"])) == 40
