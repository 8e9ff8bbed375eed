"""Hostile documents: each has a coded error, in bounded time."""

import httpx
import pytest

from tests.support.http_client import GRAPHQL

REFUSED = {
    "QUERY_TOO_COMPLEX",
    "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED",
    "BAD_USER_INPUT",
}


def aliases(number: int) -> str:
    """Return a query for the same field under many aliases."""
    return "{" + " ".join(f"a{i}: __typename" for i in range(number)) + "}"


def nested(begin: str, middle: str, end: str, depth: int) -> str:
    """Nest a text in itself."""
    return "{" + begin * depth + middle + end * depth + "}"


def spreads(width: int, depth: int, last: str) -> str:
    """Return fragments that each spread the next several times."""
    fragments = [f"fragment F{i} on Query {{ {f'...F{i + 1} ' * width} }}" for i in range(depth)]
    return " ".join(["{ ...F0 }", *fragments, f"fragment F{depth} on Query {{ {last} }}"])


def ask(http: httpx.Client, query: str) -> httpx.Response:
    """Send a query, with a timeout of some seconds."""
    return http.post("/graphql", json={"query": query}, headers={"Accept": GRAPHQL}, timeout=10)


@pytest.mark.parametrize(
    "query",
    [
        aliases(10_000),
        nested("a {", "b", "}", 5_000),
        nested("program(programId: 1) { promotions { nodes { program {", "id", "}}}}", 500),
        nested("... on Query {", "__typename", "}", 3_000),
        "{ customer(by: " + "[" * 5_000 + "]" * 5_000 + ") { id } }",
        "{ customer(by: " + "{mobile: " * 3_000 + "1" + "}" * 3_000 + ") { id } }",
        "query($a: " + "[" * 4_000 + "Int" + "]" * 4_000 + ") { __typename }",
        "{ customer(by: {" + " ".join(f"a{i}: 1" for i in range(3_000)) + "}) { id } }",
        "{ customers(by: [" + "{mobile: 1} " * 1_900 + "]) { id } }",
        spreads(1, 1_200, "__typename"),
        spreads(1, 3, "...F0"),
        spreads(2, 3, "...F1"),
        "{" + "__typename " * 9_000 + "}",
        "{" + " ".join(f"b{i}" for i in range(9_000)) + "}",
        "{" + " ".join(f"program(programId: {i}) {{ id }}" for i in range(300)) + "}",
        "{ __typename " + "@skip(if: true) " * 1_000 + "}",
        "query(" + " ".join(f"$v{i}: Int" for i in range(2_000)) + ") { __typename }",
        "query " * 5_000,
        "{" * 200_000,
        '"' * 100_000,
        "\\" * 100_000,
        "\u0000",
        "\ufeff",
    ],
    ids=lambda query: query[:40],
)
def test_a_document_made_to_hurt_is_refused(http: httpx.Client, query: str) -> None:
    """No depth, width, cycle or length causes an internal error."""
    answer = ask(http, query)
    assert answer.status_code == 400
    assert {error["extensions"]["code"] for error in answer.json()["errors"]} <= REFUSED
    assert len(answer.content) < 20_000


@pytest.mark.parametrize(
    "query",
    [
        aliases(20),
        spreads(2, 40, "__typename"),
        spreads(1, 49, "__typename"),
        nested("... on Query {", "__typename", "}", 50),
        "#" + "x" * 250_000 + "\n{ __typename }",
        "# a\n" * 9_000 + "{ __typename }",
        "{" + "," * 250_000 + "__typename }",
    ],
    ids=lambda query: query[:40],
)
def test_a_large_document_that_is_valid_is_answered(http: httpx.Client, query: str) -> None:
    """Size alone is no error, and fragments that double forty times take no time."""
    answer = ask(http, query)
    assert answer.status_code == 200
    assert set(answer.json()["data"].values()) == {"Query"}
