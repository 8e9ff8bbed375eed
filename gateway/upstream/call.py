"""One GET request to the platform, as it passes from an endpoint down to the transport."""

import re
from abc import ABC, abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar
from urllib.parse import quote

from gateway.cache.entry import CachePolicy
from gateway.cache.evictions import PROMOTION, Evictions, Subject
from gateway.context import RequestContext
from gateway.errors import UpstreamError

T = TypeVar("T")

NOT_CACHED = CachePolicy(0.0)
_is_unreserved = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch


@dataclass(slots=True, eq=False)
class UpstreamCall(ABC, Generic[T]):
    """A request to an endpoint, and how its response is decoded; endpoints subclass it.

    `target` is the path with its query. `request` is the operation that makes the call. `subject`
    is what is requested, such as (program, promotion), without paging; the circuit breaker counts
    failures per subject (`resilience/circuit_scope.py`). `policy` is how long the response is
    cached; by default it is not.
    """

    endpoint: ClassVar[str]
    """The documented name of the endpoint, which errors, metrics and log lines carry."""
    is_low_priority: ClassVar[bool] = False
    """Whether it leaves the last calls of its operation's budget to calls of high priority."""
    evicted_with: ClassVar[str] = PROMOTION
    """The kind of what its response is about, which an eviction names."""

    target: str
    request: RequestContext
    subject: tuple[Hashable, ...] = ()
    policy: CachePolicy = NOT_CACHED

    def begin(self) -> None:
        """Prepare for sending the call, where neither the cache nor an equal call has a response.

        Raise UpstreamError where it must not be made.
        """

    def known_about(self, _evictions: Evictions) -> Subject | None:
        """Return what the response will be about; None where only the response tells it."""
        return None

    def about(self, evictions: Evictions, _value: T) -> Subject | None:
        """Return what a decoded response is about; None for what is never evicted."""
        return self.known_about(evictions)

    def map_error(self, error: UpstreamError) -> UpstreamError:
        """Return the error to raise instead of `error`, with which the call has ended."""
        return error

    @abstractmethod
    def read(self, body: bytes, *, is_own: bool) -> T:
        """Decode the body of a successful response, and check that it answers this call.

        `is_own`: it was fetched by this call, not by an equal call of another request, and is not
        from the cache. Raise UpstreamError for a body that must not be used.
        """


def percent_encoded(value: str) -> str:
    """Encode the value of a query parameter."""
    return value if _is_unreserved(value) else quote(value, safe="")
