"""Clients in Python, as docs/frontend.md and docs/writing.md have them."""

import re
from pathlib import Path

import pytest
from uv import find_uv_bin

from tests.support.javascript import CLIENTS, run
from tests.support.page_projects import blocks, write_files
from tests.writes.support import Writer

# The keys and the enum are checked by the gateway alone: gql sends what it is given.
ENROL = """
import sys

from gql import Client, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXTransport

client = Client(transport=HTTPXTransport(url=sys.argv[1]), fetch_schema_from_transport=True)
enrol = gql(
    "mutation Enrol($input: EnrolInPromotionInput!)"
    " { enrolInPromotion(input: $input) { outcome customerPromotion { id } } }"
)
wanted = {"by": {"externalId": "C-WITHDRAW"}, "programId": "9030", "promotionId": "90300014"}
enrol.variable_values = {"input": wanted | {"idempotencyKey": "of the test of gql"}}
first, again = client.execute(enrol), client.execute(enrol)
assert first == again, again
print(first["enrolInPromotion"]["outcome"])
enrol.variable_values = {"input": wanted | {"idempotencyKey": "short"}}
try:
    client.execute(enrol)
except TransportQueryError as error:
    print(error.errors[0]["extensions"]["code"])
"""
pytestmark = [pytest.mark.verify, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the clients from their lock; return the folder of their commands."""
    folder = tmp_path_factory.mktemp("python") / "environment"
    run(find_uv_bin(), "venv", "--quiet", str(folder), cwd=CLIENTS)
    lock = CLIENTS / "requirements.lock"
    install = ["pip", "install", "--quiet", "--python", str(folder), "--require-hashes"]
    run(find_uv_bin(), *install, "-r", str(lock), cwd=CLIENTS)
    return folder / "bin"


@pytest.fixture(scope="module")
def project(environment: Path, app_gateway: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the files of the pages, and the client that ariadne-codegen makes of them."""
    folder = tmp_path_factory.mktemp("python") / "project"
    folder.mkdir()
    pages = [*blocks("frontend.md"), *blocks("writing.md")]
    files = [block for block in pages if block.section == "Python" and block.file]
    write_files(folder, files, app_gateway)
    run(str(environment / "ariadne-codegen"), cwd=folder)
    return folder


def test_the_generated_client_reads_a_list_to_its_end(project: Path, environment: Path) -> None:
    """Six pages of 101 promotions, with dates that are dates."""
    lines = run(str(environment / "python"), "wallet.py", cwd=project).splitlines()
    assert len(lines) == 101
    assert lines[-1].endswith("+00:00")


def test_the_generated_client_is_typed(project: Path, environment: Path) -> None:
    """Mypy accepts the page's script, and refuses what may be null."""
    mypy = (str(environment / "mypy"), "--strict", "--follow-imports=silent")
    run(*mypy, "wallet.py", cwd=project)
    careless = (project / "wallet.py").read_text().replace("if not page:", "if page == 1:")
    (project / "careless.py").write_text(careless)
    with pytest.raises(AssertionError, match=r'"None".* has no attribute "nodes"'):
        run(*mypy, "careless.py", cwd=project)


def test_gql_validates_against_the_schema_and_gets_an_answer(
    project: Path, environment: Path
) -> None:
    """It introspects the gateway first, so that a field that does not exist fails locally."""
    python = str(environment / "python")
    assert run(python, "lookup.py", cwd=project) == "DocDemoDefaultProgram\n"
    wrong = (project / "lookup.py").read_text().replace("id name", "id title")
    (project / "wrong.py").write_text(wrong)
    with pytest.raises(AssertionError, match="Cannot query field 'title' on type 'Program'"):
        run(python, "wrong.py", cwd=project)


def test_the_generated_client_enrols(project: Path, environment: Path, app_writer: Writer) -> None:
    """The page's script is typed, its input and its outcome are, and it writes once."""
    run(str(environment / "mypy"), "--strict", "--follow-imports=silent", "enrol.py", cwd=project)
    before = len(app_writer.writes)
    printed = run(str(environment / "python"), "enrol.py", cwd=project)
    assert re.fullmatch(r"DONE \['\d+'\]\n", printed)
    assert len(app_writer.writes) == before + 1
    wrong = (project / "enrol.py").read_text().replace(".REFUSED", ".FAILED")
    (project / "wrong_enum.py").write_text(wrong)
    with pytest.raises(AssertionError, match='has no attribute "FAILED"'):
        run(
            str(environment / "mypy"),
            *("--strict", "--follow-imports=silent", "wrong_enum.py"),
            cwd=project,
        )


def test_gql_enrols(project: Path, environment: Path, app_gateway: str, app_writer: Writer) -> None:
    """The same key twice is one write and one answer; a refused input is an error with a code."""
    (project / "enrol_by_gql.py").write_text(ENROL)
    before = len(app_writer.writes)
    url = f"{app_gateway}/graphql"
    printed = run(str(environment / "python"), "enrol_by_gql.py", url, cwd=project)
    assert printed == "DONE\nBAD_USER_INPUT\n"
    assert len(app_writer.writes) == before + 1
