"""An identifier reaches the platform exactly as it was given."""

from urllib.parse import parse_qsl, unquote

import pytest

from tests.support.graph import Graph

KNOWN = [
    ("externalId", "00042"),
    ("externalId", "42"),
    ("externalId", "+49 170&x=%41/ü?#"),
    ("email", "anna.müller+test@example.com"),
    ("mobile", "+919456430851"),
]
ODD = [
    "".join(map(chr, range(32, 127))),
    "😀👩‍👩‍👧é\u0301\u00a0\u200b",
    " leading and trailing ",
    "%41%2B%25%zz%",
    "a+b c;d&e=f#g/../h\\",
    "x" * 256,
    "😀" * 256,
    "null",
    "\ufeff\ufffd",
]


def _sent(graph: Graph) -> str:
    (query,) = graph.queries()
    pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs) == 6
    raw = dict(part.split("=", 1) for part in query.split("&"))["identifierValue"]
    # A plus would read as a blank to the one and as a plus to the other: it is never sent bare.
    assert "+" not in raw
    assert query.isascii()
    assert unquote(raw, errors="strict") == dict(pairs)["identifierValue"]
    return unquote(raw)


@pytest.mark.parametrize(("name", "value"), KNOWN)
def test_the_customer_with_exactly_this_identifier_is_found(
    graph: Graph, name: str, value: str
) -> None:
    """Leading zeros, blanks, plus, percent, slash and umlauts are sent unchanged."""
    query = "query($by:CustomerIdentifier!){customer(by:$by){customerId}}"
    assert graph.ask(query, {"by": {name: value}})["customer"] is not None
    assert _sent(graph) == value


def test_leading_zeros_tell_two_customers_apart(graph: Graph) -> None:
    """00042 is not 42."""
    data = graph.ask(
        '{a:customer(by:{externalId:"00042"}){customerId} b:customer(by:{externalId:"42"})'
        "{customerId}}"
    )
    assert data["a"] != data["b"]


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("name", ["externalId", "customerId"])
def test_any_identifier_arrives_character_by_character(graph: Graph, name: str, value: str) -> None:
    """As a variable and as a literal; that no customer has it is no error."""
    query = "query($by:CustomerIdentifier!){customer(by:$by){customerId}}"
    assert graph.ask(query, {"by": {name: value}}) == {"customer": None}
    assert _sent(graph) == value
    literal = value.replace("\\", "\\\\").replace('"', '\\"')
    assert graph.ask(f'{{customer(by:{{{name}:"{literal}"}}){{id}}}}') == {"customer": None}
    assert _sent(graph) == value


def test_an_event_name_arrives_character_by_character(graph: Graph) -> None:
    """Characters with a meaning in query strings are encoded, and add no parameter."""
    query = 'query($n:String){program(programId:"9001"){promotions(eventName:$n){totalCount}}}'
    graph.answer(query, {"n": "a&limit=0+ü%"})
    (sent,) = graph.queries()
    assert dict(parse_qsl(sent))["eventName"] == "a&limit=0+ü%"
    assert dict(parse_qsl(sent))["limit"] == "20"
