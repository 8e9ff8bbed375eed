"""Who sends a request: anybody, or the bearer of a token."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

from gateway.context import Caller, Role
from gateway.edge.http_request import HttpHeaders
from gateway.telemetry.metric import Samples


class KeyStatistics(NamedTuple):
    """The age of the keys of tokens, and how often they were requested, in vain or not."""

    age_s: float
    refreshes: int
    failures: int


def key_samples(keys: KeyStatistics | None) -> Samples:
    """Return the samples of `gateway_auth_…`; None: no keys are fetched."""
    keys = keys or KeyStatistics(math.nan, 0, 0)
    return {
        "gateway_auth_keys_age_seconds": [keys.age_s],
        "gateway_auth_key_refreshes_total": [keys.refreshes],
        "gateway_auth_key_refresh_failures_total": [keys.failures],
    }


class Authenticator(ABC):
    """Authenticates requests while it is open as a context manager."""

    @abstractmethod
    async def caller(self, headers: HttpHeaders) -> Caller:
        """Return the caller who sends these headers.

        Raise UnauthenticatedError for missing or refused credentials.
        """

    def samples(self) -> Samples:
        """Return the samples of `gateway_auth_…`."""
        return key_samples(None)

    @property
    def is_ready(self) -> bool:
        """Whether requests can be authenticated, or could be before."""
        return True

    async def reload(self) -> None:  # noqa: B027 - optional
        """Read keys again: nothing, unless a subclass does; raise SettingsError for a bad file."""

    async def __aenter__(self) -> Self:
        """Start what runs in the background: nothing, unless a subclass does."""
        return self

    async def __aexit__(self, *_: object) -> None:  # noqa: B027 - optional
        """Stop what runs in the background: nothing, unless a subclass does."""


@dataclass(frozen=True)
class Anonymous(Authenticator):
    """All callers have the same roles, and differ in the credentials in `credential_headers`."""

    roles: frozenset[Role]
    credential_headers: tuple[str, ...]

    @cached_property
    def _anybody(self) -> Caller:
        return Caller(self.roles)

    @cached_property
    def _names(self) -> list[tuple[str, bytes]]:
        return [(name, name.lower().encode("latin-1")) for name in self.credential_headers]

    async def caller(self, headers: HttpHeaders) -> Caller:
        """Return a caller with the roles of all, and with the credential for the platform."""
        if not self.credential_headers:
            return self._anybody
        values = ((name, headers.first(line)) for name, line in self._names)
        credential = tuple((name, value.decode("latin-1")) for name, value in values if value)
        return Caller(self.roles, credential)
