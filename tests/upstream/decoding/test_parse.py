import json
import math
from typing import Any

import pytest
from hypothesis import given

from gateway.upstream.decoding.json_text import NotJsonError, parse_json
from tests.support.examples import examples
from tests.upstream.decoding.strategies import JSON_VALUES

HALF = "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a":[1,"x",null,true,2.5]}', {"a": [1, "x", None, True, 2.5]}),
        (b"\xef\xbb\xbf[1]", [1]),
        (b"1e999", math.inf),
        (b"-1e999", -math.inf),
        (b"9" * 5_000, math.inf),
        (b"9" * 399, int("9" * 399)),
        (b'"x\\ud83d"', f"x{HALF}"),
        (b'"\\ude00x"', f"{HALF}x"),
        (b'"\\ud83d\\ud83d\\ude00"', f"{HALF}\N{GRINNING FACE}"),
        (b'"\\uD83D\\uDE00"', "\N{GRINNING FACE}"),
        (b'"\\\\ud83d"', "\\ud83d"),
        (b'"\\\\\\ud83d"', f"\\{HALF}"),
        (b'"\\u00fc\\n"', "ü\n"),
        ('"ü"'.encode(), "ü"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_all_that_is_json_is_parsed(body: bytes, expected: Any) -> None:
    """Numbers too large for a float are infinite, lone surrogates become U+FFFD."""
    parsed = parse_json(body)
    assert parsed == expected
    json.dumps(parsed).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"{", b"[1,]", b"{'a':1}", b"<html></html>", b"NaN", b"[Infinity]", b"-Infinity",
        b'"\x01"', b'"\\u12"', b'"\\x41"', b'"\xff"', b'"\xed\xa0\x80"', b"[" * 100_000, b"01",
        b"+1", b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000, b"1 2", b'"a',
        "[1]".encode("utf-16"),
    ],
    ids=lambda body: repr(body)[:30],
)  # fmt: skip
def test_what_is_not_json_in_utf8_is_refused(body: bytes) -> None:
    """So is JSON that is nested too deep."""
    with pytest.raises(NotJsonError):
        parse_json(body)


@examples(derandomize=True, deadline=None)
@given(JSON_VALUES)
def test_any_json_is_parsed_to_what_was_written(value: Any) -> None:
    """Parsing returns what was encoded, escaped or not."""
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value
