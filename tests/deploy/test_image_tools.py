"""What the check of the image says where it cannot run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.image_bases import CommandFailedError, execute, reference

ROOT = Path(__file__).parents[2]


@pytest.mark.verify
@pytest.mark.parametrize(("optional", "status", "result"), [("", 1, "error"), ("1", 0, "skipped")])
def test_missing_tools_are_named(tmp_path: Path, optional: str, status: int, result: str) -> None:
    """The check fails, or is skipped where it is optional, and names what to install."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n0",
        "-m",
        "image",
        "-p",
        "no:cacheprovider",
    ]
    ended = subprocess.run(  # noqa: S603 - the tests themselves
        [*command, "tests/deploy/test_image.py"],
        cwd=ROOT,
        env=os.environ | {"PATH": str(tmp_path), "IMAGE_CHECK_OPTIONAL": optional},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == status
    # Who is not root has to become it first.
    lacks = "missing: apt-get install buildah skopeo umoci runc" if os.geteuid() == 0 else "root is"
    assert lacks in ended.stdout
    assert result in ended.stdout.splitlines()[-1]
    assert ("passed" in ended.stdout) is False


def test_a_command_that_does_not_end_is_ended() -> None:
    """With its children, after its time, so that the check never takes longer than it may."""
    with pytest.raises(CommandFailedError, match=r"sh took more than 0\.2 s"):
        execute(["sh", "-c", "sleep 60 & wait"], 0.2)


def test_a_command_that_fails_shows_its_end() -> None:
    """Its last lines, and its status."""
    with pytest.raises(CommandFailedError, match=r"(?s)status 3\n.*the reason"):
        execute(["sh", "-c", "echo the reason >&2; exit 3"], 10)


@pytest.mark.parametrize(
    ("declared", "taken"),
    [
        ("docker.io/library/node:22-slim", "docker.io/library/node:22-slim"),
        ("docker.io/library/node:22-slim@sha256:ab", "docker.io/library/node@sha256:ab"),
        ("localhost:5000/node:22@sha256:ab", "localhost:5000/node@sha256:ab"),
        ("localhost:5000/node@sha256:ab", "localhost:5000/node@sha256:ab"),
    ],
)
def test_a_pinned_image_is_named_by_its_digest(declared: str, taken: str) -> None:
    """`make pin-images` keeps the tag for people; skopeo takes one of the two."""
    assert reference(declared) == taken
