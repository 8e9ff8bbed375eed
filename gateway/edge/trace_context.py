"""The headers of a client's request that go upstream with each call made for it: trace and id.

They are passed on unchanged, or dropped if they are not well-formed
(https://www.w3.org/TR/trace-context/); with tracing a span of the gateway replaces ``traceparent``.
"""

import re

from gateway.edge.http_request import HttpHeaders

MAX_STATE_BYTES = 512
_MAX_STATE_MEMBERS = 32
_CURRENT = b"00"
# A later version may append fields.
_parent = re.compile(
    rb"((?!ff)[0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
    rb"(-[!-~]{0,200})?"
).fullmatch
_member = re.compile(
    rb"([a-z0-9][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})"
    rb"=[ -+\--<>-~]{0,255}[!-+\--<>-~]"
).fullmatch


def trace_headers(headers: HttpHeaders, request_id: str) -> dict[str, str]:
    """Return the headers that go upstream: ``X-Request-Id``, ``traceparent``, ``tracestate``."""
    passed_on = {"X-Request-Id": request_id}
    parents = headers.all(b"traceparent")
    if len(parents) == 1 and (parent := _read_parent(parents[0])):
        passed_on["traceparent"] = parent
        if state := _read_state(headers.all(b"tracestate")):
            passed_on["tracestate"] = state
    return passed_on


def _read_parent(value: bytes) -> str:
    """Return a ``traceparent`` to pass on, "" for one that is not well-formed."""
    match = _parent(value)
    if match is None or (match[1] == _CURRENT and match[2] is not None):
        return ""
    return value.decode("ascii")


def _read_state(lines: list[bytes]) -> str:
    """Return a ``tracestate``, its lines joined, "" for one that is not well-formed.

    One that is too long loses its last members, which are the oldest.
    """
    members = [member.strip(b" \t") for line in lines for member in line.split(b",")]
    members = [member for member in members if member]
    if len(members) > _MAX_STATE_MEMBERS:
        return ""
    keys = {match[1] for member in members if (match := _member(member))}
    if len(keys) != len(members):
        return ""
    while sum(map(len, members)) + len(members) - 1 > MAX_STATE_BYTES:
        members.pop()
    return b",".join(members).decode("ascii")
