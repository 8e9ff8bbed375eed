"""Each hostile request gets its response soon, in the gateway's own words, and harms no other.

``pytest -s`` prints the table: the time of each response.
"""

import time
from collections.abc import Iterator

import pytest

from gateway.app import create_app
from gateway.server.http_protocol import LimitedHttpProtocol
from tests.security import hostile_bodies, hostile_requests
from tests.security.hostile_requests import PRIVATE, TYPENAME, Hostile, post
from tests.security.told import LEAKS, Lines, listening
from tests.support.graph import settings_for
from tests.support.raw_http import RawAnswer, connect, exchange, parse, send, until_closed
from tests.support.serving import serve

WITHIN_S = 0.3  # what the server of these tests waits for the rest of a request
SLOWEST_S = 2.0  # on a machine that runs other tests beside these
ENDING = [
    *hostile_requests.METHODS,
    *hostile_requests.LINES,
    *hostile_requests.HEADERS,
    *hostile_requests.SMUGGLING,
    *hostile_requests.ENCODINGS,
    *hostile_bodies.TYPES,
    *hostile_bodies.BODIES,
    *hostile_bodies.BATCHES,
    *hostile_bodies.QUERY_STRINGS,
    *hostile_bodies.ORIGINS,
]


class ImpatientProtocol(LimitedHttpProtocol):
    """The server's protocol with the short time limits of a test."""

    head_timeout_s = WITHIN_S
    body_timeout_s = WITHIN_S


@pytest.fixture(scope="module")
def log() -> Iterator[Lines]:
    """Return the lines that the gateway logs."""
    with listening() as lines:
        yield lines


@pytest.fixture(scope="module")
def url(sandbox_url: str, log: Lines) -> Iterator[str]:
    """Return the URL of a gateway that is served as in production, but for its time limits."""
    settings = settings_for(sandbox_url, graphiql=False, introspection=False)
    with serve(create_app(settings), ImpatientProtocol) as served:
        yield served


def check(hostile: Hostile, answer: RawAnswer, log: Lines) -> None:
    """Assert that a response is complete, and that neither it nor the log discloses anything."""
    assert (answer.status, answer.code) == (hostile.status, hostile.code), answer.body[:300]
    told = answer.body.decode() + str(answer.headers)
    for text in (told, *log.lines):
        assert LEAKS.search(text) is None, text
        assert not [word for word in PRIVATE if word in text], text
    assert len(told) < 20_000
    if hostile.status:
        assert len(answer.headers["x-request-id"]) == 32
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers
    if hostile.code:
        assert answer.headers["content-type"].startswith("application/json")
        assert answer.headers["cache-control"] == "private, no-store"


def is_alive(url: str) -> bool:
    """Return whether another request is answered soon."""
    began = time.monotonic()
    answer = exchange(url, post(TYPENAME))
    return b'"__typename":"Query"' in answer.body and time.monotonic() - began < SLOWEST_S


@pytest.fixture(scope="module")
def table() -> Iterator[list[tuple[float, str]]]:
    """Collect the seconds of each response, and print them at the end, slowest first."""
    rows: list[tuple[float, str]] = []
    yield rows
    for seconds, name in sorted(rows, reverse=True):
        print(f"{seconds * 1_000:8.1f} ms  {name}")  # noqa: T201 - `pytest -s` shows it


@pytest.mark.parametrize("hostile", ENDING, ids=lambda hostile: hostile.name)
def test_a_hostile_request_is_answered(
    url: str, log: Lines, hostile: Hostile, table: list[tuple[float, str]]
) -> None:
    """It has its status and code, discloses nothing, and other requests are served."""
    log.lines.clear()
    began = time.monotonic()
    answer = exchange(url, *hostile.pieces)
    seconds = time.monotonic() - began
    table.append((seconds, f"{hostile.name}: {hostile.status or 'closed'} {hostile.code or ''}"))
    check(hostile, answer, log)
    assert seconds < SLOWEST_S
    assert is_alive(url)


@pytest.mark.parametrize("hostile", hostile_requests.SLOW, ids=lambda hostile: hostile.name)
def test_a_slow_request_is_dropped(
    url: str, log: Lines, hostile: Hostile, table: list[tuple[float, str]]
) -> None:
    """It ends after its time limit, with a response where there was a request."""
    log.lines.clear()
    began = time.monotonic()
    with connect(url) as connection:
        send(connection, hostile.pieces)
        assert is_alive(url)
        answer = parse(until_closed(connection))
    seconds = time.monotonic() - began
    table.append((seconds, f"{hostile.name}: {hostile.status or 'closed'} {hostile.code or ''}"))
    check(hostile, answer, log)
    assert WITHIN_S * 0.9 < seconds < WITHIN_S + SLOWEST_S
    assert is_alive(url)


def test_the_table_is_large_and_without_repetition() -> None:
    """Cases have unique names."""
    names = [hostile.name for hostile in [*ENDING, *hostile_requests.SLOW]]
    assert len(set(names)) == len(names) > 120
