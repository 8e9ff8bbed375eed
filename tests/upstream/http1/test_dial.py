"""Connecting to a host with several addresses."""

import asyncio
import socket

import pytest

from gateway.upstream.http1.dial import dial, interleaved

pytestmark = pytest.mark.anyio

V4, V6 = socket.AF_INET, socket.AF_INET6
Found = list[tuple[socket.AddressFamily, tuple[str, int]]]


class Listener:
    """A port that listens, and one that does not."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            self.closed: int = unused.getsockname()[1]

    @property
    def port(self) -> int:
        """Return the port that listens."""
        port: int = self.socket.getsockname()[1]
        return port


async def _dial(found: Found, stagger_s: float = 60.0) -> int:
    """Dial these addresses, and return the port that was reached."""

    async def resolve(_host: str, _port: int) -> Found:
        return found

    with await dial("platform.example", 80, resolve, stagger_s) as connected:
        assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        port: int = connected.getpeername()[1]
        return port


def test_families_take_turns_and_the_first_leads() -> None:
    """A family that is unreachable costs one attempt, not one for each address."""
    found: Found = [(V6, ("a", 1)), (V6, ("b", 1)), (V6, ("c", 1)), (V4, ("d", 1))]
    assert [address[0] for _, address in interleaved(found)] == ["a", "d", "b", "c"]


async def test_an_address_that_refuses_is_passed_over_at_once() -> None:
    """A failed attempt is followed by the next without a delay."""
    listener = Listener()
    with listener.socket:
        found: Found = [(V4, ("127.0.0.1", listener.closed)), (V4, ("127.0.0.1", listener.port))]
        assert await asyncio.wait_for(_dial(found), 5) == listener.port


async def test_an_address_that_does_not_answer_is_overtaken() -> None:
    """The next attempt runs beside it, and the slow one is cancelled."""
    listener = Listener()
    # Nothing answers there: a queue of one that nobody takes from, and which is full.
    with listener.socket, socket.create_server(("127.0.0.1", 0), backlog=0) as silent:
        full = [socket.socket() for _ in range(3)]
        for one in full:
            one.setblocking(False)  # noqa: FBT003 - the standard library's own parameter
            one.connect_ex(silent.getsockname())
        found: Found = [(V4, silent.getsockname()), (V4, ("127.0.0.1", listener.port))]
        assert await asyncio.wait_for(_dial(found, stagger_s=0.01), 5) == listener.port
        for one in full:
            one.close()


async def test_a_host_that_cannot_be_reached_is_an_error() -> None:
    """The last attempt's error is raised, or an OSError where there is no address."""
    listener = Listener()
    with listener.socket, pytest.raises(ConnectionRefusedError):
        await _dial([(V4, ("127.0.0.1", listener.closed))] * 2)
    with pytest.raises(OSError, match="no address"):
        await _dial([])


async def test_a_name_is_resolved_by_the_system() -> None:
    """The system's resolver is used."""
    listener = Listener()
    with listener.socket, await dial("localhost", listener.port) as connected:
        assert connected.getpeername()[1] == listener.port
