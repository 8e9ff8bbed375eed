"""Errors of operations that do not run, formatted for the response."""

from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError

from gateway.errors import GatewayError, ParseFailedError
from gateway.execution.bridge import without_quoted_text, without_suggestion

_MAX_MESSAGE = 500  # characters
MAX_LOCATIONS = 10


class OperationRefusedError(Exception):
    """The operation does not run; `errors` are formatted, `code` is the first one's.

    `document` is the SHA-256 of its text, where that is known, for the log.
    """

    document: str | None = None

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = errors
        self.codes: list[str] = [error["extensions"]["code"] for error in errors]
        self.code = self.codes[0]


class InputError(GraphQLError):
    """A literal or a variable that is not of its type: BAD_USER_INPUT.

    `argument` is the path of the argument, or of the variable, which begins with ``$``.
    """

    def __init__(self, argument: str, words: str, nodes: Any) -> None:
        super().__init__(f"{argument}: {words}", nodes)
        self.argument = argument


def refusal(
    error: GraphQLError, kind: type[GatewayError], *, suggests: bool = True
) -> dict[str, Any]:
    """Return the formatted error of an operation that does not run."""
    message = error.message if suggests else without_suggestion(error.message)
    if len(message) > _MAX_MESSAGE:
        message = message[:_MAX_MESSAGE] + "…"
    formatted: dict[str, Any] = {"message": message}
    if error.locations:
        formatted["locations"] = [one.formatted for one in error.locations[:MAX_LOCATIONS]]
    extensions: dict[str, Any] = {"code": kind.code, "retryable": kind.retryable}
    if isinstance(error, InputError):
        extensions["argument"] = error.argument
    return formatted | {"extensions": extensions}


def refuse_syntax(error: GraphQLSyntaxError) -> OperationRefusedError:
    """Return the refusal of a document that cannot be parsed.

    The parser's message quotes the text where it stopped, which may be a customer's identifier: the
    quote is removed, as the location says as much.
    """
    error.message = without_quoted_text(error.message)
    return OperationRefusedError([refusal(error, ParseFailedError)])


def refuse(error: GatewayError) -> OperationRefusedError:
    """Return the refusal of an operation by an error of the gateway's own."""
    return OperationRefusedError([{"message": error.message, "extensions": error.extensions}])
