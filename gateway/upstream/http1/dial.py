"""Connecting to a host that has several addresses: the first to answer wins (RFC 8305).

asyncio can do this by itself, but not on uvloop.
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
    """Return a host's addresses, by the system's resolver and in its order.

    Raises OSError where there are none.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _type, _protocol, _name, address in found]


async def dial(
    host: str, port: int, resolve: Resolve = resolve, stagger_s: float = STAGGER_S
) -> socket.socket:
    """Connect to one of a host's addresses; each next one is tried where those before take long.

    Raises OSError where none can be reached. Whoever is cancelled leaves no socket open.
    """
    trying: set[asyncio.Task[socket.socket]] = set()
    failure = OSError("the host has no address")
    left = interleaved(await resolve(host, port))
    try:
        while left or trying:
            if left:
                trying.add(asyncio.create_task(_connect(*left.pop(0))))
            done, trying = await asyncio.wait(
                trying,
                timeout=stagger_s if left else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            won = [task for task in done if task.exception() is None]
            if won:
                trying.update(won[1:])
                return won[0].result()
            for task in done:
                failure = _failure(task)
        raise failure
    finally:
        await _give_up(trying)


def interleaved(
    addresses: Iterable[tuple[socket.AddressFamily, Address]],
) -> list[tuple[socket.AddressFamily, Address]]:
    """Return the addresses with the families in turn, the one that came first leading."""
    by_family: dict[socket.AddressFamily, list[tuple[socket.AddressFamily, Address]]] = {}
    for family, address in addresses:
        by_family.setdefault(family, []).append((family, address))
    turns = chain.from_iterable(zip_longest(*by_family.values()))
    return [one for one in turns if one is not None]


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


def _failure(task: asyncio.Task[socket.socket]) -> OSError:
    error = task.exception()
    return error if isinstance(error, OSError) else OSError("the host cannot be connected to")


async def _give_up(trying: set[asyncio.Task[socket.socket]]) -> None:
    for task in trying:
        task.cancel()
    for ended in await asyncio.gather(*trying, return_exceptions=True):
        if isinstance(ended, socket.socket):
            ended.close()
