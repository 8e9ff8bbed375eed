"""What the answers of all endpoints that write have in common."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from gateway.telemetry import log
from gateway.upstream.decoding.decode import Refusal
from gateway.upstream.normalise.actions import PromotionUserErrorCode
from gateway.upstream.normalise.warnings import UpstreamWarning, parse_code
from gateway.upstream.response import UpstreamResponse
from gateway.upstream.response_errors import error_from_status
from gateway.upstream.writes.write import NOT_ALLOWED, UNCERTAIN, Write, WriteResult

Codes = Mapping[int, PromotionUserErrorCode]
"""What an endpoint's codes mean."""

_Code = PromotionUserErrorCode
COMMON_CODES: Codes = {
    **dict.fromkeys((8015, 8065, 8089, 8109, 8121), _Code.CUSTOMER_NOT_FOUND),
    8874: _Code.PROMOTION_NOT_FOUND,  # the program
    8896: _Code.PROMOTION_NOT_FOUND,
    8892: _Code.PROMOTION_NOT_ACTIVE,
}
_NOT_ALLOWED_CODES = NOT_ALLOWED | {300005}
_OPERATION_FAILED = 300006
_MAX_DIGITS, _MAX_ID = 19, 2**63
_MAX_ERRORS = 100
_ALREADY = ("already enrol", "limit reached", "limit is reached")


def read_object(body: bytes) -> dict[str, Any]:
    """Return the object of a body; empty where it cannot be read."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return as_object(answer)


def as_object(raw: Any) -> dict[str, Any]:
    """Return an object; an empty one for anything else."""
    return raw if isinstance(raw, dict) else {}


def only_object(raw: Any) -> dict[str, Any]:
    """Return the only entry of a list, which is an object; an empty one for anything else."""
    return as_object(raw[0]) if isinstance(raw, list) and len(raw) == 1 else {}


def is_about_another(endpoint: str, write: Write, answer: Mapping[str, Any], who: Any) -> bool:
    """Whether an answer cannot be used: it is no object, or about another customer; log it."""
    about = read_ids(who)
    if answer and (not about or about == (write.customer_id,)):
        return False
    reason = "about another customer" if about else "not an object"
    log.warning("upstream_bad_payload", endpoint=endpoint, reason=reason)
    return True


def read_ids(raw: Any) -> tuple[str, ...]:
    """Return ids, positive numbers that may be texts, of one value or a list."""
    found: dict[str, None] = {}
    for each in raw if isinstance(raw, list) else [raw]:
        number = each
        if isinstance(each, str) and each.isascii() and each.isdigit() and len(each) <= _MAX_DIGITS:
            number = int(each)
        if isinstance(number, int) and not isinstance(number, bool) and 0 < number < _MAX_ID:
            found[str(number)] = None
    return tuple(found)


def read_errors(errors: Any) -> Iterator[tuple[int | None, str]]:
    """Yield code and message of an error, or of the first hundred of a list."""
    for error in errors[:_MAX_ERRORS] if isinstance(errors, list) else [errors]:
        found = as_object(error)
        message = found.get("message")
        yield parse_code(found.get("code")), message if isinstance(message, str) else ""


def refused(endpoint: str, meanings: Codes, codes: Sequence[int]) -> WriteResult:
    """Return the refusal that the first known one of some codes means; log codes without meaning.

    A failure of the platform, or a request id that was used before, leaves open what became of the
    write. Raise UpstreamError for a code that means a rejected call, whatever its HTTP status.
    """
    for code in codes:
        if code in _NOT_ALLOWED_CODES:
            raise error_from_status(endpoint, UpstreamResponse(400, refusal=Refusal(code)))
    if any(500 <= code < 600 or code == _OPERATION_FAILED for code in codes):
        return UNCERTAIN
    for code in codes:
        if code in meanings:
            return WriteResult.refused(meanings[code])
    log.error("upstream_error_code", endpoint=endpoint, upstream_code=codes[0] if codes else None)
    return WriteResult.refused(_Code.REFUSED)


def read_codes(errors: Any) -> list[int]:
    """Return the codes of an error or of a list of them."""
    return [code for code, _ in read_errors(errors) if code is not None]


def warned(codes: Codes, warnings: tuple[UpstreamWarning, ...]) -> WriteResult:
    """Return what warnings say where there is neither an id nor an error."""
    for warning in warnings:
        code = codes.get(warning.code) if warning.code is not None else None
        if code is not None:
            return WriteResult.refused(code)
        if says_already(warning.message):
            return WriteResult.refused(_Code.ALREADY_ENROLLED_OR_LIMIT_REACHED)
    return UNCERTAIN


def says_already(message: str) -> bool:
    """Whether a message says that the customer is enrolled, or that a limit is reached."""
    return any(words in message.lower() for words in _ALREADY)


def log_warnings(endpoint: str, warnings: tuple[UpstreamWarning, ...]) -> None:
    """Log the codes of warnings beside success; their messages may be about the customer."""
    if warnings:
        codes = [warning.code for warning in warnings]
        log.warning("upstream_write_warnings", endpoint=endpoint, codes=codes)
