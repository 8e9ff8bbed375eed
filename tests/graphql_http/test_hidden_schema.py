"""With introspection off, neither it nor any error reveals a name of the schema."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType

from gateway.schema.build import build_schema, executable
from tests.support.graph import serve_gateway
from tests.support.http_client import GRAPHQL, client, code

INTROSPECTION = ["{ __schema { __typename } }", '{ __type(name: "Query") { name } }',
                 "{ a: __schema { types { name } } }",
                 "{ ...F } fragment F on Query { __schema { types { name } } }"]  # fmt: skip
MISSPELT: list[tuple[str, dict[str, Any]]] = [
    ("{ custoner { id } }", {}),
    ("{ customer(bye: 1) { id } }", {}),
    ("{ customer { id } }", {}),
    ("{ customer(by: 3) { id } }", {}),
    ("{ customer(by: {mobil: 3}) { id } }", {}),
    ("{ customer(by: {}) { id } }", {}),
    ('{ customer(by: {email: "a"}, source: INSTOR) { id } }', {}),
    ('{ customer(by: {email: "a"}, source: "x") { id } }', {}),
    ("{ customer }", {}),
    ("{ node(id: 1) { idd } }", {}),
    ("{ node(id: 1) { ... on Custome { id } } }", {}),
    ("{ node(id: 1) { customerI } }", {}),
    ("{ __typename @inclde(if: true) }", {}),
    ("{ __typename @include(iff: true) }", {}),
    ("{ __typenam }", {}),
    ("query($a: CustomerSourc) { __typename }", {}),
    ("query($s: CustomerSource) { a: __typename @skip(if: $s) }", {}),
    ("query($s: CustomerSource!) { customer(by: {email: 1}, source: $s) { id } }", {"s": "INSTOR"}),
    ("query($s: CustomerSource!) { customer(by: {email: 1}, source: $s) { id } }", {"s": 3}),
    ("query($by: CustomerIdentifier!) { customer(by: $by) { id } }", {"by": {"mobil": "1"}}),
    ("query($by: CustomerIdentifier!) { customer(by: $by) { id } }", {"by": {}}),
    ("query($by: CustomerIdentifier!) { customer(by: $by) { id } }", {"by": 3}),
    ("query($by: CustomerIdentifier!) { customer(by: $by) { id } }", {}),
    ("query($by: [CustomerIdentifier!]!) { customers(by: $by) { id } }", {"by": [{}]}),
    ("fragment F on Customers { id } { ...F }", {}),
    ("{ ...FF } fragment F on Query { __typename }", {}),
]  # fmt: skip


def names() -> set[str]:
    """Return the names of fields, arguments, enum values and inputs, of five letters or more.

    `field` is left out, which every message about a selection has.
    """
    found: set[str] = set()
    for kind in executable(build_schema()).type_map.values():
        if kind.name.startswith("__"):
            continue
        if isinstance(kind, GraphQLEnumType):
            found |= set(kind.values)
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            found |= set(kind.fields)
        if isinstance(kind, GraphQLObjectType):
            found |= {name for field in kind.fields.values() for name in field.args}
    return {name for name in found if len(name) > 4} - {"field"}


@pytest.fixture(scope="module")
def hidden(sandbox_url: str) -> Iterator[httpx.Client]:
    """Return a client of a gateway whose schema is hidden."""
    with serve_gateway(sandbox_url, introspection=False) as url, client(url) as http:
        yield http


def ask(http: httpx.Client, query: str, variables: dict[str, Any]) -> httpx.Response:
    """Send a query."""
    body = {"query": query, "variables": variables}
    return http.post("/graphql", json=body, headers={"Accept": GRAPHQL})


@pytest.mark.parametrize("query", INTROSPECTION)
def test_the_schema_can_be_hidden(hidden: httpx.Client, query: str) -> None:
    """Every form of introspection is refused."""
    answer = ask(hidden, query, {})
    assert answer.status_code == 400
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} == {
        "GRAPHQL_VALIDATION_FAILED"
    }


def test_a_types_own_name_is_no_secret(hidden: httpx.Client) -> None:
    """Client caches select `__typename` everywhere."""
    assert ask(hidden, "{ __typename }", {}).json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize(("query", "variables"), MISSPELT, ids=[query for query, _ in MISSPELT])
def test_a_mistake_gives_no_name_away(
    hidden: httpx.Client, http: httpx.Client, query: str, variables: dict[str, Any]
) -> None:
    """The response repeats the client's words, and adds none of the schema."""
    answer = ask(hidden, query, variables)
    told = " ".join(error["message"] for error in answer.json()["errors"])
    assert answer.status_code == 400
    assert "Did you mean" not in told
    sent = set(re.findall(r"\w+", query + str(variables)))
    assert (set(re.findall(r"\w+", told)) & names()) - sent == set()


def test_shown_it_helps(http: httpx.Client) -> None:
    """With introspection the schema can be read, and errors have suggestions."""
    assert ask(http, INTROSPECTION[0], {}).json()["data"]
    assert "Did you mean 'customer'" in ask(http, "{ custoner { id } }", {}).text
    told = ask(http, "{ customer(by: 3) { id } }", {})
    assert "exactly one of mobile, email" in told.text
    assert code(told) == "BAD_USER_INPUT"
