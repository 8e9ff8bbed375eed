from typing import Any

import pytest

from tests.sandbox.client import SandboxClient, code, serving


@pytest.mark.parametrize(
    ("expected", "parameters"),
    [
        (8013, {"identifierName": None}),
        (8013, {"identifierName": ""}),
        (8013, {"identifierName": "externalid"}),
        (8003, {"source": None}),
        (8003, {"source": ""}),
        (8003, {"source": "instore"}),
        (8015, {"identifierValue": None}),
        (8015, {"identifierValue": ""}),
        (8015, {"identifierValue": "C-NOBODY"}),
        (8015, {"identifierValue": "c-one"}),
        (8015, {"identifierName": "email"}),
        (8015, {"source": "ECOMMERCE"}),
        (8100, {"offset": -1}),
        (8100, {"offset": "ten"}),
        (8101, {"limit": 0}),
        (8101, {"limit": -1}),
        (8101, {"limit": "ten"}),
        (8101, {"limit": ""}),
        (8101, {"limit": "\u0661\u0660"}),
        (8102, {"limit": 101}),
        (8103, {"sourceType": "IMPORT"}),
        (8103, {"sourceType": ""}),
        (8002, {"promotionStatusForCustomer": "AVAILABLE_TO_ISSUE"}),
        (8002, {"promotionType": "LOYALTY"}),
        (8002, {"fetchAllUsage": "yes"}),
        (8105, {"programs": "9010,x"}),
    ],
)
def test_wrong_parameter_gets_its_code(
    sandbox: SandboxClient, expected: int, parameters: dict[str, Any]
) -> None:
    """Each documented code, and the condition that causes it."""
    assert code(sandbox.customer("C-ONE", **parameters)) == expected


@pytest.mark.parametrize(
    ("expected", "parameters"),
    [
        (8013, {"identifierName": "x", "source": "x", "limit": 101, "identifierValue": "x"}),
        (8003, {"source": "x", "limit": 101, "identifierValue": "x"}),
        (8102, {"limit": 101, "identifierValue": "x"}),
        (8015, {"limit": 100, "identifierValue": "x"}),
    ],
)
def test_checks_come_in_the_upstream_order(
    sandbox: SandboxClient, expected: int, parameters: dict[str, Any]
) -> None:
    """The name is checked first, then the source, the rest, and the value last."""
    assert code(sandbox.customer("C-ONE", **parameters)) == expected


def test_http_status_of_errors_can_be_chosen() -> None:
    """A sandbox may answer its errors with 200, since the status is not documented."""
    with serving(error_status=200) as client:
        answer = client.customer("nobody")
        assert answer.status_code == 200
        assert answer.json()["errors"][0]["code"] == 8015
        assert client.legacy(973).status_code == 200


@pytest.mark.parametrize(
    ("name", "value", "customer_id"),
    [
        ("externalId", "C-ONE", 700000002),
        ("mobile", "4915700000002", 700000002),
        ("email", "c-one@example.com", 700000002),
        ("cuid", "cuid-c-one", 700000002),
        ("id", "700000002", 700000002),
        ("externalId", "00042", 700000901),
        ("externalId", "42", 700000902),
        ("externalId", "+49 170&x=%41/ü?#", 700000903),
        ("email", "anna.müller+test@example.com", 700000904),
        ("mobile", "+919456430851", 700000905),
        ("id", "9007199254740993", 9007199254740993),
    ],
)
def test_customer_is_found_by_each_identifier(
    sandbox: SandboxClient, name: str, value: str, customer_id: int
) -> None:
    """Every identifier name works, and values are compared character by character."""
    answer = sandbox.customer(value, identifierName=name)
    assert answer.json()["customerId"] == customer_id


def test_unencoded_plus_is_a_blank(sandbox: SandboxClient) -> None:
    """A plus that a client did not encode arrives as a space and finds no customer."""
    query = "identifierName=mobile&identifierValue=+919456430851&source=INSTORE"
    assert code(sandbox.get(f"/v2/customers/lookup/promotionData?{query}")) == 8015


@pytest.mark.parametrize(
    ("external_id", "found_on"),
    [
        ("C-ONE", {"INSTORE", "ALL"}),
        ("C-ONLINE", {"ECOMMERCE", "WEBSITE", "ALL"}),
        (
            "C-EVERYWHERE",
            {
                *("FACEBOOK", "WEB_ENGAGE", "INSTORE", "MARTJACK", "TMALL", "TAOBAO", "JD"),
                *("ECOMMERCE", "WEBSITE", "LINE", "ALL"),
            },
        ),
    ],
)
def test_customer_is_found_on_their_sources(
    sandbox: SandboxClient, external_id: str, found_on: set[str]
) -> None:
    """A source finds the customers registered there, ALL finds every customer."""
    sources = (
        *("FACEBOOK", "WEB_ENGAGE", "INSTORE", "MARTJACK", "TMALL", "TAOBAO", "JD"),
        *("ECOMMERCE", "WEBSITE", "LINE", "ALL"),
    )
    found = {s for s in sources if sandbox.customer(external_id, source=s).is_success}
    assert found == found_on
