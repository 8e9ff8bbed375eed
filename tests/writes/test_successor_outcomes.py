"""What a client gets where an answer of the successor is lost, unreadable or an error."""

from typing import Any

import msgspec
import pytest

from gateway.context import CallBudget, Caller, RequestContext
from gateway.errors import UpstreamAuthFailedError, UpstreamRateLimitedError
from gateway.upstream.decoding.decode import SuccessorPage, decode_successor_page
from gateway.upstream.normalise.actions import PromotionAction
from gateway.upstream.successor.definition import TimeWindowFigures
from gateway.upstream.writes.successor_endpoints import read_result
from gateway.upstream.writes.write import Sent, Write
from tests.sandbox.client import NOW
from tests.support.successor import published, successor_body
from tests.writes.support import ENROL, WITHDRAW, Writer, wanted_new, writer

BOTH: dict[str, Any] = {"definitions": "both"}


def _held(done: dict[str, Any]) -> int:
    return len((done["customerPromotion"] or {}).get("enrolments") or [])


@pytest.mark.parametrize(
    ("fault", "is_applied"),
    [
        ("lost_answer", True),
        ("lost_answer=reset", True),
        ("lost_answer=gateway", True),
        ("truncate", True),
        ("cut_json", True),
        ("array", True),
        ("null=data", True),
        ("null=enrollmentId", True),
        ("missing=enrollmentStatus", True),
        ("gzip_bomb=100000000", True),
        ("reset", False),
        ("disconnect", False),
        ("status=500", False),
        ("status=502,body=html", False),
        ("status=503,retry_after=0", False),
        ("status=500,body=documented,code=310229", False),
        ("status=558,body=documented,code=558", False),
        ("status=400,body=documented,code=558", False),
        ("status=200,body=documented,code=300006", False),
    ],
)
def test_an_enrolment_whose_answer_is_lost_stays_open(fault: str, *, is_applied: bool) -> None:
    """It is UNCERTAIN, sent once, and what is read again is true; so it stays under its key."""
    with writer(f"{fault},endpoint=enrol", **BOTH) as own:
        given = wanted_new("C-ENROL")
        for _ in range(2):
            done = own.do(ENROL, given)
            assert (done["outcome"], done["userErrors"]) == ("UNCERTAIN", [])
            assert (done["enrolmentIds"], done["issueIds"]) == ([], [])
            assert _held(done) == own.applied == is_applied
        assert len(own.writes) <= 1


@pytest.mark.parametrize(
    ("fault", "is_applied"),
    [
        ("lost_answer", True),
        ("lost_answer=hang", True),
        ("cut_json", True),
        ("null=customerResults", True),
        ("status=500", False),
        ("hang", False),
    ],
)
def test_a_withdrawal_whose_answer_is_lost_stays_open(fault: str, *, is_applied: bool) -> None:
    """As an enrolment does; without an answer it ends at its deadline."""
    with writer(
        f"{fault},endpoint=revoke", upstream_deadline_s=2 if "hang" in fault else 5, **BOTH
    ) as own:
        given = wanted_new("C-ENROLLED", stage="ENROL")
        for _ in range(2):
            done = own.do(WITHDRAW, given)
            assert done["outcome"] == "UNCERTAIN"
            assert (done["enrolmentIds"], done["userErrors"]) == ([], [])
            assert _held(done) == 1 - is_applied
        assert own.applied == is_applied
        assert len(own.writes) <= 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("status=401", "UPSTREAM_AUTH_FAILED"),
        ("status=403", "UPSTREAM_AUTH_FAILED"),
        ("status=498", "UPSTREAM_AUTH_FAILED"),
        ("status=400,body=documented,code=300005", "UPSTREAM_AUTH_FAILED"),
        ("status=200,body=documented,code=300005", "UPSTREAM_AUTH_FAILED"),
        ("status=429,retry_after=0", "UPSTREAM_RATE_LIMITED"),
        ("status=404", "UPSTREAM_BAD_PAYLOAD"),
        ("status=400,body=html", "UPSTREAM_BAD_PAYLOAD"),
    ],
)
def test_a_call_that_was_not_let_in_is_an_error_and_frees_the_key(fault: str, code: str) -> None:
    """Nothing was written, so that the same key works when the platform lets it in."""
    with writer(f"{fault},endpoint=enrol,count=1", **BOTH) as own:
        given = wanted_new("C-ENROL")
        assert own.failed(ENROL, given) == code
        assert own.applied == 0
        assert own.do(ENROL, given)["outcome"] == "DONE"
        assert own.applied == 1


