"""What a connection is asked for: ``first``, ``after``, ``last``, ``before``."""

from enum import Enum
from typing import NamedTuple, Self

from gateway.errors import BadUserInputError
from gateway.pagination.cursor import Binding
from gateway.pagination.position import Position

DEFAULT_SIZE = 20
LARGEST_SIZE = 100


class ConnectionArguments(NamedTuple):
    """The arguments that every connection has, as they came."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None


HAS_NEXT_PAGE = "pageInfo.hasNextPage"
HAS_PREVIOUS_PAGE = "pageInfo.hasPreviousPage"


class PageFields(NamedTuple):
    """Which fields are selected of a page, by path, as far as they change what is fetched.

    `own` are those of the selection itself, `shared` those that other selections of the same page
    have.
    """

    own: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()

    def merge(self, other: "PageFields") -> "PageFields":
        """Return what is selected by this selection or by another one."""
        return PageFields(self.own | other.own, self.shared | other.shared)


ALL_FIELDS = PageFields(frozenset({HAS_NEXT_PAGE, HAS_PREVIOUS_PAGE}))


class LookAhead(Enum):
    """Whether a walk looks for the item beyond its page, which tells that there is more.

    `SPARE`: within the page's own calls alone, so that two selections of a page have equal windows.
    """

    NONE = "NONE"
    SPARE = "SPARE"
    NEEDED = "NEEDED"


_DO_NOT_LOOK = LookAhead.NONE  # a member is found by a search of its class, this is not


class PageRequest(NamedTuple):
    """A checked request for `size` items, 0..100, between two exclusive positions."""

    size: int
    backward: bool
    after: Position | None
    before: Position | None
    look_ahead: LookAhead = LookAhead.NEEDED

    @property
    def is_start(self) -> bool:
        """Whether it is for a list's first items, which one window may bring."""
        return self.after is None and self.before is None and not self.backward

    @classmethod
    def check(
        cls,
        asked: ConnectionArguments,
        binding: Binding,
        segments: int = 1,
        fields: PageFields = ALL_FIELDS,
    ) -> Self:
        """Check the arguments before anything is fetched.

        Without `first` and `last` a page has 20 items, the nearest to the one cursor that is given.
        Raises BadUserInputError, which names the argument, or CursorInvalidError.
        """
        first, after, last, before = asked
        if first is not None and last is not None:
            raise BadUserInputError("last", "it must not be combined with first.")
        backward = last is not None or (first is None and after is None and before is not None)
        size = last if last is not None else first
        if size is not None and not 0 <= size <= LARGEST_SIZE:
            name = "first" if last is None else "last"
            raise BadUserInputError(name, f"it must be from 0 to {LARGEST_SIZE}.")
        return cls(
            DEFAULT_SIZE if size is None else size,
            backward,
            None if after is None else binding.read("after", after, segments),
            None if before is None else binding.read("before", before, segments),
            _look_ahead(HAS_PREVIOUS_PAGE if backward else HAS_NEXT_PAGE, fields),
        )


def _look_ahead(path: str, fields: PageFields) -> LookAhead:
    if path in fields.own:
        return LookAhead.NEEDED
    return LookAhead.SPARE if path in fields.shared else LookAhead.NONE


def window_size(places: int, look_ahead: LookAhead) -> int:
    """Return how many items to ask for, to get so many `places` and, in the same calls, one more.

    A page of none asks for one item all the same: the answer tells whose list it is, and its total.
    """
    # Windows have up to 100 items and overlap by one, so that one more item takes another window
    # exactly where the first one is full.
    has_room = places != LARGEST_SIZE and look_ahead is not _DO_NOT_LOOK
    return max(1, places + has_room)


def page_size(first: int | None, last: int | None) -> int:
    """Return how many items a page can have, 0..100; what is out of range will be refused."""
    size = first if first is not None else last
    return DEFAULT_SIZE if size is None else max(0, min(size, LARGEST_SIZE))


def max_windows(first: int | None, last: int | None, before: bool) -> int:  # noqa: FBT001 - an argument of the graph
    """Return how many windows a page can take of one segment, which is as long as it says.

    A page from the start takes one, up to the size at which there is no room for a cursor's own
    item and the one beyond; one from the end may have to find the end first.
    """
    backward = last is not None or (first is None and before)
    return 2 if backward or page_size(first, last) > LARGEST_SIZE - 2 else 1
