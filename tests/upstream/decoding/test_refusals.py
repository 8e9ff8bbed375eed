import json
from typing import Any

import pytest

from gateway.sandbox.documented_examples import document
from gateway.upstream.decoding.decode import (
    Refusal,
    UpstreamPage,
    decode_customer_page,
    decode_definition_page,
    read_refusal,
)
from tests.support.payloads import (
    BROKEN,
    customer_item,
    customer_page,
    definition_item,
    definition_page,
)


@pytest.mark.parametrize(
    ("name", "code"),
    [("error_8015_customer_not_found", 8015), ("error_8003_invalid_source", 8003)],
)
def test_documented_error_body_is_a_refusal_whatever_the_status_is(name: str, code: int) -> None:
    """Both decoders and `read_refusal` recognise it."""
    body = json.dumps(document(name)).encode()
    assert decode_customer_page(body) == Refusal(code)
    assert decode_definition_page(body) == Refusal(code)
    assert read_refusal(body) == Refusal(code)


ERRORS: list[tuple[Any, int | None]] = [
    ([{"status": False, "code": 8015, "message": "x"}], 8015),
    ([{"code": "8015"}], 8015),
    ([{"message": "x"}, {"code": 8003}], 8003),
    ([{"code": 8015}, {"code": 8003}], 8015),
    ({"code": 4027, "message": "x"}, 4027),
    ({"code": "4027"}, 4027),
    ({"message": "x"}, None),
    ([{}], None),
    ([{"code": None}], None),
    ([{"code": "E8015"}], None),
    ([{"code": 8015.5}], None),
    ([{"code": True}], None),
    ([{"code": "9" * 5_000}], None),
    ([None], None),
    ([8015], None),
    (["Customer not found"], None),
    ("Customer not found", None),
    (8015, None),
    (True, None),
]


@pytest.mark.parametrize(("errors", "code"), ERRORS, ids=lambda value: repr(value)[:40])
def test_errors_of_any_shape_are_a_refusal(errors: Any, code: int | None) -> None:
    """Its code is the first that is readable, or None."""
    body = json.dumps({"errors": errors}).encode()
    assert read_refusal(body) == Refusal(code)
    assert decode_customer_page(body) == Refusal(code)
    assert decode_definition_page(body) == Refusal(code)


@pytest.mark.parametrize("errors", [[{"code": 8015}], {"code": "8015"}])
@pytest.mark.parametrize("items", [[], [BROKEN]])
def test_errors_beside_a_page_are_a_refusal(errors: Any, items: list[Any]) -> None:
    """A page with errors is not decoded."""
    assert decode_customer_page(customer_page(*items, errors=errors)) == Refusal(8015)
    assert decode_definition_page(definition_page(*items, errors=errors)) == Refusal(8015)


@pytest.mark.parametrize("nothing", [None, [], {}, "", 0, False])
def test_empty_errors_are_none(nothing: Any) -> None:
    """An empty value of the key is no error."""
    for items in ([customer_item()], [BROKEN]):
        assert isinstance(decode_customer_page(customer_page(*items, errors=nothing)), UpstreamPage)
    for items in ([definition_item()], [BROKEN]):
        body = definition_page(*items, errors=nothing, validationErrors=nothing)
        assert isinstance(decode_definition_page(body), UpstreamPage)
    assert read_refusal(json.dumps({"errors": nothing}).encode()) is None


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ({"code": 4027, "message": "no such promotion"}, 4027),
        ({"code": "4086"}, 4086),
        ({"code": 500}, 500),
        ({"code": 0}, 0),
        ({"code": -1}, -1),
    ],
)
@pytest.mark.parametrize("items", [[], [definition_item()], [BROKEN]])
def test_status_code_other_than_200_is_a_refusal(
    status: Any, code: int, items: list[dict[str, Any]]
) -> None:
    """The legacy list has a status of its own, with or without a page."""
    body = definition_page(*items, status=status)
    assert decode_definition_page(body) == Refusal(code)
    assert read_refusal(body) == Refusal(code)
    assert read_refusal(json.dumps({"status": status}).encode()) == Refusal(code)


@pytest.mark.parametrize(
    "status",
    [
        {"code": 200},
        {"code": "200"},
        {},
        {"code": None},
        {"code": "fine"},
        None,
        True,
        "OK",
        500,
        [],
    ],
)
def test_status_without_another_code_is_no_refusal(status: Any) -> None:
    """Only a readable code other than 200 is an error."""
    for items in ([definition_item()], [BROKEN]):
        assert isinstance(
            decode_definition_page(definition_page(*items, status=status)), UpstreamPage
        )


@pytest.mark.parametrize(
    ("validation_errors", "code"),
    [
        ([{"code": 4085, "message": "x"}], 4085),
        ([{"code": "4085"}], 4085),
        ({"code": 4085}, 4085),
        ({"sourceType": "invalid"}, None),
        (["sourceType is invalid"], None),
        ("sourceType is invalid", None),
        (True, None),
    ],
)
@pytest.mark.parametrize("items", [[], [definition_item()], [BROKEN]])
def test_validation_errors_are_a_refusal(
    validation_errors: Any, code: int | None, items: list[dict[str, Any]]
) -> None:
    """Any value but null is an error, even with status 200."""
    body = definition_page(*items, validationErrors=validation_errors)
    assert decode_definition_page(body) == Refusal(code)
    assert read_refusal(body) == Refusal(code)


def test_status_of_another_code_wins_over_validation_errors_without_one() -> None:
    """The code of the status is used."""
    body = definition_page(status={"code": 4083}, validationErrors={"eventName": "incorrect"})
    assert decode_definition_page(body) == Refusal(4083)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"null", b"[]", b"5", b"{}", b'{"message":"no"}', b"[" * 100_000, b"\xff"],
    ids=lambda body: repr(body)[:20],
)
def test_any_other_body_is_no_refusal(body: bytes) -> None:
    """A proxy's error page is not in the platform's format."""
    assert read_refusal(body) is None


def test_refusal_keeps_no_word_of_the_upstream() -> None:
    """The platform's message may contain a customer's identifier."""
    body = json.dumps({"errors": [{"code": 8015, "message": "4917012345 not found"}]}).encode()
    assert Refusal._fields == ("code",)
    assert "4917012345" not in repr(decode_customer_page(body))
