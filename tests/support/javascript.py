"""Scripts of `tests/clients/`, run by node."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

CLIENTS = Path(__file__).parents[1] / "clients"


def run_node(script: str, *arguments: str, cwd: Path = CLIENTS, **environment: str) -> Any:
    """Return the JSON that a script of `tests/clients/` prints; it may print nothing else."""
    ended = subprocess.run(  # noqa: S603 - the project's own scripts
        ["node", str(CLIENTS / script), *arguments],  # noqa: S607 - node is where it is
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    return json.loads(ended.stdout)
