"""The sandbox's lists behind a gateway, for the model in `moving.py`."""

import base64
from itertools import islice

from gateway.pagination.position import Position, decode
from gateway.sandbox.world import World
from tests.pagination.listing import Listing, customer, program
from tests.pagination.moving import Seen
from tests.pagination.sandbox_list import SandboxList
from tests.support.graph import Graph

PAGE = "edges{cursor node{id}} drift pageInfo{hasNextPage hasPreviousPage startCursor endCursor}"


class SandboxSource:
    """C-100's promotions or program 9100's, for one test."""

    def __init__(self, graph: Graph, world: World, size: int, *, is_program: bool) -> None:
        root = program(9100) if is_program else customer("C-100")
        self._listing = Listing(graph, root, selection=PAGE)
        self._list = SandboxList.of(world, is_program=is_program)
        self._list.items[:] = islice(self._list.fresh, size)

    @property
    def ids(self) -> list[int]:
        """Return the promotions' ids in order."""
        return self._list.ids

    def insert(self, at: int, count: int) -> None:
        """Insert a number of new items, or as many as there are left."""
        self._list.insert(at, count)

    def delete(self, at: int, count: int) -> None:
        """Remove items."""
        self._list.delete(at, count)

    def page(self, *, is_forward: bool, size: int, after: Seen | None) -> Seen:
        """Return a page."""
        cursor = after.cursor if after else None
        if is_forward:
            page = self._listing.page(first=size, after=cursor)
        else:
            page = self._listing.page(last=size, before=cursor)
        following = page.info["endCursor" if is_forward else "startCursor"]
        return Seen(
            [_promotion_id(id_) for id_ in page.ids],
            _position(following) if following else None,
            following or "",
            page.edges[is_forward],
            page.drift,
            page.calls,
        )


def _promotion_id(global_id: str) -> int:
    return int(_bytes(global_id).decode().rpartition(":")[2])


def _position(cursor: str) -> Position:
    """Decode a cursor, which no client should: version, tag and owner come first."""
    return Position.from_numbers(decode(_bytes(cursor)[9:])[2:])


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
