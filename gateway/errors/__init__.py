"""Everything that can go wrong, and the GraphQL code each owns (DESIGN §5).

::

    GatewayError
    ├── BadUserInputError              BAD_USER_INPUT
    │   └── CursorInvalidError         CURSOR_INVALID
    ├── QueryTooComplexError           QUERY_TOO_COMPLEX        a limit of `execution/limits.py`
    ├── ForbiddenError                 FORBIDDEN
    ├── PersistedQueryNotFoundError    PERSISTED_QUERY_NOT_FOUND
    ├── PersistedQueryNotSupportedError  PERSISTED_QUERY_NOT_SUPPORTED
    ├── OperationNotTrustedError       OPERATION_NOT_TRUSTED
    ├── RequestError                   what HTTP itself answers, with a status
    │   ├── BadRequestError            BAD_REQUEST              400
    │   ├── UnauthenticatedError       UNAUTHENTICATED          401
    │   │   ├── TokenRefusedError      with a word for the log
    │   │   └── KeysUnavailableError   no token can be checked  503
    │   ├── MethodNotAllowedError      METHOD_NOT_ALLOWED       405
    │   ├── NotAcceptableError         NOT_ACCEPTABLE           406
    │   ├── PayloadTooLargeError       PAYLOAD_TOO_LARGE        413
    │   ├── UnsupportedMediaTypeError  UNSUPPORTED_MEDIA_TYPE   415
    │   ├── CrossSiteError             FORBIDDEN                403
    │   ├── RateLimitedError           RATE_LIMITED             429  with retryAfterS
    │   └── BusyError                  OVERLOADED               503  with retryAfterS
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

from gateway.errors.base import (
    BadUserInputError,
    BudgetExceededError,
    CursorInvalidError,
    ForbiddenError,
    GatewayError,
    OperationNotTrustedError,
    OverloadedError,
    PersistedQueryNotFoundError,
    PersistedQueryNotSupportedError,
    QueryTooComplexError,
)
from gateway.errors.requests import (
    BadRequestError,
    BusyError,
    CrossSiteError,
    KeysUnavailableError,
    MethodNotAllowedError,
    NotAcceptableError,
    PayloadTooLargeError,
    RateLimitedError,
    RequestError,
    TokenRefusedError,
    UnauthenticatedError,
    UnsupportedMediaTypeError,
)
from gateway.errors.upstream import (
    CredentialMissingError,
    NotHereError,
    PhasedOutError,
    UndocumentedNotFoundError,
    UpstreamAuthFailedError,
    UpstreamBadPayloadError,
    UpstreamError,
    UpstreamInputRefusedError,
    UpstreamMisuseError,
    UpstreamRateLimitedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)

__all__ = [
    "GRAPHQL_CODES",
    "BadRequestError",
    "BadUserInputError",
    "BudgetExceededError",
    "BusyError",
    "CredentialMissingError",
    "CrossSiteError",
    "CursorInvalidError",
    "ForbiddenError",
    "GatewayError",
    "KeysUnavailableError",
    "MethodNotAllowedError",
    "NotAcceptableError",
    "NotHereError",
    "OperationNotTrustedError",
    "OverloadedError",
    "PayloadTooLargeError",
    "PersistedQueryNotFoundError",
    "PersistedQueryNotSupportedError",
    "PhasedOutError",
    "QueryTooComplexError",
    "RateLimitedError",
    "RequestError",
    "TokenRefusedError",
    "UnauthenticatedError",
    "UndocumentedNotFoundError",
    "UnsupportedMediaTypeError",
    "UpstreamAuthFailedError",
    "UpstreamBadPayloadError",
    "UpstreamError",
    "UpstreamInputRefusedError",
    "UpstreamMisuseError",
    "UpstreamRateLimitedError",
    "UpstreamTimeoutError",
    "UpstreamUnavailableError",
    "codes",
]

GRAPHQL_CODES = ("GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED")


def codes() -> tuple[str, ...]:
    """Give every code that an error of an answer can have, in alphabetical order."""
    found, classes = set(GRAPHQL_CODES), [GatewayError]
    while classes:
        known = classes.pop()
        found.add(known.code)
        classes += known.__subclasses__()
    return tuple(sorted(found))
