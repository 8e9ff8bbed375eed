"""What is wrong with an operation before it runs, as GraphQL errors without data."""

from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError

from gateway.errors import GatewayError


class OperationRefusedError(Exception):
    """The operation does not run; `errors` are ready for the answer."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = errors


class InputError(GraphQLError):
    """A literal or a variable that is not of its type: BAD_USER_INPUT rather than validation."""


def refusal(error: GraphQLError, code: str) -> dict[str, Any]:
    """Write one error of an operation that does not run."""
    written: dict[str, Any] = {"message": error.message}
    if error.locations:
        written["locations"] = [location.formatted for location in error.locations]
    return written | {"extensions": {"code": code}}


def refuse_syntax(error: GraphQLSyntaxError) -> OperationRefusedError:
    """Refuse a document that cannot be parsed.

    The parser's words quote the text where it stopped, which may be an identifier: strings and
    numbers are taken out.
    """
    words = error.message.split('"')
    kept = [
        word if i % 2 == 0 or not _holds_a_value(words[i - 1]) else "…"
        for i, word in enumerate(words)
    ]
    error.message = '"'.join(kept)
    return OperationRefusedError([refusal(error, "GRAPHQL_PARSE_FAILED")])


def _holds_a_value(before: str) -> bool:
    return before.rstrip().endswith(("String", "Int", "Float", "BlockString"))


def refuse(error: GatewayError) -> OperationRefusedError:
    """Refuse an operation for a reason of the gateway's own."""
    return OperationRefusedError([{"message": error.message, "extensions": error.extensions}])
