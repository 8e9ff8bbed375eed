"""What every error has, and those of operations and of the gateway itself."""

import math
from typing import Any, ClassVar

MAX_RETRY_AFTER_S = 300
"""The longest wait that a client is told: none of the gateway's own is longer."""


def whole_seconds(wait_s: float) -> int:
    """Return how long a client is told to wait: whole seconds, rounded up, never 0."""
    return max(1, math.ceil(min(wait_s, MAX_RETRY_AFTER_S)))


class GatewayError(Exception):
    """An error that a client may see: its message, its code and its extensions.

    `argument` is the path of the argument that it is about, as ``by[0].mobile``; of a variable that
    is not of its type it begins with ``$``.
    """

    code: ClassVar[str] = "INTERNAL_SERVER_ERROR"
    retryable: ClassVar[bool] = False
    """Whether the same request may succeed later, as it is."""
    names_request: ClassVar[bool] = False
    """Whether the client is told the request's id, which the operators find in the log."""
    retry_after_s: int | None = None
    """After how many seconds a new try makes sense, where that is known."""

    def __init__(self, message: str, *, argument: str | None = None) -> None:
        super().__init__(message)
        self.message, self.argument = message, argument

    @property
    def extensions(self) -> dict[str, Any]:
        """What stands in the GraphQL error's ``extensions``, but for the request's id."""
        told: dict[str, Any] = {"code": self.code, "retryable": self.retryable}
        if self.argument is not None:
            told["argument"] = self.argument
        if self.retry_after_s is not None:
            told["retryAfterS"] = self.retry_after_s
        return told

    def formatted(self, request_id: str) -> dict[str, Any]:
        """Return the error as the answer to the request of this id has it."""
        extensions = self.extensions
        if self.names_request:
            extensions["requestId"] = request_id
        return {"message": self.message, "extensions": extensions}


class MaskedError(GatewayError):
    """What a client learns of a mistake in the gateway itself, of which the log has the rest."""

    names_request = True

    def __init__(self) -> None:
        super().__init__("Internal error of the gateway; report the request id to its operators.")


class ParseFailedError(GatewayError):
    """The document is not GraphQL."""

    code = "GRAPHQL_PARSE_FAILED"


class ValidationFailedError(GatewayError):
    """The document asks for what the schema does not have."""

    code = "GRAPHQL_VALIDATION_FAILED"


class BadUserInputError(GatewayError):
    """An argument is not what it may be; `words` say what is allowed."""

    code = "BAD_USER_INPUT"

    def __init__(self, argument: str, words: str) -> None:
        super().__init__(f"{argument}: {words}", argument=argument)


class CursorInvalidError(BadUserInputError):
    """A cursor is damaged, or belongs to another connection, filter or customer."""

    code = "CURSOR_INVALID"

    def __init__(self, argument: str) -> None:
        super().__init__(
            argument,
            "it must be a cursor of this connection, from a page with the same customer or program"
            " and the same filters.",
        )


class PersistedQueryNotFoundError(GatewayError):
    """No document is known by this id; the clients know the message, and send the text then."""

    code = "PERSISTED_QUERY_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotFound")


class PersistedQueryNotSupportedError(GatewayError):
    """No document is known by any id; the clients know the message, and send texts from then on."""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotSupported")


class OperationNotTrustedError(GatewayError):
    """Only trusted documents run, and this is none."""

    code = "OPERATION_NOT_TRUSTED"

    def __init__(self) -> None:
        super().__init__("Only trusted documents are allowed; this document is not trusted.")


class QueryTooComplexError(GatewayError):
    """An operation exceeds a limit; `requested` is None where it was not counted to its end."""

    code = "QUERY_TOO_COMPLEX"

    def __init__(
        self,
        quantity: str,
        maximum: int,
        requested: int | None = None,
        *,
        argument: str | None = None,
    ) -> None:
        excess = (
            f"the limit of {maximum} is exceeded"
            if requested is None
            else f"{requested} exceeds the limit of {maximum}"
        )
        super().__init__(f"{quantity}: {excess}.", argument=argument)


class AnswerTooLargeError(GatewayError):
    """An answer has more of something (`what`, in the plural) than the `maximum`."""

    code = "ANSWER_TOO_LARGE"

    def __init__(self, what: str, maximum: int) -> None:
        super().__init__(
            f"Response size: the limit of {maximum} {what} is exceeded; request fewer items or"
            " fields."
        )


class ForbiddenError(GatewayError):
    """The caller may not see this."""

    code = "FORBIDDEN"


class BudgetExceededError(GatewayError):
    """The operation wants more upstream calls than one operation may make."""

    code = "UPSTREAM_BUDGET_EXCEEDED"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"Upstream calls: the limit of {most} per operation is exceeded; request less in one"
            " operation."
        )


class OverloadedError(GatewayError):
    """More is asked of the gateway than it can queue."""

    code = "OVERLOADED"
    retryable, names_request = True, True
    retry_after_s = 1

    def __init__(self) -> None:
        super().__init__("The gateway is overloaded; try again shortly.")
