"""One action of a customer, what became of it, and how it is sent."""

from collections.abc import Hashable
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple, Self

import msgspec

from gateway.context import RequestContext, UpstreamReport
from gateway.errors import (
    UpstreamBadPayloadError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from gateway.upstream.call import UpstreamCall
from gateway.upstream.client import UpstreamClient
from gateway.upstream.http_statuses import SUCCESSES
from gateway.upstream.normalise.actions import (
    ActionOutcome,
    PromotionAction,
    PromotionUserErrorCode,
)
from gateway.upstream.response import UpstreamResponse
from gateway.upstream.response_errors import error_from_status
from gateway.upstream.successor.definition import SuccessorDefinition

NOT_ALLOWED = frozenset({401, 403, 429, 498})
_TIMED_OUT = 408  # what had been received by then is not known


class Write(NamedTuple):
    """What is to be done for which customer, by the platform's own ids.

    `ids` are those of the enrolments or issues to withdraw, None for all; `enrolment_ids` those of
    the enrolments that the issues of `ids` belong to. `is_direct`: the promotion is issued
    directly, so that its enrolments are no enrolments to a customer. `definition` is that of the
    successor, where it was found there. `request_id` is the same whenever the same is wanted.
    """

    action: PromotionAction
    source: str
    customer_id: str
    program_id: str
    promotion_id: str
    ids: tuple[str, ...] | None = None
    is_direct: bool = False
    enrolment_ids: tuple[str, ...] | None = None
    definition: SuccessorDefinition | None = None
    request_id: str = ""


class WriteResult(msgspec.Struct, frozen=True):
    """What became of an action: the ids that it has made or withdrawn, or why it was refused."""

    outcome: ActionOutcome
    enrolment_ids: tuple[str, ...] = ()
    issue_ids: tuple[str, ...] = ()
    error: PromotionUserErrorCode | None = None

    @classmethod
    def refused(cls, error: PromotionUserErrorCode) -> Self:
        """Return the result of an action that was refused."""
        return cls(ActionOutcome.REFUSED, error=error)


UNCERTAIN = WriteResult(ActionOutcome.UNCERTAIN)


class Sent(NamedTuple):
    """What became of a write; `is_outdated`: it shows that the catalogue is."""

    result: WriteResult
    is_outdated: bool = False


class _WriteCall(UpstreamCall[Any]):
    """A call that writes; nothing caches it or joins it."""

    endpoint: ClassVar[str]

    def __init__(self, endpoint: str, target: str, request: RequestContext) -> None:
        self.endpoint = endpoint  # type: ignore[misc]  # each has one of several
        self.target, self.request = target, request
        self.subject: tuple[Hashable, ...] = ()

    def read(self, body: bytes, *, is_own: bool) -> Any:
        """Return the body."""
        return body


async def post(
    client: UpstreamClient, endpoint: str, target: str, body: object, request: RequestContext
) -> UpstreamResponse | None:
    """Send a write once; return the response, or None where it is not known what became of it.

    The response is a success, or has errors. Raise GatewayError where nothing was written: the
    call was not admitted, found no connection, or was rejected without saying why.
    """
    own = replace(request, report=UpstreamReport())
    call = _WriteCall(endpoint, target, own)
    try:
        response = await client.send_once(call, msgspec.json.encode(body))
    except (UpstreamTimeoutError, UpstreamBadPayloadError):
        if not own.report.calls:
            raise
        return None
    finally:
        request.report.calls += own.report.calls
        request.report.quota_wait_s += own.report.quota_wait_s
    status = response.status
    if status is None:
        if response.was_sent:
            return None
        raise UpstreamUnavailableError(endpoint)
    if status in SUCCESSES:
        return response
    if (status >= 500 and status not in NOT_ALLOWED) or status == _TIMED_OUT:
        return None
    if status in NOT_ALLOWED or response.refusal is None:
        raise error_from_status(endpoint, response)
    return response
