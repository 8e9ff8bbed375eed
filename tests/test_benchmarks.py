"""The benchmarks that need no other server run to their end."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RUNS = {
    "calls_saved.py": ["--operations", "50"],
    "compression.py": [],
    "differential.py": ["--operations", "20"],
    "executors.py": [],
    "walk.py": [],
}


@pytest.mark.verify
@pytest.mark.alone
@pytest.mark.parametrize("script", RUNS)
def test_a_benchmark_runs_to_its_end(script: str) -> None:
    """Each compares results itself, and has status 0 where they agree."""
    command = [sys.executable, f"benchmarks/{script}", *RUNS[script]]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - scripts of the repository
    assert run.returncode == 0, run.stderr
