"""What the tests with real clients have in common: their packages, installed once."""

import shutil
import subprocess

import pytest

from tests.support.javascript import CLIENTS


@pytest.fixture(scope="session")
def npm() -> str:
    """Install the clients from their lock file, and compile Relay's documents."""
    npm = shutil.which("npm")
    assert npm, "npm is missing"
    for command in (["ci", "--loglevel=error"], ["run", "--silent", "relay"]):
        subprocess.run([npm, *command], cwd=CLIENTS, check=True, timeout=300)  # noqa: S603 - the project's own scripts
    return npm
