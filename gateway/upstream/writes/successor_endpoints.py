"""The successor's endpoints that write: ``POST /v3/promotions/enrol`` and ``…/revoke``.

They know the promotions of the catalogue (docs/platform.md#successor-writes).
"""

from typing import Any, NamedTuple

from gateway.context import RequestContext
from gateway.upstream.client import UpstreamClient
from gateway.upstream.http_statuses import SUCCESSES
from gateway.upstream.normalise.actions import (
    ActionOutcome,
    PromotionAction,
    PromotionUserErrorCode,
)
from gateway.upstream.normalise.enums import PromotionStatus, parse_enum
from gateway.upstream.normalise.instants import INSTANTS
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
    read_errors,
    read_ids,
    read_object,
    refused,
    warned,
)
from gateway.upstream.writes.messages import Unclear, meaning_of
from gateway.upstream.writes.write import UNCERTAIN, Sent, Write, WriteResult, post

_PATH = "/v3/promotions/"
_Action, _Code = PromotionAction, PromotionUserErrorCode
_BY_MESSAGE = 400  # the code, or the status, of refusals that only their message tells apart
_OUTSIDE_WINDOW = 310238
_NOT_THERE = frozenset({8896, 9013})  # the promotion
_SPECIAL = _NOT_THERE | {_OUTSIDE_WINDOW}
_OPEN = {PromotionStatus.ACTIVE, PromotionStatus.LIVE, PromotionStatus.UPCOMING}
_NOT_OPEN = frozenset(PromotionStatus) - _OPEN - {PromotionStatus.UNKNOWN}
_ENROL_CODES: Codes = {
    **COMMON_CODES,
    310229: _Code.WINDOW_NOT_OPEN,
    310230: _Code.WINDOW_CLOSED,
}
_REVOKE_CODES: Codes = {
    **COMMON_CODES,
    3901: _Code.CUSTOMER_NOT_FOUND,
    **dict.fromkeys((8892, 8893, 8901, 8902), _Code.NOTHING_TO_WITHDRAW),
}


class _WireAction(NamedTuple):
    """An endpoint's word for an action, and what its codes mean.

    `ids` is the key of the ids that are meant, and `everything` the parameter that means all.
    """

    name: str
    action: str
    codes: Codes
    ids: str = ""
    everything: str = ""


_ENROL = _WireAction("enrol", "ENROL", _ENROL_CODES)
_OPT_IN = _WireAction("enrol", "OPT_IN", _ENROL_CODES)
_REVOKE_ENROL = _WireAction(
    "revoke", "REVOKE_ENROLL", _REVOKE_CODES, "enrollmentIds", "revokeAllEnrollments"
)
_REVOKE_OPT_IN = _WireAction("revoke", "REVOKE_OPTIN", _REVOKE_CODES, "optInIds", "revokeAllOptIns")
_ENDPOINTS = {
    _Action.ENROL: _ENROL,
    _Action.ISSUE: _OPT_IN,
    _Action.WITHDRAW_ENROLMENTS: _REVOKE_ENROL,
    _Action.WITHDRAW_ISSUES: _REVOKE_OPT_IN,
}
# A direct issue has no opt-in of its own: it comes and goes with its enrolment.
_DIRECT = {_Action.ISSUE: _ENROL, _Action.WITHDRAW_ISSUES: _REVOKE_ENROL}


async def send(client: UpstreamClient, write: Write, request: RequestContext) -> Sent:
    """Send a write once, and return what became of it; raise GatewayError where nothing did."""
    endpoint = _endpoint(write)
    if endpoint.everything:
        target, body = _revocation(endpoint, write)
    else:
        target, body = _PATH + endpoint.name, _enrolment(endpoint, write)
    response = await post(client, endpoint.name, target, body, request)
    if response is None:
        return Sent(UNCERTAIN)
    errors = read_object(response.body).get("errors")
    if response.status in SUCCESSES:
        return read_result(write, response.body, request)
    if not any(code or message for code, message in read_errors(errors)):
        raise error_from_status(endpoint.name, response)
    return _refused(endpoint, write, errors, request)


def _endpoint(write: Write) -> _WireAction:
    return (_DIRECT if write.is_direct else _ENDPOINTS).get(write.action, _ENDPOINTS[write.action])


def _enrolment(endpoint: _WireAction, write: Write) -> dict[str, Any]:
    """Return the body of an enrolment or an opt-in."""
    assert write.definition is not None  # noqa: S101 - the promotion was found in the catalogue
    return {
        "requestId": write.request_id,
        "action": endpoint.action,
        "promotion": {"id": write.definition.version_id, "promotionId": int(write.promotion_id)},
        "customer": {
            "identifierName": "id",
            "identifierValue": write.customer_id,
            "source": write.source,
        },
        "programId": int(write.program_id),
    }


