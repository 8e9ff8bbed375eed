"""Errors of calls to the platform."""

from typing import Any, ClassVar, Self

from gateway.errors.base import GatewayError, whole_seconds


class UpstreamError(GatewayError):
    """The base class of errors of a call to the platform.

    `endpoint` is the endpoint's documented name, e.g. ``promotionData``, `upstream_code` the
    platform's own error code, where it sent one; both are in ``extensions.upstream``.
    """

    default_message: ClassVar[str] = "The loyalty platform did not answer."
    names_request = True

    def __init__(
        self, endpoint: str, upstream_code: int | None = None, *, argument: str | None = None
    ) -> None:
        super().__init__(self.default_message, argument=argument)
        self.endpoint, self.upstream_code = endpoint, upstream_code

    @property
    def extensions(self) -> dict[str, Any]:
        """The extensions with the endpoint's name and the platform's code."""
        return super().extensions | {
            "upstream": {"name": self.endpoint, "code": self.upstream_code}
        }


class UpstreamInputRefusedError(UpstreamError):
    """The platform rejected the value of an argument."""

    code = "BAD_USER_INPUT"
    names_request = False
    action = "Correct the value at `extensions.argument`; the message says what is allowed."
    upstream_code: int
    _SOURCE: ClassVar = ("source", "the loyalty platform does not know this source.")
    _ACCOUNT: ClassVar = (
        "source",
        "the loyalty platform does not know this source, or has several accounts for it.",
    )
    _ARGUMENTS: ClassVar[dict[int, tuple[str, str]]] = {
        8003: _SOURCE,
        8011: _SOURCE,
        8012: _SOURCE,
        8045: _ACCOUNT,
        8054: _ACCOUNT,
        8091: _ACCOUNT,
        8127: _ACCOUNT,
        8013: ("by", "the loyalty platform does not know this kind of identifier."),
        8103: ("sourceType", "the loyalty platform does not know this source type."),
        8105: ("programIds", "the loyalty platform does not know all of these programs."),
        8110: ("type", "the loyalty platform does not know this type of promotion."),
        8125: ("availability", "the loyalty platform does not know this availability."),
        4082: ("eventName", "it must not be empty."),
        4083: ("eventName", "the loyalty platform knows no event of this name."),
        4084: ("sourceTypes", "it must have at least one source type."),
        4085: ("sourceTypes", "the loyalty platform does not know this source type."),
    }

    def __init__(self, endpoint: str, upstream_code: int) -> None:
        argument, words = self._ARGUMENTS[upstream_code]
        super().__init__(endpoint, upstream_code, argument=argument)
        self.message = f"{argument}: {words}"

    def about(self, argument: str) -> Self:
        """Return the same error for the path of the argument as the client sent it."""
        error = type(self)(self.endpoint, self.upstream_code)
        error.argument = argument
        error.message = f"{argument}: {self._ARGUMENTS[self.upstream_code][1]}"
        return error

    @classmethod
    def codes(cls) -> frozenset[int]:
        """Return the platform's codes that are this error."""
        return frozenset(cls._ARGUMENTS)


class UpstreamMisuseError(UpstreamError):
    """The gateway sent the platform an invalid request."""

    code = "INTERNAL_SERVER_ERROR"
    default_message = (
        "The gateway sent the loyalty platform an invalid request; report the request id."
    )


class UpstreamAuthFailedError(UpstreamError):
    """The platform rejected the credential of the gateway, or of the caller with passthrough."""

    code = "UPSTREAM_AUTH_FAILED"
    default_message = "The loyalty platform rejected the credential."
    action = "With passthrough send a valid credential, else report it to the operators."


class CredentialMissingError(UpstreamAuthFailedError):
    """The request has no credential for the platform (`GATEWAY_UPSTREAM_AUTH=passthrough`)."""

    default_message = "A credential for the loyalty platform is required."
    action = "Send the platform's credential with the request."


class UpstreamRateLimitedError(UpstreamError):
    """The platform's rate limit, or the gateway's quota below it, lets no call start in time."""

    code, retryable = "UPSTREAM_RATE_LIMITED", True
    default_message = "The loyalty platform's rate limit is exceeded; try again later."
    action = "Retry after `retryAfterS` seconds."
    retry_after_s: int

    def __init__(
        self, endpoint: str, retry_after_s: float, upstream_code: int | None = None
    ) -> None:
        super().__init__(endpoint, upstream_code)
        self.retry_after_s = whole_seconds(retry_after_s)


class UpstreamTimeoutError(UpstreamError):
    """The platform did not answer within `GATEWAY_UPSTREAM_DEADLINE_S`."""

    code, retryable = "UPSTREAM_TIMEOUT", True
    default_message = "The loyalty platform did not answer in time."
    action = "Retry with backoff; request less in one operation."


class UpstreamUnavailableError(UpstreamError):
    """The platform could not be reached or failed, or the circuit breaker is open."""

    code, retryable = "UPSTREAM_UNAVAILABLE", True
    default_message = "The loyalty platform is not available."
    action = "Retry with backoff, after `retryAfterS` seconds where it is present."


class CallerCircuitOpenError(UpstreamUnavailableError):
    """The circuit breaker of this caller or customer is open; others' calls go on."""


class UpstreamBusyError(UpstreamUnavailableError):
    """The platform is busy: its search (461), or this customer (521)."""

    default_message = "The loyalty platform is busy; try again shortly."


class PhasedOutError(UpstreamError):
    """The endpoint has been phased out (410), or is switched off (`GATEWAY_DEFINITIONS`)."""

    code = "UPSTREAM_GONE"
    default_message = "The loyalty platform no longer offers this endpoint."
    action = "Do without the field."


class UpstreamBadPayloadError(UpstreamError):
    """The platform's response is malformed, too large, or about another customer."""

    code = "UPSTREAM_BAD_PAYLOAD"
    default_message = "The loyalty platform's response is invalid."


class CustomerMismatchError(UpstreamBadPayloadError):
    """Two responses about one customer disagree on the customer's id."""

    retryable = True
    default_message = "The loyalty platform's responses disagree about the customer's identity."
    action = "Retry; a new response decides."


class IncompleteListError(UpstreamBadPayloadError):
    """An object was not found, but may exist: an item was unreadable, or the list ended early."""


class UpstreamRefusedError(UpstreamBadPayloadError):
    """The platform rejected the call with a code or a status that it does not document."""

    default_message = "The loyalty platform rejected the call with an undocumented code."


class UndocumentedNotFoundError(UpstreamBadPayloadError):
    """The platform answered 404 without its documented error body."""


class UpstreamNotFoundError(UpstreamError):
    """The platform has no such customer, promotion or program; resolvers return null for it."""

    default_message = "The loyalty platform has no object with this id."
    action = "None: clients get null instead of this error."
