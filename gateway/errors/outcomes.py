"""The outcome of an operation, for the metrics, by the codes of its errors."""

from collections.abc import Iterable

OUTCOMES = ("ok", "partial", "client_error", "refused", "upstream_error", "internal_error")
"""From the best to the worst: of several errors without data the gravest decides."""

_REFUSALS = {
    "UNAUTHENTICATED": "unauthenticated",
    "RATE_LIMITED": "rate_limited",
    "OVERLOADED": "overloaded",
}
_KEYS_UNAVAILABLE = "keys_unavailable"
REFUSALS = (*_REFUSALS.values(), _KEYS_UNAVAILABLE)
"""The reasons of the outcome refused."""

OK, PARTIAL, CLIENT_ERROR, REFUSED, UPSTREAM_ERROR, INTERNAL_ERROR = range(len(OUTCOMES))

_OUTCOMES = {
    "GRAPHQL_PARSE_FAILED": CLIENT_ERROR,
    "GRAPHQL_VALIDATION_FAILED": CLIENT_ERROR,
    "BAD_USER_INPUT": CLIENT_ERROR,
    "CURSOR_INVALID": CLIENT_ERROR,
    "QUERY_TOO_COMPLEX": CLIENT_ERROR,
    "LIST_TOO_LONG": CLIENT_ERROR,
    "ANSWER_TOO_LARGE": CLIENT_ERROR,
    "UPSTREAM_BUDGET_EXCEEDED": CLIENT_ERROR,
    "FORBIDDEN": CLIENT_ERROR,
    "PERSISTED_QUERY_NOT_FOUND": CLIENT_ERROR,
    "PERSISTED_QUERY_NOT_SUPPORTED": CLIENT_ERROR,
    "OPERATION_NOT_TRUSTED": CLIENT_ERROR,
    "BAD_REQUEST": CLIENT_ERROR,
    "NOT_FOUND": CLIENT_ERROR,
    "METHOD_NOT_ALLOWED": CLIENT_ERROR,
    "NOT_ACCEPTABLE": CLIENT_ERROR,
    "PAYLOAD_TOO_LARGE": CLIENT_ERROR,
    "UNSUPPORTED_MEDIA_TYPE": CLIENT_ERROR,
    **dict.fromkeys(_REFUSALS, REFUSED),
    "UPSTREAM_AUTH_FAILED": UPSTREAM_ERROR,
    "UPSTREAM_BAD_PAYLOAD": UPSTREAM_ERROR,
    "UPSTREAM_GONE": UPSTREAM_ERROR,
    "UPSTREAM_RATE_LIMITED": UPSTREAM_ERROR,
    "UPSTREAM_TIMEOUT": UPSTREAM_ERROR,
    "UPSTREAM_UNAVAILABLE": UPSTREAM_ERROR,
    "INTERNAL_SERVER_ERROR": INTERNAL_ERROR,
}


def outcome_of(codes: Iterable[str]) -> int:
    """Return the outcome of an operation without data, as an index of `OUTCOMES`."""
    return max((_OUTCOMES.get(code, INTERNAL_ERROR) for code in codes), default=INTERNAL_ERROR)


def refusal_of(codes: Iterable[str], status: int | None = None) -> str:
    """Return the reason of the outcome refused; `status` is that of the HTTP response."""
    reason = next(_REFUSALS[code] for code in codes if code in _REFUSALS)
    return _KEYS_UNAVAILABLE if (reason, status) == ("unauthenticated", 503) else reason
