"""Trusted documents: a manifest of what may be named, or of all that may run."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import create_app
from gateway.config.settings import SettingsError
from gateway.execution.document_hash import sha256_of
from gateway.execution.operation_store import OperationStore
from gateway.graphql_http.persisted_queries.trusted import load_trusted
from gateway.schema.build import build_schema, executable
from tests.support.graph import serve_gateway, settings_for
from tests.support.http_client import GRAPHQL, client, code
from tests.support.persisted_queries import by_hash, data, get, post, with_hash

PROGRAM = "query Program($id: ID!) {\n  program(programId: $id) {\n    programId\n  }\n}"
TWO = "query A { a: __typename } query B { b: __typename }"
OTHER = "{ __typename }"
MANIFEST = {f"sha256:{sha256_of(PROGRAM)}": PROGRAM, "the-two": TWO}
Send = Callable[..., httpx.Response]


def write(folder: Path, manifest: Any) -> str:
    """Write a manifest; return its path."""
    path = folder / "manifest.json"
    path.write_text(manifest if isinstance(manifest, str) else json.dumps(manifest), "utf-8")
    return str(path)


@pytest.fixture(scope="module", params=["allow", "only"])
def mode(request: pytest.FixtureRequest) -> str:
    """Return each of the modes."""
    told: str = request.param
    return told


@pytest.fixture(scope="module")
def trusting(
    sandbox_url: str, mode: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """Return a client of a gateway that trusts these documents."""
    path = write(tmp_path_factory.mktemp("trusted"), MANIFEST)
    with (
        serve_gateway(sandbox_url, trusted_documents=path, trusted_documents_mode=mode) as url,
        client(url) as http,
    ):
        yield http


@pytest.mark.parametrize("send", [post, get])
@pytest.mark.parametrize(
    "named",
    [
        {"documentId": f"sha256:{sha256_of(PROGRAM)}"},
        {"documentId": sha256_of(PROGRAM)},
        by_hash(sha256_of(PROGRAM)),
        {"query": PROGRAM},
        {"query": PROGRAM, "documentId": f"sha256:{sha256_of(PROGRAM)}"},
        with_hash(PROGRAM),
    ],
    ids="+".join,
)
def test_a_trusted_document_runs_by_any_name_and_as_text(
    trusting: httpx.Client, send: Send, named: dict[str, Any]
) -> None:
    """It is found without having been sent."""
    answer = send(trusting, named | {"variables": {"id": "973"}})
    assert data(answer) == {"program": {"programId": "973"}}


@pytest.mark.parametrize(
    "named",
    [
        {"documentId": "the-two"},
        {"documentId": f"sha256:{sha256_of(TWO)}"},
        by_hash("the-two"),
        {"query": TWO, "documentId": "the-two"},
        {"query": TWO} | by_hash("the-two"),
    ],
    ids="+".join,
)
def test_an_id_may_be_any_text_of_the_manifest(
    trusting: httpx.Client, named: dict[str, Any]
) -> None:
    """Any id is allowed, such as Relay's MD5; `operationName` chooses the operation."""
    assert data(post(trusting, named | {"operationName": "B"})) == {"b": "Query"}
    assert code(post(trusting, named)) == "BAD_REQUEST"


@pytest.mark.parametrize("named", [{"documentId": "the-two"}, by_hash("the-two")])
def test_an_id_beside_another_text_is_refused(
    trusting: httpx.Client, named: dict[str, Any]
) -> None:
    """In either mode, for trusted and other texts."""
    for query in (PROGRAM, OTHER):
        answer = post(trusting, named | {"query": query})
        assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("send", [post, get])
@pytest.mark.parametrize(
    "body",
    [
        {"query": OTHER},
        with_hash(OTHER),
        {"query": PROGRAM + " "},
        {"query": "{ __schema { queryType { name } } }"},
        {"query": "{ not a document"},
        {"query": f"{PROGRAM} query Mine {{ __typename }}", "operationName": "Mine"},
    ],
    ids=str,
)
def test_where_only_trusted_documents_run_no_other_text_does(
    trusting: httpx.Client, mode: str, send: Send, body: dict[str, Any]
) -> None:
    """Not even an introspection query, or one that differs by a space."""
    answer = send(trusting, body | {"variables": {"id": "973"}})
    refused = answer.status_code == 400 and code(answer) == "OPERATION_NOT_TRUSTED"
    assert refused == (mode == "only")


