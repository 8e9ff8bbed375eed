"""The outcome of an execution; its errors are formatted with a code, or masked and logged."""

from typing import Any, NamedTuple

import msgspec
from graphql import GraphQLError

from gateway.errors import BadUserInputError, GatewayError, MaskedError
from gateway.execution.failures import MAX_LOCATIONS
from gateway.execution.input_validation import argument_made_null
from gateway.telemetry import log
from gateway.telemetry.masking import mask

MAX_ERRORS = 100


class Outcome(NamedTuple):
    """An execution's data, encoded or not, and its formatted errors.

    With `may_repeat` the data may contain a long text any number of times.
    """

    data: dict[str, Any] | msgspec.Raw | None
    errors: list[dict[str, Any]]
    may_repeat: bool = False


def format_errors(
    errors: list[GraphQLError] | None, request_id: str, more: int = 0
) -> list[dict[str, Any]]:
    """Return the formatted errors of an execution, the first hundred; the others are only counted.

    `more` is the number of further errors, beside `errors`.
    """
    errors = errors or []
    formatted = [_format(error, request_id) for error in errors[:MAX_ERRORS]]
    more += len(errors) - len(formatted)
    if more:
        formatted[-1]["extensions"]["andMore"] = more
    return formatted


def _format(error: GraphQLError, request_id: str) -> dict[str, Any]:
    formatted: dict[str, Any] = {"message": ""}
    if error.path is not None:
        formatted["path"] = error.path
    if error.locations:
        formatted["locations"] = [
            location.formatted for location in error.locations[:MAX_LOCATIONS]
        ]
    cause = error.original_error
    if isinstance(cause, GatewayError):
        return formatted | cause.formatted(request_id)
    null_argument = argument_made_null(error)
    if null_argument is not None:
        refused = BadUserInputError(null_argument, "its variable must not be null.")
        return formatted | refused.formatted(request_id)
    log.error(
        "unexpected_error", path=mask(".".join(map(str, error.path or ()))), exc_info=cause or error
    )
    return formatted | masked(request_id)


def masked(request_id: str) -> dict[str, Any]:
    """Return the formatted error that has only the request id, by which its log line is found."""
    return MaskedError().formatted(request_id)
