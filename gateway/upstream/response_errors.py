"""Maps responses without success to errors: by the code of the body, else by the HTTP status."""

from collections.abc import Container

from gateway.errors import (
    PhasedOutError,
    UndocumentedNotFoundError,
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
"""The pause after a 429 without a readable ``Retry-After``: the documented minute."""

_NOT_FOUND: dict[str, frozenset[int]] = {
    # No customer has this identifier, has it for this source, or is still in the loyalty program.
    "promotionData": frozenset({8015, 8065, 8089, 8109, 8121}),
    # There is no such promotion or first rule, promotion (asked for by its id), or program.
    "promotionsV2": frozenset({4027, 4029, 2010}),
    "promotionById": frozenset({4027, 4029, 2010}),
    "programs": frozenset(),
}
_ENDPOINTS_WITH_CLIENT_ARGUMENTS = frozenset({"promotionData", "promotionsV2"})
_CODES: dict[int, type[UpstreamError]] = {
    **dict.fromkeys(frozenset().union(*_NOT_FOUND.values()), UpstreamNotFoundError),
    **dict.fromkeys(UpstreamInputRefusedError.codes(), UpstreamInputRefusedError),
    # They are about parameters that the gateway chooses, or never sends.
    **dict.fromkeys((4050, 4053, 4054, 4055, 4056, 4057, 4086), UpstreamMisuseError),
    **dict.fromkeys((8001, 8002, 8016, 8085, 8092, 8093), UpstreamMisuseError),
    **dict.fromkeys((8100, 8101, 8102, 8104), UpstreamMisuseError),  # a window
    **dict.fromkeys((8111, 8112, 8113, 8114, 8115, 8117, 8118), UpstreamMisuseError),
    8126: UpstreamAuthFailedError,  # the credential is a parent organisation's
    # Of version 3 of the API, which issues tokens.
    300005: UpstreamAuthFailedError,
    300006: UpstreamUnavailableError,
    **dict.fromkeys((300004, 310151, 999999), UpstreamMisuseError),
}
_MEANINGS = {code: Meaning(error) for code, error in _CODES.items()} | STATUSES
_NOT_LOGGED: frozenset[type[UpstreamError]] = frozenset(
    {UpstreamNotFoundError, UpstreamInputRefusedError}
)
# Endpoints that the gateway can do without, and what means that one of them is not offered: that is
# logged once, by `resilience/absence.py`, and not every time that the endpoint is tried again.
_OPTIONAL_ENDPOINTS = frozenset({"promotionsV3", "promotionById", "programs"})
_ABSENT: frozenset[type[UpstreamError]] = frozenset(
    {UndocumentedNotFoundError, PhasedOutError, UpstreamAuthFailedError}
)
_CUSTOMER_CODES = range(8000, 9000)


def read_failure(response: UpstreamResponse) -> tuple[Meaning, int | None]:
    """Return the meaning of a response without success, and the code of its body.

    A documented code takes precedence over the status, which is not documented beside it. An
    undocumented code is no outage, except beside a status that is one; a code of the customers'
    endpoints, from 8000 on, not even then: the same request would be refused again.
    """
    status, refusal = response.status, response.refusal
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


def error_from_status(endpoint: str, response: UpstreamResponse) -> UpstreamError:
    """Return the error of a response without success, and log what operators should know."""
    meaning, code = read_failure(response)
    kind = meaning.error
    if kind is UpstreamRateLimitedError:  # logged by the client, once per pause
        pause_s = DEFAULT_PAUSE_S if response.retry_after_s is None else response.retry_after_s
        return UpstreamRateLimitedError(endpoint, pause_s, code)
    if kind is UpstreamNotFoundError and code not in _NOT_FOUND.get(endpoint, ()):
        kind = UpstreamRefusedError  # the code is about nothing that this endpoint was asked for
    if kind is UpstreamInputRefusedError and endpoint not in _ENDPOINTS_WITH_CLIENT_ARGUMENTS:
        kind = UpstreamRefusedError
    if kind in _NOT_LOGGED or (kind in _ABSENT and endpoint in _OPTIONAL_ENDPOINTS):
        return kind(endpoint, code)
    if response.refusal is not None:
        log.error("upstream_error_code", endpoint=endpoint, upstream_code=code)
    elif response.status is not None:
        log.warning("upstream_error_status", endpoint=endpoint, status=response.status)
    error = kind(endpoint, code)
    if kind.retryable and response.retry_after_s is not None:
        error.retry_after_s = whole_seconds(response.retry_after_s)
    return error


def client_error_or_misuse(
    error: UpstreamInputRefusedError, given: Container[str]
) -> UpstreamError:
    """Return the error if it is about an argument of `given`, else that of the gateway's misuse."""
    if error.argument in given:
        return error
    log.error("upstream_error_code", endpoint=error.endpoint, upstream_code=error.upstream_code)
    return UpstreamMisuseError(error.endpoint, error.upstream_code)
