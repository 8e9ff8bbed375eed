"""Bad input is refused before any call; the message names the argument, never the value."""

import json
from typing import Any

import pytest

from tests.support.graph import Graph

NOT_DIGITS = [
    "",
    "12a",
    "\uff11\uff12",
    "../x",
    "1" * 20,
    "-1",
    "+1",
    " 1",
    "1\n",
    "1.0",
    "1e3",
    "٣",
    "é",
]
CUSTOMER = "query($by:CustomerIdentifier!){customer(by:$by){id}}"
IDENTIFIERS = ["mobile", "email", "externalId", "customerId", "cuid"]


def _refused(graph: Graph, query: str, variables: dict[str, Any] | None = None) -> tuple[str, str]:
    code, message = graph.refusal(query, variables)
    assert code == "BAD_USER_INPUT"
    argument, _, allowed = message.partition(": ")
    assert allowed
    return argument, allowed


@pytest.mark.parametrize("name", IDENTIFIERS)
@pytest.mark.parametrize(
    ("value", "allowed"),
    [
        ("", "it must have 1 to 256 characters."),
        ("s" * 257, "it must have 1 to 256 characters."),
        ("😀" * 257, "it must have 1 to 256 characters."),
        ("secret\n", "it must not contain control characters."),
        ("sec\x00ret", "it must not contain control characters."),
        ("secret\x7f", "it must not contain control characters."),
        ("secret\x85", "it must not contain control characters."),
        ("\tsecret", "it must not contain control characters."),
    ],
    ids=ascii,
)
def test_an_identifier_must_be_one(graph: Graph, name: str, value: str, allowed: str) -> None:
    """Identifiers that are empty, too long, or contain control characters are refused."""
    assert _refused(graph, CUSTOMER, {"by": {name: value}}) == (f"by.{name}", allowed)


@pytest.mark.parametrize("escaped", [r"\ud800", r"secret\udfff", r"\udc00\ud800"])
def test_a_lone_surrogate_is_refused(graph: Graph, escaped: str) -> None:
    """A lone surrogate, which no query string can contain, is refused."""
    bodies = [
        f'{{"query": "{CUSTOMER}", "variables": {{"by": {{"mobile": "{escaped}"}}}}}}',
        json.dumps({"query": f'{{customer(by:{{mobile:"{escaped}"}}){{id}}}}'}),
    ]
    graph.ask("{__typename}")
    for body in bodies:
        answer = graph.http.post(
            "/graphql", content=body, headers={"Content-Type": "application/json"}
        )
        (error,) = answer.json()["errors"]
        assert error["extensions"]["code"] in {
            "BAD_USER_INPUT",
            "BAD_REQUEST",
            "GRAPHQL_PARSE_FAILED",
        }
        assert "secret" not in answer.text
    assert graph.calls == 0


EXACTLY_ONE = "exactly one of mobile, email, externalId, customerId, cuid"


@pytest.mark.parametrize(
    ("by", "literal"),
    [
        ({}, "{}"),
        ({"mobile": "1", "email": "secret"}, '{mobile:"1",email:"secret"}'),
        ({"mobile": "1", "email": None}, '{mobile:"1",email:null}'),
        (None, "null"),
    ],
)
def test_exactly_one_identifier_is_needed(
    graph: Graph, by: dict[str, Any] | None, literal: str
) -> None:
    """No identifier, two, or null are refused, as a variable and as a literal."""
    for query, argument in ((CUSTOMER, "$by"), (f"{{customer(by:{literal}){{id}}}}", "by")):
        refused = _refused(graph, query, {"by": by})
        assert refused[0] == argument
        assert EXACTLY_ONE in refused[1]


def test_the_one_identifier_must_not_be_null(graph: Graph) -> None:
    """Null instead of an identifier is reported at its argument, wherever it comes from."""
    assert _refused(graph, CUSTOMER, {"by": {"mobile": None}})[0] == "$by.mobile"
    assert _refused(graph, "{customer(by:{mobile:null}){id}}")[0].startswith("by")
    query = "query($m:String%s){customer(by:{mobile:$m}){id}}"
    assert _refused(graph, query % "!", {})[0] == "$m"
    assert _refused(graph, query % "", {})[0].startswith("by")


