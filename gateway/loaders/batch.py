"""How a loader settles its keys: each with its result or its own error, all at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from gateway.errors import GatewayError

K = TypeVar("K")
R = TypeVar("R")


async def settle(keys: Sequence[K], load: Callable[[K], Awaitable[R]]) -> list[R | GatewayError]:
    """Load every key concurrently; an error of the gateway's own is its key's result.

    Anything else is a mistake in the gateway and ends them all.
    """
    results = await asyncio.gather(*map(load, keys), return_exceptions=True)
    settled: list[R | GatewayError] = []
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, GatewayError):
            raise result
        settled.append(result)
    return settled
