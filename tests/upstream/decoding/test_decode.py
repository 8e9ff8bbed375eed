import json
from typing import Any

import pytest

from gateway.sandbox.documented_examples import document
from gateway.upstream.decoding.decode import (
    MalformedPayloadError,
    decode_customer_page,
    decode_definition_page,
)
from gateway.upstream.decoding.drift import DriftKind
from gateway.upstream.normalise.restrictions import redemptions_per_issue
from tests.support.payloads import (
    BOTH,
    BROKEN,
    Decode,
    Write,
    as_page,
    customer_item,
    customer_page,
    drop,
)


@pytest.mark.parametrize(
    ("name", "customer_id", "total", "ids"),
    [
        ("customer_555380204_page_of_2", 555380204, 169, [67248, 67247]),
        ("customer_345853998_not_enrolled", 345853998, 1, [1119990]),
        ("customer_345854019_enrolled", 345854019, 1, [1119990]),
        (
            "customer_345854019_issued_page_of_6",
            345854019,
            6,
            [1119990, 1119509, 1119508, 1119105, 1119103, 1115386],
        ),
        ("customer_345854019_expired_only", 345854019, 1, [1115386]),
        ("customer_564332013_page_of_3", 564332013, 3, [79877, 79874, 79555]),
    ],
)
def test_documented_page_is_decoded_whole(
    name: str, customer_id: int, total: int, ids: list[int]
) -> None:
    """No item of a documented example is left out."""
    page = as_page(decode_customer_page(json.dumps(document(name)).encode()))
    assert (page.customer_id, page.total, page.warnings) == (customer_id, total, ())
    assert [item and item.promotion_id for item in page.items] == ids


def test_documented_definition_is_decoded_whole() -> None:
    """The documented definition is decoded with every value as documented."""
    body = json.dumps(document("program_973_user_created")).encode()
    page = as_page(decode_definition_page(body))
    assert (page.customer_id, page.total, page.dropped) == (None, 1, 0)
    assert [item and item.promotion_id for item in page.items] == [96664]


@BOTH
@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"\x00", b"OK", b"<html><body>502 Bad Gateway</body></html>", b"null", b"true",
        b"5", b'"text"', b"[]", b"[{}]", b"{", b'{"a":', b"NaN", b"\xff\xfe{}", b"9" * 5_000,
        b"1e999", b"[" * 100_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000,
    ],
    ids=lambda body: repr(body)[:30],
)  # fmt: skip
def test_body_that_is_no_object_is_malformed(
    decode: Decode, write: Write, item: dict[str, Any], list_key: str, body: bytes
) -> None:
    """HTML, truncated, empty and endlessly nested bodies are rejected."""
    with pytest.raises(MalformedPayloadError):
        decode(body)


@BOTH
def test_answer_that_is_cut_short_is_malformed(
    decode: Decode, write: Write, item: dict[str, Any], list_key: str
) -> None:
    """A body truncated anywhere is rejected."""
    body = write(item, item)
    for length in range(0, len(body), 97):
        with pytest.raises(MalformedPayloadError):
            decode(body[:length])


@BOTH
@pytest.mark.parametrize("total", [1, 5, None, "abc", -1])
@pytest.mark.parametrize("absent", [True, False])
def test_page_without_its_list_is_malformed_unless_the_total_is_0(
    decode: Decode,
    write: Write,
    item: dict[str, Any],
    list_key: str,
    total: Any,
    *,
    absent: bool,
) -> None:
    """A page that lost its list must not look empty."""
    payload = json.loads(write(pageDetails={"totalEntries": total}))
    changed = drop(payload, (list_key,)) if absent else payload | {list_key: None}
    with pytest.raises(MalformedPayloadError):
        decode(json.dumps(changed).encode())


@BOTH
def test_page_without_its_list_is_empty_where_the_total_is_0(
    decode: Decode, write: Write, item: dict[str, Any], list_key: str
) -> None:
    """A page with a total of 0 needs no list."""
    page = decode(json.dumps(drop(json.loads(write()), (list_key,))).encode())
    assert (page.items, page.total, page.dropped) == ([], 0, 0)


@BOTH
@pytest.mark.parametrize("raw", ["x", "", 5, True, {"0": {}}])
def test_list_that_is_something_else_is_malformed(
    decode: Decode, write: Write, item: dict[str, Any], list_key: str, raw: Any
) -> None:
    """A list that is neither a list nor an object is rejected."""
    with pytest.raises(MalformedPayloadError):
        decode(write(**{list_key: raw}))


@BOTH
@pytest.mark.parametrize("details", [{"totalEntries": 1}, [{"totalEntries": 1}]])
def test_list_may_be_an_object(
    decode: Decode, write: Write, item: dict[str, Any], list_key: str, details: Any
) -> None:
    """An object instead of the list is its only item, and ``{}`` is an empty list."""
    (good,) = decode(write(item)).items
    page = decode(write(**{list_key: item}, pageDetails=details))
    assert (page.items, page.total) == ([good], 1)
    assert page.drift[DriftKind.CONVERTED, list_key] == 1
    assert decode(write(**{list_key: {}})).items == []


