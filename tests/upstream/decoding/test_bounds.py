import json
from typing import Any

import pytest

from gateway.upstream.decoding.decode import (
    MalformedPayloadError,
    Refusal,
    read_refusal,
)
from gateway.upstream.normalise.warnings import parse_warnings
from tests.support.payloads import (
    BOTH,
    BROKEN,
    Decode,
    Write,
)


@BOTH
@pytest.mark.parametrize("bad", [{}, None], ids=["one by one", "at once"])
def test_page_of_too_many_items_is_malformed(
    decode: Decode, write: Write, item: dict[str, Any], list_key: str, bad: object
) -> None:
    """A page has at most 1,000 items, ten times what is ever requested."""
    small = {key: item[key] for key in item.keys() & {"promotionId", "promotionName", "id", "name"}}
    small["programId"] = 1
    items = [small] * 999 + [small if bad is None else bad]
    assert len(decode(write(*items)).items) == 1_000
    with pytest.raises(MalformedPayloadError, match="too many items"):
        decode(write(small, *items))


@BOTH
@pytest.mark.parametrize(("others", "most"), [((), 300_000), ((BROKEN,), 50_000)])
def test_page_of_too_many_values_is_malformed(
    decode: Decode, write: Write, item: dict[str, Any], list_key: str, others: Any, most: int
) -> None:
    """The limit is lower where a page is read item by item."""
    body = write(item, *others, warnings=["@"])
    assert decode(body).items[0] is not None
    with pytest.raises(MalformedPayloadError, match="too many values"):
        decode(body.replace(b'"@"', b",".join([b"0"] * most)))


@BOTH
@pytest.mark.parametrize(("count", "left_out"), [(36, 0), (37, 1)])
def test_item_of_too_many_restrictions_is_left_out(
    decode: Decode, write: Write, item: dict[str, Any], list_key: str, count: int, left_out: int
) -> None:
    """A stage has at most 36 restrictions."""
    one = {"kpi": "NUMBER_OF_EARNS", "name": "MAX_NUMBER_OF_EARNS_PER_CUSTOMER"}
    lists = {"earnRestrictions": [one] * count}
    many = item | {"promotionRestriction": lists, "promotionRestrictions": {"restrictions": lists}}
    assert decode(write(item, many)).dropped == left_out


@BOTH
def test_code_is_looked_for_among_the_first_hundred_errors(
    decode: Decode, write: Write, item: dict[str, Any], list_key: str
) -> None:
    """An error body with its first code after them has no code."""
    assert decode(write(errors=[0] * 99 + [{"code": 8015}])) == Refusal(8015)
    assert decode(write(errors=[0] * 100 + [{"code": 8015}])) == Refusal(None)


def test_error_body_is_read_up_to_64_kib() -> None:
    """A larger body is no error body."""
    body = json.dumps({"errors": [{"code": 8015}]}).encode()
    assert read_refusal(body + b" " * (64 * 1024 - len(body))) == Refusal(8015)
    assert read_refusal(body + b" " * (64 * 1024 + 1 - len(body))) is None


def test_a_hundred_warnings_are_shown() -> None:
    """Further warnings are dropped."""
    assert len(parse_warnings(["a"] * 100_000)) == 100