def test_an_open_breaker_sends_nothing_and_frees_the_key() -> None:
    """Failed writes open the breaker of their endpoint; those of the other one still leave."""
    with writer("status=500,endpoint=enrol", **BOTH) as own:
        url = str(own.graph.http.base_url)
        while (code := _code(own, given := wanted_new("C-ENROL"))) is None:
            assert len(own.writes) < 100
        sent = _count(own, "enrol")
        assert code == "UPSTREAM_UNAVAILABLE"
        assert _code(own, given) == code
        assert _count(own, "enrol") == sent
        body = {"query": WITHDRAW, "variables": {"input": wanted_new("C-WITHDRAW", stage="ENROL")}}
        answer = own.graph.http.post(f"{url}/graphql", json=body).json()
        assert answer["data"]["done"]["outcome"] == "DONE"


def _code(own: Writer, given: dict[str, Any]) -> str | None:
    """Return the code of the error of an enrolment; the breakers stay as they are."""
    body = {"query": ENROL, "variables": {"input": given}}
    answer = own.graph.http.post("/graphql", json=body).json()
    return answer["errors"][0]["extensions"]["code"] if "errors" in answer else None


def _count(own: Writer, endpoint: str) -> int:
    count: int = own.graph.call_log()[endpoint]
    return count


def test_where_reading_again_fails_the_outcome_stands() -> None:
    """`customerPromotion` is null with its error, and what was done is told."""
    with writer("status=500,endpoint=promotionData,after=1", **BOTH) as own:
        answer = own.graph.answer(ENROL, {"input": wanted_new("C-ENROL")})
        done = answer["data"]["done"]
        assert (done["outcome"], len(done["enrolmentIds"])) == ("DONE", 1)
        assert done["customerPromotion"] is None
        (error,) = answer["errors"]
        assert error["path"] == ["done", "customerPromotion"]
        assert own.applied == 1


ENROLMENT = PromotionAction.ENROL
OPT_IN = PromotionAction.ISSUE
ALL_ENROLMENTS = PromotionAction.WITHDRAW_ENROLMENTS
ALL_ISSUES = PromotionAction.WITHDRAW_ISSUES


def _read(
    action: PromotionAction, answer: object, *, is_direct: bool = False, **definition: Any
) -> Sent:
    page = decode_successor_page(successor_body(published(2, 1)))
    assert isinstance(page, SuccessorPage)
    found = msgspec.structs.replace(page.definitions[0], **definition)
    write = Write(action, "INSTORE", "7", "1", "2", is_direct=is_direct, definition=found)
    request = RequestContext("1", NOW, Caller(), 0.0, CallBudget(1))
    return read_result(write, msgspec.json.encode(answer), request)


def _enrolled(warnings: Any = None, **ids: Any) -> dict[str, Any]:
    return {"data": {"enrollmentStatus": {"promotion": ids}}, "warnings": warnings}


def _errors(code: Any, message: str = "") -> dict[str, Any]:
    return {"data": None, "errors": [{"code": code, "message": message}]}


def _revoked(**result: Any) -> dict[str, Any]:
    return {"data": {"status": "SUCCESS", "customerResults": [result]}}


LIMIT = "Unable to enroll in promotions. Customer already enrolled or limit reached."


