"""``promotion-gateway operations``: a manifest of a folder's files, or a line for each mistake."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from graphql import parse, print_ast

from gateway.cli import main
from gateway.execution.document_hash import sha256_of
from tests.support.commands import run
from tests.support.examples import rarely
from tests.support.graph import serve_gateway
from tests.support.http_client import client
from tests.support.logged import startup_mistakes
from tests.support.persisted_queries import by_hash, data, post

FILES = {
    "pages/program.graphql": "query Two($id: ID!) { program(programId: $id) { ...Named } }\n"
    'query One { program(programId: "973") { id } }',
    "parts/named.graphql": "fragment Named on Program { name ...Identified }",
    "parts/identified.gql": "fragment Identified on Program { id }\n\n"
    "# nobody needs this one\nfragment Other on Program { id }",
    "node_modules/other/x.graphql": "{ notOurs }",
    ".cache/x.graphql": "{ notOurs }",
    "notes.txt": "{ notOurs }",
}
ONE = print_ast(parse('query One { program(programId: "973") { id } }'))
TWO = print_ast(
    parse(
        "query Two($id: ID!) { program(programId: $id) { ...Named } }"
        " fragment Identified on Program { id }"
        " fragment Named on Program { name ...Identified }"
    )
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to an empty folder, without settings."""
    for name in [name for name in os.environ if name.startswith("GATEWAY_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(files: Mapping[str, str | bytes], folder: str = "operations") -> None:
    """Write files into a folder."""
    for name, text in files.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


def test_each_operation_has_the_fragments_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    """Operations of all files are sorted by name; other files are ignored."""
    write(FILES)
    assert main(["operations", "operations"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert list(json.loads(out).items()) == [(sha256_of(ONE), ONE), (sha256_of(TWO), TWO)]


def test_where_a_definition_stands_makes_no_difference(capsys: pytest.CaptureFixture[str]) -> None:
    """The same operations are the same manifest, whatever the files are called."""
    write(FILES)
    write({"z.graphql": "\n".join(text for name, text in FILES.items() if "s/" in name[:6])}, "all")
    assert main(["operations", "operations"]) == main(["operations", "all"]) == 0
    out = capsys.readouterr().out
    assert out == out[: len(out) // 2] * 2


def test_apollos_form_has_the_same_documents(folder: Path) -> None:
    """Under the same hashes, with the names beside them."""
    write(FILES)
    path = folder / "manifest.json"
    assert main(["operations", "operations", "--format", "apollo", "--output", str(path)]) == 0
    listed = json.loads(path.read_text())["operations"]
    assert [(one["id"], one["name"], one["body"]) for one in listed] == [
        (sha256_of(ONE), "One", ONE),
        (sha256_of(TWO), "Two", TWO),
    ]


@pytest.mark.parametrize("form", ["map", "apollo"])
def test_what_it_writes_the_gateway_trusts(sandbox_url: str, form: str) -> None:
    """The manifest can be used in the setting as it is."""
    write(FILES)
    assert main(["operations", "operations", "--format", form, "--output", "m.json"]) == 0
    with (
        serve_gateway(
            sandbox_url, trusted_documents="m.json", trusted_documents_mode="only"
        ) as url,
        client(url) as http,
    ):
        named = by_hash(sha256_of(TWO)) | {"variables": {"id": "9005"}}
        assert data(post(http, named))["program"]["name"]
        assert data(post(http, {"documentId": f"sha256:{sha256_of(ONE)}"}))["program"]


MISTAKES: dict[str, str | bytes] = {
    "a.graphql": "{ __typename }\nquery A { __typename }\nquery Twice { __typename }",
    "b.graphql": "query Twice { __typename }\n\n"
    "query Wrong {\n  program(programId: 1) {\n    nope\n    ...Missing\n  }\n}\n"
    "type X { a: Int }",
    "c/c.graphql": "\n\nquery {",
    "c/d.graphql": b"# \xff",
    "f.graphql": "fragment F on Program { gone }\nfragment G on Program { ...G }",
    "g.graphql": "fragment F on Program { id }",
    "h.graphql": 'query H { customer(by: {mobile: "1", email: "2"}) { id } }\n'
    "subscription S { __typename }",
}


def test_every_mistake_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    """File and line of each, in that order, exit status 2, and nothing is written."""
    write(MISTAKES)
    assert main(["operations", "operations", "--output", "m.json"]) == 2
    assert not Path("m.json").exists()
    out, err = capsys.readouterr()
    assert out == ""
    places = [line.partition(": ")[0] for line in err.splitlines()]
    assert places == [
        f"operations/{place}"
        for place in (
            *("a.graphql:1", "b.graphql:1", "b.graphql:5", "b.graphql:6", "b.graphql:9"),
            *("c/c.graphql:3", "c/d.graphql", "f.graphql:1", "f.graphql:2", "g.graphql:1"),
            *("h.graphql:1", "h.graphql:2"),
        )
    ]
    assert "an operation must have a name" in err
    assert "Twice is at operations/a.graphql:3" in err
    assert "Unknown fragment 'Missing'" in err


def test_what_the_settings_refuse_is_a_mistake(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same error would stop the start of the gateway."""
    write({"a.graphql": "\nquery A { __schema { __typename } }"})
    monkeypatch.setenv("GATEWAY_INTROSPECTION", "true")
    assert main(["operations", "operations"]) == 0
    monkeypatch.setenv("GATEWAY_INTROSPECTION", "false")
    assert main(["operations", "operations"]) == 2
    assert capsys.readouterr().err.startswith("operations/a.graphql:2: GraphQL introspection")


def test_without_an_operation_there_is_no_manifest(capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that does not exist or has no operation is an error."""
    assert main(["operations", "nowhere"]) == 2
    assert capsys.readouterr().err == "nowhere: the folder does not exist\n"
    write({"f.graphql": "fragment F on Program { id }"})
    assert main(["operations", "operations"]) == 2
    assert capsys.readouterr().err == "operations: it must have a .graphql file with an operation\n"


def test_a_file_that_cannot_be_written_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The error is one line, as for every command."""
    write(FILES)
    assert main(["operations", "operations", "--output", "operations"]) == 2
    assert capsys.readouterr().err == "operations: Is a directory\n"


@pytest.mark.parametrize("workers", ["1", *rarely("2")])
def test_serve_does_not_start_with_a_bad_document(workers: str) -> None:
    """One line and status 2, before any worker is there."""
    Path("m.json").write_text('{"mine": "{ nope }"}', encoding="utf-8")
    ended = run(
        "serve",
        variables={
            "GATEWAY_UPSTREAM_URL": "http://127.0.0.1:1",
            "GATEWAY_UPSTREAM_AUTH": "none",
            "GATEWAY_PORT": "0",
            "GATEWAY_WORKERS": workers,
            "GATEWAY_TRUSTED_DOCUMENTS": "m.json",
        },
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    lines = [line for line in ended.stderr.splitlines() if '"listening"' not in line]
    (line,) = startup_mistakes("\n".join(lines))
    assert line.startswith("GATEWAY_TRUSTED_DOCUMENTS=m.json: 'mine': line 1, column 3: Cannot")
