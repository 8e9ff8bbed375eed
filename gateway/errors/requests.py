"""What HTTP itself answers, with a status."""

from typing import ClassVar

from gateway.errors.base import GatewayError, whole_seconds


class RequestError(GatewayError):
    """The HTTP request is not one that GraphQL can answer."""

    status: ClassVar[int] = 400
    headers: ClassVar[dict[str, str]] = {}


class BadRequestError(RequestError):
    """The request has no readable GraphQL request in it."""

    code = "BAD_REQUEST"


class RequestTimeoutError(BadRequestError):
    """The request has not arrived whole in time."""

    status, retryable = 408, True


class HeaderTooLargeError(BadRequestError):
    """A header is longer than is read (RFC 6585 section 5)."""

    status = 431

    def __init__(self, name: str, max_bytes: int) -> None:
        super().__init__(f"{name} must have at most {max_bytes} bytes.")


class UnauthenticatedError(RequestError):
    """The caller has shown no bearer token; the answer says which scheme (RFC 9110 §11.6.1)."""

    code, status = "UNAUTHENTICATED", 401
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}


class TokenRefusedError(UnauthenticatedError):
    """The caller's bearer token does not count (RFC 6750 §3); `reason` is a word for the log."""

    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": 'Bearer error="invalid_token"'}

    def __init__(self, reason: str, message: str = "The bearer token is invalid.") -> None:
        super().__init__(message)
        self.reason = reason


class KeysUnavailableError(UnauthenticatedError):
    """No token can be checked now: it is not the caller's fault, who should keep the token."""

    status, retry_after_s = 503, 5
    retryable, names_request = True, True
    headers: ClassVar[dict[str, str]] = {}

    def __init__(self) -> None:
        super().__init__("The gateway cannot verify tokens at present; try again shortly.")


class NotFoundError(RequestError):
    """There is nothing at this path."""

    code, status = "NOT_FOUND", 404


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


class CrossSiteError(RequestError):
    """A page of another site has had this sent, and the settings do not name its origin."""

    code, status = "FORBIDDEN", 403


class RateLimitedError(RequestError):
    """The caller has asked more in the last minute than one may."""

    code, status, retryable = "RATE_LIMITED", 429, True

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("The rate limit per minute is exceeded; try again later.")
        self.retry_after_s = whole_seconds(retry_after_s)


class ConcurrencyLimitError(RequestError):
    """As much is being done as may be done at once."""

    code, status, retry_after_s = "OVERLOADED", 503, 1
    retryable, names_request = True, True

    def __init__(self) -> None:
        super().__init__("The gateway is overloaded; try again shortly.")
