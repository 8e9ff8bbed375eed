"""The wheel and the source distribution: complete, and the same for whoever builds them."""

import os
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from gateway.server.explorer import ASSETS

ROOT = Path(__file__).parents[2]
EPOCH = 1_700_000_000  # 2023-11-14 22:13:20 UTC
# What a build reads, as the image's stage or a fresh clone has it.
SOURCES = ["gateway", "pyproject.toml", "README.md", "schema.graphql", ".gitignore"]


def build(tree: Path, output: Path, umask: int = 0o022, **variables: str) -> dict[str, bytes]:
    """Build both distributions without network; return their names and contents."""
    ended = subprocess.run(  # noqa: S603 - a tool of the development environment
        [sys.executable, "-m", "hatchling", "build", "-d", output],
        cwd=tree,
        env=os.environ | {"SOURCE_DATE_EPOCH": str(EPOCH)} | variables,
        capture_output=True,
        text=True,
        check=False,
        umask=umask,
    )
    assert ended.returncode == 0, ended.stderr
    return {path.name: path.read_bytes() for path in output.iterdir()}


def copy(target: Path, mode: int, modified: int) -> Path:
    """Copy the sources, with other permissions and times than the repository's."""
    target.mkdir(parents=True)
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=ignored)
        else:
            shutil.copy(source, target / name)
    for path in target.rglob("*"):
        if path.is_file():
            path.chmod(mode)
        os.utime(path, (modified, modified))
    return target


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the distributions of the repository as it is; return the wheel."""
    folder = tmp_path_factory.mktemp("distributions")
    build(ROOT, folder)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """Return the names of the wheel's files."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_has_all_that_the_package_has(names: set[str]) -> None:
    """Modules, the sandbox's documents and, where built, the explorer's page."""
    package = ROOT / "gateway"
    kept = [path for path in package.rglob("*") if path.suffix in {".py", ".json"}]
    if (ASSETS / "index.html").is_file():
        kept += [path for path in ASSETS.rglob("*") if path.is_file()]
    missing = {str(path.relative_to(ROOT)) for path in kept} - names
    assert missing == set()
    assert sum("/sandbox/documented/" in name for name in names) >= 10


def test_the_wheel_has_nothing_else(names: set[str]) -> None:
    """Neither tests nor tools of the repository are installed."""
    folders = {name.partition("/")[0] for name in names}
    assert folders == {"gateway", "promotion_gateway-0.1.0.dist-info"}


@pytest.mark.verify
def test_two_builds_are_equal_to_the_byte(tmp_path: Path) -> None:
    """Whatever the folder, the permissions and times of the files, the time zone and the locale."""
    first = build(copy(tmp_path / "a", 0o644, 1_000_000_000), tmp_path / "first", TZ="UTC")
    second = build(
        copy(tmp_path / "elsewhere" / "b", 0o600, 1_100_000_000),
        tmp_path / "second",
        umask=0o077,
        TZ="Asia/Kathmandu",
        LC_ALL="C",
        PYTHONHASHSEED="7",
    )
    assert {name.rpartition("-")[2] for name in first} == {"any.whl", "0.1.0.tar.gz"}
    assert first == second
    later = build(tmp_path / "a", tmp_path / "later", SOURCE_DATE_EPOCH=str(EPOCH + 86_400))
    assert all(later[name] != content for name, content in first.items())


def test_the_metadata_is_complete_but_for_the_licence(wheel: Path) -> None:
    """The owner chooses it; until then an index refuses the upload."""
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read("promotion_gateway-0.1.0.dist-info/METADATA").decode()
    metadata = Parser().parsestr(text)
    for field in ("Summary", "Author", "Keywords", "Requires-Python", "Description-Content-Type"):
        assert metadata[field], field
    classifiers = metadata.get_all("Classifier") or []
    assert "Private :: Do Not Upload" in classifiers
    assert metadata["License-Expression"] is None
    assert not any(classifier.startswith("License ::") for classifier in classifiers)
    assert metadata.get_payload()
