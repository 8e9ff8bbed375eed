"""Everything that can go wrong, and the GraphQL code each owns.

::

    GatewayError
    ├── MaskedError                    INTERNAL_SERVER_ERROR    for what is none; requestId
    ├── ParseFailedError               GRAPHQL_PARSE_FAILED
    ├── ValidationFailedError          GRAPHQL_VALIDATION_FAILED
    ├── BadUserInputError              BAD_USER_INPUT           with argument
    │   └── CursorInvalidError         CURSOR_INVALID
    ├── QueryTooComplexError           QUERY_TOO_COMPLEX        a limit of `execution/limits.py`
    ├── AnswerTooLargeError            ANSWER_TOO_LARGE         only known while it runs
    ├── ForbiddenError                 FORBIDDEN
    ├── PersistedQueryNotFoundError    PERSISTED_QUERY_NOT_FOUND
    ├── PersistedQueryNotSupportedError  PERSISTED_QUERY_NOT_SUPPORTED
    ├── OperationNotTrustedError       OPERATION_NOT_TRUSTED
    ├── RequestError                   what HTTP itself answers, with a status
    │   ├── BadRequestError            BAD_REQUEST              400; 414 and 431 of a head too large
    │   │   ├── HeaderTooLargeError    one header               431
    │   │   └── RequestTimeoutError  ↻ not whole in time        408
    │   ├── UnauthenticatedError       UNAUTHENTICATED          401
    │   │   ├── TokenRefusedError      with a word for the log
    │   │   └── KeysUnavailableError ↻ no token can be checked  503  with retryAfterS, requestId
    │   ├── NotFoundError              NOT_FOUND                404
    │   ├── MethodNotAllowedError      METHOD_NOT_ALLOWED       405
    │   ├── NotAcceptableError         NOT_ACCEPTABLE           406
    │   ├── PayloadTooLargeError       PAYLOAD_TOO_LARGE        413
    │   ├── UnsupportedMediaTypeError  UNSUPPORTED_MEDIA_TYPE   415
    │   ├── CrossSiteError             FORBIDDEN                403
    │   ├── RateLimitedError         ↻ RATE_LIMITED             429  with retryAfterS
    │   └── ConcurrencyLimitError    ↻ OVERLOADED               503  with retryAfterS, requestId
    ├── UpstreamError                  names the endpoint, its own code where it gave one; requestId
    │   ├── UpstreamInputRefusedError  BAD_USER_INPUT           with argument; no requestId
    │   ├── UpstreamMisuseError        INTERNAL_SERVER_ERROR    our own fault
    │   ├── UpstreamAuthFailedError    UPSTREAM_AUTH_FAILED
    │   │   └── CredentialMissingError passthrough, and the caller has brought none
    │   ├── UpstreamRateLimitedError ↻ UPSTREAM_RATE_LIMITED    with retryAfterS
    │   ├── UpstreamTimeoutError     ↻ UPSTREAM_TIMEOUT
    │   ├── UpstreamUnavailableError ↻ UPSTREAM_UNAVAILABLE
    │   │   ├── HeldBackError        ↻ only this caller's calls, which have all failed
    │   │   └── UpstreamBusyError    ↻ it asks for a moment: 461, 521
    │   ├── PhasedOutError             UPSTREAM_GONE            410, or switched off
    │   ├── UpstreamBadPayloadError    UPSTREAM_BAD_PAYLOAD
    │   │   ├── CustomerMismatchError ↻ two answers contradict each other about who a customer is
    │   │   ├── UpstreamRefusedError   for a reason that nobody documents
    │   │   └── UndocumentedNotFoundError  a 404 without a documented error body
    │   └── UpstreamNotFoundError      resolvers turn it into null
    ├── BudgetExceededError            UPSTREAM_BUDGET_EXCEEDED
    └── OverloadedError              ↻ OVERLOADED               with retryAfterS, requestId

↻ is `retryable`: the same request may succeed later, as it is; nothing else is worth sending again.
What has no HTTP status of its own is an error of a GraphQL answer: 200, or 400 for one without data
to a client that accepts GraphQL's own media type. `upstream/failures.py` says which of the
platform's codes is which, `upstream/statuses.py` which of its statuses.

No message carries a host, a URL, a credential, a customer's identifier, an exception's name or a
stack: each is written here or where it is raised, from the gateway's own words.
"""

from gateway.errors.base import (
    AnswerTooLargeError,
    BadUserInputError,
    BudgetExceededError,
    CursorInvalidError,
    ForbiddenError,
    GatewayError,
    MaskedError,
    OperationNotTrustedError,
    OverloadedError,
    ParseFailedError,
    PersistedQueryNotFoundError,
    PersistedQueryNotSupportedError,
    QueryTooComplexError,
    ValidationFailedError,
    whole_seconds,
)
from gateway.errors.requests import (
    BadRequestError,
    ConcurrencyLimitError,
    CrossSiteError,
    HeaderTooLargeError,
    KeysUnavailableError,
    MethodNotAllowedError,
    NotAcceptableError,
    NotFoundError,
    PayloadTooLargeError,
    RateLimitedError,
    RequestError,
    RequestTimeoutError,
    TokenRefusedError,
    UnauthenticatedError,
    UnsupportedMediaTypeError,
)
from gateway.errors.upstream import (
    CredentialMissingError,
    CustomerMismatchError,
    HeldBackError,
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
    "AnswerTooLargeError",
    "BadRequestError",
    "BadUserInputError",
    "BudgetExceededError",
    "ConcurrencyLimitError",
    "CredentialMissingError",
    "CrossSiteError",
    "CursorInvalidError",
    "CustomerMismatchError",
    "ForbiddenError",
    "GatewayError",
    "HeaderTooLargeError",
    "HeldBackError",
    "KeysUnavailableError",
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
    "TokenRefusedError",
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
    "codes",
    "whole_seconds",
]


def codes() -> tuple[str, ...]:
    """Return every code that an error of an answer can have, in alphabetical order."""
    found, classes = set(), [GatewayError]
    while classes:
        known = classes.pop()
        found.add(known.code)
        classes += known.__subclasses__()
    return tuple(sorted(found))
