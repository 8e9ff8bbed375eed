from typing import Any

import pytest
from hypothesis import given

from gateway.upstream.decoding.decode import decode_customer_page
from gateway.upstream.normalise.warnings import UpstreamWarning, parse_code, parse_warnings
from tests.support.examples import examples
from tests.support.payloads import as_page, customer_item, customer_page
from tests.upstream.decoding.strategies import JSON_VALUES

WORDLESS = "The upstream sent no message."


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (None, []),
        ([], []),
        ({}, []),
        (5, []),
        (True, []),
        ("", []),
        ("merged", [(None, "merged")]),
        (["merged", "late"], [(None, "merged"), (None, "late")]),
        ([{"code": 8069, "message": "merged"}], [(8069, "merged")]),
        ([{"code": "8069", "message": "merged"}], [(8069, "merged")]),
        ({"code": 521, "message": "busy"}, [(521, "busy")]),
        ([{"message": "merged"}], [(None, "merged")]),
        ([{"code": 8069}], [(8069, WORDLESS)]),
        ([{"code": 8069, "message": ""}], [(8069, WORDLESS)]),
        ([{"code": 8069, "message": 5}], [(8069, WORDLESS)]),
        ([{"code": "x", "message": "merged"}], [(None, "merged")]),
        ([{"status": True}], []),
        ([None, 5, [], {}, "", ["nested"], "late"], [(None, "late")]),
    ],
)
def test_warnings_of_any_shape_are_codes_and_messages(raw: Any, expected: Any) -> None:
    """A warning without code and message is ignored."""
    assert list(parse_warnings(raw)) == expected


def test_long_message_is_cut() -> None:
    """Messages are truncated."""
    warnings = parse_warnings(["x" * 100_000, {"message": "y" * 100_000}])
    assert [len(warning.message) for warning in warnings] == [500, 500]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (8015, 8015),
        ("8015", 8015),
        (0, 0),
        (-1, -1),
        ("00042", 42),
        (2**31, None),
        ("9" * 5_000, None),
        (10**400, None),
        ("-1", None),
        ("", None),
        (" 8015", None),
        ("\uff18\uff10\uff11\uff15", None),
        (8015.0, None),
        (True, None),
        (None, None),
        ([], None),
        ({}, None),
    ],
    ids=lambda raw: repr(raw)[:20],
)
def test_code_is_a_small_number_or_its_digits(raw: Any, code: int | None) -> None:
    """Anything else is no code."""
    assert parse_code(raw) == code


def test_warnings_stand_beside_the_page() -> None:
    """Warnings do not make a page an error."""
    body = customer_page(customer_item(), warnings=[{"code": 8069, "message": "merged"}])
    page = as_page(decode_customer_page(body))
    assert page.warnings == (UpstreamWarning(8069, "merged"),)
    assert page.dropped == 0


@examples(derandomize=True, deadline=None)
@given(JSON_VALUES)
def test_warnings_never_cost_the_page(raw: Any) -> None:
    """Warnings of any shape leave the items unchanged."""
    page = as_page(decode_customer_page(customer_page(customer_item(), warnings=raw)))
    assert page.dropped == 0
    assert all(isinstance(warning.message, str) for warning in page.warnings)
