"""A client of the shared gateway."""

import logging
from collections.abc import Iterator

import httpx
import pytest

from gateway.telemetry import configure_logging, reset_logging
from tests.http.client import client
from tests.http.logged import Lines


@pytest.fixture(scope="session")
def http(gateway_url: str) -> Iterator[httpx.Client]:
    """Give a client of the shared gateway that knows only HTTP."""
    with client(gateway_url) as http:
        yield http


@pytest.fixture
def log() -> Iterator[Lines]:
    """Listen to the log as an operator of a container does."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    lines = Lines()
    configure_logging("json", stream=lines.stream)
    yield lines
    root.handlers[:] = before
    root.setLevel(level)
    reset_logging()
