"""The old endpoints that write, for one customer: ``POST /v2/promotion/bulk/…``."""

from typing import Any, NamedTuple

from gateway.context import RequestContext
from gateway.upstream.client import UpstreamClient
from gateway.upstream.http_statuses import SUCCESSES
from gateway.upstream.normalise.actions import (
    ActionOutcome,
    PromotionAction,
    PromotionUserErrorCode,
)
from gateway.upstream.normalise.warnings import parse_warnings
from gateway.upstream.response_errors import error_from_status
from gateway.upstream.writes.answers import (
    COMMON_CODES,
    Codes,
    as_object,
    is_about_another,
    log_warnings,
    only_object,
    read_codes,
    read_ids,
    read_object,
    refused,
    warned,
)
from gateway.upstream.writes.write import UNCERTAIN, Write, WriteResult, post

_PATH = "/v2/promotion/bulk/"
_Code = PromotionUserErrorCode


class _Endpoint(NamedTuple):
    """An endpoint, the word for the action there, and what its codes mean."""

    name: str
    bulk_action: str | None
    codes: Codes


_ENROL = _Endpoint(
    "enrolAndEarn",
    "ENROL",
    {
        **COMMON_CODES,
        8881: _Code.NOT_ENROLLABLE,
        8899: _Code.ALREADY_ENROLLED_OR_LIMIT_REACHED,
        8902: _Code.NOT_ENROLLABLE,
    },
)
_ISSUE = _Endpoint(
    "enrolAndEarn",
    "EARN",
    {
        **COMMON_CODES,
        8881: _Code.NOT_ISSUABLE,
        8899: _Code.ALREADY_ENROLLED_OR_LIMIT_REACHED,
        8901: _Code.NOT_ISSUABLE,  # not enrolled
    },
)
_WITHDRAWING = {
    **COMMON_CODES,
    8881: _Code.REFUSED,  # not of this type
    **dict.fromkeys((8901, 8902), _Code.NOTHING_TO_WITHDRAW),
    8903: _Code.REFUSED,  # an enrolment with issues left
}
_WITHDRAW_ENROLMENTS = _Endpoint("revokeEnrolAndEarn", "REVOKE_ENROL", _WITHDRAWING)
_WITHDRAW_ISSUES = _Endpoint("revokeEnrolAndEarn", "REVOKE_EARN", _WITHDRAWING)
_WITHDRAW_DIRECT_ISSUES = _Endpoint("revokeDirectEarn", None, _WITHDRAWING)
_ENDPOINTS = {
    PromotionAction.ENROL: _ENROL,
    PromotionAction.ISSUE: _ISSUE,
    PromotionAction.WITHDRAW_ENROLMENTS: _WITHDRAW_ENROLMENTS,
    PromotionAction.WITHDRAW_ISSUES: _WITHDRAW_ISSUES,
}


async def send(client: UpstreamClient, write: Write, request: RequestContext) -> WriteResult:
    """Send a write once, and return what became of it; raise GatewayError where nothing did."""
    endpoint = _endpoint(write)
    response = await post(
        client, endpoint.name, _PATH + endpoint.name, _body(endpoint, write), request
    )
    if response is None:
        return UNCERTAIN
    if response.status not in SUCCESSES:
        code = None if response.refusal is None else response.refusal.code
        if code is None:
            raise error_from_status(endpoint.name, response)
        return refused(endpoint.name, endpoint.codes, [code])
    return read_result(write, response.body)


def _endpoint(write: Write) -> _Endpoint:
    if write.is_direct and write.action is PromotionAction.WITHDRAW_ISSUES:
        return _WITHDRAW_DIRECT_ISSUES
    return _ENDPOINTS[write.action]


def _body(endpoint: _Endpoint, write: Write) -> dict[str, Any]:
    customer: dict[str, Any] = {"identifierValue": write.customer_id, "source": write.source}
    if write.action is PromotionAction.WITHDRAW_ISSUES and write.ids is not None:
        customer["earnIds"] = [int(each) for each in write.ids]
    body: dict[str, Any] = {
        "type": "CUSTOMER",
        "promotionDetails": {
            "programId": int(write.program_id),
            "promotionId": int(write.promotion_id),
        },
        "identifierName": "id",
        "customers": [customer],
    }
    if endpoint.bulk_action is not None:
        body["bulkAction"] = endpoint.bulk_action
    return body


def read_result(write: Write, body: bytes) -> WriteResult:
    """Return what a response says: an id that the platform gave is success, whatever else it says.

    Without one, an error is a refusal, and so is the warning of a limit or an enrolment; anything
    else leaves open what has become of the write.
    """
    endpoint = _endpoint(write)
    answer = read_object(body)
    item = only_object(answer.get("response"))
    result = as_object(item.get("result"))
    if is_about_another(endpoint.name, write, answer, result.get("entityId")):
        return UNCERTAIN
    warnings = parse_warnings(item.get("warnings"))
    made = _made(write, result)
    if made is not None:
        log_warnings(endpoint.name, warnings)
        return made
    errors = item.get("errors") or answer.get("errors")
    if not errors:
        return warned(endpoint.codes, warnings)
    return refused(endpoint.name, endpoint.codes, read_codes(errors))


def _made(write: Write, result: dict[str, Any]) -> WriteResult | None:
    """Return the result with the ids that this action has made or withdrawn; None without any."""
    enrolments: tuple[str, ...] = ()
    issues: tuple[str, ...] = ()
    match write.action:
        case PromotionAction.ENROL:
            enrolments = read_ids(result.get("issualId"))
        case PromotionAction.ISSUE:  # the enrolment was there before, or is a dummy
            issues = read_ids(result.get("earnedId"))
        case PromotionAction.WITHDRAW_ENROLMENTS:
            enrolments = read_ids(result.get("revokedIssualId"))
        case _:
            issues = read_ids(result.get("revokedEarnIds"))
    if not enrolments and not issues:
        return None
    return WriteResult(ActionOutcome.DONE, enrolments, issues)
