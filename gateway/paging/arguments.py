"""What a connection is asked for: ``first``, ``after``, ``last``, ``before``."""

from typing import NamedTuple, Self

from gateway.errors import BadUserInputError
from gateway.paging.cursor import Binding
from gateway.paging.position import Position

DEFAULT_SIZE = 20
LARGEST_SIZE = 100


class ConnectionArguments(NamedTuple):
    """The arguments that every connection has, as they came."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None


class PageRequest(NamedTuple):
    """A checked request for `size` items, 0..100, between two exclusive positions."""

    size: int
    backward: bool
    after: Position | None
    before: Position | None

    @classmethod
    def check(cls, asked: ConnectionArguments, binding: Binding, segments: int = 1) -> Self:
        """Check the arguments before anything is fetched.

        Without `first` and `last` a page has 20 items, the nearest to the one cursor that is given.
        Raises BadUserInputError, which names the argument, or CursorInvalidError.
        """
        first, after, last, before = asked
        if first is not None and last is not None:
            raise BadUserInputError("first, last: give one of them, not both.")
        for name, size in (("first", first), ("last", last)):
            if size is not None and not 0 <= size <= LARGEST_SIZE:
                raise BadUserInputError(f"{name}: it must be from 0 to {LARGEST_SIZE}.")
        backward = last is not None or (first is None and after is None and before is not None)
        size = last if last is not None else first
        return cls(
            DEFAULT_SIZE if size is None else size,
            backward,
            None if after is None else binding.read("after", after, segments),
            None if before is None else binding.read("before", before, segments),
        )
