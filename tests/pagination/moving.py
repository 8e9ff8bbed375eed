"""Pagination of a list that moves between the pages, and its invariants.

The model is the list itself. A run without SUSPECTED has shown every item that was in the list from
its first page to its last exactly once; and SUSPECTED must have a reason.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from gateway.pagination.position import MAX_REPAIR, Position

REACH = 99  # what is found whatever else is gone; the hundredth position takes one more neighbour
MOST_CALLS = 3


class Seen(NamedTuple):
    """A page in the model: ids in list order, and its cursor positions."""

    ids: list[int]
    position: Position | None
    cursor: str
    has_more: bool
    drift: str
    calls: int


class Source(Protocol):
    """A list that can be changed, and paged through."""

    @property
    def ids(self) -> list[int]:
        """Return the ids in order."""
        ...

    def insert(self, at: int, count: int) -> None:
        """Insert a number of new items."""

    def delete(self, at: int, count: int) -> None:
        """Remove items."""

    def page(self, *, is_forward: bool, size: int, after: Seen | None) -> Seen:
        """Return the page after another one, or before it where pagination is backward."""
        ...


@dataclass
class Figures:
    """Counts over many runs; `unsaid` counts faults that no page has reported."""

    walks: int = 0
    pages: int = 0
    changes: int = 0
    duplicates: int = 0
    misses: int = 0
    unsaid: int = 0
    repaired: int = 0
    suspected: int = 0
    calls: int = 0


@dataclass
class Walk:
    """One run over a list: what it has shown, and what was in the list all the time."""

    source: Source
    is_forward: bool
    figures: Figures = field(default_factory=Figures)
    is_strict: bool = True
    shown: list[int] = field(default_factory=list)
    stayed: set[int] = field(default_factory=set)
    last: Seen | None = None
    is_suspected: bool = False
    is_promised: bool = True
    pages: int = 0

    def __post_init__(self) -> None:
        """Create it for the list's current state."""
        self.stayed = set(self.source.ids)
        self.figures.walks += 1

    def notice(self) -> None:
        """Record what has been removed."""
        self.stayed &= set(self.source.ids)

    def step(self, size: int) -> bool:
        """Fetch one page; return whether there is another; at the end, check the run."""
        self.notice()
        expectation = self._must_be_exact()
        page = self.source.page(is_forward=self.is_forward, size=size, after=self.last)
        self._count(page)
        if self.is_strict:
            self._check(page, size, must_be_exact=expectation)
        self.shown = [*self.shown, *page.ids] if self.is_forward else [*page.ids, *self.shown]
        self.is_suspected |= page.drift == "SUSPECTED"
        self.last = page
        self.pages += 1
        assert self.pages < 2000, "the walk does not end"
        if not page.has_more:
            self._judge()
        return page.has_more

    def _check(self, page: Seen, size: int, *, must_be_exact: bool) -> None:
        assert len(page.ids) <= size
        assert len(page.ids) == len(set(page.ids))
        assert page.calls <= MOST_CALLS
        if page.drift == "NONE":
            assert page.calls <= 2 - (self.is_forward or self.last is not None)
        if must_be_exact:
            assert page.drift != "SUSPECTED"
        assert page.position is not None or not page.has_more
        ids = self.source.ids
        if page.drift != "SUSPECTED" and page.ids:
            edge = ids.index(page.ids[-1 if self.is_forward else 0])
            assert page.has_more is (edge + 1 < len(ids) if self.is_forward else edge > 0)

    def _must_be_exact(self) -> bool:
        """Whether the next page has no reason to report drift."""
        if self.last is None or self.last.position is None:
            return True
        position, ids = self.last.position, self.source.ids
        if position.repaired >= MAX_REPAIR:
            return False
        behind = position.before if self.is_forward else position.after
        survivors = [id_ for id_ in (position.promotion_id, *behind) if id_ in ids]
        if not survivors:
            return False
        shift = abs(ids.index(survivors[0]) - position.offset)
        if shift > 100:
            self.is_promised = False  # nobody can tell it from one that is gone
        return shift <= REACH

    def _count(self, page: Seen) -> None:
        self.figures.pages += 1
        self.figures.calls += page.calls
        self.figures.repaired += page.drift == "REPAIRED"
        self.figures.suspected += page.drift == "SUSPECTED"

    def _judge(self) -> None:
        self.notice()
        repeated = len(self.shown) - len(set(self.shown))
        missed = self.stayed - set(self.shown)
        self.figures.duplicates += repeated
        self.figures.misses += len(missed)
        if not self.is_suspected:
            self.figures.unsaid += repeated + len(missed)
        if self.is_strict and self.is_promised and not self.is_suspected:
            assert repeated == 0
            assert not missed
