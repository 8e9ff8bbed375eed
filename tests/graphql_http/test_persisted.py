"""Automatic persisted queries: a document that came once with its hash runs by the hash."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.execution.document_hash import sha256_of
from tests.support.graph import serve_gateway
from tests.support.http_client import GRAPHQL, client, code, errors
from tests.support.metrics import changed, scrape
from tests.support.persisted_queries import by_hash, data, get, post, with_hash
from tests.support.tokens import JWT, Issuer

JSON = "application/json"
Send = Callable[..., httpx.Response]


@pytest.mark.parametrize("again", [post, get])
@pytest.mark.parametrize("first", [post, get])
def test_a_document_runs_by_its_hash_once_it_has_come_with_it(
    http: httpx.Client, first: Send, again: Send
) -> None:
    """A miss, the document with its hash, and from then on the hash alone, by POST and by GET."""
    query = f"query Q($id: ID!) {{ {first.__name__}_{again.__name__}: program(programId: $id) {{ programId }} }}"  # noqa: E501
    variables = {"variables": {"id": "973"}}
    hashed = by_hash(sha256_of(query)) | variables
    assert code(again(http, hashed)) == "PERSISTED_QUERY_NOT_FOUND"
    told = data(first(http, with_hash(query) | variables))
    assert data(again(http, hashed)) == told
    other = data(again(http, hashed | {"variables": {"id": "9001"}}))
    assert list(other.values()) == [{"programId": "9001"}]


@pytest.mark.parametrize("send", [post, get])
def test_an_unknown_hash_is_answered_so_that_clients_send_the_document(
    http: httpx.Client, send: Send
) -> None:
    """The message is the one that clients expect, with status 200 for old clients."""
    for accept, status in ((JSON, 200), ("*/*", 200), (GRAPHQL, 400)):
        answer = send(http, by_hash("0" * 64), accept)
        assert answer.status_code == status
        assert errors(answer) == [
            {
                "message": "PersistedQueryNotFound",
                "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND", "retryable": False},
            }
        ]


def test_a_batch_names_documents_each_by_itself(http: httpx.Client) -> None:
    """Each operation of a batch has its own error, and one with its hash is stored."""
    query = "{ of_a_batch: __typename }"
    batch = [with_hash(query), by_hash("0" * 64), {"query": query} | by_hash("0" * 64)]
    told = post(http, batch).json()
    codes = [[error["extensions"]["code"] for error in one.get("errors", [])] for one in told]
    assert codes == [[], ["PERSISTED_QUERY_NOT_FOUND"], ["BAD_REQUEST"]]
    (again,) = post(http, [by_hash(sha256_of(query))]).json()
    assert again["data"] == {"of_a_batch": "Query"}


def test_what_is_too_dear_for_its_batch_is_not_kept(sandbox_url: str) -> None:
    """A text is stored only when its operation is admitted."""
    first, second = "{ a: __typename b: __typename }", "{ c: __typename d: __typename }"
    with serve_gateway(sandbox_url, max_cost=3) as url, client(url) as http:
        post(http, [with_hash(first), with_hash(second)])
        assert data(post(http, by_hash(sha256_of(first)))) == {"a": "Query", "b": "Query"}
        assert code(post(http, by_hash(sha256_of(second)))) == "PERSISTED_QUERY_NOT_FOUND"


def test_a_hash_tells_nothing_to_whom_nobody_knows(sandbox_url: str, tmp_path: Path) -> None:
    """Authentication comes first: without a token a known hash is like an unknown one."""
    issuer = Issuer()
    key_file = tmp_path / "key.pem"
    key_file.write_bytes(issuer.pem())
    settings = JWT | {"auth_key_file": str(key_file)}
    hashed = by_hash(sha256_of("{ __typename }"))
    with serve_gateway(sandbox_url, **settings) as url, client(url) as http:
        headers = issuer.bearer()
        http.post("/graphql", json=with_hash("{ __typename }"), headers=headers)
        assert http.post("/graphql", json=hashed, headers=headers).status_code == 200
        for body in (hashed, by_hash("0" * 64)):
            answer = post(http, body)
            assert (answer.status_code, code(answer)) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("send", [post, get])
def test_a_wrong_hash_is_refused_and_nothing_is_kept(http: httpx.Client, send: Send) -> None:
    """Otherwise a client could replace another's document."""
    query, sha256 = "{ mine: __typename }", sha256_of("{ yours: __typename }")
    answer = send(http, {"query": query} | by_hash(sha256))
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")
    assert code(send(http, by_hash(sha256))) == "PERSISTED_QUERY_NOT_FOUND"
    assert code(send(http, by_hash(sha256_of(query)))) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("{ neverClosed", "GRAPHQL_PARSE_FAILED"),
        ("{ notThere }", "GRAPHQL_VALIDATION_FAILED"),
        ("fragment F on Query { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($kept: ID!) { program(programId: $kept) { id } }", "BAD_USER_INPUT"),
        ('{ customer(by: {mobile: "1", email: "2"}) { id } }', "BAD_USER_INPUT"),
        ("query A { __typename } query B { __typename }", "BAD_REQUEST"),
    ],
)
def test_a_document_that_may_not_run_is_not_kept(http: httpx.Client, query: str, why: str) -> None:
    """Only valid documents are stored."""
    refused = post(http, with_hash(query))
    assert (refused.status_code, code(refused)) == (400, why)
    assert code(post(http, by_hash(sha256_of(query)))) == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize(
    ("extension", "place"),
    [
        ([], ""),
        ("hash", ""),
        ({}, ".version"),
        ({"version": 1}, ".sha256Hash"),
        ({"version": 2, "sha256Hash": "0" * 64}, ".version"),
        ({"version": "1", "sha256Hash": "0" * 64}, ".version"),
        ({"version": True, "sha256Hash": "0" * 64}, ".version"),
        ({"version": 1, "sha256Hash": 7}, ".sha256Hash"),
        ({"version": 1, "sha256Hash": ""}, ".sha256Hash"),
        ({"version": 1, "sha256Hash": "0" * 257}, ".sha256Hash"),
    ],
)
@pytest.mark.parametrize("query", [{}, {"query": "{ __typename }"}])
@pytest.mark.parametrize("send", [post, get])
def test_what_is_no_reference_is_told(
    http: httpx.Client, extension: Any, place: str, query: dict[str, str], send: Send
) -> None:
    """Each error names its place, with and without a document."""
    answer = send(http, query | {"extensions": {"persistedQuery": extension}})
    (error,) = errors(answer)
    assert (answer.status_code, error["extensions"]["code"]) == (400, "BAD_REQUEST")
    assert error["message"].startswith(f"extensions.persistedQuery{place}: it must be")


