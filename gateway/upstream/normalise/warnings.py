"""Parsing ``warnings``, whose shape is not documented (docs/platform.md#warnings)."""

from typing import NamedTuple

_MAX_MESSAGE = 500
_MAX_WARNINGS = 100


class UpstreamWarning(NamedTuple):
    """A warning of the platform, or of the gateway, about a page."""

    code: int | None
    message: str


def parse_code(raw: object) -> int | None:
    """Return a code that is a number or a string of digits; None for anything else."""
    if isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) < 10:
        return int(raw)
    if isinstance(raw, int) and not isinstance(raw, bool) and abs(raw) < 2**31:
        return raw
    return None


def parse_warnings(raw: object) -> tuple[UpstreamWarning, ...]:
    """Return the first hundred of ``warnings``: a text, an object with code and message, or a list.

    The platform's documentation calls it an object, and its examples show a list. Anything else is
    ignored.
    """
    entries = raw[:_MAX_WARNINGS] if isinstance(raw, list) else [raw]
    return tuple(warning for entry in entries if (warning := _parse(entry)) is not None)


def _parse(entry: object) -> UpstreamWarning | None:
    if isinstance(entry, str) and entry:
        return UpstreamWarning(None, entry[:_MAX_MESSAGE])
    if not isinstance(entry, dict):
        return None
    code, message = parse_code(entry.get("code")), entry.get("message")
    if isinstance(message, str) and message:
        return UpstreamWarning(code, message[:_MAX_MESSAGE])
    return None if code is None else UpstreamWarning(code, "The upstream sent no message.")
