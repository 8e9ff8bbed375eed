"""The sandbox's lists, which a test may change between two pages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Self

from gateway.sandbox.world import World

POOL = "C-3000"  # whose promotions are put into other lists


@dataclass
class SandboxList:
    """A list of the sandbox's world: a customer's holdings, or a program's definitions.

    `items` is the world's own list, changed in place; inserted items were never in it before.
    """

    items: list[Any]
    fresh: Iterator[Any] = field(repr=False)

    @classmethod
    def of(cls, world: World, *, is_program: bool) -> Self:
        """Return C-100's list, or program 9100's, as it is."""
        pool, held = world.customer("externalId", POOL), world.customer("externalId", "C-100")
        if pool is None or held is None:
            raise LookupError("the world lacks a customer")
        if is_program:
            fresh = (replace(holding.promotion, program_id=9100) for holding in pool.holdings)
            return cls(world.programs[9100].definitions, fresh)
        return cls(held.holdings, iter(pool.holdings))

    @property
    def ids(self) -> list[int]:
        """Return the promotions' ids in order."""
        return [getattr(item, "promotion", item).promotion_id for item in self.items]

    def insert(self, at: int, count: int) -> None:
        """Insert a number of new items, or as many as there are left."""
        self.items[at:at] = islice(self.fresh, count)

    def delete(self, at: int, count: int) -> None:
        """Remove items."""
        del self.items[at : at + count]


@contextmanager
def borrowed(world: World, size: int, *, is_program: bool = False) -> Iterator[SandboxList]:
    """Return C-100's or program 9100's list with a number of items; restore it afterwards."""
    moving = SandboxList.of(world, is_program=is_program)
    kept = list(moving.items)
    moving.items[:] = islice(moving.fresh, size)
    try:
        yield moving
    finally:
        moving.items[:] = kept
