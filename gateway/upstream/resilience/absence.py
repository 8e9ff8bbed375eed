"""Whether an endpoint that the gateway can do without is offered at all.

Clusters differ in what they serve, and credentials in what they may call. Without such an endpoint
another way serves, so that one response is evidence enough, and a mistake costs five minutes of the
other way. An endpoint that nothing replaces needs more evidence (`phase_out.py`).
"""

import math
import time
from collections.abc import Callable, Hashable
from typing import NamedTuple

from gateway.cache.bounded_dict import BoundedDict
from gateway.errors import (
    PhasedOutError,
    UndocumentedNotFoundError,
    UpstreamAuthFailedError,
    UpstreamBadPayloadError,
    UpstreamError,
    UpstreamMisuseError,
)
from gateway.telemetry import log

RETRY_AFTER_S = 300.0
_MAX_IDENTITIES = 512
# By exact type: a subclass of one of them is about the request, not about the endpoint.
_MEANINGS: dict[type[UpstreamError], type[UpstreamError]] = {
    UndocumentedNotFoundError: PhasedOutError,
    PhasedOutError: PhasedOutError,
    UpstreamMisuseError: PhasedOutError,  # such as 405
    UpstreamBadPayloadError: PhasedOutError,  # such as a page in HTML with status 200
    UpstreamAuthFailedError: UpstreamAuthFailedError,  # nothing stale is served without a right
}


class _Absent(NamedTuple):
    until: float
    error: type[UpstreamError]
    missing: Hashable = None


class EndpointAbsence:
    """The absence of one endpoint, whose documented name is `endpoint`, under each identity.

    With `switched_on` False it is always absent. `clock` is monotonic, in seconds.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        switched_on: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint, self._switched_on, self._clock = endpoint, switched_on, clock
        self._absent: BoundedDict[str, _Absent] = BoundedDict(_MAX_IDENTITIES)
        self._served: BoundedDict[str, None] = BoundedDict(_MAX_IDENTITIES)

    @property
    def absent_share(self) -> float:
        """Return the share of identities to which it was not offered when it was last asked, 0..1.

        NaN where it is never asked.
        """
        if not self._switched_on:
            return math.nan
        return len(self._absent) / max(1, len(self._absent) + len(self._served))

    def is_served(self, identity: str) -> bool:
        """Whether the last response under an identity proved that the endpoint is served."""
        return identity in self._served

    def check(self, identity: str) -> None:
        """Raise the UpstreamError of an endpoint that was found absent in the last minutes."""
        if not self._switched_on:
            raise PhasedOutError(self._endpoint)
        absent = self._absent.get(identity)
        if absent is not None and self._clock() < absent.until:
            raise absent.error(self._endpoint)

    def record(
        self, identity: str, error: UpstreamError, requested: Hashable = None
    ) -> UpstreamError:
        """Remember an error that means absence; return the error to raise for it.

        An error of another endpoint, such as that of tokens, is returned as it is. A 404 may be
        about the `requested` object alone: see `announced`.
        """
        meaning = _MEANINGS.get(type(error))
        if meaning is None or error.endpoint != self._endpoint:
            return error
        if identity not in self._absent:
            log.warning("upstream_endpoint_absent", endpoint=self._endpoint, code=error.code)
        missing = requested if isinstance(error, UndocumentedNotFoundError) else None
        self._absent[identity] = _Absent(self._clock() + RETRY_AFTER_S, meaning, missing)
        self._served.pop(identity, None)
        return error if meaning is type(error) else meaning(self._endpoint)

    def served(self, identity: str) -> None:
        """Record that the endpoint is served: with a result, or with a documented error."""
        if identity not in self._served:
            self._served[identity] = None
        if self._absent and self._absent.pop(identity, None) is not None:
            log.info("upstream_endpoint_restored", endpoint=self._endpoint)

    def announced(self, made: Hashable) -> None:
        """Try the endpoint again where it was absent for an object that has been made since.

        None is that any object may have been.
        """
        for identity, absent in list(self._absent.items()):
            if absent.missing is not None and made in {None, absent.missing}:
                del self._absent[identity]
