"""GraphQL over HTTP: requests and their responses."""

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.http_client import GRAPHQL, code, errors

TYPENAME = "{ __typename }"
TWO = "query A { a: __typename } query B { b: __typename }"


def post(http: httpx.Client, body: Any, **headers: str) -> httpx.Response:
    """Send a body as JSON, and accept the newer media type."""
    return http.post("/graphql", json=body, headers={"Accept": GRAPHQL} | headers)


def send(http: httpx.Client, body: Any, content_type: str = "application/json") -> httpx.Response:
    """Send bytes unchanged."""
    headers = {"Content-Type": content_type} if content_type else {}
    return http.post("/graphql", content=body, headers=headers | {"Accept": GRAPHQL})


def test_a_query_is_answered_to_post_and_get(http: httpx.Client) -> None:
    """The same request has the same result in a body and in a query string."""
    query = "query Named($id: ID!) { program(programId: $id) { programId } }"
    posted = post(http, {"query": query, "variables": {"id": "973"}, "operationName": "Named"})
    parameters = {"query": query, "variables": '{"id": "973"}', "operationName": "Named"}
    got = http.get("/graphql", params=parameters, headers={"Accept": GRAPHQL})
    assert posted.status_code == got.status_code == 200
    assert posted.json()["data"] == got.json()["data"] == {"program": {"programId": "973"}}
    assert posted.headers["content-type"] == f"{GRAPHQL}; charset=utf-8"
    assert posted.headers["cache-control"] == "private, no-store"


def test_head_is_get_without_the_body(http: httpx.Client) -> None:
    """A HEAD has the status and headers of the GET."""
    answer = http.head("/graphql", params={"query": TYPENAME})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("name", [None, ""])
def test_one_operation_needs_no_name(http: httpx.Client, name: str | None) -> None:
    """A null or empty operationName counts as absent."""
    answer = post(http, {"query": "query A { __typename }", "operationName": name})
    assert answer.json()["data"] == {"__typename": "Query"}


def test_an_operation_is_chosen_by_its_name(http: httpx.Client) -> None:
    """Of two operations the named one is executed."""
    assert post(http, {"query": TWO, "operationName": "B"}).json()["data"] == {"b": "Query"}


@pytest.mark.parametrize("name", [None, "C"])
def test_several_operations_need_the_name_of_one(http: httpx.Client, name: str | None) -> None:
    """Without the name of one, none of them is executed."""
    answer = post(http, {"query": TWO, "operationName": name})
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")
    assert "operationName" in answer.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize(
    ("path", "allowed"), [("/graphql", "GET, HEAD, POST"), ("/healthz", "GET, HEAD")]
)
def test_other_methods_are_told_which_there_are(
    http: httpx.Client, method: str, path: str, allowed: str
) -> None:
    """405 in JSON, with the allowed methods."""
    answer = http.request(method, path)
    assert (answer.status_code, code(answer)) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    "path",
    [
        "/graphql//",
        "/graphql/x",
        "/healthz/",
        "/GRAPHQL",
        "/explorer",
        "/nothing",
        "/%00",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_paths_are_not_found_in_json(http: httpx.Client, method: str, path: str) -> None:
    """404 with a code, and no redirect that names a host."""
    answer = http.request(method, path)
    assert (answer.status_code, code(answer)) == (404, "NOT_FOUND")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_slash_at_the_end_changes_nothing(http: httpx.Client, method: str) -> None:
    """Not every client follows a redirect with its POST."""
    params = {"query": TYPENAME} if method == "GET" else None
    body = {"query": TYPENAME} if method == "POST" else None
    answers = [
        http.request(method, path, params=params, json=body) for path in ("/graphql", "/graphql/")
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_client_that_accepts_neither_type_is_told(http: httpx.Client, method: str) -> None:
    """406 in JSON, before anything is executed."""
    answer = http.request(
        method, "/graphql", params={"query": TYPENAME}, headers={"Accept": "application/xml"}
    )
    assert (answer.status_code, code(answer)) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/graphql", "multipart/form-data; boundary=x",
     "application/x-www-form-urlencoded", "application/json; charset=latin-1"],
)  # fmt: skip
def test_a_body_of_another_type_is_refused(http: httpx.Client, content_type: str) -> None:
    """415 for anything but JSON in UTF-8."""
    answer = send(http, b'{"query": "{ __typename }"}', content_type)
    assert (answer.status_code, code(answer)) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("charset", ["utf-8", '"UTF-8"', "utf8"])
def test_utf8_may_be_spelt_out(http: httpx.Client, charset: str) -> None:
    """A charset parameter that says UTF-8 changes nothing."""
    body = b'{"query": "{ __typename }"}'
    assert send(http, body, f"Application/JSON; charset={charset}").status_code == 200


def _in_chunks() -> Iterator[bytes]:
    for _ in range(30):
        yield b" " * 10_000


