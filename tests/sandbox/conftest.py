"""One sandbox for all tests that leave it as they found it."""

from collections.abc import Iterator

import pytest

from gateway.sandbox.world import World
from tests.sandbox.client import TODAY, SandboxClient, serving


@pytest.fixture(scope="session")
def world() -> World:
    """Make the world that the shared sandbox tells of."""
    return World.generate(today=TODAY)


@pytest.fixture(scope="session")
def sandbox(world: World) -> Iterator[SandboxClient]:
    """Return a client of the shared sandbox, whose clock stands still."""
    with serving(world=world) as client:
        yield client
