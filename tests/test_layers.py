"""The house's rules that a machine can check: imports run one way, and files stay short."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gateway"

# From the top down; a part may import those below it, and its own. Parts on one line do not know
# each other.
LAYERS = (
    ("__main__",),
    ("cli",),
    ("cli_options",),
    ("app",),
    ("http",),
    ("persisted",),
    ("execution",),
    ("schema",),
    ("paging", "loaders"),
    ("upstream",),
    ("cache",),
    ("wire",),
    (
        "request",
        "answer_budget",
        "telemetry",
        "errors",
        "fairness",
        "settings",
        "settings_words",
        "settings_limits",
        "settings_edge",
        "settings_auth",
        "settings_cache",
    ),
)
APART = "sandbox"  # imports nothing of the rest, and only the commands start it
BANNED = {
    "schema": {"httpx", "aiohttp", "aiocache", "starlette"},
    "upstream": {"strawberry", "graphql", "starlette"},
    "cache": {"strawberry", "graphql", "starlette", "httpx"},
    "wire": {"strawberry", "graphql", "starlette", "httpx", "aiohttp", "asyncio"},
}
FILES = sorted(PACKAGE.rglob("*.py"))
OTHERS = sorted(
    path
    for name in ("tests", "benchmarks")
    for path in (ROOT / name).rglob("*.py")
    if "node_modules" not in path.parts
)


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found.add(node.module or "")
            if node.module == "gateway":
                found |= {f"gateway.{name.name}" for name in node.names}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found


def _part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _rank(part: str) -> int:
    return next(rank for rank, parts in enumerate(LAYERS) if part in parts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_downwards(path: Path) -> None:
    """A module imports only from layers below its own, and no library its layer must not know."""
    part = _part(path)
    for name in _imports(path):
        library, _, rest = name.partition(".")
        assert library not in BANNED.get(part, set()), f"{part} must not know {library}"
        if library != "gateway" or not rest or part == "__init__":
            continue
        other = rest.partition(".")[0]
        if other == APART:
            assert part in {APART, "cli", "cli_options"}, f"{part} must not know the sandbox"
        elif part == APART:
            pytest.fail(f"the sandbox must not import {name}")
        elif other != part:
            assert _rank(other) > _rank(part) or {part, other} <= set(LAYERS[-1]), (
                f"{part} must not import {other}"
            )


@pytest.mark.parametrize("path", FILES + OTHERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_stay_below_400_lines(path: Path) -> None:
    """A file that is longer is asking to be split."""
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("path", [p for p in FILES if p.name != "settings.py"], ids=str)
def test_only_the_settings_read_the_environment(path: Path) -> None:
    """Whoever wants to know what the environment can change looks in one file."""
    assert not {"environ", "getenv"} & {
        node.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
    }


def test_every_test_says_what_it_shows() -> None:
    """Each test has a docstring of one sentence."""
    silent = [
        f"{path.relative_to(ROOT)}::{node.name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert not silent
