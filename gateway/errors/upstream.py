"""Why the platform gave no answer, or none that can be used."""

from typing import Any, ClassVar, Self

from gateway.errors.base import GatewayError, whole_seconds


class UpstreamError(GatewayError):
    """A call to the platform failed; `endpoint` is its documented name, e.g. ``promotionData``."""

    words: ClassVar[str] = "The loyalty platform did not answer."
    names_request = True

    def __init__(
        self, endpoint: str, upstream_code: int | None = None, *, argument: str | None = None
    ) -> None:
        super().__init__(self.words, argument=argument)
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
    names_request = False
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
        """Return the same error with the name that the argument has where it was given."""
        error = type(self)(self.endpoint, self.upstream_code)
        error.argument = argument
        error.message = f"{argument}: {self._ARGUMENTS[self.upstream_code][1]}"
        return error

    @classmethod
    def codes(cls) -> frozenset[int]:
        """Return the upstream codes that mean this."""
        return frozenset(cls._ARGUMENTS)


class UpstreamMisuseError(UpstreamError):
    """The gateway itself asked wrongly."""

    code = "INTERNAL_SERVER_ERROR"
    words = "The gateway sent the loyalty platform an invalid request; report the request id."


class UpstreamAuthFailedError(UpstreamError):
    """The platform refused the credential."""

    code = "UPSTREAM_AUTH_FAILED"
    words = "The loyalty platform rejected the credential."


class CredentialMissingError(UpstreamAuthFailedError):
    """The caller, whose own credential would go to the platform, has brought none."""

    words = "A credential for the loyalty platform is required."


class UpstreamRateLimitedError(UpstreamError):
    """The platform answers no more calls for now."""

    code, retryable = "UPSTREAM_RATE_LIMITED", True
    words = "The loyalty platform's rate limit is exceeded; try again later."
    retry_after_s: int

    def __init__(
        self, endpoint: str, retry_after_s: float, upstream_code: int | None = None
    ) -> None:
        super().__init__(endpoint, upstream_code)
        self.retry_after_s = whole_seconds(retry_after_s)


class UpstreamTimeoutError(UpstreamError):
    """The platform did not answer within the operation's deadline."""

    code, retryable = "UPSTREAM_TIMEOUT", True
    words = "The loyalty platform did not answer in time."


class UpstreamUnavailableError(UpstreamError):
    """The platform could not be reached, or failed."""

    code, retryable = "UPSTREAM_UNAVAILABLE", True
    words = "The loyalty platform is not available."


class HeldBackError(UpstreamUnavailableError):
    """Calls of this caller have all failed lately, and only those are held back."""


class UpstreamBusyError(UpstreamUnavailableError):
    """The platform asks for a moment: its search is busy (461), or this customer is (521)."""

    words = "The loyalty platform is busy; try again shortly."


class PhasedOutError(UpstreamError):
    """The endpoint has been phased out (410), or is switched off."""

    code = "UPSTREAM_GONE"
    words = "The loyalty platform no longer offers this endpoint."


class UpstreamBadPayloadError(UpstreamError):
    """The platform's answer is not what it documents, too large, or about somebody else."""

    code = "UPSTREAM_BAD_PAYLOAD"
    words = "The loyalty platform's response is invalid."


class CustomerMismatchError(UpstreamBadPayloadError):
    """Two answers about one customer contradict each other; a new one settles which is right."""

    retryable = True
    words = "The loyalty platform's responses disagree about the customer's identity."


class UpstreamRefusedError(UpstreamBadPayloadError):
    """The platform refused the call with a code or a status that it does not explain."""

    words = "The loyalty platform rejected the call with an undocumented code."


class UndocumentedNotFoundError(UpstreamBadPayloadError):
    """A 404 without a documented error body: a path that is no longer there looks like this."""


class UpstreamNotFoundError(UpstreamError):
    """The platform has no such customer, promotion or program."""

    words = "The loyalty platform has no object with this id."
