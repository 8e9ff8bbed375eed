"""What the figures were measured on."""

import os
import platform
import re
import subprocess
import timeit
from importlib.metadata import version
from pathlib import Path

from speed.servers import PEERS, Cores

_PYTHON = ("graphql-core", "strawberry-graphql", "starlette", "uvicorn", "uvloop", "httpx")
_NPM = ("mercurius", "graphql-jit", "mercurius-cache", "graphql-yoga", "undici", "graphql")


def describe(cores: Cores) -> list[str]:
    """Describe the machine and the versions, a line each."""
    node = _said(["node", "--version"])
    nginx = _said(["nginx", "-v"]).rpartition("/")[2]
    wrk = next(iter(re.findall(r"wrk \S*?([0-9][\w.+-]*)", _said(["wrk", "-v"]))), "?")
    python = ", ".join(f"{name} {version(name)}" for name in _PYTHON)
    npm = ", ".join(f"{name} {_npm_version(name)}" for name in _NPM)
    machine = f"{_cpu()}, {os.cpu_count()} cores, Linux {platform.release().split('-')[0]}"
    return [
        f"{machine}; the server on core {cores.served}, upstream and load on {cores.rest}",
        f"Python {platform.python_version()}, {_pace_ns():.0f} ns a step of a plain loop: {python}",
        f"Node {node}: {npm}",
        f"nginx {nginx}, wrk {wrk}",
    ]


def _pace_ns() -> float:
    """Measure the interpreter itself: without profile-guided optimisation it is a third slower."""
    loop = "for i in range(1000):\n data = {'a': i, 'b': 1}; total += data['a']"
    return min(timeit.repeat(loop, "total = 0", number=100, repeat=20)) / 100_000 * 1e9


def _cpu() -> str:
    found = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _said(command: list[str]) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    return (done.stdout + done.stderr).strip()


def _npm_version(name: str) -> str:
    text = (PEERS / "node_modules" / name / "package.json").read_text()
    found = re.search(r'"version":\s*"([^"]+)"', text)
    return found[1] if found else "?"
