"""All errors that a client may see; each class owns its code, and `docs/errors.md` lists them.

`base` has the errors of operations and of the gateway itself, `requests` those of HTTP, which have
a status of their own, and `upstream` those of calls to the platform. Which of the platform's codes
and statuses is which error is in `gateway/upstream/response_errors.py` and
`gateway/upstream/http_statuses.py`.

No message contains a host, a URL, a credential, a customer's identifier, the name of an exception
or a stack trace: each is written here or where it is raised.
"""

from gateway.errors.base import (
    AnswerTooLargeError,
    BadUserInputError,
    BudgetExceededError,
    CursorInvalidError,
    ForbiddenError,
    GatewayError,
    KeyStoreUnavailableError,
    ListTooLongError,
    MaskedError,
    OperationNotTrustedError,
    OverloadedError,
    ParseFailedError,
    PersistedQueryNotFoundError,
    PersistedQueryNotSupportedError,
    QueryTooComplexError,
    TooManyPromotionsError,
    ValidationFailedError,
    whole_seconds,
)
from gateway.errors.outcomes import OUTCOMES, REFUSALS
from gateway.errors.requests import (
    BadRequestError,
    ConcurrencyLimitError,
    ConnectionLimitError,
    CrossSiteError,
    EventNotKeptError,
    HeaderTooLargeError,
    KeysUnavailableError,
    MethodNotAllowedError,
    NotAcceptableError,
    NotFoundError,
    PayloadTooLargeError,
    RateLimitedError,
    RequestError,
    RequestTimeoutError,
    ShuttingDownError,
    TokenRefusedError,
    UnauthenticatedError,
    UnsupportedMediaTypeError,
    WebhookSecretError,
)
from gateway.errors.upstream import (
    CallerCircuitOpenError,
    CredentialMissingError,
    CustomerMismatchError,
    IncompleteListError,
    PhasedOutError,
    UndocumentedNotFoundError,
    UpstreamAuthFailedError,
    UpstreamBadPayloadError,
    UpstreamBusyError,
    UpstreamError,
    UpstreamInputRefusedError,
    UpstreamMisuseError,
    UpstreamNotFoundError,
    UpstreamRateLimitedError,
    UpstreamRefusedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)

__all__ = [
    "OUTCOMES",
    "REFUSALS",
    "AnswerTooLargeError",
    "BadRequestError",
    "BadUserInputError",
    "BudgetExceededError",
    "CallerCircuitOpenError",
    "ConcurrencyLimitError",
    "ConnectionLimitError",
    "CredentialMissingError",
    "CrossSiteError",
    "CursorInvalidError",
    "CustomerMismatchError",
    "EventNotKeptError",
    "ForbiddenError",
    "GatewayError",
    "HeaderTooLargeError",
    "IncompleteListError",
    "KeyStoreUnavailableError",
    "KeysUnavailableError",
    "ListTooLongError",
    "MaskedError",
    "MethodNotAllowedError",
    "NotAcceptableError",
    "NotFoundError",
    "OperationNotTrustedError",
    "OverloadedError",
    "ParseFailedError",
    "PayloadTooLargeError",
    "PersistedQueryNotFoundError",
    "PersistedQueryNotSupportedError",
    "PhasedOutError",
    "QueryTooComplexError",
    "RateLimitedError",
    "RequestError",
    "RequestTimeoutError",
    "ShuttingDownError",
    "TokenRefusedError",
    "TooManyPromotionsError",
    "UnauthenticatedError",
    "UndocumentedNotFoundError",
    "UnsupportedMediaTypeError",
    "UpstreamAuthFailedError",
    "UpstreamBadPayloadError",
    "UpstreamBusyError",
    "UpstreamError",
    "UpstreamInputRefusedError",
    "UpstreamMisuseError",
    "UpstreamNotFoundError",
    "UpstreamRateLimitedError",
    "UpstreamRefusedError",
    "UpstreamTimeoutError",
    "UpstreamUnavailableError",
    "ValidationFailedError",
    "WebhookSecretError",
    "classes",
    "codes",
    "documented",
    "whole_seconds",
]


def classes(root: type[GatewayError] = GatewayError) -> list[type[GatewayError]]:
    """Return a class and all below it, parents first."""
    return [root, *(below for child in root.__subclasses__() for below in classes(child))]


def codes() -> tuple[str, ...]:
    """Return all codes of errors, in alphabetical order."""
    return tuple(sorted({kind.code for kind in classes()}))


def documented() -> list[type[GatewayError]]:
    """Return the classes that clients see, by code: neither base classes nor what becomes null."""
    hidden = {GatewayError, RequestError, UpstreamError, UpstreamNotFoundError}
    return [
        kind
        for kind in sorted(classes(), key=lambda kind: kind.code)
        if kind.__module__.startswith(__name__) and kind not in hidden
    ]
