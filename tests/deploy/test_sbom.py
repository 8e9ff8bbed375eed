"""The software bill of materials: valid, complete, and always the same."""

import json
import re
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

# Validation against the schema costs seconds of CPU.
pytestmark = [pytest.mark.verify, pytest.mark.timeout(180)]
ROOT = Path(__file__).parents[2]
EPOCH = "1700000000"


def written(target: Path, *options: str | Path) -> str:
    """Run the script as the image's build does, and return what it has written."""
    interpreter = ("--interpreter", sys.executable)
    subprocess.run(  # noqa: S603 - the project's own script
        [sys.executable, ROOT / "deploy/sbom.py", *interpreter, "--output", target, *options],
        check=True,
        capture_output=True,
        env={"SOURCE_DATE_EPOCH": EPOCH},
    )
    return target.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the bill of the environment that runs the tests."""
    return written(tmp_path_factory.mktemp("sbom") / "folder" / "sbom.cdx.json")


@pytest.fixture(scope="module")
def urls(text: str) -> set[str]:
    """Return the package URLs of its components."""
    return purls(text)


def purls(text: str) -> set[str]:
    """Return the package URLs of a bill's components, without qualifiers."""
    components = json.loads(text)["components"]
    return {one["purl"].partition("?")[0] for one in components if "purl" in one}


def test_it_is_valid_and_names_the_gateway(text: str) -> None:
    """CycloneDX 1.6, of this version, at the time of the commit; the script validates it."""
    document = json.loads(text)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    root = document["metadata"]["component"]
    assert (root["name"], root["version"]) == ("promotion-gateway", "0.1.0")
    assert document["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"
    references = [component["bom-ref"] for component in document["components"]]
    assert len(references) == len(set(references))
    installed = next(one for one in document["dependencies"] if one["ref"] == "root-component")
    assert any(name.startswith("httpx==") for name in installed["dependsOn"])


def test_it_has_every_package_of_the_environment(urls: set[str]) -> None:
    """In the installed version, with its licence, and the interpreter."""
    lock = (ROOT / "deploy/requirements.lock").read_text(encoding="utf-8")
    listed = re.findall(r"^([a-z0-9-]+)==(\S+) \\$", lock, re.MULTILINE)
    assert len(listed) > 20
    for name, _ in listed:
        assert f"pkg:pypi/{name}@{distribution(name).version}" in urls
    assert any(url.startswith("pkg:generic/python@3.") for url in urls)


def test_it_has_what_the_page_is_built_from_and_not_its_tools(text: str, urls: set[str]) -> None:
    """With the lock's hashes and licences."""
    lock = json.loads((ROOT / "explorer/package-lock.json").read_text(encoding="utf-8"))
    react = lock["packages"]["node_modules/react"]["version"]
    assert f"pkg:npm/react@{react}" in urls
    assert any(url.startswith("pkg:npm/%40graphiql/toolkit@") for url in urls)
    assert not any(url.startswith(("pkg:npm/vite@", "pkg:npm/typescript@")) for url in urls)
    pages: list[Any] = [
        one for one in json.loads(text)["components"] if one["purl"].startswith("pkg:npm/")
    ]
    assert len(pages) > 50
    for one in pages:
        assert one["licenses"]
        assert re.fullmatch(r"[0-9a-f]{128}", one["hashes"][0]["content"])


def test_two_bills_of_one_environment_are_equal_to_the_byte(tmp_path: Path, text: str) -> None:
    """Neither a random serial number nor the time of the build."""
    assert written(tmp_path / "again.cdx.json") == text


@pytest.mark.timeout(300)
@pytest.mark.skipif(not Path("/usr/bin/dpkg-query").exists(), reason="no Debian, as the image is")
def test_with_the_base_image_it_has_the_systems_packages(tmp_path: Path, urls: set[str]) -> None:
    """As the image's build asks for: Debian's packages, and what the base's Python has."""
    whole = purls(written(tmp_path / "image.cdx.json", "--base", sys.executable))
    added = whole - urls
    assert any(re.match(r"pkg:deb/\w+/libc6@", url) for url in added)
    assert all(url.startswith("pkg:deb/") for url in added)
    assert urls <= whole
