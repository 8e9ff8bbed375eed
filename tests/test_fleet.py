"""Three replicas behind nginx, with one Valkey, keep what they promise while parts of them fail."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.fleet
@pytest.mark.timeout(300)
@pytest.mark.skipif(not all(map(shutil.which, ("nginx", "wrk"))), reason="nginx or wrk is missing")
def test_replicas_that_share_valkey_make_as_few_calls_as_one() -> None:
    """One, two and three replicas are measured, with Valkey and without."""
    command = [sys.executable, "benchmarks/fleet_scale.py", "--seconds", "1"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - a script of the repository
    assert run.returncode == 0, run.stdout + run.stderr
    assert "| 3 | Valkey |" in run.stdout


@pytest.mark.fleet
@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_a_fleet_keeps_its_promises() -> None:
    """No scenario fails a request, but for those in flight on a replica that is killed."""
    run = subprocess.run(
        [sys.executable, "benchmarks/fleet.py", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert [name for name in SCENARIOS if f"\n{name} " not in run.stdout] == []
