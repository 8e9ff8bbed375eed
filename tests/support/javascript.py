"""What is run by node: the scripts and the packages of `tests/clients/`."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

CLIENTS = Path(__file__).parents[1] / "clients"


def run_node(script: str, *arguments: str, cwd: Path = CLIENTS) -> Any:
    """Return the JSON that a script of `tests/clients/` prints; it may print nothing else."""
    # As in a development server, so that packages warn on the console.
    output = run("node", "--conditions=development", str(CLIENTS / script), *arguments, cwd=cwd)
    return json.loads(output)


def run(program: str, *arguments: str, cwd: Path, **environment: str) -> str:
    """Return the output of a program that succeeds and reports no error."""
    ended = subprocess.run(  # noqa: S603 - the project's own scripts, and its packages' commands
        [program, *arguments],
        cwd=cwd,
        env=os.environ
        | {"PATH": f"{CLIENTS}/node_modules/.bin:{os.environ['PATH']}"}
        | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout + ended.stderr
    return ended.stdout
