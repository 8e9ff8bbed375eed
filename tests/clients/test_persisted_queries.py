"""Real npm clients against a real gateway."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import main
from tests.support.graph import serve_gateway
from tests.support.javascript import CLIENTS, run, run_node
from tests.support.page_projects import blocks, write_project
from tests.writes.support import writer

GRAPHQL, JSON = "application/graphql-response+json", "application/json"
pytestmark = [pytest.mark.verify, pytest.mark.timeout(300), pytest.mark.usefixtures("npm")]


@pytest.fixture
def fresh(sandbox_url: str) -> Iterator[str]:
    """Return a gateway that has seen no document yet."""
    with serve_gateway(sandbox_url) as url:
        yield f"{url}/graphql"


def ask(url: str, client: str, *more: str) -> list[tuple[str, bool, int, str]]:
    """Run a client that queries two programs; check its results and return its requests."""
    told: dict[str, Any] = run_node("persisted.mjs", url, client, *more)
    assert [answer["program"]["programId"] for answer in told["answers"]] == ["973", "9005"]
    return [
        (one["method"], one["hasQuery"], one["status"], one["type"]) for one in told["requests"]
    ]


@pytest.mark.parametrize(
    ("client", "hashed", "sent", "status", "media_type"),
    [
        ("apollo", "GET", "POST", 400, GRAPHQL),
        ("apollo-json", "GET", "POST", 200, JSON),
        ("apollo-post", "POST", "POST", 400, GRAPHQL),
        ("urql", "GET", "GET", 400, GRAPHQL),
    ],
)
def test_a_client_misses_once_and_then_sends_hashes(
    fresh: str, client: str, hashed: str, sent: str, status: int, media_type: str
) -> None:
    """A miss, the document, and then hashes alone, for later clients too."""
    miss = (hashed, False, status, media_type)
    document, hit = (sent, True, 200, media_type), (hashed, False, 200, media_type)
    assert ask(fresh, client) == [miss, document, hit]
    assert ask(fresh, client) == [hit, hit]


@pytest.mark.parametrize("client", ["apollo", "urql"])
def test_a_client_gives_up_hashes_where_there_are_none(sandbox_url: str, client: str) -> None:
    """After one PERSISTED_QUERY_NOT_SUPPORTED it sends documents only."""
    with serve_gateway(sandbox_url, apq=False) as url:
        requests = ask(f"{url}/graphql", client)
    assert [has_query for _, has_query, _, _ in requests] == [False, True, True]
    assert [status for _, _, status, _ in requests] == [400, 200, 200]


def test_apollos_link_takes_the_manifest_that_the_command_writes(
    sandbox_url: str, tmp_path: Path
) -> None:
    """With trusted documents only it never sends a document."""
    manifest = str(tmp_path / "manifest.json")
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents/p.graphql").write_text((CLIENTS / "program.graphql").read_text())
    written = main(
        ["operations", str(tmp_path / "documents"), "--format", "apollo", "--output", manifest]
    )
    assert written == 0
    with serve_gateway(
        sandbox_url, trusted_documents=manifest, trusted_documents_mode="only"
    ) as url:
        requests = ask(f"{url}/graphql", "apollo-manifest", manifest)
    assert requests == [("GET", False, 200, GRAPHQL)] * 2


@pytest.fixture(scope="module")
def documented(npm: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return what the code of docs/persisted-operations.md has returned and requested."""
    with writer() as own:
        url = str(own.graph.http.base_url).rstrip("/")
        yield _run_documented(url, tmp_path_factory.mktemp("persisted")), own.writes


def _run_documented(url: str, tmp_path: Path) -> Any:
    files = [block for block in blocks("frontend.md") if block.file == "vite.config.ts"]
    files += [block for block in blocks("persisted-operations.md") if block.file]
    folder = write_project(tmp_path / "project", files, url)
    (folder / "src/main.tsx").unlink()
    (tmp_path / "documents").mkdir()
    for name in ("program.graphql", "enrol.graphql"):
        shutil.copy(CLIENTS / name, tmp_path / "documents")
    manifest = str(folder / "src/manifest.json")
    written = main(
        ["operations", str(tmp_path / "documents"), "--format", "apollo", "--output", manifest]
    )
    assert written == 0
    run("tsc", "-p", ".", cwd=folder)
    return run_node("persisted-scenarios.mjs", cwd=folder)


def sent_by(documented: Any) -> dict[str, list[tuple[str, bool]]]:
    """Return each scenario's requests: by which method, and whether with a document."""
    scenarios, _ = documented
    return {
        name: [(one["method"], "query" in one["body"]) for one in scenario["requests"]]
        for name, scenario in scenarios.items()
    }


def test_the_code_of_the_page_misses_once_and_then_sends_hashes(documented: Any) -> None:
    """The document once; the manifest's link knows its id, and never sends it."""
    sent, (scenarios, _) = sent_by(documented), documented
    hit = ("GET", False)
    assert sent["apollo"] == [hit, ("POST", True), hit]
    assert sent["urql"] == [hit, ("GET", True), hit]
    assert sent["manifest"] == [("POST", False)] * 2
    read = [scenarios[name]["result"] for name in ("apollo", "urql", "manifest")]
    assert read == [["973", "9005"]] * 3


def test_a_mutation_by_the_code_of_the_page_is_a_post_with_its_hash(documented: Any) -> None:
    """A miss writes nothing, so that each press is one write, and never a GET."""
    sent, (scenarios, writes) = sent_by(documented), documented
    miss = hit = ("POST", False)
    assert sent["apolloWrites"] == [miss, ("POST", True), hit]
    assert sent["urqlWrites"] == [miss, ("POST", True), hit]
    assert sent["manifestWrites"] == [hit, hit]
    names = ("apolloWrites", "urqlWrites", "manifestWrites")
    outcomes = [outcome for name in names for outcome in scenarios[name]["result"]]
    assert outcomes == ["DONE"] * 3 + ["REFUSED"] * 3
    assert sum(write["applied"] for write in writes) == 3
