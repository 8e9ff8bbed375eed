"""What an execution brings back, and how its errors are shown: coded, or masked and logged."""

from typing import Any, NamedTuple

import msgspec
from graphql import GraphQLError

from gateway.errors import BadUserInputError, GatewayError, MaskedError
from gateway.execution.failures import MOST_LOCATIONS
from gateway.execution.input_validation import argument_made_null
from gateway.telemetry import log

MAX_ERRORS = 100


class Outcome(NamedTuple):
    """An execution's data, encoded or not, and its errors as the client sees them.

    `may_repeat` tells of data in which nobody knows how often a long text is.
    """

    data: dict[str, Any] | msgspec.Raw | None
    errors: list[dict[str, Any]]
    may_repeat: bool = False


def format_errors(
    errors: list[GraphQLError] | None, request_id: str, more: int = 0
) -> list[dict[str, Any]]:
    """Write the errors of an execution; past the first hundred they are only counted.

    `more` is how many there were beside these.
    """
    errors = errors or []
    shown = [_format(error, request_id) for error in errors[:MAX_ERRORS]]
    more += len(errors) - len(shown)
    if more:
        shown[-1]["extensions"]["andMore"] = more
    return shown


def _format(error: GraphQLError, request_id: str) -> dict[str, Any]:
    written: dict[str, Any] = {"message": ""}
    if error.path is not None:
        written["path"] = error.path
    if error.locations:
        written["locations"] = [location.formatted for location in error.locations[:MOST_LOCATIONS]]
    cause = error.original_error
    if isinstance(cause, GatewayError):
        return written | cause.formatted(request_id)
    null_argument = argument_made_null(error)
    if null_argument is not None:
        spoilt = BadUserInputError(null_argument, "its variable must not be null.")
        return written | spoilt.formatted(request_id)
    log.error(
        "unexpected_error", path=".".join(map(str, error.path or ())), exc_info=cause or error
    )
    return written | masked(request_id)


def masked(request_id: str) -> dict[str, Any]:
    """Write an error of which the client learns only where to find it in the log."""
    return MaskedError().formatted(request_id)
