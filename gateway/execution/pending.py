"""A field that is to be fetched, and how its value becomes data."""

from collections.abc import Awaitable
from typing import Any, Protocol

from gateway.execution.compiler.resolver_calls import Bound
from gateway.execution.compiler.selection import Selected

Path = tuple[Any, ...]


class TurnOverError(BaseException):
    """Ends the work on a value that takes too long without a turn for others.

    It passes through all that catches what costs a field: nothing is wrong with the value.
    """


class Complete(Protocol):
    """How a fetched value becomes data; both ways raise what is wrong with it."""

    def fetched(self, selected: Selected, value: Any, path: Path) -> Any:
        """Turn it into data at once; raises TurnOverError where that takes too long."""
        ...

    def fetched_by_turns(
        self, selected: Selected, value: Any, path: Path
    ) -> Awaitable[tuple[Any, list["Pending"], int]]:
        """Turn it into data with turns for others in between.

        Return what that leaves pending, too, and how much is encoded in it.
        """
        ...


class Pending:
    """A field that is to be fetched; its value goes into `target`, under its key.

    `owner` is the one whose value it was found in, `waits_for` how many were found in its own and
    are not complete, `inside` how many bytes those have that are. With `is_sealed` the value is
    encoded as soon as it is complete. Most have none of these four beside an owner.
    """

    target: dict[str, Any]
    owner: "Pending | None" = None
    waits_for = 0
    inside = 0
    is_sealed = False

    def __init__(self, selected: Selected, call: Bound, view: Any, path: Path) -> None:
        self.selected, self.call, self.view, self.path = selected, call, view, path
