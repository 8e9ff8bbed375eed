"""Everything that can go wrong, and the GraphQL code each owns (DESIGN §5).

::

    GatewayError
    ├── BadUserInputError              BAD_USER_INPUT
    │   └── CursorInvalidError         CURSOR_INVALID
    ├── ForbiddenError                 FORBIDDEN
    ├── PersistedQueryNotFoundError    PERSISTED_QUERY_NOT_FOUND
    ├── PersistedQueryNotSupportedError  PERSISTED_QUERY_NOT_SUPPORTED
    ├── OperationNotTrustedError       OPERATION_NOT_TRUSTED
    ├── RequestError                   what HTTP itself answers, with a status
    │   ├── BadRequestError            BAD_REQUEST              400
    │   ├── MethodNotAllowedError      METHOD_NOT_ALLOWED       405
    │   ├── NotAcceptableError         NOT_ACCEPTABLE           406
    │   ├── PayloadTooLargeError       PAYLOAD_TOO_LARGE        413
    │   └── UnsupportedMediaTypeError  UNSUPPORTED_MEDIA_TYPE   415
    ├── UpstreamError                  names the endpoint, and its own code where it gave one
    │   ├── UpstreamInputRefusedError  BAD_USER_INPUT           8003 8013 4082-4085
    │   ├── UpstreamMisuseError        INTERNAL_SERVER_ERROR    4050 4055 4056 4086 …: our own fault
    │   ├── UpstreamAuthFailedError    UPSTREAM_AUTH_FAILED
    │   │   └── CredentialMissingError passthrough, and the caller has brought none
    │   ├── UpstreamRateLimitedError   UPSTREAM_RATE_LIMITED    with retryAfterS
    │   ├── UpstreamTimeoutError       UPSTREAM_TIMEOUT
    │   ├── UpstreamUnavailableError   UPSTREAM_UNAVAILABLE
    │   │   └── PhasedOutError         the endpoint has been phased out: 410, or switched off
    │   ├── UpstreamBadPayloadError    UPSTREAM_BAD_PAYLOAD
    │   └── NotHereError               8015 4027: resolvers turn it into null
    ├── BudgetExceededError            UPSTREAM_BUDGET_EXCEEDED
    └── OverloadedError                OVERLOADED

GRAPHQL_PARSE_FAILED and GRAPHQL_VALIDATION_FAILED belong to `execution/operation.py`; anything that
is not a GatewayError is masked as INTERNAL_SERVER_ERROR (`execution/outcome.py`).

No message carries a host, a URL, a credential, a customer's identifier, an exception's name or a
stack: each is written here or where it is raised, from the gateway's own words.
"""

from typing import Any, ClassVar

GRAPHQL_CODES = ("GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED")


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


class ForbiddenError(GatewayError):
    """The caller may not see this."""

    code = "FORBIDDEN"


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


class RequestError(GatewayError):
    """The HTTP request is not one that GraphQL can answer."""

    status: ClassVar[int] = 400


class BadRequestError(RequestError):
    """The request has no readable GraphQL request in it."""

    code = "BAD_REQUEST"


class MethodNotAllowedError(RequestError):
    """Neither GET nor POST, or a GET for what is not a query."""

    code, status = "METHOD_NOT_ALLOWED", 405


class NotAcceptableError(RequestError):
    """The client accepts none of the media types that there are."""

    code, status = "NOT_ACCEPTABLE", 406


class PayloadTooLargeError(RequestError):
    """The body is larger than is read."""

    code, status = "PAYLOAD_TOO_LARGE", 413


class UnsupportedMediaTypeError(RequestError):
    """The body is not JSON, or not in UTF-8."""

    code, status = "UNSUPPORTED_MEDIA_TYPE", 415


