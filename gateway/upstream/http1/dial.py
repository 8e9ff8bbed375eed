"""Connecting to a host with several addresses: the first that accepts is used (RFC 8305).

asyncio's own implementation does not exist on uvloop.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from itertools import chain, zip_longest
from typing import Any

STAGGER_S = 0.25

Address = tuple[Any, ...]
Resolve = Callable[[str, int], Awaitable[Iterable[tuple[socket.AddressFamily, Address]]]]


async def resolve(host: str, port: int) -> list[tuple[socket.AddressFamily, Address]]:
    """Return a host's addresses in the order of the system's resolver; raise OSError if none."""
    loop = asyncio.get_running_loop()
    infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _type, _protocol, _name, address in infos]


async def dial(
    host: str, port: int, resolve: Resolve = resolve, stagger_s: float = STAGGER_S
) -> socket.socket:
    """Connect to one of a host's addresses, starting with another one every `stagger_s`.

    Raise OSError where none accepts. A cancellation leaves no socket open.
    """
    attempts: set[asyncio.Task[socket.socket]] = set()
    failure: BaseException = OSError("the host has no address")
    addresses = interleaved(await resolve(host, port))
    try:
        while addresses or attempts:
            if addresses:
                attempts.add(asyncio.create_task(_connect(*addresses.pop(0))))
            done, attempts = await asyncio.wait(
                attempts,
                timeout=stagger_s if addresses else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            connected = [task for task in done if task.exception() is None]
            if connected:
                attempts.update(connected[1:])
                return connected[0].result()
            for task in done:
                failure = task.exception() or failure
        if isinstance(failure, OSError):
            raise failure
        raise OSError("the host cannot be connected to") from failure
    finally:
        for task in attempts:
            task.cancel()
        for result in await asyncio.gather(*attempts, return_exceptions=True):
            if isinstance(result, socket.socket):
                result.close()


def interleaved(
    addresses: Iterable[tuple[socket.AddressFamily, Address]],
) -> list[tuple[socket.AddressFamily, Address]]:
    """Return the addresses with their families alternating, beginning with the first one's."""
    by_family: dict[socket.AddressFamily, list[tuple[socket.AddressFamily, Address]]] = {}
    for family, address in addresses:
        by_family.setdefault(family, []).append((family, address))
    alternating = chain.from_iterable(zip_longest(*by_family.values()))
    return [address for address in alternating if address is not None]


async def _connect(family: socket.AddressFamily, address: Address) -> socket.socket:
    connecting = socket.socket(family, socket.SOCK_STREAM)
    try:
        connecting.settimeout(0)
        await asyncio.get_running_loop().sock_connect(connecting, address)
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        connecting.close()
        raise
    return connecting
