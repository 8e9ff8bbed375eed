"""The old endpoints that write, for one customer: ``POST /v2/promotion/bulk/…``."""

from typing import Any, NamedTuple

import msgspec

from gateway.context import RequestContext
from gateway.telemetry import log
from gateway.upstream.client import UpstreamClient
from gateway.upstream.http_statuses import SUCCESSES
from gateway.upstream.normalise.actions import (
    ActionOutcome,
    PromotionAction,
    PromotionUserErrorCode,
)
from gateway.upstream.normalise.warnings import UpstreamWarning, parse_code, parse_warnings
from gateway.upstream.writes.write import UNCERTAIN, Write, WriteResult, post

_PATH = "/v2/promotion/bulk/"
_Code = PromotionUserErrorCode
_NOT_FOUND = dict.fromkeys((8015, 8065, 8089, 8109, 8121), _Code.CUSTOMER_NOT_FOUND)
_COMMON = {
    **_NOT_FOUND,
    8874: _Code.PROMOTION_NOT_FOUND,  # the program
    8896: _Code.PROMOTION_NOT_FOUND,
    8892: _Code.PROMOTION_NOT_ACTIVE,
}
_ALREADY = ("already enrol", "limit reached", "limit is reached")


class _Endpoint(NamedTuple):
    """An endpoint, the word for the action there, and what its codes mean."""

    name: str
    bulk_action: str | None
    codes: dict[int, PromotionUserErrorCode]


_ENROL = _Endpoint(
    "enrolAndEarn",
    "ENROL",
    _COMMON
    | {
        8881: _Code.NOT_ENROLLABLE,
        8899: _Code.ALREADY_ENROLLED_OR_LIMIT_REACHED,
        8902: _Code.NOT_ENROLLABLE,
    },
)
_ISSUE = _Endpoint(
    "enrolAndEarn",
    "EARN",
    _COMMON
    | {
        8881: _Code.NOT_ISSUABLE,
        8899: _Code.ALREADY_ENROLLED_OR_LIMIT_REACHED,
        8901: _Code.NOT_ISSUABLE,  # not enrolled
    },
)
_WITHDRAWING = _COMMON | dict.fromkeys((8901, 8902), _Code.NOTHING_TO_WITHDRAW)
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
        return _refused(endpoint, code)
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
    answer = _answer(body)
    item = answer.get("item", {})
    result = item.get("result")
    if not isinstance(result, dict):
        result = {}
    about = _ids(result.get("entityId"))
    if not answer or (about and about != (write.customer_id,)):
        reason = "about another customer" if about else "not an object"
        log.warning("upstream_bad_payload", endpoint=endpoint.name, reason=reason)
        return UNCERTAIN
    warnings = parse_warnings(item.get("warnings"))
    made = _made(write, result)
    if made is None:
        errors = item.get("errors") or answer.get("errors")
        return _refused(endpoint, _code(errors)) if errors else _warned(endpoint, warnings)
    if warnings:
        codes = [warning.code for warning in warnings]
        log.warning("upstream_write_warnings", endpoint=endpoint.name, codes=codes)
    return made


def _answer(body: bytes) -> dict[str, Any]:
    """Return the object of a response, with its only `item`; empty where it cannot be read."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    if not isinstance(answer, dict):
        return {}
    items = answer.get("response")
    if isinstance(items, list) and len(items) == 1 and isinstance(items[0], dict):
        answer["item"] = items[0]
    else:
        answer["item"] = {}
    return answer


def _warned(endpoint: _Endpoint, warnings: tuple[UpstreamWarning, ...]) -> WriteResult:
    """Return what warnings say where there is neither an id nor an error."""
    for warning in warnings:
        code = endpoint.codes.get(warning.code) if warning.code is not None else None
        if code is not None:
            return WriteResult.refused(code)
        if any(words in warning.message.lower() for words in _ALREADY):
            return WriteResult.refused(_Code.ALREADY_ENROLLED_OR_LIMIT_REACHED)
    return UNCERTAIN


def _made(write: Write, result: dict[str, Any]) -> WriteResult | None:
    """Return the result with the ids that this action has made or withdrawn; None without any."""
    enrolments: tuple[str, ...] = ()
    issues: tuple[str, ...] = ()
    match write.action:
        case PromotionAction.ENROL:
            enrolments = _ids(result.get("issualId"))
        case PromotionAction.ISSUE:  # the enrolment was there before, or is a dummy
            issues = _ids(result.get("earnedId"))
        case PromotionAction.WITHDRAW_ENROLMENTS:
            enrolments = _ids(result.get("revokedIssualId"))
        case _:
            issues = _ids(result.get("revokedEarnIds"))
    if not enrolments and not issues:
        return None
    return WriteResult(ActionOutcome.DONE, enrolments, issues)


def _refused(endpoint: _Endpoint, code: int | None) -> WriteResult:
    known = endpoint.codes.get(code) if code is not None else None
    if known is None:
        log.error("upstream_error_code", endpoint=endpoint.name, upstream_code=code)
    return WriteResult.refused(known or _Code.REFUSED)


def _code(errors: Any) -> int | None:
    """Return the first code of an error or of a list of them."""
    for error in errors if isinstance(errors, list) else [errors]:
        code = parse_code(error.get("code")) if isinstance(error, dict) else None
        if code is not None:
            return code
    return None


def _ids(raw: Any) -> tuple[str, ...]:
    """Return ids, positive numbers that may be texts, of one value or a list."""
    found = []
    for each in raw if isinstance(raw, list) else [raw]:
        text = str(each) if isinstance(each, str | int) and not isinstance(each, bool) else ""
        if text.isascii() and text.isdigit() and int(text) > 0:
            found.append(str(int(text)))
    return tuple(dict.fromkeys(found))
