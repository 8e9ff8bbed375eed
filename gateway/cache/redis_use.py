"""The uses of Redis, each with its outages: their reasons, in the log and in metrics.

A wrong password, a missing permission and a server that is gone have different remedies, and a
gateway that works without Redis hides all of them.
"""

import builtins
import socket
import ssl
from collections.abc import Callable, Iterator

from redis import exceptions
from redis.asyncio.sentinel import MasterNotFoundError

from gateway.telemetry import log
from gateway.telemetry.counters import CounterVec
from gateway.telemetry.metrics import OTHER, REDIS_REASONS

TIMEOUT = "timeout"
# The most specific first: a time-out may hide a refusal that was retried until then. Python's own
# time-out is an OSError.
_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (exceptions.AuthenticationError, "authentication"),
    (exceptions.NoPermissionError, "permission"),
    (exceptions.OutOfMemoryError, "out_of_memory"),
    (exceptions.ReadOnlyError, "read_only"),
    (exceptions.BusyLoadingError, "loading"),
    (exceptions.ClusterDownError, "cluster_down"),
    (ssl.SSLError, "tls"),
    (socket.gaierror, "dns"),
    (ConnectionRefusedError, "refused"),
    (MasterNotFoundError, "no_master"),
    (exceptions.TimeoutError, TIMEOUT),
    (builtins.TimeoutError, TIMEOUT),
    (exceptions.ConnectionError, "connection"),
    (OSError, "connection"),
)
# What has no class of its own, by a part of its text.
_TEXTS = (
    ("ACL failure in script", "permission"),
    ("Authentication required", "authentication"),
    ("No such master", "no_master"),
    ("Errno 111", "refused"),  # of several addresses: asyncio joins the texts
)


def reason_of(error: BaseException) -> str:
    """Return the reason of a failure of Redis, one of `REDIS_REASONS`."""
    errors = list(_chain(error))
    for text, reason in _TEXTS:
        if any(text in str(one) for one in errors):
            return reason
    for kind, reason in _REASONS:
        if any(isinstance(one, kind) for one in errors):
            return reason
    return OTHER


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, and those that it was raised for."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


class RedisUse:
    """One use of Redis (`REDIS_USES`), and which of its operations fail at present.

    An outage is a line in the log when it begins, when its reason changes, and when it ends.
    `failures` counts by reason. `clock` is monotonic, in seconds.
    """

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        self.name, self._clock = name, clock
        self.failures = CounterVec(REDIS_REASONS)
        self._outages: dict[str, tuple[float, str]] = {}  # by operation: since when, and why

    @property
    def is_available(self) -> bool:
        """Whether no operation fails at present."""
        return not self._outages

    @property
    def unexplained(self) -> list[str]:
        """Return the operations that fail by time-outs, which may have any reason."""
        return [name for name, (_, reason) in self._outages.items() if reason == TIMEOUT]

    def count(self, error: BaseException) -> None:
        """Count a failed operation, which may be no outage yet."""
        self.failures.add(reason_of(error))

    def lost(self, operation: str, error: BaseException) -> None:
        """Record that an operation fails; the log has the error's class, and never its text."""
        reason = reason_of(error)
        since, known = self._outages.get(operation, (self._clock(), ""))
        if reason == known or (known and reason == TIMEOUT):
            return
        self._outages[operation] = since, reason
        log.warning(
            "redis_unavailable",
            use=self.name,
            operation=operation,
            reason=reason,
            error=type(error).__name__,
        )

    def restored(self, operation: str) -> None:
        """Record that an operation works."""
        if self._outages and operation in self._outages:
            since, _ = self._outages.pop(operation)
            log.info(
                "redis_available",
                use=self.name,
                operation=operation,
                unavailable_s=round(self._clock() - since, 3),
            )
