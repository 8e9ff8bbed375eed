"""How a loader settles its keys: each with its result or its own error, all at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from gateway.errors import GatewayError

K = TypeVar("K")
R = TypeVar("R")


async def settle(keys: Sequence[K], load: Callable[[K], Awaitable[R]]) -> list[R | GatewayError]:
    """Load every key concurrently, one alone at once; an error of the gateway's own is its result.

    Anything else is a mistake in the gateway and ends them all.
    """
    if len(keys) > 1:
        return await settle_later(keys, load)
    try:
        return [await load(key) for key in keys]
    except GatewayError as error:
        return [error]


async def settle_later(
    keys: Sequence[K], load: Callable[[K], Awaitable[R]]
) -> list[R | GatewayError]:
    """Do the same, but begin when all that is ready has run: for who looks at what others ask."""
    results = await asyncio.gather(*map(load, keys), return_exceptions=True)
    settled: list[R | GatewayError] = []
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, GatewayError):
            raise result
        settled.append(result)
    return settled
