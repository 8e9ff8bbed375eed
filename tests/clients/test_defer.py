"""Apollo Client and urql read both parts of a response with ``@defer``."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.responses import Response

from tests.support.graph import serve_gateway
from tests.support.held import Held
from tests.support.javascript import CLIENTS
from tests.support.scripted_platform import platform

pytestmark = [pytest.mark.verify, pytest.mark.timeout(300), pytest.mark.usefixtures("npm")]

READERS = pytest.mark.parametrize(
    ("client", "accepted"),
    [
        ("Defer20220824Handler", "multipart/mixed;deferSpec=20220824"),
        ("GraphQL17Alpha9Handler", "multipart/mixed;incrementalSpec=v0.2"),
        ("urql", "multipart/mixed"),
    ],
)


@contextmanager
def states(gateway_url: str, client: str) -> Iterator[Iterator[dict[str, Any]]]:
    """Run a client; yield the states that it renders, each as soon as it does."""
    node = shutil.which("node")
    assert node, "node is missing"
    with subprocess.Popen(  # noqa: S603 - our own script
        [node, "defer.mjs", gateway_url, client], cwd=CLIENTS, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield map(json.loads, process.stdout)
            assert process.wait(20) == 0
        finally:
            process.kill()


@READERS
def test_the_first_part_is_rendered_before_the_others_are_there(client: str, accepted: str) -> None:
    """Names while the platform holds the definitions, and then the definitions."""
    with (
        platform() as (scripted, url),
        serve_gateway(url, upstream_deadline_s=60, shutdown_grace_s=61) as gateway,
    ):
        held = Held(scripted, "promotionsV2")
        with states(gateway, client) as shown:
            first = next(shown)
            assert accepted in first["accept"]
            assert len([one["name"] for one in first["promotions"]]) == 3
            assert not first["isComplete"]
            assert [one.get("definition") for one in first["promotions"]] == [None] * 3
            held.let_go.set()
            *_, last = shown
    assert last["isComplete"]
    assert all(one["definition"]["status"] for one in last["promotions"])
    assert last["codes"] == []


@READERS
def test_the_error_of_a_part_is_rendered_beside_the_first_part(client: str, accepted: str) -> None:
    """The page stays, and the code is there."""
    with platform() as (scripted, url), serve_gateway(url) as gateway:
        scripted.responses["promotionsV2"] = Response(status_code=500)
        with states(gateway, client) as shown:
            *_, last = shown
    assert accepted in last["accept"]
    assert len(last["promotions"]) == 3
    assert [one["definition"] for one in last["promotions"]] == [None] * 3
    assert set(last["codes"]) == {"UPSTREAM_UNAVAILABLE"}
