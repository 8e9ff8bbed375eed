"""JSON of any shape as text."""

import json
from typing import Any

import pytest
from msgspec import Raw

from gateway.upstream.decoding.decode import decode_definition_page
from gateway.upstream.decoding.drift import UNDOCUMENTED
from gateway.upstream.normalise.texts import (
    json_text,
    json_texts,
    scope_words,
    type_word,
    word_or_json,
)
from tests.support.payloads import BROKEN, as_page, definition_item, definition_page

REMINDER = {"remindBeforeDays": [7, 1], "smsTemplate": "Soon {{x}}", "mailSubject": None}


def _raw(value: Any) -> Raw:
    return Raw(json.dumps(value).encode())


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (None, []),
        ([], []),
        ({}, []),
        ("", []),
        (["TIER", "PROGRAM"], ["TIER", "PROGRAM"]),
        ("PROGRAM", ["PROGRAM"]),
        ([{"type": "TIER", "ids": [1, 2]}, {"type": "PROGRAM", "ids": []}], ["TIER", "PROGRAM"]),
        ({"type": "TIER", "ids": [1]}, ["TIER"]),
        ([{"type": "TIER", "ids": [1]}, "TIER", {"type": "TIER"}], ["TIER"]),
        ([{"type": "TIER"}, "PROGRAM", None, {}, ""], ["TIER", "PROGRAM"]),
        ([{"ids": [7]}], ['{"ids":[7]}']),
        ([{"type": None, "ids": [7]}], ['{"type":null,"ids":[7]}']),
        ({"scope": "PROGRAM"}, ['{"scope":"PROGRAM"}']),
        (5, ["5"]),
        ([True], ["true"]),
    ],
)
def test_scopes_are_the_types_each_once(raw: Any, words: list[str]) -> None:
    """Scopes may be words or objects, one or a list; one without a type is JSON."""
    assert scope_words(_raw(raw)) == words


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("ENABLED", "ENABLED"),
        ("", ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (REMINDER, '{"remindBeforeDays":[7,1],"smsTemplate":"Soon {{x}}","mailSubject":null}'),
        ([7, 1], "[7,1]"),
        ({}, None),
        ([], None),
        (None, None),
    ],
)
def test_a_word_is_a_word_and_an_object_is_json(raw: Any, text: str | None) -> None:
    """Only empty values are null."""
    assert word_or_json(_raw(raw)) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("boolean:primitive", "boolean:primitive"),
        ({"typeName": "boolean", "allowedValues": {}, "isMultiSelect": False}, "boolean"),
        ({"typeName": "boolean"}, "boolean"),
        (
            {"typeName": "enum", "allowedValues": {"a": 1}, "isMultiSelect": False},
            '{"typeName":"enum","allowedValues":{"a":1},"isMultiSelect":false}',
        ),
        ({"typeName": "x", "isMultiSelect": True}, '{"typeName":"x","isMultiSelect":true}'),
        ({"allowedValues": {"a": 1}}, '{"allowedValues":{"a":1}}'),
        ({"typeName": None, "allowedValues": {}}, None),
        ({}, None),
        (None, None),
    ],
)
def test_a_type_is_its_name_unless_more_is_said_of_it(raw: Any, text: str | None) -> None:
    """An object with other values than its name is JSON."""
    assert type_word(_raw(raw)) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", None),
        (b"null", None),
        (b'"123"', "123"),
        (b'""', ""),
        (b"123", "123"),
        (b"1.10", "1.10"),
        (b"1e3", "1e3"),
        (b"-0", "-0"),
        (b"12345678901234567890123", "12345678901234567890123"),
        (b"0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
        (b"true", "true"),
        (b'[ "a" , 1.50 ]', '["a",1.50]'),
        (b'{ "a" : null }', '{"a":null}'),
        (b'"\\u00fc"', "\u00fc"),
        (b'"x\\ud83d"', "x\N{REPLACEMENT CHARACTER}"),
        (b"[" * 100_000 + b"]" * 100_000, None),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_number_keeps_its_digits(raw: bytes, text: str | None) -> None:
    """A number is shown as written."""
    assert json_text(Raw(raw)) == text


@pytest.mark.parametrize(
    ("raw", "texts"),
    [
        (["loyalty"], ["loyalty"]),
        (["a", 1, None, True], ["a", "1", "true"]),
        ([], []),
        (None, []),
        ("loyalty", ["loyalty"]),
        (5, ["5"]),
        ({"a": 1}, ['{"a":1}']),
        ([["a"]], ['["a"]']),
    ],
)
def test_values_of_a_filter_property_are_texts(raw: Any, texts: list[str]) -> None:
    """A single value is a list of one; null is none."""
    assert json_texts(_raw(raw)) == texts


@pytest.mark.parametrize("others", [(), (BROKEN,)], ids=["at once", "one by one"])
def test_shapes_of_the_real_platform_are_read_at_once(others: tuple[Any, ...]) -> None:
    """A list of scopes, an object as reminder and a boolean status are read at once."""
    item = definition_item()
    item["promotionRestrictions"] |= {
        "scope": [{"type": "TIER", "ids": [1]}], "expiryReminder": REMINDER, "cappingStatus": True,
    }  # fmt: skip
    item["rulesetInfos"][0]["rules"][0]["expDataType"] = {"typeName": "boolean"}
    page = as_page(decode_definition_page(definition_page(item, *others)))
    read = page.items[0]
    assert page.drift.total(*UNDOCUMENTED) == 0
    assert read is not None
    assert read.rules is not None
    assert read.rulesets is not None
    assert scope_words(read.rules.scopes) == ["TIER"]
    assert word_or_json(read.rules.expiry_reminder) == json.dumps(REMINDER, separators=(",", ":"))
    assert word_or_json(read.rules.capping_status) == "true"
    assert type_word(read.rulesets[0].rules[0].expression_data_type) == "boolean"  # type: ignore[index]  # the item has one