def _revocation(endpoint: _WireAction, write: Write) -> tuple[str, dict[str, Any]]:
    """Return the target and the body of a revocation, of all without ids."""
    target = _PATH + endpoint.name
    customer: dict[str, Any] = {
        "identifierName": "id",
        "identifierValue": write.customer_id,
        "source": write.source,
    }
    ids = write.enrolment_ids if endpoint is _REVOKE_ENROL else write.ids
    if ids is None:
        target += f"?{endpoint.everything}=true"
    else:
        customer[endpoint.ids] = [int(each) for each in ids]
    return target, {
        "requestId": write.request_id,
        "action": endpoint.action,
        "programId": int(write.program_id),
        "promotion": {"promotionId": int(write.promotion_id)},
        "customers": [customer],
    }


def read_result(write: Write, body: bytes, request: RequestContext) -> Sent:
    """Return what a success says: an id that the platform gave, whatever else it says.

    Without one, an error is a refusal, and so are the warning of a limit or an enrolment and the
    status FAILED; anything else leaves open what has become of the write. Raise UpstreamError for
    an error that means a rejected call.
    """
    endpoint = _endpoint(write)
    answer = read_object(body)
    data = as_object(answer.get("data"))
    item = only_object(data.get("customerResults"))
    who = item.get("customerId") or as_object(data.get("customer")).get("customerId")
    if is_about_another(endpoint.name, write, answer, who):
        return Sent(UNCERTAIN)
    warnings = parse_warnings(item.get("warnings")) + parse_warnings(answer.get("warnings"))
    made = _made(write, data, item)
    if made is not None:
        log_warnings(endpoint.name, warnings)
        return Sent(made)
    errors = item.get("errors") or answer.get("errors")
    if errors:
        return _refused(endpoint, write, errors, request)
    if any(each.get("status") == "FAILED" for each in (item, data)):
        return Sent(WriteResult.refused(_Code.REFUSED))
    return Sent(warned(endpoint.codes, warnings))


def _made(write: Write, data: dict[str, Any], item: dict[str, Any]) -> WriteResult | None:
    """Return the result with the ids that this action has made or withdrawn; None without any.

    The enrolment of an opt-in was there before it, and that of a direct issue is not the
    customer's to withdraw. Issues go with their enrolment.
    """
    enrolled = as_object(as_object(data.get("enrollmentStatus")).get("promotion"))
    match write.action:
        case _Action.ENROL | _Action.ISSUE:
            enrolments = read_ids(enrolled.get("enrollmentId"))
            issues = read_ids(enrolled.get("optinId"))
        case _:
            enrolments = read_ids(item.get("revokedEnrollmentIds"))
            issues = read_ids(item.get("revokedOptInIds"))
    if write.action is _Action.ISSUE and not (issues or write.is_direct):
        return None
    if write.action in {_Action.ISSUE, _Action.WITHDRAW_ISSUES} and issues:
        enrolments = ()
    return WriteResult(ActionOutcome.DONE, enrolments, issues) if enrolments or issues else None


def _refused(endpoint: _WireAction, write: Write, errors: Any, request: RequestContext) -> Sent:
    """Return the refusal that errors mean: by the first code that is known, else by a message."""
    codes = read_codes(errors)
    special = next((code for code in codes if code in _SPECIAL or code in endpoint.codes), None)
    if special in _NOT_THERE:
        return _not_there(endpoint, write, request)
    if special == _OUTSIDE_WINDOW:
        return Sent(WriteResult.refused(_outside_window(write, request)))
    if special is None and set(codes) <= {_BY_MESSAGE}:
        for _, message in read_errors(errors):
            meaning = meaning_of(message, write.action)
            if isinstance(meaning, Unclear):
                return _not_there(endpoint, write, request)
            if meaning is not None:
                return Sent(WriteResult.refused(meaning))
    return Sent(refused(endpoint.name, endpoint.codes, codes))


def _not_there(endpoint: _WireAction, write: Write, request: RequestContext) -> Sent:
    """Return the refusal of a promotion that was not found, or is not active.

    The catalogue tells which. One that is active there has got another version since: the id of
    that which the catalogue has is no longer known.
    """
    definition = write.definition
    assert definition is not None  # noqa: S101 - the promotion was found in the catalogue
    if parse_enum(PromotionStatus, definition.status_name) in _NOT_OPEN:
        return Sent(WriteResult.refused(_Code.PROMOTION_NOT_ACTIVE))
    if endpoint.everything:  # takes no id of a version: there is no such promotion any more
        return Sent(WriteResult.refused(_Code.PROMOTION_NOT_FOUND), is_outdated=True)
    ends_at = INSTANTS[definition.ends_at]
    if ends_at is not None and ends_at < request.now:
        return Sent(WriteResult.refused(_Code.PROMOTION_NOT_ACTIVE))
    return Sent(WriteResult.refused(_Code.REFUSED), is_outdated=True)


def _outside_window(write: Write, request: RequestContext) -> PromotionUserErrorCode:
    """Return on which side of the window for opting in it is now."""
    window = write.definition and write.definition.issue_window
    opens_at = INSTANTS[window.opens_at] if window else None
    if opens_at is not None and request.now < opens_at:
        return _Code.WINDOW_NOT_OPEN
    return _Code.WINDOW_CLOSED
