"""The sandbox's lists as lists that a test may change between two pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from gateway.sandbox.world import World

POOL = "C-3000"  # whose promotions are put into other lists


@dataclass
class SandboxList:
    """A list of the sandbox's world: a customer's holdings, or a program's definitions.

    `items` is the world's own list, and changes in place; what is put in was never in it before.
    """

    items: list[Any]
    fresh: Iterator[Any] = field(repr=False)

    @property
    def ids(self) -> list[int]:
        """Give the promotions' ids in order."""
        return [getattr(item, "promotion", item).promotion_id for item in self.items]

    def insert(self, at: int, count: int) -> None:
        """Put so many new items in."""
        self.items[at:at] = [next(self.fresh) for _ in range(count)]

    def delete(self, at: int, count: int) -> None:
        """Take items out."""
        del self.items[at : at + count]


@contextmanager
def borrowed(world: World, size: int, *, is_program: bool = False) -> Iterator[SandboxList]:
    """Give C-100's list, or program 9100's, with so many items; put it back in the end."""
    pool, held = world.customer("externalId", POOL), world.customer("externalId", "C-100")
    if pool is None or held is None:
        raise LookupError("the world lacks a customer")
    fresh: Iterator[Any] = iter(pool.holdings)
    items: list[Any] = held.holdings
    if is_program:
        fresh = (holding.promotion for holding in pool.holdings)
        items = world.programs[9100].definitions
    kept = list(items)
    items[:] = [next(fresh) for _ in range(size)]
    try:
        yield SandboxList(items, fresh)
    finally:
        items[:] = kept
