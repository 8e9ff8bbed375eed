"""Loaders that batch, and how they settle their keys: each with its result or its own error."""

import asyncio
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar
from weakref import ref

from strawberry.dataloader import DataLoader

from gateway.errors import GatewayError

K = TypeVar("K")
R = TypeVar("R")


class BatchLoader(DataLoader[K, R]):
    """A DataLoader whose results are freed with its request.

    Strawberry's own and the method that loads hold each other, so that the pages of dozens of
    requests, megabytes each, would wait for Python's collector.
    """

    def __init__(self) -> None:
        itself = ref(self)

        async def load(keys: list[K]) -> Sequence[R | BaseException]:
            loader = itself()
            assert loader is not None  # noqa: S101 - the batch holds it
            return await loader._load(keys)  # noqa: SLF001 - it is the same one

        super().__init__(load)

    @abstractmethod
    async def _load(self, keys: list[K]) -> Sequence[R | BaseException]:
        """Return each key's result, or its error, in the order of the keys."""


async def settle(keys: Sequence[K], load: Callable[[K], Awaitable[R]]) -> list[R | GatewayError]:
    """Load every key concurrently, one alone at once; an error of the gateway's own is its result.

    Anything else is a mistake in the gateway and ends them all.
    """
    if len(keys) != 1:
        return await settle_later(keys, load)
    try:
        return [await load(keys[0])]
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
