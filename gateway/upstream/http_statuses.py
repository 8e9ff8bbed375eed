"""The meaning of each HTTP status of the platform, where the body has no documented code.

Some are the platform's own: 201 means that some of several requests failed, 461 that its search is
busy, 521 that another request for the same customer is in progress. As codes of a body these
numbers mean the same.
"""

from enum import Enum
from typing import NamedTuple

from gateway.errors import (
    PhasedOutError,
    UndocumentedNotFoundError,
    UpstreamAuthFailedError,
    UpstreamBadPayloadError,
    UpstreamBusyError,
    UpstreamError,
    UpstreamMisuseError,
    UpstreamRateLimitedError,
    UpstreamRefusedError,
    UpstreamUnavailableError,
)

SUCCESSES = frozenset({200, 201})
"""The body says whether it is a page or an error."""
CREDENTIAL_EXPIRED = frozenset({401, 498})
"""The credential may have expired: one that can be renewed is, and the call is repeated once."""


class CircuitOutcome(Enum):
    """What a response means for the circuit breaker of its endpoint."""

    SUCCESS = "success"
    FAILURE = "failure"
    NEUTRAL = "neutral"


class Meaning(NamedTuple):
    """The meaning of a response without success: its error, and what the gateway does.

    `is_retried`: the gateway retries once, because the failure may pass within the operation.
    Whether the client may retry is the error's `retryable`.
    """

    error: type[UpstreamError]
    outcome: CircuitOutcome = CircuitOutcome.SUCCESS
    is_retried: bool = False


UNREACHABLE = Meaning(UpstreamUnavailableError, CircuitOutcome.FAILURE, is_retried=True)
REFUSED = Meaning(UpstreamRefusedError)
_UNREADABLE = Meaning(UpstreamBadPayloadError)
_OUR_FAULT = Meaning(UpstreamMisuseError)
_UNAUTHORIZED = Meaning(UpstreamAuthFailedError)
_BUSY = Meaning(UpstreamBusyError, CircuitOutcome.NEUTRAL)
_DOWN = Meaning(UpstreamUnavailableError, CircuitOutcome.FAILURE)
STATUSES: dict[int, Meaning] = {
    400: REFUSED,
    401: _UNAUTHORIZED,
    403: _UNAUTHORIZED,
    404: Meaning(UndocumentedNotFoundError),
    405: _OUR_FAULT,  # its methods, media types and lengths are the gateway's choice
    406: _OUR_FAULT,
    408: _BUSY,  # on a reused connection the transport has repeated it already
    410: Meaning(PhasedOutError),
    414: _OUR_FAULT,
    415: _OUR_FAULT,
    429: Meaning(
        UpstreamRateLimitedError, CircuitOutcome.NEUTRAL, is_retried=True
    ),  # with a Retry-After
    431: _OUR_FAULT,
    461: _BUSY,
    498: _UNAUTHORIZED,
    500: _DOWN,
    502: UNREACHABLE,
    503: UNREACHABLE,
    504: UNREACHABLE,
    521: _BUSY,
}


def meaning_of(status: int) -> Meaning:
    """Return the meaning of a status outside `SUCCESSES`; a redirect is not followed."""
    known = STATUSES.get(status)
    if known is not None:
        return known
    if status >= 500:
        return _DOWN
    return REFUSED if status >= 400 else _UNREADABLE
