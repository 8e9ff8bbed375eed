"""The arguments of a connection: ``first``, ``after``, ``last``, ``before``, and their check."""

from enum import Enum
from typing import NamedTuple, Self

from gateway.errors import BadUserInputError
from gateway.pagination.cursor import Binding
from gateway.pagination.position import Position

DEFAULT_SIZE = 20
MAX_SIZE = 100


class ConnectionArguments(NamedTuple):
    """The arguments that every connection has, not yet checked."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None


HAS_NEXT_PAGE = "pageInfo.hasNextPage"
HAS_PREVIOUS_PAGE = "pageInfo.hasPreviousPage"


class PageFields(NamedTuple):
    """The selected fields of a page, by path, that change what is fetched.

    `own` are those of the selection itself, `shared` those of other selections of the same page.
    """

    own: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()

    def merge(self, other: "PageFields") -> "PageFields":
        """Return the union of two selections' fields."""
        return PageFields(self.own | other.own, self.shared | other.shared)


ALL_FIELDS = PageFields(frozenset({HAS_NEXT_PAGE, HAS_PREVIOUS_PAGE}))


class LookAhead(Enum):
    """Whether the item beyond the page is fetched, which tells that there are more.

    `SPARE`: only within the page's own calls, so that two selections of a page have equal windows.
    """

    NONE = "NONE"
    SPARE = "SPARE"
    NEEDED = "NEEDED"


# A member of an enum is looked up in its class, a global is not.
_NONE, _SPARE, _NEEDED = LookAhead


class PageRequest(NamedTuple):
    """A checked request for `size` items, 0..100, between two exclusive positions."""

    size: int
    backward: bool
    after: Position | None
    before: Position | None
    look_ahead: LookAhead = LookAhead.NEEDED

    @property
    def is_start(self) -> bool:
        """Whether it is for a list's first items, which may take one window."""
        return self.after is None and self.before is None and not self.backward

    @classmethod
    def check(
        cls,
        arguments: ConnectionArguments,
        binding: Binding,
        segments: int = 1,
        fields: PageFields = ALL_FIELDS,
    ) -> Self:
        """Check the arguments, before anything is fetched.

        Without `first` and `last` the page has 20 items, the nearest to the only cursor, if any.
        Raise BadUserInputError, which names the argument, or CursorInvalidError.
        """
        first, after, last, before = arguments
        if first is not None and last is not None:
            raise BadUserInputError("last", "it must not be combined with first.")
        backward = last is not None or (first is None and after is None and before is not None)
        size = last if last is not None else first
        if size is not None and not 0 <= size <= MAX_SIZE:
            name = "first" if last is None else "last"
            raise BadUserInputError(name, f"it must be from 0 to {MAX_SIZE}.")
        beyond = HAS_PREVIOUS_PAGE if backward else HAS_NEXT_PAGE
        shared = _SPARE if beyond in fields.shared else _NONE
        return cls(
            DEFAULT_SIZE if size is None else size,
            backward,
            None if after is None else binding.read("after", after, segments),
            None if before is None else binding.read("before", before, segments),
            _NEEDED if beyond in fields.own else shared,
        )


def window_size(places: int, look_ahead: LookAhead) -> int:
    """Return the limit of the windows for a number of places and, in the same calls, one more.

    It is at least 1: the response to an empty page has the customer's id and the list's total.
    """
    # Windows have up to 100 items and overlap by one, so that one more item takes another window
    # only where the first one is full.
    has_room = places != MAX_SIZE and look_ahead is not _NONE
    return max(1, places + has_room)


def page_size(first: int | None, last: int | None) -> int:
    """Return the maximum number of items of a page, 0..100; others are refused later."""
    size = first if first is not None else last
    return DEFAULT_SIZE if size is None else max(0, min(size, MAX_SIZE))


def max_windows(first: int | None, last: int | None, before: bool) -> int:  # noqa: FBT001 - an argument of the graph
    """Return the maximum number of windows of a page in one segment whose total is right.

    A page from the start takes one, except where there is no room for the cursor's own item and
    the one beyond; a page from the end may have to find the end first.
    """
    backward = last is not None or (first is None and before)
    return 2 if backward or page_size(first, last) > MAX_SIZE - 2 else 1
