"""Fail on a change that breaks clients since the last release, unless the changelog announces it.

A bullet of CHANGELOG.md with **Breaking**, above the section of that release, announces a change if
it names its schema coordinate: `Type.field`, `Type.field(argument:)`, `Enum.VALUE` or `Type`.
"""

import re
import subprocess
import sys
from pathlib import Path

from graphql import build_schema

from gateway.schema_changes import SchemaDifference, Severity, compare_schemas

_SCHEMA, _CHANGELOG = Path("schema.graphql"), Path("CHANGELOG.md")
_FETCH_TIMEOUT_S = 60


def git(*arguments: str) -> str:
    """Return what git prints; nothing where it fails, or is not there."""
    try:
        ended = subprocess.run(  # noqa: S603 - its arguments are below
            ["git", *arguments],  # noqa: S607 - the one that has made the clone
            capture_output=True,
            check=True,
            encoding="utf-8",
            timeout=_FETCH_TIMEOUT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return ended.stdout


def last_tag() -> str:
    """Return the tag of the last release, "" for none; a shallow clone fetches the tags first."""
    if git("rev-parse", "--is-shallow-repository").strip() == "true":
        git("fetch", "--quiet", "--depth=1", "origin", "+refs/tags/v*:refs/tags/v*")
    tags = git("tag", "--list", "v[0-9]*", "--sort=-version:refname").split()
    return next((tag for tag in tags if re.fullmatch(r"v\d+\.\d+\.\d+", tag)), "")


def announced(changelog: str, version: str) -> set[str]:
    """Return what the breaking bullets above the section of a version name as code."""
    newer = re.split(rf"(?m)^## \[{re.escape(version)}\]", changelog)[0]
    bullets = re.split(r"(?m)^(?=- |#)", newer)
    return {
        re.sub(r"\s+", " ", code)
        for bullet in bullets
        if "**Breaking**" in bullet
        for code in re.findall(r"`([^`]+)`", bullet)
    }


def breaking(old: str, new: str) -> list[SchemaDifference]:
    """Return the breaking changes from one schema to another."""
    changes = compare_schemas(build_schema(old), build_schema(new))
    return [each for each in changes if each.severity is Severity.BREAKING]


def main() -> int:
    """Compare the schema of the last release with the present one; return the exit status."""
    tag = last_tag()
    if not tag:
        print("schema: no release is tagged: there is nothing to compare with")
        return 0
    old = git("show", f"{tag}:{_SCHEMA}")
    if not old:
        print(f"schema: {tag} has no {_SCHEMA}", file=sys.stderr)
        return 2
    codes = announced(_CHANGELOG.read_text(encoding="utf-8"), tag.removeprefix("v"))
    changes = breaking(old, _SCHEMA.read_text(encoding="utf-8"))
    silent = [each for each in changes if each.coordinate not in codes]
    for each in silent:
        print(
            f"schema: breaking since {tag}: {each.description} {_CHANGELOG} has no **Breaking**"
            f" entry that names `{each.coordinate}` (docs/schema-changes.md)",
            file=sys.stderr,
        )
    if not silent:
        print(f"schema: {len(changes)} breaking changes since {tag}, all of them announced")
    return int(bool(silent))


if __name__ == "__main__":
    sys.exit(main())