def test_an_identifier_that_is_no_text_is_refused(graph: Graph) -> None:
    """A number is not accepted as a mobile number, because leading zeros count."""
    assert _refused(graph, CUSTOMER, {"by": {"mobile": 4915700}})[0] == "$by.mobile"
    assert _refused(graph, "{customer(by:{mobile:4915700}){id}}")[0].startswith("by")


@pytest.mark.parametrize("value", NOT_DIGITS, ids=ascii)
@pytest.mark.parametrize(
    ("query", "argument"),
    [
        ("{program(programId:$v){id}}", "programId"),
        ('{promotion(programId:$v,promotionId:"1"){id}}', "programId"),
        ('{promotion(programId:"1",promotionId:$v){id}}', "promotionId"),
        ('{program(programId:"1"){promotions(startRuleId:$v){totalCount}}}', "startRuleId"),
        ('{program(programId:"1"){promotions(promotionId:$v){totalCount}}}', "promotionId"),
        (
            '{customer(by:{mobile:"1"}){promotions(programIds:["1",$v]){totalCount}}}',
            "programIds",
        ),
    ],
)
def test_ids_of_programs_and_promotions_are_digits(
    graph: Graph, query: str, argument: str, value: str
) -> None:
    """An id that becomes part of a path must be 1 to 19 ASCII digits."""
    refused = _refused(graph, f"query($v:ID!){query}", {"v": value})
    assert refused == (argument, "it must be 1 to 19 digits.")


def test_a_program_that_the_platform_does_not_accept_is_the_arguments_fault(graph: Graph) -> None:
    """One that is digits, but beyond its numbers, is refused by the platform itself."""
    (error,) = graph.answer(
        'query($p:[ID!]){customer(by:{externalId:"C-TEN"}){promotions(programIds:$p){totalCount}}}',
        {"p": ["9" * 19]},
    )["errors"]
    assert (error["extensions"]["code"], error["extensions"]["argument"]) == (
        "BAD_USER_INPUT",
        "programIds",
    )


@pytest.mark.parametrize("count", [0, 101])
def test_no_program_and_too_many_are_refused(graph: Graph, count: int) -> None:
    """No program at all, or more than fit into a query string, are refused."""
    argument, allowed = _refused(
        graph,
        'query($p:[ID!]){customer(by:{mobile:"1"}){promotions(programIds:$p){totalCount}}}',
        {"p": [str(1000 + nth) for nth in range(count)]},
    )
    assert (argument, allowed) == ("programIds", "it must have 1 to 100 programs; omit it for all.")


@pytest.mark.parametrize("root", ['customer(by:{mobile:"1"})', 'program(programId:"1")'])
@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ("first:-1", "first"),
        ("first:101", "first"),
        ("first:2147483647", "first"),
        ("last:-1", "last"),
        ("last:101", "last"),
        ("first:1,last:1", "last"),
        ("first:0,last:0", "last"),
    ],
)
def test_a_page_is_of_0_to_100(graph: Graph, root: str, arguments: str, argument: str) -> None:
    """Sizes out of range, and `first` with `last`, are refused."""
    assert _refused(graph, f"{{{root}{{promotions({arguments}){{totalCount}}}}}}")[0] == argument


@pytest.mark.parametrize("size", ["2147483648", "1.5", '"5"', "true"])
def test_a_size_is_a_whole_number(graph: Graph, size: str) -> None:
    """A literal and a variable of another type get the same message."""
    below = "{promotions(first:%s){totalCount}}"
    query = "query($n:Int){program(programId:%s)%s}"
    literal = _refused(graph, f'{{program(programId:"1"){below % size}}}')
    variable = _refused(graph, query % ('"1"', below % "$n"), {"n": json.loads(size)})
    assert literal[0] == "first"
    assert variable[0] == "$n"
    assert literal[1] == variable[1]


@pytest.mark.parametrize(
    "id_",
    [
        "",
        "x",
        "+4915700000001",
        "4915700000001",
        "anna@example.com",
        "é",
        "UHJvZ3JhbTox=",
        "A" * 999,
    ],
    ids=ascii,
)
def test_a_global_id_must_be_one(graph: Graph, id_: str) -> None:
    """Damaged global ids, and a mobile number or e-mail address instead, are refused."""
    words = "it must be an `id` from this graph."
    assert _refused(graph, "query($id:ID!){node(id:$id){id}}", {"id": id_}) == ("id", words)
    assert _refused(graph, "query($id:ID!){nodes(ids:[$id]){id}}", {"id": id_}) == ("ids[0]", words)


