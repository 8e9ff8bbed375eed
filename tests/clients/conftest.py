"""What the tests with real clients have in common: their packages and the documented projects."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.javascript import CLIENTS, run
from tests.support.page_projects import blocks, write_project
from tests.writes.support import Writer, writer

APP = ("Create the app", "Generate types", "The first typed query", "Apollo Client", "urql")
WRITING = ("In a client", "Apollo Client", "urql")


@pytest.fixture(scope="session")
def npm() -> str:
    """Install the clients from their lock file, and compile Relay's documents."""
    npm = shutil.which("npm")
    assert npm, "npm is missing"
    for command in (["ci", "--loglevel=error"], ["run", "--silent", "relay"]):
        subprocess.run([npm, *command], cwd=CLIENTS, check=True, timeout=300)  # noqa: S603 - the project's own scripts
    return npm


@pytest.fixture(scope="session")
def app_writer() -> Iterator[Writer]:
    """Serve a gateway that writes, and knows the documented app by its name."""
    with writer(client_names="wallet", definitions="both") as own:
        yield own


@pytest.fixture(scope="session")
def app_gateway(app_writer: Writer) -> str:
    """Return that gateway's URL."""
    return str(app_writer.graph.http.base_url).rstrip("/")


@pytest.fixture(scope="session")
def app(npm: str, app_gateway: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the app of docs/frontend.md, with its generated types."""
    files = [block for block in blocks("frontend.md") if block.file and block.section in APP]
    files += [block for block in blocks("authentication.md") if block.file]
    files += [block for block in blocks("writing.md") if block.file and block.section in WRITING]
    folder = write_project(tmp_path_factory.mktemp("page") / "wallet", files, app_gateway)
    run("graphql-codegen", cwd=folder)
    return folder
