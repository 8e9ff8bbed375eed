"""What is wrong with an operation before it runs, as GraphQL errors without data."""

import re
from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError

from gateway.errors import GatewayError, ParseFailedError

# A token and what it holds, up to the last quote of the message: the text may have quotes itself.
_QUOTED = re.compile(
    r"((?:Name|Int|Float|String|BlockString|variable|escape sequence):?) '.*'", re.DOTALL
)


_LONGEST_MESSAGE = 500
MOST_LOCATIONS = 10
# Of a field without a selection graphql-core's words have one even where they are to have none.
_SUGGESTION = re.compile(r" Did you mean .*\?$", re.DOTALL)


class OperationRefusedError(Exception):
    """The operation does not run; `errors` are ready for the answer, `code` is the first's."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = errors
        self.code: str = errors[0]["extensions"]["code"]


class InputError(GraphQLError):
    """A literal or a variable that is not of its type: BAD_USER_INPUT rather than validation.

    `argument` is its place; a variable's begins with ``$``.
    """

    def __init__(self, argument: str, words: str, nodes: Any) -> None:
        super().__init__(f"{argument}: {words}", nodes)
        self.argument = argument


def refusal(
    error: GraphQLError, kind: type[GatewayError], *, suggests: bool = True
) -> dict[str, Any]:
    """Return what an answer tells of one error of an operation that does not run."""
    message = error.message if suggests else _SUGGESTION.sub("", error.message)
    if len(message) > _LONGEST_MESSAGE:
        message = message[:_LONGEST_MESSAGE] + "…"
    written: dict[str, Any] = {"message": message}
    if error.locations:
        written["locations"] = [one.formatted for one in error.locations[:MOST_LOCATIONS]]
    extensions: dict[str, Any] = {"code": kind.code, "retryable": kind.retryable}
    if isinstance(error, InputError):
        extensions["argument"] = error.argument
    return written | {"extensions": extensions}


def refuse_syntax(error: GraphQLSyntaxError) -> OperationRefusedError:
    """Refuse a document that cannot be parsed.

    The parser's words quote the text where it stopped, which may be an identifier; the locations
    tell as much.
    """
    error.message = _QUOTED.sub(r"\1", error.message)
    return OperationRefusedError([refusal(error, ParseFailedError)])


def refuse(error: GatewayError) -> OperationRefusedError:
    """Refuse an operation for a reason of the gateway's own."""
    return OperationRefusedError([{"message": error.message, "extensions": error.extensions}])
