"""The changelog has the form of Keep a Changelog, and agrees with the version of the package."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
UPGRADING = (ROOT / "docs/upgrading.md").read_text(encoding="utf-8")
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def number(version: str) -> tuple[int, ...]:
    """Return a version's numbers, for comparison."""
    return tuple(map(int, version.split(".")))


def mistakes(changelog: str, upgrading: str, version: str) -> list[str]:
    """Return what is wrong with a changelog, one text a mistake."""
    found = []
    titles = re.findall(r"^## (.*)$", changelog, re.MULTILINE)
    bodies = re.split(r"^## .*$", changelog, flags=re.MULTILINE)[1:]
    if titles[:1] != ["[Unreleased]"]:
        found.append("the first section is not [Unreleased]")
    released = [
        re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)", title) for title in titles[1:]
    ]
    found += [
        f"{title} is no version and date"
        for title, is_ in zip(titles[1:], released, strict=True)
        if not is_
    ]
    dated = [(number(one[1]), one[2]) for one in released if one]
    if dated != sorted(dated, reverse=True) or len({version for version, _ in dated}) < len(dated):
        found.append("versions and dates do not descend")
    if dated and number(version) < dated[0][0]:
        found.append(f"the package's version, {version}, is older than the newest section")
    for title, body in zip(titles, bodies, strict=True):
        kinds = re.findall(r"^### (.*)$", body, re.MULTILINE)
        if not set(kinds) <= KINDS or len(kinds) != len(set(kinds)):
            found.append(f"{title}: {kinds} are not kinds of changes, once each")
        if re.search(r"^- ", re.split(r"^### ", body, flags=re.MULTILINE)[0], re.MULTILINE):
            found.append(f"{title}: a change has no kind")
        if title != "[Unreleased]":
            parts = re.split(r"^### ", body, flags=re.MULTILINE)[1:]
            wrong = [part for part in parts if "**Breaking**" in part]
            if any(part.split("\n")[0] not in {"Changed", "Removed"} for part in wrong):
                found.append(f"{title}: what breaks is Changed or Removed")
            if f"\n## {title[1:].partition(']')[0]}\n" not in upgrading:
                found.append(f"{title}: there are no upgrade notes")
    return found


def test_the_changelog_has_its_form() -> None:
    """Unreleased first, then versions with their dates, each change under its kind."""
    assert mistakes(CHANGELOG, UPGRADING, VERSION) == []
    assert f"\n## {VERSION}" in UPGRADING


EMPTY = "## [Unreleased]\n\n"
NEW = "## [1.1.0] - 2026-02-01\n\n### Changed\n\n- **Breaking**: a\n"
OLD = "## [1.0.0] - 2026-01-01\n\n### Added\n\n- b\n"
NOTES = "\n## 1.1.0\n\n## 1.0.0\n"
ORDER = "versions and dates do not descend"


@pytest.mark.parametrize(
    ("changelog", "notes", "version", "said"),
    [
        (EMPTY + NEW + OLD, NOTES, "1.1.0", None),
        (EMPTY + NEW + OLD, NOTES, "1.2.0", None),
        (NEW + EMPTY + OLD, NOTES, "1.1.0", "the first section is not [Unreleased]"),
        (EMPTY + OLD + NEW, NOTES, "1.1.0", ORDER),
        (EMPTY + NEW + NEW, NOTES, "1.1.0", ORDER),
        (EMPTY + NEW + OLD, NOTES, "1.0.9", "1.0.9, is older than the newest section"),
        (EMPTY + NEW.replace("2026-02-01", "May"), NOTES, "1.1.0", "is no version and date"),
        (EMPTY + NEW.replace("Changed", "Added"), NOTES, "1.1.0", "is Changed or Removed"),
        (EMPTY + NEW.replace("Changed", "News"), NOTES, "1.1.0", "['News'] are not kinds"),
        (EMPTY + NEW.replace("### Changed\n", ""), NOTES, "1.1.0", "a change has no kind"),
        (EMPTY + NEW + OLD, "\n## 1.1.0\n", "1.1.0", "[1.0.0] - 2026-01-01: there are no upgrade"),
    ],
)
def test_a_mistake_is_found(changelog: str, notes: str, version: str, said: str | None) -> None:
    """The check fails on each, and on nothing else."""
    found = "\n".join(mistakes(changelog, notes, version))
    assert found == "" if said is None else said in found
