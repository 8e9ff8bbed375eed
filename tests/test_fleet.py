"""Three replicas behind nginx, with one Valkey, keep what they promise while parts of them fail."""

import subprocess
import sys
from pathlib import Path

import pytest

# Run on demand alone: what is missing then is a failure that names it.
pytestmark = [pytest.mark.fleet, pytest.mark.timeout(300)]
ROOT = Path(__file__).parent.parent
SCENARIOS = (
    "rolling restart",
    "APQ",
    "replica killed",
    "Valkey paused",
    "Valkey killed",
    "Valkey restarted",
    "quota of 60",
)


def run(script: str, *arguments: str) -> str:
    """Run a script of the benchmarks, which has to succeed; return what it prints."""
    command = [sys.executable, f"benchmarks/{script}", *arguments]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - a script of the repository
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_replicas_that_share_valkey_make_as_few_calls_as_one() -> None:
    """One, two and three replicas are measured, with Valkey and without."""
    assert "| 3 | Valkey |" in run("fleet_scale.py", "--seconds", "1")


def test_a_fleet_keeps_its_promises() -> None:
    """No scenario fails a request, but for those in flight on a replica that is killed."""
    output = run("fleet.py", "--quick")
    assert [name for name in SCENARIOS if f"\n{name} " not in output] == []