@BOTH
@pytest.mark.parametrize(
    ("details", "total"),
    [
        ({"totalEntries": 169}, 169),
        ({"totalEntries": "169"}, 169),
        ({"totalEntries": 10**9}, 10**9),
        ({"totalEntries": 2**31 - 1}, 2**31 - 1),
        ({"totalEntries": 2**31}, None),
        ({"totalEntries": -1}, None),
        ({"totalEntries": "many"}, None),
        ({"totalEntries": 1.5}, None),
        ({"totalEntries": None}, None),
        ({"totalEntries": 1, "pageNumber": "x", "pageSize": [], "pageCount": {}}, 1),
        ({}, None),
        (None, None),
        ("x", None),
        ([], None),
        (5, None),
    ],
)
def test_total_that_cannot_be_read_is_null_and_costs_nothing_else(
    decode: Decode, write: Write, item: dict[str, Any], list_key: str, details: Any, total: Any
) -> None:
    """An unreadable total costs no item."""
    page = decode(write(item, pageDetails=details))
    assert page.total == total
    assert len(page.items) == 1
    assert page.dropped == 0


@BOTH
def test_page_may_come_without_page_details(
    decode: Decode, write: Write, item: dict[str, Any], list_key: str
) -> None:
    """The total is null then."""
    page = decode(json.dumps(drop(json.loads(write(item)), ("pageDetails",))).encode())
    assert (page.total, len(page.items), page.dropped) == (None, 1, 0)


@pytest.mark.parametrize("raw", [None, "", "abc", -1, 1.5, [], {}, True, 2**63])
def test_page_without_a_readable_customer_id_is_malformed(raw: Any) -> None:
    """A page is not shown unless it is known whose it is."""
    with pytest.raises(MalformedPayloadError):
        decode_customer_page(customer_page(customer_item(), customerId=raw))
    with pytest.raises(MalformedPayloadError):
        decode_customer_page(customer_page(BROKEN, customerId=raw))


def test_page_without_a_customer_id_is_malformed() -> None:
    """An absent customer id is unreadable, too."""
    payload = drop(json.loads(customer_page(customer_item())), ("customerId",))
    with pytest.raises(MalformedPayloadError, match="customerId is missing"):
        decode_customer_page(json.dumps(payload).encode())


def test_customer_id_may_be_a_string() -> None:
    """An id may be a number or a string of digits."""
    page = as_page(decode_customer_page(customer_page(customer_item(), customerId="345854019")))
    assert page.customer_id == 345854019


@BOTH
@pytest.mark.parametrize(
    "token", ["1e999", "-1e999", "9" * 5_000, '"\\ud83d"', '"x\\udc00y"', "[" * 200 + "]" * 200]
)
def test_leaf_that_the_fast_decoder_refuses_costs_no_other_item(
    decode: Decode, write: Write, item: dict[str, Any], list_key: str, token: str
) -> None:
    """Huge numbers and lone surrogates are JSON, although msgspec rejects them."""
    body = write(item, item | {"description": "@"}, item, BROKEN)
    page = decode(body.replace(b'"@"', token.encode()))
    (good,) = decode(write(item)).items
    first, second, third, last = page.items
    assert first == third == good
    assert last is None
    expected = token.strip('"').encode().decode("unicode_escape")
    shown = "".join("\ufffd" if "\ud800" <= c < "\ue000" else c for c in expected)
    assert second.description == shown


@BOTH
def test_bodies_may_begin_with_a_byte_order_mark(
    decode: Decode, write: Write, item: dict[str, Any], list_key: str
) -> None:
    """A byte order mark is ignored."""
    assert decode(b"\xef\xbb\xbf" + write(item)) == decode(write(item))


@BOTH
def test_keys_nobody_documented_are_passed_over(
    decode: Decode, write: Write, item: dict[str, Any], list_key: str
) -> None:
    """Undocumented keys are ignored."""
    body = write(item | {"somethingNew": {"deep": [1]}}, somethingElse=[{}])
    assert decode(body) == decode(write(item))


def test_texts_arrive_as_the_upstream_has_them() -> None:
    """Blanks, "" and "null" are kept."""
    item = customer_item() | {
        "promotionName": "17 POINTS ",
        "description": "",
        "identifier": "null",
    }
    (read,) = as_page(decode_customer_page(customer_page(item))).items
    assert read is not None
    assert (read.name, read.description, read.identifier) == ("17 POINTS ", "", "null")


def test_flags_are_read_in_each_spelling() -> None:
    """A boolean may be a word or a digit."""
    spellings = [True, "true", "TRUE", "1", 1, False, "false", "False", "0", 0, None]
    page = as_page(
        decode_customer_page(customer_page(*(customer_item() | {"active": s} for s in spellings)))
    )
    assert [item and item.is_active for item in page.items] == [True] * 5 + [False] * 5 + [None]


@pytest.mark.parametrize("there", [{}, {"promotionRestriction": None}])
def test_a_part_that_is_not_there_is_none_beside_a_broken_item_too(there: dict[str, Any]) -> None:
    """An absent lazy field is ``b""``, whether decoded at once or item by item."""
    item = drop(customer_item(), ("promotionRestriction",)) | there
    for others in ((), (BROKEN,)):
        page = as_page(decode_customer_page(customer_page(item, *others)))
        assert page.items[0] is not None
        assert page.items[0].restrictions_json == b""
        assert redemptions_per_issue(page.items[0], 2).used == 2
