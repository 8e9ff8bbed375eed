"""The rules of the layout: imports run one way, and files stay short."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gateway"

# Payloads and their normalisers: pure, and one layer although it has several names.
PAYLOADS = (
    "upstream.customer_view.payload",
    "upstream.definitions.payload",
    "upstream.successor.payload",
    "upstream.successor.definition",
    "upstream.successor.normalise",
    "upstream.successor.words",
    "upstream.programs.payload",
    "upstream.normalise",
    "upstream.decoding.annotations",
    "upstream.decoding.drift",
    "upstream.decoding.enum_fields",
    "upstream.decoding.field_types",
    "upstream.decoding.lazy_field",
    "upstream.decoding.lenient",
    "upstream.decoding.json_text",
)
# From the top down, by module below `gateway`; the longest name that fits a module is its layer. A
# module imports from its own layer and from those below. Layers on one line do not know each other.
LAYERS = (
    ("__main__",),
    ("cli",),
    ("reference", "schema_command", "serve"),
    ("migration", "checks", "generated_files", "schema_changes", "schema_options", "welcome"),
    ("migration_successor",),
    ("app",),
    ("metric_table",),
    ("server",),
    ("graphql_http",),
    ("graphql_http.persisted_queries",),
    ("edge", "auth"),
    ("graphql_http.response",),  # what refuses a request at the edge writes a response, too
    (
        "graphql_http.content_negotiation",
        "graphql_http.operation_statistics",
        "edge.http_request",
    ),
    ("execution",),
    ("schema",),
    ("execution.bridge",),  # what both need of the inner parts of two libraries
    ("pagination", "dataloaders"),
    ("upstream",),
    (
        "upstream.customer_view",
        "upstream.definitions",
        "upstream.programs",
        "upstream.successor",
        "upstream.writes",
    ),
    (
        "upstream.page_reader",
        "upstream.cached_upstream",
        "upstream.decoded_page_cache",
        "upstream.customer_identities",
    ),
    ("upstream.client", "upstream.source_types"),
    ("upstream.call",),
    ("upstream.credentials",),
    ("upstream.response_errors",),
    ("upstream.response",),
    ("upstream.resilience",),
    ("upstream.http1",),
    (
        "upstream.http_transport",
        "upstream.statistics",
        "upstream.http_statuses",
        "upstream.waiting",
    ),
    ("upstream.decoding",),
    PAYLOADS,
    ("cache",),
    ("file_watch",),
    ("telemetry",),
    ("config",),
    ("context",),
    ("answer_budget", "fairness", "random_numbers"),
    ("errors",),
)
APART = "sandbox"  # imports nothing of the rest, and only the commands start it
BANNED = {
    "schema": {"httpx", "aiohttp", "aiocache", "starlette"},
    "upstream": {"strawberry", "graphql", "starlette"},
    "cache": {"strawberry", "graphql", "starlette", "httpx"},
    "upstream.normalise": {"httpx", "aiohttp", "asyncio"},
    "upstream.decoding": {"httpx", "aiohttp", "asyncio"},
    "upstream.http1": {"msgspec"},
}
# A package that could stand outside of the gateway: all that it may import of it.
FENCED = {"upstream.http1": ("upstream.http1", "upstream.http_transport")}
# Types that refer to each other as the graph does; Strawberry resolves that in the end.
CYCLES = [
    {"schema.customer", "schema.customer_promotion", "schema.program", "schema.promotion"},
]
FILES = sorted(PACKAGE.rglob("*.py"))
OTHERS = sorted(
    path
    for name in ("tests", "benchmarks", "docs")
    for path in (ROOT / name).rglob("*.py")
    if "node_modules" not in path.parts
)


def _module(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


SOURCES = {_module(path): path.read_text() for path in FILES}


def imports(source: str, modules: Mapping[str, str]) -> Iterator[str]:
    """Yield what a module imports: the gateway's modules without `gateway.`, others in full.

    Imports under TYPE_CHECKING are left out.
    """
    for node in _import_statements(source):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            assert node.level == 0, "imports are absolute"
            package = node.module or ""
            if package.partition(".")[0] != "gateway":
                yield package
                continue
            inner = package.partition(".")[2]
            for alias in node.names:
                whole = f"{inner}.{alias.name}".strip(".")
                yield whole if whole in modules else inner


@cache
def _import_statements(source: str) -> list[ast.Import | ast.ImportFrom]:
    nodes = _running(ast.parse(source))
    return [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        is_for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if not is_for_types:
            yield node
            yield from _running(node)


def rank(module: str) -> int:
    """Return the layer of a module, counted from the top."""
    names = [
        (len(name), index)
        for index, layer in enumerate(LAYERS)
        for name in layer
        if module == name or module.startswith(name + ".")
    ]
    return max(names)[1]


def violations(sources: Mapping[str, str]) -> list[str]:
    """Return one line for each import that breaks the rule of layers."""
    found = []
    for module, source in sources.items():
        for imported in imports(source, sources):
            library = imported.partition(".")[0]
            banned = [names for package, names in BANNED.items() if module.startswith(package)]
            if imported not in sources:
                if any(library in names for names in banned):
                    found.append(f"{module} must not know {library}")
            elif APART in {library, module.partition(".")[0]}:
                if library == APART and module.partition(".")[0] not in {APART, "cli"}:
                    found.append(f"{module} must not know the sandbox")
                elif library != APART:
                    found.append(f"the sandbox must not import {imported}")
            elif imported and not _is_within_fence(module, imported):
                found.append(f"{module} is fenced off from {imported}")
            elif imported and module and _goes_up(module, imported):
                found.append(f"{module} must not import {imported}")
    return found


def _is_within_fence(module: str, imported: str) -> bool:
    return all(
        imported.startswith(allowed)
        for package, allowed in FENCED.items()
        if module.startswith(package)
    )


def _goes_up(module: str, imported: str) -> bool:
    above, below = rank(module), rank(imported)
    if above != below:
        return below < above
    layer = LAYERS[above]
    if layer is PAYLOADS:
        return False
    return len(layer) > 1 and _name_in(layer, module) != _name_in(layer, imported)


def _name_in(layer: tuple[str, ...], module: str) -> str:
    return next(name for name in layer if module == name or module.startswith(name + "."))


def cycles(sources: Mapping[str, str]) -> list[set[str]]:
    """Return the groups of modules that import each other, in a cycle of any length."""
    below = {
        module: {name for name in imports(source, sources) if name in sources and name != module}
        for module, source in sources.items()
    }
    reached: dict[str, set[str]] = {}
    for module in below:
        seen: set[str] = set()
        waiting = [module]
        while waiting:
            for name in below[waiting.pop()] - seen:
                seen.add(name)
                waiting.append(name)
        reached[module] = seen
    found = []
    for module, names in reached.items():
        group = {name for name in names if module in reached[name]}
        if group and group not in found:
            found.append(group)
    return found


def test_imports_run_downwards() -> None:
    """A module imports only from its layer and lower ones, and no banned library."""
    assert violations(SOURCES) == []


def test_no_modules_import_each_other() -> None:
    """There are no import cycles inside packages, except the types of the graph."""
    assert [group for group in cycles(SOURCES) if group not in CYCLES] == []


@pytest.mark.parametrize(
    ("module", "line", "violation"),
    [
        (
            "cache.a",
            "from gateway.schema.query import Query",
            "cache.a must not import schema.query",
        ),
        ("edge.a", "from gateway.auth import token", "edge.a must not import auth.token"),
        ("upstream.normalise.a", "import asyncio", "upstream.normalise.a must not know asyncio"),
        (
            "upstream.http1.a",
            "from gateway.upstream.client import UpstreamClient",
            "upstream.http1.a is fenced off from upstream.client",
        ),
        (
            "upstream.http1.a",
            "from gateway.context import RequestContext",
            "upstream.http1.a is fenced off from context",
        ),
        ("upstream.http1.a", "import msgspec", "upstream.http1.a must not know msgspec"),
        ("schema.a", "from gateway.sandbox import app", "schema.a must not know the sandbox"),
        ("sandbox.a", "from gateway import errors", "the sandbox must not import errors"),
    ],
)
def test_a_violation_is_found(module: str, line: str, violation: str) -> None:
    """The check of layers fails on a violation."""
    assert violations({**SOURCES, module: line}) == [violation]


def test_a_circle_is_found() -> None:
    """The check of cycles fails on a cycle."""
    circle = {"cache.a": "from gateway.cache import b", "cache.b": "from gateway.cache.a import x"}
    assert {"cache.a", "cache.b"} in cycles({**SOURCES, **circle})


def test_files_stay_below_400_lines() -> None:
    """A Python file has at most 400 lines."""
    lengths = {path: len(path.read_text().splitlines()) for path in FILES + OTHERS}
    assert {str(path): length for path, length in lengths.items() if length > 400} == {}


def test_only_the_settings_read_the_environment() -> None:
    """Only gateway/config reads environment variables."""
    readers = [
        module
        for module, source in SOURCES.items()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    ]
    assert set(readers) == {"config.settings"}


def test_every_test_says_what_it_shows() -> None:
    """Every test function has a docstring of one sentence."""
    silent = [
        f"{path.relative_to(ROOT)}::{node.name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert not silent
