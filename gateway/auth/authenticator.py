"""Who asks: nobody in particular, or the bearer of a token."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, Self

from gateway.context import Caller, Role


class HeaderLookup(Protocol):
    """The header lines of a request, by names in whichever case."""

    def get(self, name: str, /) -> str | None:
        """Return the first value, None where there is none."""
        ...

    def getlist(self, name: str, /) -> list[str]:
        """Return all values."""
        ...


class Authenticator(Protocol):
    """Tells who asks."""

    async def caller(self, headers: HeaderLookup) -> Caller:
        """Tell who sends a request with these headers.

        Raises UnauthenticatedError where that is not shown as it must be.
        """
        ...

    async def __aenter__(self) -> Self:
        """Begin."""
        ...

    async def __aexit__(self, *_: object) -> None:
        """End what is in flight."""
        ...


@dataclass(frozen=True)
class Anonymous:
    """Everybody is the same, but for the credential in the `handed_on` headers."""

    roles: frozenset[Role]
    handed_on: tuple[str, ...]

    @cached_property
    def _anybody(self) -> Caller:
        return Caller(self.roles)

    async def caller(self, headers: HeaderLookup) -> Caller:
        """Tell what everybody may, and what this one has brought for the platform."""
        if not self.handed_on:
            return self._anybody
        held = ((name, headers.get(name)) for name in self.handed_on)
        return Caller(self.roles, tuple((name, value) for name, value in held if value))

    async def __aenter__(self) -> Self:
        """Nothing is in flight."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is in flight."""
