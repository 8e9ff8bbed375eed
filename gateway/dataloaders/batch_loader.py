"""The base of the DataLoaders that batch their keys."""

from abc import abstractmethod
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, TypeVar

from strawberry.dataloader import DataLoader, DefaultCache

from gateway.telemetry.tracing import recording_span, span

K = TypeVar("K")
R = TypeVar("R")


class BatchLoader(DataLoader[K, R]):
    """A DataLoader with its load function as a method.

    Strawberry's own keeps the function in an attribute. A bound method there would be a reference
    cycle, and the pages of a request, megabytes each, would wait for the garbage collector.
    """

    def __init__(self) -> None:
        self._requested: DefaultCache[K, R] = DefaultCache()
        super().__init__(self.load_fn, cache_map=self._requested)
        del self.load_fn  # the attribute, which hides the method

    def load_fn(self, keys: list[K]) -> Awaitable[Sequence[R | BaseException]]:
        """Load a batch, in a span where the request is recorded."""
        return self.load_batch(keys) if recording_span() is None else self._load_traced(keys)

    async def _load_traced(self, keys: list[K]) -> Sequence[R | BaseException]:
        with span(f"batch {type(self).__name__}", {"gateway.batch.size": len(keys)}):
            return await self.load_batch(keys)

    @abstractmethod
    async def load_batch(self, keys: list[K]) -> Sequence[R | BaseException]:
        """Return each key's result, or its error, in the order of the keys."""

    @property
    def requested(self) -> Mapping[Any, Awaitable[R]]:
        """Return the results that are loaded or being loaded, by key."""
        return self._requested.cache_map
