"""Clients in Python, as docs/frontend.md has them."""

from pathlib import Path

import pytest
from uv import find_uv_bin

from tests.support.javascript import CLIENTS, run
from tests.support.page_projects import blocks, write_files

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
def project(environment: Path, gateway_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the files of the page, and the client that ariadne-codegen makes of them."""
    folder = tmp_path_factory.mktemp("python") / "project"
    folder.mkdir()
    files = [block for block in blocks("frontend.md") if block.section == "Python" and block.file]
    write_files(folder, files, gateway_url)
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
