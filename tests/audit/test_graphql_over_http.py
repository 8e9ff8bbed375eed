"""The public audit of npm's graphql-http: GraphQL over HTTP, check by check."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CHECKS = 61


def npm(*arguments: str) -> str:
    """Run an npm command in this folder, and return its output."""
    executable = shutil.which("npm")
    if executable is None:
        pytest.fail("this test needs npm: install Node.js 20 or later")
    done = subprocess.run(  # noqa: S603 - npm on our own package
        [executable, *arguments],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.verify
def test_the_public_audit_passes_in_full(gateway_url: str) -> None:
    """All 61 checks are ok, those that are a SHOULD or a MAY included."""
    npm("ci", "--no-audit", "--no-fund", "--loglevel=error")
    printed = npm("run", "--silent", "audit", "--", f"{gateway_url}/graphql")
    checks = [json.loads(line) for line in printed.splitlines()]
    assert [check for check in checks if check["status"] != "ok"] == []
    assert len(checks) == CHECKS
