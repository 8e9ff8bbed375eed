"""Pagination over lists that change: what cursors lose and repeat, and what offsets do.

Both page through the same lists, which change between two pages by the same seed. The gateway runs
whole, on the sandbox, over HTTP on the loopback; "offset" are cursors that hold only an offset.
"""

import argparse
import dataclasses
import json
import logging
import time
from random import Random

from gateway.sandbox.app import create_sandbox
from gateway.sandbox.world import World
from gateway.telemetry import configure_logging
from tests.pagination.moving import Figures, Seen, Source, Walk
from tests.pagination.sandbox_source import SandboxSource
from tests.sandbox.client import NOW, TODAY
from tests.support.graph import graph_over
from tests.support.serving import serve

LARGEST_CHANGE = 5
SIZES = (5, 10, 20, 50)


class OffsetCursors:
    """The same list, paged with plain offsets: one call a page."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def ids(self) -> list[int]:
        """Return the ids in order."""
        return self._source.ids

    def insert(self, at: int, count: int) -> None:
        """Insert items."""
        self._source.insert(at, count)

    def delete(self, at: int, count: int) -> None:
        """Delete items."""
        self._source.delete(at, count)

    def page(self, *, is_forward: bool, size: int, after: Seen | None) -> Seen:
        """Return the page at the offset where the last one ended."""
        ids = self.ids
        if is_forward:
            start = int(after.cursor) if after else 0
            stop = min(len(ids), start + size)
            following, has_more = stop, stop < len(ids)
        else:
            stop = min(len(ids), int(after.cursor)) if after else len(ids)
            start = max(0, stop - size)
            following, has_more = start, start > 0
        return Seen(ids[start:stop], None, str(following), has_more, "NONE", 1)


def change(source: Source, random: Random, changes: int) -> None:
    """Insert or delete up to five items at a time, anywhere, with equal probability."""
    for _ in range(changes):
        count = random.randint(1, LARGEST_CHANGE)
        at = random.randrange(len(source.ids) + 1)
        (source.insert if random.random() < 0.5 else source.delete)(at, count)


def run(source: Source, figures: Figures, random: Random, *, is_forward: bool) -> None:
    """Read a list to its end, and change it between two pages."""
    walk = Walk(source, is_forward, figures, is_strict=False)
    size = random.choice(SIZES)
    while walk.step(size):
        changes = random.randint(0, 4)
        change(source, random, changes)
        figures.changes += changes


def shown(figures: Figures) -> dict[str, float]:
    """Return the figures with the calls of a page."""
    return dataclasses.asdict(figures) | {"calls_per_page": round(figures.calls / figures.pages, 3)}


def main() -> None:
    """Run both, and print their figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--walks", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    configure_logging("json", logging.ERROR)
    logging.getLogger("gateway").setLevel(logging.ERROR)
    began = time.monotonic()
    gateway, offset = Figures(), Figures()
    world = World.generate(today=TODAY)
    with serve(create_sandbox(world, clock=lambda: NOW)) as url, graph_over(url) as graph:
        for number in range(given.walks):
            is_forward, is_program = bool(number % 2), bool(number // 2 % 2)
            for figures, wrap in ((gateway, None), (offset, OffsetCursors)):
                random = Random(f"{given.seed}/{number}")  # noqa: S311 - repeats itself
                length = random.randint(20, 400)
                source: Source = SandboxSource(graph, world, length, is_program=is_program)
                run(wrap(source) if wrap else source, figures, random, is_forward=is_forward)
    print(
        json.dumps(
            {
                "gateway": shown(gateway),
                "offset": shown(offset),
                "seconds": round(time.monotonic() - began),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
