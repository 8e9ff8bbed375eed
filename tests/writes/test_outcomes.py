"""What a client gets where the platform's answer is lost, unreadable or an error."""

from typing import Any

import pytest

from gateway.upstream.normalise.actions import PromotionAction
from gateway.upstream.writes.old_endpoints import read_result
from gateway.upstream.writes.write import Write
from tests.writes.support import ENROL, wanted, writer

AT = "endpoint=enrolAndEarn"


@pytest.mark.parametrize(
    ("fault", "is_applied"),
    [
        ("truncate", True),
        ("truncate,framing=chunked", True),
        ("cut_json", True),
        ("array", True),
        ("null=response", True),
        ("null=issualId", True),
        ("missing=result", True),
        ("gzip_bomb=100000000", True),
        ("reset", False),
        ("disconnect", False),
        ("status=500", False),
        ("status=502,body=html", False),
        ("status=503,retry_after=0", False),
        ("status=521,body=documented,code=521", False),
        ("status=500,body=documented,code=8892", False),
    ],
)
def test_an_answer_that_is_lost_leaves_it_open(fault: str, *, is_applied: bool) -> None:
    """It is UNCERTAIN, sent once, and what is read again is true; so it stays under its key."""
    with writer(f"{fault},{AT}") as own:
        given = wanted("C-ENROL")
        for _ in range(2):
            done = own.do(ENROL, given)
            assert (done["outcome"], done["userErrors"]) == ("UNCERTAIN", [])
            assert (done["enrolmentIds"], done["issueIds"]) == ([], [])
            held = (done["customerPromotion"] or {}).get("enrolments") or []
            assert bool(held) is (own.applied == 1)
        assert own.applied == is_applied
        assert len(own.writes) <= 1


def test_a_write_that_is_not_answered_in_time_is_uncertain() -> None:
    """The customer is read again within a deadline of its own."""
    with writer(f"hang,{AT}", upstream_deadline_s=0.5) as own:
        done = own.do(ENROL, wanted("C-ENROL"))
        assert done["outcome"] == "UNCERTAIN"
        assert done["customerPromotion"]["enrolments"] == []
        assert own.graph.calls == 3


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("status=401", "UPSTREAM_AUTH_FAILED"),
        ("status=403", "UPSTREAM_AUTH_FAILED"),
        ("status=498", "UPSTREAM_AUTH_FAILED"),
        ("status=429,retry_after=0", "UPSTREAM_RATE_LIMITED"),
        ("status=404", "UPSTREAM_BAD_PAYLOAD"),
        ("status=400,body=html", "UPSTREAM_BAD_PAYLOAD"),
    ],
)
def test_a_call_that_was_not_let_in_is_an_error_and_frees_the_key(fault: str, code: str) -> None:
    """Nothing was written, so that the same key works when the platform lets it in."""
    with writer(f"{fault},{AT},count=1") as own:
        given = wanted("C-ENROL")
        assert own.failed(ENROL, given) == code
        assert own.applied == 0
        assert own.do(ENROL, given)["outcome"] == "DONE"
        assert own.applied == 1


@pytest.mark.parametrize("fault", ["status=500", "reset", "hang"])
def test_where_reading_before_fails_nothing_is_sent(fault: str) -> None:
    """It is an error that may be tried again with the same key."""
    with writer(f"{fault},endpoint=promotionData", upstream_deadline_s=0.5) as own:
        code = own.failed(ENROL, wanted("C-ENROL"))
        assert code in {"UPSTREAM_UNAVAILABLE", "UPSTREAM_TIMEOUT"}
        assert own.writes == []


def test_where_reading_again_fails_the_outcome_stands() -> None:
    """`customerPromotion` is null with its error, and what was done is told."""
    with writer("status=500,endpoint=promotionData,after=1") as own:
        answer = own.graph.answer(ENROL, {"input": wanted("C-ENROL")})
        done = answer["data"]["done"]
        assert (done["outcome"], len(done["enrolmentIds"])) == ("DONE", 1)
        assert done["customerPromotion"] is None
        (error,) = answer["errors"]
        assert error["path"] == ["done", "customerPromotion"]
        assert error["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
        assert own.applied == 1


@pytest.mark.parametrize("error_status", [200, 400])
def test_a_refusal_of_the_whole_request_is_data(error_status: int) -> None:
    """With any status below 500."""
    fault = f"status={error_status},body=documented,code=8892,{AT}"
    with writer(fault, error_status=error_status) as own:
        assert own.refused(ENROL, wanted("C-ENROL")) == "PROMOTION_NOT_ACTIVE"
        assert own.applied == 0


WRITE = Write(PromotionAction.ENROL, "INSTORE", "7", "1", "2")


def _answer(item: object) -> bytes:
    import msgspec  # noqa: PLC0415

    return msgspec.json.encode({"response": [item]})


@pytest.mark.parametrize(
    ("item", "outcome", "error"),
    [
        ({"result": {"issualId": "5"}}, "DONE", None),
        ({"result": {"issualId": 5}, "warnings": [{"code": 1, "message": "x"}]}, "DONE", None),
        ({"result": {"issualId": "5"}, "errors": [{"code": 8899}]}, "DONE", None),
        ({"result": {"issualId": "5", "entityId": 8}}, "UNCERTAIN", None),
        ({"result": {"issualId": -1}}, "UNCERTAIN", None),
        ({"result": {"issualId": True}}, "UNCERTAIN", None),
        ({"result": {"issualId": "x"}}, "UNCERTAIN", None),
        ({"result": None}, "UNCERTAIN", None),
        ({"result": []}, "UNCERTAIN", None),
        ({"warnings": ["No Response from EMF service"]}, "UNCERTAIN", None),
        (
            {"warnings": "Unable to enroll. Customer already enrolled or limit reached."},
            "REFUSED",
            "ALREADY_ENROLLED_OR_LIMIT_REACHED",
        ),
        ({"warnings": [{"code": "8892", "message": ""}]}, "REFUSED", "PROMOTION_NOT_ACTIVE"),
        ({"errors": {"code": "8015"}}, "REFUSED", "CUSTOMER_NOT_FOUND"),
        ({"errors": [{"code": 8881}]}, "REFUSED", "NOT_ENROLLABLE"),
        ({"errors": [{"code": 4711}]}, "REFUSED", "REFUSED"),
        ({"errors": [{"code": 4711}, {"code": 8015}]}, "REFUSED", "CUSTOMER_NOT_FOUND"),
        ({"errors": [{"code": 8015}, {"code": 500}]}, "UNCERTAIN", None),
        ({"result": {"issualId": "9" * 5000}}, "UNCERTAIN", None),
        ({"errors": ["no"]}, "REFUSED", "REFUSED"),
        (7, "UNCERTAIN", None),
    ],
)
def test_an_id_is_success_and_a_warning_may_hide_a_refusal(
    item: Any, outcome: str, error: str | None
) -> None:
    """Whatever shapes the platform gives them."""
    result = read_result(WRITE, _answer(item))
    assert result.outcome.value == outcome
    assert (result.error and result.error.value) == error
