"""The sandbox's faults, over connections that have been used before."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.faulty_platform import ask, calls, faulty
from tests.support.graph import Graph
from tests.support.raw_server import OK, Step, raw


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Graph, httpx.Client]]:
    """Serve a gateway with a short deadline on a sandbox, and return a client of each."""
    limits = {"upstream_deadline_s": 0.8, "upstream_max_response_bytes": 1_000_000}
    with faulty(**limits) as (graph, platform):
        yield graph, platform


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("reset", "UPSTREAM_UNAVAILABLE"),
        ("disconnect", "UPSTREAM_UNAVAILABLE"),
        ("truncate", "UPSTREAM_UNAVAILABLE"),
        ("truncate,at=0", "UPSTREAM_UNAVAILABLE"),
        ("truncate,framing=chunked", "UPSTREAM_UNAVAILABLE"),
        ("hang", "UPSTREAM_TIMEOUT"),
        ("drip,bytes_per_s=100", "UPSTREAM_TIMEOUT"),
        ("slow=1200", "UPSTREAM_TIMEOUT"),
        ("huge=2000000", "UPSTREAM_BAD_PAYLOAD"),
        ("gzip_bomb=2000000", "UPSTREAM_BAD_PAYLOAD"),
        ("status=503", "UPSTREAM_UNAVAILABLE"),
    ],
)
def test_a_fault_is_a_coded_error_and_the_next_call_is_served(
    served: tuple[Graph, httpx.Client], fault: str, code: str
) -> None:
    """A fault affects only the call that it is for."""
    graph, platform = served
    assert ask(graph) == "ok"
    platform.put("/__faults", json=[f"{fault},count=3"])
    assert ask(graph) == code
    platform.delete("/__faults")
    assert [ask(graph) for _ in range(3)] == ["ok"] * 3


def test_a_small_answer_in_gzip_is_unpacked() -> None:
    """A gzip response within the limit is decompressed."""
    with faulty("gzip_bomb=2000000") as (graph, platform):
        assert ask(graph) == "ok"
        assert calls(platform) == 1


@pytest.mark.anyio
async def test_a_redirect_is_not_followed_with_the_credential() -> None:
    """The host of a redirect is never called."""
    async with raw([Step(OK)]) as elsewhere:
        with faulty(f"status=302,location={elsewhere.url}") as (graph, _):
            assert ask(graph) == "UPSTREAM_BAD_PAYLOAD"
        assert elsewhere.requests == []