@pytest.mark.parametrize("send", [post, get])
@pytest.mark.parametrize(
    "named",
    [
        by_hash("0" * 64),
        by_hash("unknown"),
        {"documentId": "unknown"},
        {"documentId": f"sha256:{'0' * 64}"},
        {"documentId": "sha256:the-two"},
        {"documentId": f"x-{sha256_of(PROGRAM)}"},
    ],
    ids=str,
)
def test_an_unknown_id_is_not_found_or_not_trusted(
    trusting: httpx.Client, mode: str, send: Send, named: dict[str, Any]
) -> None:
    """The error depends on whether the client may send the document."""
    why = {"allow": "PERSISTED_QUERY_NOT_FOUND", "only": "OPERATION_NOT_TRUSTED"}[mode]
    for accept, status in ((GRAPHQL, 400), ("application/json", 200)):
        answer = send(trusting, named, accept)
        assert (answer.status_code, code(answer)) == (status, why)


def test_sending_a_document_makes_it_known_but_not_trusted(
    trusting: httpx.Client, mode: str
) -> None:
    """Automatic queries work beside the manifest, except in mode `only`."""
    post(trusting, with_hash(OTHER))
    named = post(trusting, by_hash(sha256_of(OTHER)))
    if mode == "allow":
        assert data(named) == {"__typename": "Query"}
    else:
        assert code(named) == "OPERATION_NOT_TRUSTED"


def test_with_automatic_queries_off_the_manifest_still_counts(
    sandbox_url: str, tmp_path: Path
) -> None:
    """An unknown hash is not found, also after its document was sent."""
    path = write(tmp_path, MANIFEST)
    with serve_gateway(sandbox_url, trusted_documents=path, apq=False) as url, client(url) as http:
        assert data(post(http, {"documentId": "the-two", "operationName": "A"})) == {"a": "Query"}
        data(post(http, with_hash(OTHER)))
        assert code(post(http, by_hash(sha256_of(OTHER)))) == "PERSISTED_QUERY_NOT_FOUND"


def start(**settings: Any) -> list[str]:
    """Return the lines of the error of a start."""
    with pytest.raises(SettingsError) as stopped:
        create_app(settings_for("http://platform.example", **settings))
    return stopped.value.lines


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("{ neverClosed", "line 1, column 14: Syntax Error"),
        ("{\n  notThere\n}", "line 2, column 3: Cannot query field"),
        ("{ __schema { queryType { name } } }", "line 1, column 3: GraphQL introspection"),
        ("query A { __typename } query A { __typename }", "line 1, column 7: There can be only"),
        ("query A { __typename } { __typename }", "line 1, column 24: This anonymous"),
        ("subscription { __typename }", "line 1, column 1: The subscription operation"),
        ('{ program(programId: "1") { id(x: 1) } }', "line 1, column 32: Unknown argument"),
        ("{ customer(by: {}) { id } }", "line 1, column 16: "),
        ("", "Syntax Error"),
    ],
)
def test_a_document_that_may_not_run_stops_the_start(
    tmp_path: Path, document: str, told: str
) -> None:
    """One line names it and its first error; the setting for introspection applies."""
    path = write(tmp_path, MANIFEST | {"bad-one": document})
    (line,) = start(trusted_documents=path, introspection=False)
    assert line.startswith(f"GATEWAY_TRUSTED_DOCUMENTS={path}: 'bad-one': ")
    assert told in line


def test_all_documents_stay_read(tmp_path: Path) -> None:
    """Also more than the cache holds of other documents."""
    manifest = {f"id{number}": f"query Q{number} {{ __typename }}" for number in range(600)}
    operations = OperationStore(executable(build_schema()), introspection=False)
    path = write(tmp_path, manifest)
    load_trusted(settings_for("http://platform.example", trusted_documents=path), operations)
    assert set(operations.documents) == set(manifest.values())
    assert operations.documents.bytes == 0


def test_every_bad_document_has_its_line_up_to_twenty(tmp_path: Path) -> None:
    """All errors are reported at once."""
    bad = {f"bad{number}": f"{{ x{number} }}" for number in range(25)}
    lines = start(trusted_documents=write(tmp_path, MANIFEST | bad))
    assert len(lines) == 21
    assert "'bad19'" in lines[19]
    assert lines[20].endswith(": and 5 more")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"a": 1}', '{"operations": []}', "\ud7ff"])
def test_a_file_that_is_no_manifest_stops_the_start(tmp_path: Path, text: str) -> None:
    """One line names the file."""
    path = write(tmp_path, text)
    (line,) = start(trusted_documents=path, trusted_documents_mode="only")
    assert line.startswith(f"GATEWAY_TRUSTED_DOCUMENTS={path}: ")


def test_a_file_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    """Mode `only` without a manifest is an error too."""
    path = tmp_path / "none.json"
    assert start(trusted_documents=str(path)) == [
        f"GATEWAY_TRUSTED_DOCUMENTS={path}: No such file or directory"
    ]
    assert start(trusted_documents_mode="only") == [
        "GATEWAY_TRUSTED_DOCUMENTS_MODE=only needs GATEWAY_TRUSTED_DOCUMENTS"
    ]
