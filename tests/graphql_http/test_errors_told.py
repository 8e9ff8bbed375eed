"""What a client learns of an error beside its code: whether to retry, and which argument."""

from typing import Any

import httpx
import pytest

from tests.support.graph import serve_gateway
from tests.support.http_client import client, errors

PROGRAM = '{ program(programId: "9001") { promotions%s { totalCount } } }'
CUSTOMERS = "query Q($by: [CustomerIdentifier!]!) { customers(by: $by) { id } }"
NODES = "query Q($ids: [ID!]!) { nodes(ids: $ids) { id } }"


def told(http: httpx.Client, query: str, **more: Any) -> dict[str, Any]:
    """Return the extensions of an operation's only error, with or without data."""
    answer = http.post("/graphql", json={"query": query, **more}).json()
    (error,) = answer["errors"]
    extensions: dict[str, Any] = error["extensions"]
    if "argument" in extensions:
        assert error["message"].startswith(f"{extensions['argument']}: ")
    return extensions


@pytest.mark.parametrize(
    ("query", "variables", "code", "argument"),
    [
        ("{", None, "GRAPHQL_PARSE_FAILED", None),
        ("{ nothing }", None, "GRAPHQL_VALIDATION_FAILED", None),
        (PROGRAM % '(first: "1")', None, "BAD_USER_INPUT", "first"),
        (PROGRAM % "(first: 101)", None, "BAD_USER_INPUT", "first"),
        (PROGRAM % "(first: 1, last: 1)", None, "BAD_USER_INPUT", "last"),
        (PROGRAM % '(after: "x")', None, "CURSOR_INVALID", "after"),
        (PROGRAM % "(sourceTypes: [])", None, "BAD_USER_INPUT", "sourceTypes"),
        ("{ program(programId: -1) { name } }", None, "BAD_USER_INPUT", "programId"),
        ('{ customer(by: {mobile: ""}) { id } }', None, "BAD_USER_INPUT", "by.mobile"),
        (CUSTOMERS, {"by": [{"email": "a@b"}, {"mobile": ""}]}, "BAD_USER_INPUT", "by[1].mobile"),
        (CUSTOMERS, {"by": [{"email": 3}]}, "BAD_USER_INPUT", "$by[0].email"),
        (CUSTOMERS, {}, "BAD_USER_INPUT", "$by"),
        (NODES, {"ids": ["x"]}, "BAD_USER_INPUT", "ids[0]"),
        ("{ nodes(ids: [3, null]) { id } }", None, "BAD_USER_INPUT", "ids[1]"),
        (NODES, {"ids": ["x"] * 21}, "LIST_TOO_LONG", "ids"),
        ("query Q($x: Boolean! = true) { __typename @skip(if: $x) }", {"x": None},
         "BAD_USER_INPUT", "$x"),
        ("query Q($x: Boolean = true) { __typename @skip(if: $x) }", {"x": None},
         "BAD_USER_INPUT", "if"),
    ],
)  # fmt: skip
def test_an_error_about_an_argument_names_its_path(
    http: httpx.Client, query: str, variables: Any, code: str, argument: str | None
) -> None:
    """In a literal, in a variable, and in a check of the gateway."""
    extensions = {"code": code, "retryable": False}
    if argument is not None:
        extensions["argument"] = argument
    assert told(http, query, variables=variables) == extensions


def test_refusals_before_graphql_say_whether_to_try_again(http: httpx.Client) -> None:
    """None of these is retryable."""
    ask = {"query": "{ __typename }"}
    for answer in (
        http.post("/graphql", content="{", headers={"Content-Type": "application/json"}),
        http.post("/graphql", content="x", headers={"Content-Type": "text/plain"}),
        http.post("/graphql", json=ask, headers={"Accept": "image/png"}),
        http.post("/graphql", json={"query": "{" + " " * 300_000}),
        http.post("/graphql", json={"extensions": {"persistedQuery": {"version": 1}}}),
        http.get("/graphql", params=ask, headers={"Sec-Fetch-Site": "cross-site"}),
        http.put("/graphql", json=ask),
        http.get("/nowhere"),
        http.post("/healthz"),
    ):
        assert answer.status_code >= 400
        assert {error["extensions"]["retryable"] for error in errors(answer)} == {False}


def test_the_parts_of_a_batch_say_it_each(http: httpx.Client) -> None:
    """Refused operations as well as executed ones."""
    batch = [{"query": "{"}, {"query": 3}, {"query": PROGRAM % "(first: -1)"}]
    for part in http.post("/graphql", json=batch).json():
        (error,) = part["errors"]
        assert error["extensions"]["retryable"] is False


def test_who_has_to_wait_may_try_again(sandbox_url: str) -> None:
    """A rate limit is retryable."""
    with (
        serve_gateway(sandbox_url, rate_limit_per_minute=1) as url,
        client(url) as http,
    ):
        http.post("/graphql", json={"query": "{ __typename }"})
        answer = http.post("/graphql", json={"query": "{ __typename }"})
    (error,) = errors(answer)
    assert answer.status_code == 429
    extensions = error["extensions"]
    assert (extensions["code"], extensions["retryable"]) == ("RATE_LIMITED", True)
    assert str(extensions["retryAfterS"]) == answer.headers["Retry-After"]
