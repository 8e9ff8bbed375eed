"""What generated code is made of: where it stands, the variables of an object, and its way out."""

from typing import Any, NamedTuple

from graphql import GraphQLObjectType


class UnexpectedError(Exception):
    """The generated code has met something that only the exact execution can tell."""


class Place(NamedTuple):
    """Where the code stands in the answer: a variable that holds a path, and steps from there."""

    variable: str | None
    steps: str = ""

    def at(self, key: str) -> "Place":
        """Give the place one step below."""
        return self._replace(steps=f"{self.steps}, {key}")

    @property
    def text(self) -> str:
        """Write the path."""
        return f"(*{self.variable}{self.steps},)"


class Source:
    """The variables of an object: its view, and its payload, which is read when first needed."""

    def __init__(self, kind: GraphQLObjectType, name: str, *, is_payload: bool) -> None:
        self.kind, self.view = kind, name
        self._payload = name if is_payload else f"p{name}"
        self._is_read = is_payload

    @property
    def payload(self) -> str:
        """Write the payload, which is read from the view the first time."""
        if self._is_read:
            return self._payload
        self._is_read = True
        return f"({self._payload} := {self.view}.payload)"


def absent(value: object) -> None:
    """Give null for null; what is of another class than declared is left to `Exact`."""
    if value is not None:
        raise UnexpectedError


def never() -> None:
    """Leave to `Exact` what is null where it must not be."""
    raise UnexpectedError


def as_list(items: object) -> list[Any]:
    """Give a tuple as a list; what is neither is left to `Exact`."""
    if isinstance(items, tuple):
        return list(items)
    raise UnexpectedError
