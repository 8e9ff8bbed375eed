"""What every error has, and those of operations and of the gateway itself."""

from typing import Any, ClassVar


class GatewayError(Exception):
    """An error that a client may see: its message, its code and its extensions."""

    code: ClassVar[str] = "INTERNAL_SERVER_ERROR"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def extensions(self) -> dict[str, Any]:
        """What stands in the GraphQL error's ``extensions``."""
        return {"code": self.code}


class BadUserInputError(GatewayError):
    """An argument is not what it may be; the message names it and what is allowed."""

    code = "BAD_USER_INPUT"


class CursorInvalidError(BadUserInputError):
    """A cursor is damaged, or belongs to another connection, filter or customer."""

    code = "CURSOR_INVALID"

    def __init__(self, argument: str) -> None:
        super().__init__(
            f"{argument}: this is not a cursor of this connection; pass a cursor that it gave for"
            " the same customer or program and the same filters."
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
        super().__init__("Only trusted documents run here, and this is none of them.")


class QueryTooComplexError(GatewayError):
    """An operation asks for more than one may: the message says of what, how much, and the most."""

    code = "QUERY_TOO_COMPLEX"

    def __init__(self, what: str, most: int, asked: int | None = None) -> None:
        has = "more" if asked is None else f"{asked}"
        super().__init__(f"{what}: {most} allowed, and this has {has}.")


class ForbiddenError(GatewayError):
    """The caller may not see this."""

    code = "FORBIDDEN"


class BudgetExceededError(GatewayError):
    """The operation wants more upstream calls than one operation may make."""

    code = "UPSTREAM_BUDGET_EXCEEDED"

    def __init__(self, most: int) -> None:
        super().__init__(
            f"This operation needs more than the {most} calls to the loyalty platform that one"
            " operation may make; ask for less at once."
        )


class OverloadedError(GatewayError):
    """More is asked of the gateway than it can queue."""

    code = "OVERLOADED"

    def __init__(self) -> None:
        super().__init__("The gateway has more to do than it can take on; try again shortly.")
