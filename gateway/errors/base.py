"""The base class of all errors, and the errors of operations and of the gateway itself.

A class's docstring says when the error occurs, its `action` what a client should do about it. Both
are text of `docs/errors.md`, which is generated from the classes.
"""

import math
from typing import Any, ClassVar

MAX_RETRY_AFTER_S = 300
"""The upper bound of `retryAfterS`, in seconds."""


def whole_seconds(wait_s: float) -> int:
    """Return a wait as the value of `retryAfterS`: rounded up, from 1 to `MAX_RETRY_AFTER_S`."""
    return max(1, math.ceil(min(wait_s, MAX_RETRY_AFTER_S)))


class GatewayError(Exception):
    """The base class of errors that a client may see.

    `argument` is the path of the argument at fault, as ``by[0].mobile``; the path of a variable
    begins with ``$``.
    """

    code: ClassVar[str] = "INTERNAL_SERVER_ERROR"
    retryable: ClassVar[bool] = False
    """Whether the same request may succeed later, unchanged."""
    names_request: ClassVar[bool] = False
    """Whether the error has the `requestId` by which operators find it in the log."""
    action: ClassVar[str] = "Report the request id to the operators."
    """What a client should do."""
    retry_after_s: int | None = None
    """Seconds to wait before a retry, where that is known."""

    def __init__(self, message: str, *, argument: str | None = None) -> None:
        super().__init__(message)
        self.message, self.argument = message, argument

    @property
    def extensions(self) -> dict[str, Any]:
        """The GraphQL error's ``extensions`` without `requestId`."""
        extensions: dict[str, Any] = {"code": self.code, "retryable": self.retryable}
        if self.argument is not None:
            extensions["argument"] = self.argument
        if self.retry_after_s is not None:
            extensions["retryAfterS"] = self.retry_after_s
        return extensions

    def formatted(self, request_id: str) -> dict[str, Any]:
        """Return the GraphQL error for the response to the request with this id."""
        extensions = self.extensions
        if self.names_request:
            extensions["requestId"] = request_id
        return {"message": self.message, "extensions": extensions}


class MaskedError(GatewayError):
    """An unexpected exception in the gateway; its details are in the log only."""

    names_request = True

    def __init__(self) -> None:
        super().__init__("Internal error of the gateway; report the request id to its operators.")


class ParseFailedError(GatewayError):
    """The document has a syntax error."""

    code = "GRAPHQL_PARSE_FAILED"
    action = "Correct the document at `locations`."


class ValidationFailedError(GatewayError):
    """The document is not valid for this schema."""

    code = "GRAPHQL_VALIDATION_FAILED"
    action = "Correct the document at `locations`; compare it with `schema.graphql`."


class BadUserInputError(GatewayError):
    """The value of an argument or a variable is not allowed."""

    code = "BAD_USER_INPUT"
    action = "Correct the value at `extensions.argument`; the message says what is allowed."

    def __init__(self, argument: str, words: str) -> None:
        super().__init__(f"{argument}: {words}", argument=argument)


class CursorInvalidError(BadUserInputError):
    """A cursor is damaged, or belongs to another connection, filter, order or customer."""

    code = "CURSOR_INVALID"
    action = "Start again at the first page of the connection."

    def __init__(self, argument: str) -> None:
        super().__init__(
            argument,
            "it must be a cursor of this connection, from a page with the same customer or program"
            " and the same filters and order.",
        )


class PersistedQueryNotFoundError(GatewayError):
    """No document with this hash is registered."""

    code = "PERSISTED_QUERY_NOT_FOUND"
    action = "Send the document together with its hash; Apollo's and urql's clients do."

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotFound")


class PersistedQueryNotSupportedError(GatewayError):
    """No persisted queries are enabled: `GATEWAY_APQ=false`, and no trusted documents."""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"
    action = "Send documents instead of hashes; Apollo's and urql's clients do."

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotSupported")


class OperationNotTrustedError(GatewayError):
    """Only trusted documents are allowed (`GATEWAY_TRUSTED_DOCUMENTS_MODE=only`)."""

    code = "OPERATION_NOT_TRUSTED"
    action = "Add the document to the manifest of trusted documents."

    def __init__(self) -> None:
        super().__init__("Only trusted documents are allowed; this document is not trusted.")


class QueryTooComplexError(GatewayError):
    """The operation exceeds a limit such as query depth, aliases, tokens or cost."""

    code = "QUERY_TOO_COMPLEX"
    action = "Reduce what the message names, or split the operation."

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


class ListTooLongError(GatewayError):
    """A list of ids or customers is longer than `GATEWAY_MAX_LIST_LENGTH`."""

    code = "LIST_TOO_LONG"
    action = "Split the list at `extensions.argument` over several operations."

    def __init__(self, argument: str, maximum: int, requested: int) -> None:
        super().__init__(
            f"{argument}: {requested} items exceed the limit of {maximum}.", argument=argument
        )


class TooManyPromotionsError(GatewayError):
    """The customer has more promotions than are searched or sorted: `GATEWAY_MAX_SCAN_CALLS`."""

    customer_id: str

    code = "LIST_TOO_LONG"
    action = (
        "Narrow the list with `availability`, `type`, `sourceType` or `programIds`, or page through"
        " it without `search`, `validity` and `orderBy`."
    )

    def __init__(self, argument: str, maximum: int, customer_id: str) -> None:
        self.customer_id = customer_id
        super().__init__(
            f"{argument}: the customer has more than {maximum} of these promotions, too many to"
            " search or sort; narrow the list with availability, type, sourceType or programIds, or"
            " omit search, validity and orderBy.",
            argument=argument,
        )


class AnswerTooLargeError(GatewayError):
    """The response exceeds `GATEWAY_MAX_ANSWER_LEAVES` or `GATEWAY_MAX_ANSWER_BYTES`."""

    code = "ANSWER_TOO_LARGE"
    action = "Request smaller pages or fewer fields."

    def __init__(self, what: str, maximum: int) -> None:
        super().__init__(
            f"Response size: the limit of {maximum} {what} is exceeded; request fewer items or"
            " fields."
        )


class ForbiddenError(GatewayError):
    """The caller is not authorized for this customer or field, or mutations are switched off."""

    code = "FORBIDDEN"
    action = "Request only what the token authorizes."


class BudgetExceededError(GatewayError):
    """The operation needs more upstream calls than one operation may make."""

    code = "UPSTREAM_BUDGET_EXCEEDED"
    action = "Request smaller pages or fewer customers, or split the operation."

    def __init__(self, maximum: int) -> None:
        super().__init__(
            f"Upstream calls: the limit of {maximum} per operation is exceeded; request less in one"
            " operation."
        )


class OverloadedError(GatewayError):
    """The queue of upstream calls is full, or too slow for the deadline."""

    code = "OVERLOADED"
    retryable, names_request = True, True
    retry_after_s = 1
    action = "Retry after `retryAfterS` seconds."

    def __init__(self) -> None:
        super().__init__("The gateway is overloaded; try again shortly.")


class KeyStoreUnavailableError(OverloadedError):
    """Redis does not respond, where idempotency keys are kept: nothing has been written."""

    def __init__(self) -> None:
        message = "Idempotency keys cannot be kept at present, so nothing was done; try again."
        GatewayError.__init__(self, message)
