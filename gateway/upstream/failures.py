"""What an answer means that is none: its HTTP status, and the documented error body (DESIGN §5)."""

from gateway.errors import (
    NotHereError,
    PhasedOutError,
    UndocumentedNotFoundError,
    UpstreamAuthFailedError,
    UpstreamBadPayloadError,
    UpstreamError,
    UpstreamInputRefusedError,
    UpstreamMisuseError,
    UpstreamRateLimitedError,
    UpstreamUnavailableError,
)
from gateway.telemetry import log
from gateway.wire.decode import Refusal, read_refusal

_UNDOCUMENTED: dict[int, type[UpstreamError]] = {
    404: UndocumentedNotFoundError,
    410: PhasedOutError,
}
_NOT_HERE = frozenset({8015, 4027})
_OUR_FAULT = frozenset({4050, 4055, 4056, 4086, 8001, 8002, 8100, 8101, 8102, 8103, 8104})
_DOCUMENTED = _NOT_HERE | _OUR_FAULT | UpstreamInputRefusedError.codes()
DEFAULT_PAUSE_S = 60.0
"""How long a 429 without a readable ``Retry-After`` is taken to last: the documented minute."""


def refused(endpoint: str, refusal: Refusal) -> UpstreamError:
    """Give a documented error body's meaning; FACTS adds 8001, 8002 and those from 8100 on."""
    code = refusal.code
    if code in _NOT_HERE:
        return NotHereError(endpoint, code)
    if code in UpstreamInputRefusedError.codes():
        return UpstreamInputRefusedError(endpoint, code)
    log.error("upstream_refused", endpoint=endpoint, upstream_code=code)
    return (UpstreamMisuseError if code in _OUR_FAULT else UpstreamUnavailableError)(endpoint, code)


def failed(endpoint: str, status: int, body: bytes, retry_after_s: float | None) -> UpstreamError:
    """Give the meaning of an answer whose status is not 200; a documented body comes first."""
    if status == 429:
        return UpstreamRateLimitedError(
            endpoint, DEFAULT_PAUSE_S if retry_after_s is None else retry_after_s
        )
    refusal = read_refusal(body)
    if refusal is not None and refusal.code in _DOCUMENTED:
        return refused(endpoint, refusal)
    if status in {401, 403}:
        return UpstreamAuthFailedError(endpoint, refusal.code if refusal else None)
    if refusal is not None:
        return refused(endpoint, refusal)
    log.warning("upstream_status", endpoint=endpoint, status=status)
    otherwise = UpstreamBadPayloadError if status < 500 else UpstreamUnavailableError
    return _UNDOCUMENTED.get(status, otherwise)(endpoint)
