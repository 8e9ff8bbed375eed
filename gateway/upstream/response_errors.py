"""What an answer means that brings nothing: by its body's code, else by its HTTP status."""

from collections.abc import Container

from gateway.errors import (
    UpstreamAuthFailedError,
    UpstreamError,
    UpstreamInputRefusedError,
    UpstreamMisuseError,
    UpstreamNotFoundError,
    UpstreamRateLimitedError,
    UpstreamRefusedError,
    UpstreamUnavailableError,
    whole_seconds,
)
from gateway.telemetry import log
from gateway.upstream.decoding.decode import Refusal
from gateway.upstream.http_statuses import (
    REFUSED,
    STATUSES,
    SUCCESSES,
    UNREACHABLE,
    Meaning,
    meaning_of,
)
from gateway.upstream.response import UpstreamResponse

DEFAULT_PAUSE_S = 60.0
"""How long a 429 without a readable ``Retry-After`` is taken to last: the documented minute."""

_NOT_HERE: dict[str, frozenset[int]] = {
    # Nobody has this identifier, has it for this source, or is in the loyalty program any longer.
    "promotionData": frozenset({8015, 8065, 8089, 8109, 8121}),
    # There is no such promotion or first rule, promotion (asked for by its id), or program.
    "promotionsV2": frozenset({4027, 4029, 2010}),
}
_CODES: dict[int, type[UpstreamError]] = {
    **dict.fromkeys(frozenset().union(*_NOT_HERE.values()), UpstreamNotFoundError),
    **dict.fromkeys(UpstreamInputRefusedError.codes(), UpstreamInputRefusedError),
    # Parameters that are the gateway's own choice, or that it never sends.
    **dict.fromkeys((4050, 4053, 4054, 4055, 4056, 4057, 4086), UpstreamMisuseError),
    **dict.fromkeys((8001, 8002, 8016, 8085, 8092, 8093), UpstreamMisuseError),
    **dict.fromkeys((8100, 8101, 8102, 8104), UpstreamMisuseError),  # a window
    **dict.fromkeys((8111, 8112, 8113, 8114, 8115, 8117, 8118), UpstreamMisuseError),
    8126: UpstreamAuthFailedError,  # the credential is a parent organisation's
    # Of the platform's third version, which gives out tokens.
    300005: UpstreamAuthFailedError,
    300006: UpstreamUnavailableError,
    **dict.fromkeys((300004, 310151, 999999), UpstreamMisuseError),
}
_MEANINGS = {code: Meaning(error) for code, error in _CODES.items()} | STATUSES
_NOT_LOGGED: frozenset[type[UpstreamError]] = frozenset(
    {UpstreamNotFoundError, UpstreamInputRefusedError}
)
_CUSTOMER_CODES = range(8000, 9000)


def read_failure(answer: UpstreamResponse) -> tuple[Meaning, int | None]:
    """Return what an answer means that is none, and the code that its body has.

    A documented code comes before the status, for the status beside it is not documented. A code
    that nobody documents is no outage, except beside the status of one; those of the customers'
    endpoints, from 8000 on, not even then: the same request would be refused again.
    """
    status, refusal = answer.status, answer.refusal
    if status is None:
        return UNREACHABLE, None
    by_status = REFUSED if status in SUCCESSES else meaning_of(status)
    if refusal is None or status == 429:
        return by_status, None
    code = refusal.code
    by_code = None if code is None else _MEANINGS.get(code)
    if by_code is not None:
        return by_code, code
    is_answered = status < 500 or code in _CUSTOMER_CODES
    if is_answered and (by_status.error.retryable or (status == 404 and code is not None)):
        return REFUSED, code
    return by_status, code


def error_from_status(endpoint: str, answer: UpstreamResponse) -> UpstreamError:
    """Return the error of an answer that is none, and log what the operators should know."""
    meaning, code = read_failure(answer)
    kind = meaning.error
    if kind is UpstreamRateLimitedError:
        pause_s = DEFAULT_PAUSE_S if answer.retry_after_s is None else answer.retry_after_s
        return UpstreamRateLimitedError(endpoint, pause_s, code)
    if kind is UpstreamNotFoundError and code not in _NOT_HERE.get(endpoint, ()):
        kind = UpstreamRefusedError  # it says nothing of what was asked for here
    if kind is UpstreamInputRefusedError and endpoint not in _NOT_HERE:
        kind = UpstreamRefusedError
    if kind in _NOT_LOGGED:
        return kind(endpoint, code)
    if answer.refusal is not None:
        log.error("upstream_error_code", endpoint=endpoint, upstream_code=code)
    elif answer.status is not None:
        log.warning("upstream_error_status", endpoint=endpoint, status=answer.status)
    error = kind(endpoint, code)
    if kind.retryable and answer.retry_after_s is not None:
        error.retry_after_s = whole_seconds(answer.retry_after_s)
    return error


def error_from_refusal(endpoint: str, refusal: Refusal) -> UpstreamError:
    """Return the error of an answer with status 200 that is an error body."""
    return error_from_status(endpoint, UpstreamResponse(200, refusal=refusal))


def client_error_or_misuse(
    error: UpstreamInputRefusedError, given: Container[str]
) -> UpstreamError:
    """Return the error, or the gateway's own fault where the client has not given the argument."""
    if error.argument in given:
        return error
    log.error("upstream_error_code", endpoint=error.endpoint, upstream_code=error.upstream_code)
    return UpstreamMisuseError(error.endpoint, error.upstream_code)
