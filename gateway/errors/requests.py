"""Errors of an HTTP request, which have a status of their own."""

from typing import ClassVar

from gateway.errors.base import GatewayError, whole_seconds


class RequestError(GatewayError):
    """The base class of errors that are the whole HTTP response, with a status of their own."""

    status: ClassVar[int] = 400
    headers: ClassVar[dict[str, str]] = {}


class BadRequestError(RequestError):
    """The HTTP request is malformed or has no GraphQL request; 414 and 431 for a head too large."""

    code = "BAD_REQUEST"
    action = "Correct the request; the message says what is allowed."


class RequestTimeoutError(BadRequestError):
    """The request has not arrived completely within the time limit."""

    status, retryable = 408, True
    action = "Retry; check the client's connection."


class HeaderTooLargeError(BadRequestError):
    """A header exceeds the size limit."""

    status = 431

    def __init__(self, name: str, max_bytes: int) -> None:
        super().__init__(f"{name} must have at most {max_bytes} bytes.")


class UnauthenticatedError(RequestError):
    """The request has no bearer token."""

    code, status = "UNAUTHENTICATED", 401
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}  # RFC 9110 §11.6.1
    action = "Send a bearer token in Authorization."


class TokenRefusedError(UnauthenticatedError):
    """The bearer token is invalid, expired or not yet valid."""

    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    action = "Get a new token from the issuer."

    def __init__(self, reason: str, message: str = "The bearer token is invalid.") -> None:
        super().__init__(message)
        self.reason = reason  # for the log alone


class KeysUnavailableError(UnauthenticatedError):
    """The keys that sign tokens cannot be fetched; the token may be valid."""

    status, retry_after_s = 503, 5
    retryable, names_request = True, True
    headers: ClassVar[dict[str, str]] = {}
    action = "Keep the token and retry after `retryAfterS` seconds."

    def __init__(self) -> None:
        super().__init__("The gateway cannot verify tokens at present; try again shortly.")


class WebhookSecretError(UnauthenticatedError):
    """An event of the webhook has another secret than `GATEWAY_WEBHOOK_SECRET`, or none."""

    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Webhook-Secret"}
    action = "Send the webhook's secret in its header."

    def __init__(self) -> None:
        super().__init__("The secret of the webhook is missing or wrong.")


class EventNotKeptError(RequestError):
    """Redis does not take an event of the webhook: not all replicas would learn of it."""

    code, status, retry_after_s = "OVERLOADED", 503, 5
    retryable, names_request = True, True
    action = "Send the event again after `retryAfterS` seconds."

    def __init__(self) -> None:
        super().__init__("The event cannot be passed on at present; send it again.")


class NotFoundError(RequestError):
    """The path does not exist."""

    code, status = "NOT_FOUND", 404
    action = "Send GraphQL requests to /graphql."


class MethodNotAllowedError(RequestError):
    """The method is neither GET nor POST, or GET was used for a mutation."""

    code, status = "METHOD_NOT_ALLOWED", 405
    action = "Use POST."


class NotAcceptableError(RequestError):
    """`Accept` allows none of the response media types."""

    code, status = "NOT_ACCEPTABLE", 406
    action = "Accept application/graphql-response+json or application/json."


class PayloadTooLargeError(RequestError):
    """The body exceeds `GATEWAY_MAX_BODY_BYTES`, or a batch the rate limit of a minute."""

    code, status = "PAYLOAD_TOO_LARGE", 413
    action = "Send a smaller body or batch."


class UnsupportedMediaTypeError(RequestError):
    """The body is not JSON in UTF-8, or has an unsupported content encoding."""

    code, status = "UNSUPPORTED_MEDIA_TYPE", 415
    action = "Send application/json in UTF-8, uncompressed or with gzip."


class CrossSiteError(RequestError):
    """A page of another site sent the request, and `GATEWAY_CORS_ORIGINS` does not allow it."""

    code, status = "FORBIDDEN", 403
    action = "Have the operators add the page's origin to `GATEWAY_CORS_ORIGINS`."


class RateLimitedError(RequestError):
    """The caller exceeded a rate limit of the gateway."""

    code, status, retryable = "RATE_LIMITED", 429, True
    action = "Retry after `retryAfterS` seconds."

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("The rate limit per minute is exceeded; try again later.")
        self.retry_after_s = whole_seconds(retry_after_s)


class ConcurrencyLimitError(RequestError):
    """The gateway runs as many operations as `GATEWAY_MAX_CONCURRENT_REQUESTS` allows."""

    code, status, retry_after_s = "OVERLOADED", 503, 1
    retryable, names_request = True, True
    action = "Retry after `retryAfterS` seconds."

    def __init__(self) -> None:
        super().__init__("The gateway is overloaded; try again shortly.")


class ConnectionLimitError(RequestError):
    """More clients are connected than `GATEWAY_MAX_CONNECTIONS` or file descriptors allow."""

    code, status, retry_after_s = "OVERLOADED", 503, 1
    retryable = True
    action = "Retry after `retryAfterS` seconds."

    def __init__(self) -> None:
        super().__init__("The gateway has too many connections; try again shortly.")


class ShuttingDownError(RequestError):
    """The gateway ended before the response, `GATEWAY_SHUTDOWN_GRACE_S` after it began to end."""

    code, status, retry_after_s = "OVERLOADED", 503, 1
    retryable, names_request = True, True
    action = "Retry after `retryAfterS` seconds, on a new connection."

    def __init__(self) -> None:
        super().__init__("The gateway is shutting down; try again on a new connection.")
