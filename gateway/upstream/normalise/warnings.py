"""The upstream's ``warnings``, whose shape no document gives."""

from typing import NamedTuple

_MAX_MESSAGE = 500
_MAX_WARNINGS = 100


class UpstreamWarning(NamedTuple):
    """What the upstream, or the gateway, has to say of a page beside its items."""

    code: int | None
    message: str


def parse_code(raw: object) -> int | None:
    """Read a code that arrives as a number or as a string of digits; null where it is neither."""
    if isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) < 10:
        return int(raw)
    if isinstance(raw, int) and not isinstance(raw, bool) and abs(raw) < 2**31:
        return raw
    return None


def parse_warnings(raw: object) -> tuple[UpstreamWarning, ...]:
    """Read ``warnings``: a text or an object with a code and a message, or a list of those.

    The document's table calls it an object, its examples show a list. What is neither is passed
    over, and so is what stands behind the hundredth.
    """
    entries = raw[:_MAX_WARNINGS] if isinstance(raw, list) else [raw]
    return tuple(warning for entry in entries if (warning := _read(entry)) is not None)


def _read(entry: object) -> UpstreamWarning | None:
    if isinstance(entry, str) and entry:
        return UpstreamWarning(None, entry[:_MAX_MESSAGE])
    if not isinstance(entry, dict):
        return None
    code, message = parse_code(entry.get("code")), entry.get("message")
    if isinstance(message, str) and message:
        return UpstreamWarning(code, message[:_MAX_MESSAGE])
    return None if code is None else UpstreamWarning(code, "The upstream sent no message.")
