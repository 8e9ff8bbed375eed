"""What each HTTP status of the platform means, where its body has no code that says more.

Some are HTTP's, some the platform's own words: 201 says that some of several requests failed, 461
that its search is busy, 521 that something else is being done for the same customer. Its bodies
have these numbers as codes, too, and mean the same.
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
"""With a readable page, an answer: the body says whether it is one."""
RENEWS_CREDENTIAL = frozenset({401, 498})
"""The credential may have run out: one that can be renewed is, once, and the call made again."""


class CircuitOutcome(Enum):
    """What an answer tells the circuit breaker of its endpoint."""

    SUCCESS = "it answers"
    FAILURE = "it does not"
    NOTHING = "neither"


class Meaning(NamedTuple):
    """What an answer means that brings nothing: its error, and what the gateway does.

    With `is_retried` it may pass within the same operation, so that the gateway tries once more.
    Whether the client may try again is the error's `retryable`.
    """

    error: type[UpstreamError]
    outcome: CircuitOutcome = CircuitOutcome.SUCCESS
    is_retried: bool = False


UNREACHABLE = Meaning(UpstreamUnavailableError, CircuitOutcome.FAILURE, is_retried=True)
REFUSED = Meaning(UpstreamRefusedError)
_UNREADABLE = Meaning(UpstreamBadPayloadError)
_OUR_FAULT = Meaning(UpstreamMisuseError)
_UNAUTHORIZED = Meaning(UpstreamAuthFailedError)
_BUSY = Meaning(UpstreamBusyError, CircuitOutcome.NOTHING)
_DOWN = Meaning(UpstreamUnavailableError, CircuitOutcome.FAILURE)
STATUSES: dict[int, Meaning] = {
    400: REFUSED,
    401: _UNAUTHORIZED,
    403: _UNAUTHORIZED,
    404: Meaning(UndocumentedNotFoundError),
    405: _OUR_FAULT,  # its methods, media types and lengths are the gateway's choice
    406: _OUR_FAULT,
    408: _BUSY,  # on a kept connection the transport has sent it once more already
    410: Meaning(PhasedOutError),
    414: _OUR_FAULT,
    415: _OUR_FAULT,
    429: Meaning(
        UpstreamRateLimitedError, CircuitOutcome.NOTHING, is_retried=True
    ),  # where it says when
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
    """Return what a status means that is none of `SUCCESSES`; a redirect is not followed."""
    known = STATUSES.get(status)
    if known is not None:
        return known
    if status >= 500:
        return _DOWN
    return REFUSED if status >= 400 else _UNREADABLE