@pytest.mark.parametrize(
    "hashed", ["0" * 63, "G" * 64, "0" * 65, sha256_of("{ __typename }").upper()]
)
def test_what_is_no_sha256_names_nothing(http: httpx.Client, hashed: str) -> None:
    """Alone it is not found, and with a document it is invalid."""
    query = "{ __typename }"
    assert code(post(http, by_hash(hashed))) == "PERSISTED_QUERY_NOT_FOUND"
    assert code(post(http, {"query": query} | by_hash(hashed))) == "BAD_REQUEST"


def test_a_text_that_no_unicode_has_is_refused(http: httpx.Client) -> None:
    """JSON allows half a surrogate pair; the text is hashed like any other, and then refused."""
    for body in (with_hash("# \ud800\n{ __typename }"), {"documentId": "\ud800"}):
        answer = http.post(
            "/graphql", content=json.dumps(body), headers={"Content-Type": JSON, "Accept": GRAPHQL}
        )
        assert answer.status_code == 400
        assert code(answer) != "INTERNAL_SERVER_ERROR"


@pytest.mark.parametrize("document_id", ["sha256:{}", "{}"])
def test_the_hash_may_stand_in_document_id(http: httpx.Client, document_id: str) -> None:
    """A `documentId` finds the same document, but does not store one."""
    query = f'{{ a: __typename b: program(programId: "{len(document_id)}") {{ id }} }}'
    named = {"documentId": document_id.format(sha256_of(query))}
    assert post(http, named | {"query": query}).status_code == 200
    assert code(post(http, named)) == "PERSISTED_QUERY_NOT_FOUND"
    post(http, with_hash(query))
    for send in (post, get):
        assert data(send(http, named))["a"] == "Query"


def test_two_names_at_once_are_refused(http: httpx.Client) -> None:
    """A request with both references is refused."""
    sha256 = sha256_of("{ __typename }")
    assert code(post(http, by_hash(sha256) | {"documentId": f"sha256:{sha256}"})) == "BAD_REQUEST"
    assert code(post(http, {"documentId": 7})) == "BAD_REQUEST"
    assert code(post(http, {"query": "", "documentId": None})) == "BAD_REQUEST"


def test_a_document_of_several_operations_runs_by_name(http: httpx.Client) -> None:
    """The hash is the document's; `operationName` chooses the operation."""
    query = "query A { a: __typename } query B { b: __typename }"
    post(http, with_hash(query) | {"operationName": "A"})
    hashed = by_hash(sha256_of(query))
    assert data(get(http, hashed | {"operationName": "B"})) == {"b": "Query"}
    assert code(get(http, hashed)) == "BAD_REQUEST"


def test_switched_off_clients_are_told_to_send_documents(sandbox_url: str) -> None:
    """Clients know the message and stop; a document with its hash still runs."""
    with serve_gateway(sandbox_url, apq=False) as url, client(url) as http:
        hashed = by_hash(sha256_of("{ __typename }"))
        for _ in range(2):
            answer = post(http, hashed, JSON)
            assert (answer.status_code, errors(answer)[0]["message"]) == (
                200,
                "PersistedQueryNotSupported",
            )
            assert code(post(http, hashed)) == "PERSISTED_QUERY_NOT_SUPPORTED"
            assert data(post(http, with_hash("{ __typename }"))) == {"__typename": "Query"}


def test_what_became_of_the_hashes_is_counted(sandbox_url: str) -> None:
    """A miss is counted as an error but not as an operation."""
    query = "{ counted: __typename }"
    with serve_gateway(sandbox_url) as url, client(url) as http:
        before = scrape(url)
        for body in (by_hash(sha256_of(query)), with_hash(query), with_hash(query)):
            post(http, body)
        data(post(http, by_hash(sha256_of(query))))
        grown = changed(before, scrape(url))
    persisted = 'gateway_persisted_operations_total{{outcome="{}"}}'
    assert grown == {
        persisted.format("not_found"): 1,
        persisted.format("stored"): 1,
        persisted.format("automatic"): 1,
        'gateway_errors_total{code="PERSISTED_QUERY_NOT_FOUND"}': 1,
        'gateway_operations_total{operation="other",outcome="ok"}': 3,
        'gateway_client_operations_total{client="none",outcome="ok"}': 3,
        'gateway_http_requests_total{route="/graphql",status="2xx"}': 3,
        'gateway_http_requests_total{route="/graphql",status="4xx"}': 1,
    }