class UpstreamError(GatewayError):
    """A call to the platform failed; `endpoint` is its documented name, e.g. ``promotionData``."""

    words: ClassVar[str] = "The loyalty platform could not answer."

    def __init__(self, endpoint: str, upstream_code: int | None = None) -> None:
        super().__init__(self.words)
        self.endpoint, self.upstream_code = endpoint, upstream_code

    @property
    def extensions(self) -> dict[str, Any]:
        """Add the endpoint's name and its own code, where it gave one."""
        return super().extensions | {
            "upstream": {"name": self.endpoint, "code": self.upstream_code}
        }


class UpstreamInputRefusedError(UpstreamError):
    """The platform refused a value that the client gave; `words` name the argument."""

    code = "BAD_USER_INPUT"
    _ARGUMENTS: ClassVar[dict[int, str]] = {
        8003: "source: the loyalty platform does not know this source.",
        8013: "by: the loyalty platform does not know this kind of identifier.",
        4082: "eventName: it must not be empty.",
        4083: "eventName: the loyalty platform knows no event of this name.",
        4084: "sourceTypes: at least one is needed.",
        4085: "sourceTypes: the loyalty platform does not know this source type.",
    }

    def __init__(self, endpoint: str, upstream_code: int) -> None:
        super().__init__(endpoint, upstream_code)
        self.message = self._ARGUMENTS[upstream_code]

    @classmethod
    def codes(cls) -> frozenset[int]:
        """Give the upstream codes that mean this."""
        return frozenset(cls._ARGUMENTS)


class UpstreamMisuseError(UpstreamError):
    """The gateway itself asked wrongly."""

    code = "INTERNAL_SERVER_ERROR"
    words = "The gateway asked the loyalty platform wrongly; this is ours to mend."


class UpstreamAuthFailedError(UpstreamError):
    """The platform refused the credential."""

    code = "UPSTREAM_AUTH_FAILED"
    words = "The loyalty platform refused the credential."


class CredentialMissingError(UpstreamAuthFailedError):
    """The caller, whose own credential would go to the platform, has brought none."""

    words = "This request carries no credential for the loyalty platform."


class UpstreamRateLimitedError(UpstreamError):
    """The platform answers no more calls for now."""

    code = "UPSTREAM_RATE_LIMITED"
    words = "The loyalty platform's rate limit is reached; try again later."

    def __init__(self, endpoint: str, retry_after_s: float) -> None:
        super().__init__(endpoint)
        self.retry_after_s = retry_after_s

    @property
    def extensions(self) -> dict[str, Any]:
        """Add after how many seconds a new try makes sense."""
        return super().extensions | {"retryAfterS": self.retry_after_s}


class UpstreamTimeoutError(UpstreamError):
    """The platform did not answer within the operation's deadline."""

    code = "UPSTREAM_TIMEOUT"
    words = "The loyalty platform did not answer in time."


class UpstreamUnavailableError(UpstreamError):
    """The platform could not be reached, or failed, or refused for a reason nobody documented."""

    code = "UPSTREAM_UNAVAILABLE"
    words = "The loyalty platform is not available."


class PhasedOutError(UpstreamUnavailableError):
    """The endpoint has been phased out (410), or is switched off."""

    words = "The loyalty platform no longer offers this."


class UpstreamBadPayloadError(UpstreamError):
    """The platform's answer is not what it documents, too large, or about somebody else."""

    code = "UPSTREAM_BAD_PAYLOAD"
    words = "The loyalty platform's answer could not be read."


class UndocumentedNotFoundError(UpstreamBadPayloadError):
    """A 404 without a documented error body: a path that is no longer there looks like this."""


class NotHereError(UpstreamError):
    """The platform has no such customer (8015) or promotion (4027)."""

    words = "The loyalty platform has nothing under this id."


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


def codes() -> tuple[str, ...]:
    """Give every code that an error of an answer can have, in alphabetical order."""
    found, classes = set(GRAPHQL_CODES), [GatewayError]
    while classes:
        known = classes.pop()
        found.add(known.code)
        classes += known.__subclasses__()
    return tuple(sorted(found))