@pytest.mark.parametrize(
    ("field", "kind", "allowed"),
    [
        ('customer(by:{mobile:"1"},source:%s){id}', "CustomerSource!", "INSTORE, FACEBOOK"),
        (
            'customer(by:{mobile:"1"}){promotions(availability:%s){totalCount}}',
            "PromotionAvailability",
            "AVAILABLE_TO_ENROL, AVAILABLE_FOR_ISSUE",
        ),
        (
            'customer(by:{mobile:"1"}){promotions(type:%s){totalCount}}',
            "PromotionTypeFilter",
            "GENERIC, DIRECT_ISSUE, ENROL_AND_ISSUE",
        ),
        (
            'program(programId:"1"){promotions(sourceTypes:[%s]){totalCount}}',
            "PromotionSourceType!",
            "UI, IMPORT, GOODWILL",
        ),
    ],
)
@pytest.mark.parametrize("word", ["SECRET", "instore", "UNKNOWN"])
def test_a_word_that_is_not_known_is_refused(
    graph: Graph, field: str, kind: str, allowed: str, word: str
) -> None:
    """The message for an unknown enum value lists the known ones."""
    for refused in (
        _refused(graph, f"{{{field % word}}}"),
        _refused(graph, f"query($w:{kind}){{{field % '$w'}}}", {"w": word}),
    ):
        assert f"it must be one of {allowed}" in refused[1]
        assert word not in refused[1].replace("one of", "")


@pytest.mark.parametrize("name", ["", "x" * 257, "a\nb", "a\u200bb"], ids=ascii)
def test_an_event_name_is_printable(graph: Graph, name: str) -> None:
    """Event names that are empty, too long, or not printable are refused."""
    query = 'query($n:String){program(programId:"1"){promotions(eventName:$n){totalCount}}}'
    argument, allowed = _refused(graph, query, {"n": name})
    assert (argument, allowed) == ("eventName", "it must have 1 to 256 printable characters.")


def test_no_source_type_at_all_is_refused(graph: Graph) -> None:
    """An empty list of source types is refused rather than an empty connection returned."""
    query = '{program(programId:"1"){promotions(sourceTypes:[]){totalCount}}}'
    assert _refused(graph, query) == ("sourceTypes", "it must have at least one source type.")


def test_a_message_never_repeats_what_was_sent(graph: Graph) -> None:
    """Identifiers are private: no response to bad input contains them."""
    secret = "secret-4915700000001"
    wrong: list[tuple[str, Any]] = [
        (CUSTOMER, {"by": {"mobile": secret + "\n"}}),
        (CUSTOMER, {"by": {secret: "1"}}),
        (CUSTOMER, {"by": secret}),
        (CUSTOMER, {"by": {"mobile": [secret]}}),
        (CUSTOMER, {"by": {"mobile": {secret: secret}}}),
        (CUSTOMER, {"by": [secret]}),
        ("query($id:ID!){node(id:$id){id}}", {"id": secret}),
        ("query($id:ID!){program(programId:$id){id}}", {"id": secret}),
        (f'{{customer(by:{{mobile:["{secret}"]}}){{id}}}}', None),
        (f'{{customer(by:"{secret}"){{id}}}}', None),
        (f'{{customer(by:{{mobile:"1"}},source:"{secret}"){{id}}}}', None),
        (f'{{program(programId:"1"){{promotions(first:"{secret}"){{totalCount}}}}}}', None),
        (f'{{program(programId:"1"){{promotions(after:"{secret}"){{totalCount}}}}}}', None),
        (f'{{program(programId:"{secret}"){{id}}}}', None),
    ]
    for query, variables in wrong:
        answer = graph.answer(query, variables)
        codes = {error["extensions"]["code"] for error in answer["errors"]}
        assert codes <= {"BAD_USER_INPUT", "CURSOR_INVALID"}, query
        assert "secret" not in json.dumps(answer), query
        assert graph.calls == 0
