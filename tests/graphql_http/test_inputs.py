"""Invalid literals and variables: errors name the path, and never the value."""

import json
from typing import Any

import httpx
import pytest

from tests.support.graph import Graph
from tests.support.http_client import GRAPHQL

MOBILE = "919876543210"
PERSON = "jane_doe_1984"
BY = "it must be an object with exactly one of mobile, email, externalId, customerId, cuid"
SOURCE = "it must be one of INSTORE, FACEBOOK"
WITH_VARIABLES = """query($by: CustomerIdentifier!, $source: CustomerSource! = INSTORE, $first: Int)
{ customer(by: $by, source: $source) { promotions(first: $first) { totalCount } } }"""


def refusals(
    http: httpx.Client, query: str, variables: dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return the errors of a query, the same by POST and GET, in which no value is repeated."""
    body = {"query": query, "variables": variables}
    posted = http.post("/graphql", json=body, headers={"Accept": GRAPHQL})
    told = json.dumps(variables) if variables is not None else ""
    got = http.get(
        "/graphql", params={"query": query, "variables": told}, headers={"Accept": GRAPHQL}
    )
    assert posted.status_code == got.status_code == 400
    assert posted.json() == got.json()
    assert MOBILE not in posted.text
    assert PERSON not in posted.text
    listed: list[dict[str, Any]] = posted.json()["errors"]
    return listed


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (f"by: {{mobile: {MOBILE}}}", "by.mobile: it must be a string"),
        (f"by: {{mobile: {PERSON}}}", "by.mobile: it must be a string"),
        (f'by: {{mobile: ["{MOBILE}"]}}', "by.mobile: it must be a string"),
        ("by: {mobile: null}", "by.mobile: it must be a string, and not null."),
        (f'by: "{MOBILE}"', f"by: {BY}, and not null."),
        (f'by: [{{mobile: "{MOBILE}"}}]', f"by: {BY}"),
        ("by: null", f"by: {BY}"),
        ("by: {}", f"by: {BY}"),
        (f'by: {{mobile: "{MOBILE}", email: "{PERSON}"}}', f"by: {BY}"),
        (f'by: {{phone: "{MOBILE}"}}', f"by: {BY}"),
        (f'by: {{{PERSON}: "{MOBILE}"}}', f"by: {BY}"),
        (f'by: {{mobile: "{MOBILE}"}}, source: {PERSON}', f"source: {SOURCE}"),
        (f'by: {{mobile: "{MOBILE}"}}, source: "{PERSON}"', f"source: {SOURCE}"),
        (f'by: {{mobile: "{MOBILE}"}}, source: {MOBILE}', f"source: {SOURCE}"),
    ],
)
def test_a_wrong_literal_is_told_by_its_place(
    http: httpx.Client, arguments: str, words: str
) -> None:
    """The message has the argument with its path, and what is allowed."""
    (error,) = refusals(http, f"{{ customer({arguments}) {{ customerId }} }}")
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"].startswith(words)
    assert error["locations"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (f"first: {MOBILE}", "first: it must be a whole number of 32 bits."),
        (f'first: "{MOBILE}"', "first: it must be a whole number of 32 bits."),
        ("first: 1.5", "first: it must be a whole number of 32 bits."),
        (f"includeInactive: {MOBILE}", "includeInactive: it must be true or false, and not null."),
        (f"after: {MOBILE}", "after: it must be a string."),
        (f"startRuleId: {{a: {MOBILE}}}", "startRuleId: it must be a string or a whole number."),
        (f"sourceTypes: [UI, {PERSON}]", "sourceTypes[1]: it must be one of UI, IMPORT, GOODWILL"),
        ("sourceTypes: null", "sourceTypes: it must be a list, each one of UI, IMPORT, GOODWILL"),
    ],
)
def test_every_kind_of_literal_is_checked(http: httpx.Client, arguments: str, words: str) -> None:
    """Numbers, booleans, ids, enums and lists."""
    query = f"{{ program(programId: 1) {{ promotions({arguments}) {{ totalCount }} }} }}"
    (error,) = refusals(http, query)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"].startswith(words)


@pytest.mark.parametrize(
    ("query", "ending"),
    [
        ("{ program(programId: 973) { promotions(sourceTypes: null) { totalCount } } }", 1),
        ("{ customers(by: null) { id } }", 1),
        ('{ customer(by: {mobile: "1"}) { promotions(programIds: {}) { totalCount } } }', 0),
    ],
)
def test_what_a_list_may_be_is_said_without_repetition(
    http: httpx.Client, query: str, ending: int
) -> None:
    """The errors of items do not repeat that of the list."""
    messages = [error["message"] for error in refusals(http, query)]
    assert [message.count(", and not null") for message in messages] == [ending]


def test_a_directives_argument_is_checked_too(http: httpx.Client) -> None:
    """`@include(if:)` is an argument like any other."""
    (error,) = refusals(http, f'{{ __typename @include(if: "{MOBILE}") }}')
    assert error["message"] == "if: it must be true or false, and not null."


def test_each_mistake_in_a_list_is_told_once(http: httpx.Client) -> None:
    """Several items can be wrong in several ways."""
    query = f"{{ customers(by: [{{mobile: {MOBILE}}}, {{x: 1, y: 2}}, null]) {{ customerId }} }}"
    places = [error["message"].partition(":")[0] for error in refusals(http, query)]
    assert places == ["by[0].mobile", "by[1]", "by[2]"]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        (None, f"$by: {BY}"),
        ({"by": None}, f"$by: {BY}"),
        ({"by": MOBILE}, f"$by: {BY}"),
        ({"by": [{"mobile": MOBILE}]}, f"$by: {BY}"),
        ({"by": {}}, f"$by: {BY}"),
        ({"by": {"mobile": MOBILE, "email": PERSON}}, f"$by: {BY}"),
        ({"by": {MOBILE: PERSON}}, f"$by: {BY}"),
        ({"by": {"mobile": int(MOBILE)}}, "$by.mobile: it must be a string, and not null."),
        ({"by": {"mobile": {PERSON: MOBILE}}}, "$by.mobile: it must be a string, and not null."),
        ({"by": {"mobile": None}}, "$by.mobile: it must be a string, and not null."),
        ({"by": {"mobile": MOBILE}, "source": PERSON}, f"$source: {SOURCE}"),
        ({"by": {"mobile": MOBILE}, "source": None}, f"$source: {SOURCE}"),
        ({"by": {"mobile": MOBILE}, "first": MOBILE}, "$first: it must be a whole number"),
        ({"by": {"mobile": MOBILE}, "first": int(MOBILE)}, "$first: it must be a whole number"),
        ({"by": {"mobile": MOBILE}, "first": True}, "$first: it must be a whole number"),
    ],
)
def test_a_wrong_variable_is_told_by_its_name(
    http: httpx.Client, variables: dict[str, Any] | None, words: str
) -> None:
    """The message has the variable with the path, and what is allowed."""
    (error,) = refusals(http, WITH_VARIABLES, variables)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"].startswith(words)


@pytest.mark.parametrize(
    ("by", "places"),
    [
        ([{"mobile": "1"}, {"mobile": 2}, None], ["$by[1].mobile", "$by[2]"]),
        ({"mobile": 2}, ["$by.mobile"]),
        ([{"mobile": 2}] * 900, [f"$by[{i}].mobile" for i in range(10)]),
    ],
)
def test_mistakes_in_a_list_of_variables_are_told(
    http: httpx.Client, by: Any, places: list[str]
) -> None:
    """The path has the index, one item is coerced to a list, and ten errors are enough."""
    query = "query($by: [CustomerIdentifier!]!) { customers(by: $by) { customerId } }"
    listed = [error["message"].partition(":")[0] for error in refusals(http, query, {"by": by})]
    assert listed == places


@pytest.mark.parametrize(
    "default", [f"$by: CustomerIdentifier = {{mobile: {MOBILE}}}", f"$by: Int = {MOBILE}"]
)
def test_a_wrong_default_is_told_by_its_variable(http: httpx.Client, default: str) -> None:
    """A default is a literal, too."""
    errors = refusals(http, f"query({default}) {{ customer(by: $by) {{ customerId }} }}")
    assert errors[0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert errors[0]["message"].startswith("$by")


@pytest.mark.parametrize(
    "query",
    [
        f"{{ customer {MOBILE} }}",
        f'{{ customer "{MOBILE}" }}',
        f'{{ customer """{MOBILE}""" }}',
        f"{{ customer \"it's found '{MOBILE}'.\" }}",
        f"{{ customer(by: {{mobile: 98 {MOBILE}}}) {{ id }} }}",
        f"{{ customer(by: {{mobile: 1.5 {MOBILE}.5}}) {{ id }} }}",
        f"{{ customer(by: {{mobile: a {PERSON} b}}) {{ id }} }}",
        f"{PERSON} {{ __typename }}",
        f"query($a: Int = ${PERSON}) {{ __typename }}",
        f'{{ customer(by: {{mobile: "\\u{{{MOBILE}}}"}}) {{ id }} }}',
        f'{{ customer(by: {{mobile: "{MOBILE}}}) {{ id }} }}',
        f"{{ customer(by: {{mobile: '{MOBILE}'}}) {{ id }} }}",
        f"{{ customer(by: {{mobile: +{MOBILE}}}) {{ id }} }}",
        f"{{ customer(by: {{mobile: 0{MOBILE}}}) {{ id }} }}",
        f"{{ customer(by: {{email: {PERSON}@example.com}}) {{ id }} }}",
        "{ customer {} }",
        "   ",
    ],
)
def test_a_syntax_error_tells_where_and_not_what(http: httpx.Client, query: str) -> None:
    """The parser's message without the text at which it failed."""
    (error,) = refusals(http, query)
    assert error["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
    assert error["message"].startswith("Syntax Error: ")
    assert error["locations"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("{ custoner { id } }", "Did you mean 'customer' or 'customers'?"),
        ("{ customer { id } }", "'Query.customer(by:)' of type 'CustomerIdentifier!' is required"),
        ("{ program(id: 1) { name } }", "Unknown argument 'id'"),
        ("query($a: Int) { __typename }", "'$a' is never used"),
        ("{ program(programId: $id) { name } }", "'$id' is not defined"),
        ("{ program(programId: 1) }", "must have a selection of subfields"),
        ("{ ...Nothing }", "Unknown fragment 'Nothing'"),
        ("type X { a: Int }", "not executable"),
        (
            f'{{ a: node(id: "{MOBILE}") {{ id }} a: node(id: "x") {{ id }} }}',
            "Fields 'a' conflict",
        ),
    ],
)
def test_a_document_that_does_not_fit_the_schema_is_refused(
    http: httpx.Client, query: str, words: str
) -> None:
    """With the message of the validation rule."""
    errors = refusals(http, query)
    assert {error["extensions"]["code"] for error in errors} == {"GRAPHQL_VALIDATION_FAILED"}
    assert any(words in error["message"] for error in errors)


@pytest.mark.parametrize(
    ("query", "variables", "message"),
    [
        (
            'query($s: CustomerSource = LINE) { customer(by: {mobile: "1"}, source: $s) { id } }',
            {"s": None},
            "source: its variable must not be null.",
        ),
        (
            "query($m: String) { customer(by: {mobile: $m}) { id } }",
            {"m": None},
            "by: its variable must not be null.",
        ),
        (
            "query($i: Boolean = true) { __typename @include(if: $i) }",
            {"i": None},
            "if: its variable must not be null.",
        ),
    ],
)
def test_a_variable_that_is_null_where_null_cannot_be_is_told(
    graph: Graph, query: str, variables: dict[str, Any], message: str
) -> None:
    """GraphQL detects it only during execution: it is the caller's error nevertheless."""
    assert graph.refusal(query, variables) == ("BAD_USER_INPUT", message)