@pytest.mark.parametrize("body", [b'{"query": "' + b" " * 262_144 + b'"}', _in_chunks()])
def test_a_large_body_is_refused(http: httpx.Client, body: Any) -> None:
    """Past GATEWAY_MAX_BODY_BYTES nothing is read, with or without Content-Length."""
    answer = send(http, body)
    assert (answer.status_code, code(answer)) == (413, "PAYLOAD_TOO_LARGE")
    assert "262144" in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"42", b"null", b'"x"', b"[]", b"{}", b"true", b"{", b"\xff\xfe",
        b'{"query": "\xff"}', b"\xef\xbb\xbf{}", b'{"query": "{ __typename }\\ud800"}',
        b"[" * 100_000, b'{"query": "{ __typename }", "variables": ' + b"[" * 100_000,
        b'{"query": "{ __typename }", "variables": {"n": ' + b"9" * 5_000 + b"}}",
        b'{"query": "{ __typename }", "variables": {"n": NaN}}',
        b'{"query": 3}', b'{"query": null}', b'{"query": ""}', b'{"query": ["{ __typename }"]}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "variables": "{}"}',
        b'{"query": "{ __typename }", "operationName": 3}',
        b'{"query": "{ __typename }", "extensions": "x"}',
    ],
    ids=lambda body: repr(body[:48]),
)  # fmt: skip
def test_a_body_without_a_graphql_request_is_refused(http: httpx.Client, body: bytes) -> None:
    """400 with a code and a hint, for any bytes."""
    answer = send(http, body)
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("variables", ["x", "[]", "3", '"x"', "[" * 8_000, "9" * 5_000, "{"])
def test_variables_of_a_get_must_be_an_object(http: httpx.Client, variables: str) -> None:
    """JSON in the query string, with the same checks as in a body."""
    answer = http.get("/graphql", params={"query": TYPENAME, "variables": variables})
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")
    assert "variables" in answer.text


@pytest.mark.parametrize("query", [{}, {"query": ""}])
def test_a_get_without_a_query_is_refused(http: httpx.Client, query: dict[str, str]) -> None:
    """A command-line client at the bare address gets JSON, not the page."""
    answer = http.get("/graphql", params=query, headers={"Accept": "*/*"})
    assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")


def test_a_body_that_ends_early_is_no_fault_of_the_gateway(
    gateway_url: str, http: httpx.Client, capfd: pytest.CaptureFixture[str]
) -> None:
    """An incomplete body logs no unexpected error."""
    url = httpx.URL(gateway_url)
    with socket.create_connection((url.host, url.port or 80)) as half:
        half.sendall(
            b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 100\r\n\r\n{"
        )
        half.shutdown(socket.SHUT_WR)
        while half.recv(4096):
            pass
    assert post(http, {"query": TYPENAME}).status_code == 200
    out, err = capfd.readouterr()
    assert "unexpected_error" not in out + err


@pytest.mark.parametrize(
    ("accept", "status", "media_type"),
    [
        (GRAPHQL, 400, GRAPHQL),
        (f"{GRAPHQL}, application/json;q=0.9", 400, GRAPHQL),
        (f"application/json, {GRAPHQL};q=0.5", 200, "application/json"),
        (f"{GRAPHQL};q=0, */*", 200, "application/json"),
        (f"{GRAPHQL};q=x, application/json;q=nan, */*;q=0.1", 406, "application/json"),
        ("application/json", 200, "application/json"),
        ("application/*", 200, "application/json"),
        ("*/*", 200, "application/json"),
        ("", 200, "application/json"),
    ],
)
def test_a_refused_operation_is_400_in_the_newer_type_alone(
    http: httpx.Client, accept: str, status: int, media_type: str
) -> None:
    """Old clients treat any status but 200 as a failed connection."""
    answer = http.post("/graphql", json={"query": "{ nothing }"}, headers={"Accept": accept})
    assert answer.status_code == status
    assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"


def test_accept_may_come_in_several_lines(http: httpx.Client) -> None:
    """Two header lines are one list (RFC 9110 §5.3)."""
    headers = [("Accept", "application/xml"), ("Accept", GRAPHQL)]
    answer = http.post("/graphql", json={"query": TYPENAME}, headers=headers)
    assert answer.headers["content-type"].startswith(GRAPHQL)


def test_without_accept_the_older_type_is_sent(http: httpx.Client) -> None:
    """GraphQL over HTTP requires it for older clients."""
    request = http.build_request("POST", "/graphql", json={"query": TYPENAME})
    del request.headers["accept"]
    assert http.send(request).headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("query", ["mutation { x }", "subscription { x }"])
def test_only_queries_are_run(http: httpx.Client, query: str) -> None:
    """The schema has no such mutation, and no subscriptions, with any method."""
    posted = post(http, {"query": query})
    got = http.get("/graphql", params={"query": query}, headers={"Accept": GRAPHQL})
    assert posted.status_code == got.status_code == 400
    assert code(posted) == code(got) == "GRAPHQL_VALIDATION_FAILED"


def test_errors_of_an_execution_stand_beside_its_data(http: httpx.Client) -> None:
    """An executed operation is 200 in both media types, with a coded error and its path."""
    query = '{ good: program(programId: "9005") { programId } bad: program(programId: "x") { id } }'
    answer = post(http, {"query": query})
    assert answer.status_code == 200
    assert answer.json()["data"] == {"good": {"programId": "9005"}, "bad": None}
    (error,) = answer.json()["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["bad"], "BAD_USER_INPUT")


def test_a_refusal_tells_where(http: httpx.Client) -> None:
    """An error in the document has its line and column."""
    (error,) = errors(post(http, {"query": "{\n  nothing\n}"}))
    assert error["locations"] == [{"line": 2, "column": 3}]
