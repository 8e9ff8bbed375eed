import json
from typing import Any

import pytest
from msgspec import Raw

from gateway.upstream.normalise.restrictions import target_groups
from gateway.upstream.normalise.texts import expression_tree, passed_through
from tests.support.payloads import definition, definition_with_rules


@pytest.mark.parametrize(
    ("ids", "by_group", "expected"),
    [
        ([1234567], {"1234567": [123]}, [("1234567", ["123"])]),
        (["1234567"], {"1234567": ["123", 124]}, [("1234567", ["123", "124"])]),
        ([7], {"8": [80]}, [("7", []), ("8", ["80"])]),
        ([8, 7, 8], {"9": [], "7": [70]}, [("8", []), ("7", ["70"]), ("9", [])]),
        ([7], None, [("7", [])]),
        (None, {"7": [70]}, [("7", ["70"])]),
        ([7], {"7": None}, [("7", [])]),
        ([], {}, []),
        (None, None, []),
    ],
)
def test_target_groups_are_the_union_of_ids_and_map(ids: Any, by_group: Any, expected: Any) -> None:
    """Each group is listed once, with the rules that the map has for it."""
    payload = definition_with_rules(targetGroupIds=ids, linkedTargetGroupVsTargetRuleIdMap=by_group)
    assert target_groups(payload.rules) == expected


def test_definition_without_rules_has_no_target_groups() -> None:
    """Without ``promotionRestrictions`` the list is empty."""
    assert target_groups(definition(promotionRestrictions=None).rules) == []


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            '{ "arity": "literal", "value": "true", "type": "boolean:primitive" }',
            {"arity": "literal", "value": "true", "type": "boolean:primitive"},
        ),
        ("true", True),
        ("null", None),
        ('[1, 2.5, "x"]', [1, 2.5, "x"]),
        ("[" * 50 + "]" * 50, json.loads("[" * 50 + "]" * 50)),
        (None, None),
        ("", None),
        ("{", None),
        ("{'arity': 'literal'}", None),
        ("NaN", None),
        ("1e999", None),
        ("9" * 5_000, None),
        ("[" * 500 + "]" * 500, json.loads("[" * 500 + "]" * 500)),
        ("[" * 501 + "]" * 501, None),
        ("[" * 100_000 + "]" * 100_000, None),
        ('{"a":' * 100_000, None),
    ],
    ids=lambda raw: repr(raw)[:30],
)  # fmt: skip
def test_expression_tree_is_the_json_inside_the_string(raw: str | None, expected: Any) -> None:
    """An unreadable tree is null."""
    assert expression_tree(Raw(json.dumps(raw).encode())) == expected


@pytest.mark.parametrize(
    ("json", "expected"),
    [
        (b"", None),
        (b'{"arity": "literal"}', {"arity": "literal"}),
        (b"true", True),
        (b"[1]", [1]),
        (b"[" * 501 + b"]" * 501, None),
    ],
)
def test_expression_tree_may_be_no_string(json: bytes, expected: Any) -> None:
    """The tree may be JSON without a string around it."""
    assert expression_tree(Raw(json)) == expected


def _nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth - 1):
        value = {"inner": [value]} if depth % 2 else [value]
    return value


@pytest.mark.parametrize("raw", [None, 5, "x", {}, [], {"a": [1, {"b": None}]}, _nested(500)])
def test_json_is_passed_through_as_it_is(raw: Any) -> None:
    """The value is unchanged."""
    assert passed_through(raw) is raw


@pytest.mark.parametrize("depth", [502, 5_000])
def test_json_that_could_not_be_written_again_is_null(depth: int) -> None:
    """A tree nested too deep to be encoded is null."""
    assert passed_through(_nested(depth)) is None