@pytest.mark.parametrize(
    ("action", "answer", "outcome", "error"),
    [
        (ENROLMENT, _enrolled(enrollmentId="5"), "DONE", None),
        (ENROLMENT, _enrolled([{"message": LIMIT}], enrollmentId=5), "DONE", None),
        (ENROLMENT, _enrolled(enrollmentId="5") | {"errors": [{"code": 9}]}, "DONE", None),
        (ENROLMENT, _enrolled(enrollmentId=0), "UNCERTAIN", None),
        (ENROLMENT, _enrolled(enrollmentId="x"), "UNCERTAIN", None),
        (ENROLMENT, {"data": {"customer": {"customerId": 8}}}, "UNCERTAIN", None),
        (ENROLMENT, [], "UNCERTAIN", None),
        (ENROLMENT, {"data": []}, "UNCERTAIN", None),
        (ENROLMENT, _enrolled([{"message": "uncertain enrollment state"}]), "UNCERTAIN", None),
        (ENROLMENT, _enrolled([LIMIT]), "REFUSED", "ALREADY_ENROLLED_OR_LIMIT_REACHED"),
        (ENROLMENT, _errors(400, LIMIT), "REFUSED", "ALREADY_ENROLLED_OR_LIMIT_REACHED"),
        (ENROLMENT, _errors("400", "Customer not found"), "REFUSED", "CUSTOMER_NOT_FOUND"),
        (ENROLMENT, _errors(400, "Program not found"), "REFUSED", "PROMOTION_NOT_FOUND"),
        (
            ENROLMENT,
            _errors(None, "GENERIC promotions cannot be enrolled in"),
            "REFUSED",
            "NOT_ENROLLABLE",
        ),
        (ENROLMENT, _errors(8015), "REFUSED", "CUSTOMER_NOT_FOUND"),
        (ENROLMENT, _errors(8892), "REFUSED", "PROMOTION_NOT_ACTIVE"),
        (ENROLMENT, _errors(310008, "source"), "REFUSED", "REFUSED"),
        (ENROLMENT, _errors(999999), "REFUSED", "REFUSED"),
        (ENROLMENT, _errors(400, "No"), "REFUSED", "REFUSED"),
        (ENROLMENT, _errors(500), "UNCERTAIN", None),
        (ENROLMENT, _errors(558), "UNCERTAIN", None),
        (OPT_IN, _enrolled(enrollmentId="5", optinId="6"), "DONE", None),
        (OPT_IN, _enrolled(enrollmentId="5"), "UNCERTAIN", None),
        (OPT_IN, _errors(310229), "REFUSED", "WINDOW_NOT_OPEN"),
        (OPT_IN, _errors(310230), "REFUSED", "WINDOW_CLOSED"),
        (OPT_IN, _errors(400, "OPT_IN is not supported"), "REFUSED", "NOT_ISSUABLE"),
        (OPT_IN, _errors(400, "[NO_ACTIVE_ENROLLMENT] none"), "REFUSED", "NOT_ISSUABLE"),
        (ALL_ENROLMENTS, _revoked(revokedEnrollmentIds=[5], revokedOptInIds=[6]), "DONE", None),
        (ALL_ENROLMENTS, _revoked(), "UNCERTAIN", None),
        (ALL_ENROLMENTS, _revoked(status="FAILED"), "REFUSED", "REFUSED"),
        (ALL_ENROLMENTS, _revoked(customerId=8, revokedEnrollmentIds=[5]), "UNCERTAIN", None),
        (ALL_ENROLMENTS, _revoked(errors=[{"code": 3901}]), "REFUSED", "CUSTOMER_NOT_FOUND"),
        (ALL_ENROLMENTS, _revoked(errors=[{"code": 8893}]), "REFUSED", "NOTHING_TO_WITHDRAW"),
        (
            ALL_ENROLMENTS,
            _revoked(errors=[{"code": 400, "message": "[NO_ACTIVE_ENROLLMENT] none"}]),
            "REFUSED",
            "NOTHING_TO_WITHDRAW",
        ),
        (
            ALL_ENROLMENTS,
            _errors(400, "Revoke is not allowed on a STOPPED promotion"),
            "REFUSED",
            "PROMOTION_NOT_ACTIVE",
        ),
        (ALL_ENROLMENTS, _errors(400, "Promotion not found"), "REFUSED", "PROMOTION_NOT_FOUND"),
        (ALL_ISSUES, _revoked(errors=[{"code": 8892}]), "REFUSED", "NOTHING_TO_WITHDRAW"),
        (ALL_ISSUES, _revoked(revokedOptInIds=["6"]), "DONE", None),
    ],
)
def test_an_answer_means_what_its_endpoint_means_by_it(
    action: PromotionAction, answer: Any, outcome: str, error: str | None
) -> None:
    """One code means different things to the two; an id is success, whatever else is there."""
    result = _read(action, answer).result
    assert result.outcome.value == outcome
    assert (result.error and result.error.value) == error


def test_the_ids_are_those_of_what_was_done() -> None:
    """An opt-in's enrolment was there before, and that of a direct issue is not shown, either."""
    both = _enrolled(enrollmentId="5", optinId="6")

    def ids(action: PromotionAction, answer: Any, **more: Any) -> tuple[Any, Any]:
        result = _read(action, answer, **more).result
        return result.enrolment_ids, result.issue_ids

    assert ids(OPT_IN, both) == ((), ("6",))
    assert ids(OPT_IN, both, is_direct=True) == ((), ("6",))
    assert ids(OPT_IN, _enrolled(enrollmentId="5"), is_direct=True) == (("5",), ())
    assert ids(ENROLMENT, both) == (("5",), ("6",))
    revoked = _revoked(revokedEnrollmentIds=[5, "5"], revokedOptInIds=[6])
    assert ids(ALL_ENROLMENTS, revoked) == (("5",), ("6",))
    assert ids(ALL_ISSUES, revoked, is_direct=True) == ((), ("6",))


@pytest.mark.parametrize(
    ("facts", "error", "is_outdated"),
    [
        ({"status_name": "LIVE"}, "REFUSED", True),
        ({"status_name": "ACTIVE"}, "REFUSED", True),
        ({"status_name": "HIBERNATING"}, "REFUSED", True),
        ({"status_name": None}, "REFUSED", True),
        ({"status_name": "PAUSED"}, "PROMOTION_NOT_ACTIVE", False),
        ({"status_name": "STOPPED"}, "PROMOTION_NOT_ACTIVE", False),
        ({"status_name": "COMPLETED"}, "PROMOTION_NOT_ACTIVE", False),
        ({"status_name": "LIVE", "ends_at": "2020-01-01T00:00:00Z"}, "PROMOTION_NOT_ACTIVE", False),
    ],
)
@pytest.mark.parametrize(
    "answer",
    [
        _errors(400, "Promotion not found or not in LIVE or UPCOMING status"),
        _errors(400, "The promotion is inactive"),
        _errors(9013),
    ],
)
def test_not_found_or_inactive_is_what_the_catalogue_says(
    facts: dict[str, Any], error: str, *, is_outdated: bool, answer: dict[str, Any]
) -> None:
    """What runs there, and is not known to the platform, has another version since."""
    facts = {"ends_at": None} | facts
    sent = _read(ENROLMENT, answer, **facts)
    assert (sent.result.error and sent.result.error.value) == error
    assert sent.is_outdated is is_outdated


@pytest.mark.parametrize(
    ("window", "error"),
    [
        (None, "WINDOW_CLOSED"),
        (("2000-01-01T00:00:00Z", "2001-01-01T00:00:00Z"), "WINDOW_CLOSED"),
        (("2999-01-01T00:00:00Z", None), "WINDOW_NOT_OPEN"),
    ],
)
def test_outside_of_the_window_is_the_side_on_which_it_is_now(window: Any, error: str) -> None:
    """The platform has a code of its own for both sides."""
    window = window and TimeWindowFigures(*window)
    sent = _read(OPT_IN, _errors(310238), issue_window=window)
    assert sent.result.error is not None
    assert sent.result.error.value == error


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (300005, UpstreamAuthFailedError),
        (401, UpstreamAuthFailedError),
        (429, UpstreamRateLimitedError),
    ],
)
def test_a_code_of_a_rejected_call_is_an_error(code: int, error: type[Exception]) -> None:
    """Also where the HTTP status is a success."""
    with pytest.raises(error):
        _read(ENROLMENT, _errors(code))
