"""The conventions of names, docstrings and tests that a machine can check."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
GATEWAY = sorted((ROOT / "gateway").rglob("*.py"))
TESTS = sorted(path for path in (ROOT / "tests").rglob("*.py") if "node_modules" not in path.parts)
# A docstring begins with what a function does or returns (PEP 257), in the words of the field.
NOT_A_SUMMARY = re.compile(r"(Give|Tell|Say|Hand|Let|Look)s?\s")
Definition = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the docstrings of a module, each with its line."""
    for node in ast.walk(tree):
        if isinstance(node, Definition) and (text := ast.get_docstring(node)) is not None:
            yield node.body[0].lineno, text


def patches(tree: ast.Module) -> list[int]:
    """Return the lines that replace a part of a module or an object: patches of internals."""
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            if (owner, node.func.attr) == ("monkeypatch", "setattr") or "mock.patch" in owner:
                lines.append(node.lineno)
    return lines


def sleeps(tree: ast.Module) -> list[int]:
    """Return the lines that wait for real time; a sleep of 0 gives way to other tasks alone."""
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {
            "time.sleep",
            "asyncio.sleep",
            "anyio.sleep",
        }:
            seconds = node.args[0]
            if not (isinstance(seconds, ast.Constant) and seconds.value == 0):
                lines.append(node.lineno)
    return lines


def test_docstrings_begin_with_what_is_done_or_returned() -> None:
    """None begins with "Give", "Tell", "Say", "Hand", "Let" or "Look"."""
    found = [
        f"{_name(path)}:{line}: {text}"
        for path in [*GATEWAY, *TESTS]
        for line, text in docstrings(_tree(path))
        if NOT_A_SUMMARY.match(text)
    ]
    assert found == []


def test_no_merge_leaves_a_file_behind() -> None:
    """What a merge or a patch could not apply is beside its file, and no part of the gateway."""
    folders = ("gateway", "docs", "deploy", "benchmarks")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.*")]
    assert len(files) > len(GATEWAY)
    assert [_name(path) for path in files if path.suffix in {".orig", ".rej", ".bak"}] == []


def test_no_class_name_stands_twice() -> None:
    """A name means one thing in the gateway; the sandbox is a program of its own."""
    owners = defaultdict(list)
    for path in GATEWAY:
        if "sandbox" not in path.parts:
            for node in _tree(path).body:
                if isinstance(node, ast.ClassDef):
                    owners[node.name].append(_name(path))
    assert {name: files for name, files in owners.items() if len(files) > 1} == {}


def test_no_test_patches_what_it_tests() -> None:
    """What a test replaces has a seam: a parameter, or the transport."""
    found = [f"{_name(path)}:{line}" for path in TESTS for line in patches(_tree(path))]
    assert found == []


def test_a_patch_is_found() -> None:
    """The check fails on a patch."""
    source = "monkeypatch.setattr(module, 'name', 1)\nmock.patch.object(a, 'b')\n"
    assert patches(ast.parse(source)) == [1, 2]


# Where real time is the subject, or another process has to get on; each with the reason.
SLEEPS = {
    "tests/deploy/test_prometheus.py": "polls: another process scrapes; verify",
    "tests/cache/test_shared_level_faults.py": "a load runs while Redis is stopped; verify",
    "tests/cache/test_eviction_stream.py": "polls: another replica reads from Redis",
    "tests/cache/test_redis_reasons.py": "Redis hangs for longer than its time-outs",
    "tests/graphql_http/test_persisted_shared.py": "polls: written in the background",
    "tests/server/test_both_paths.py": "pieces of a request are packets of their own",
    "tests/server/test_fast_path.py": "pieces of a request are packets of their own",
    "tests/server/test_http_protocol.py": "the server's time limits, which its event loop keeps",
    "tests/server/test_lifecycle.py": "a process is stopped for longer than its delay",
    "tests/server/test_rollout.py": "endpoints that lag are the subject",
    "tests/support/commands.py": "polls: another process starts and ends",
    "tests/support/raw_server.py": "polls: the network has no event to wait for",
    "tests/support/tokens.py": "a JWKS server that is slow",
    "tests/telemetry/test_reloaded_names.py": "polls: worker processes start and end",
    "tests/telemetry/test_workers.py": "polls: worker processes start and end",
    "tests/test_deadline_scope.py": "deadlines of the event loop",
    "tests/upstream/resilience/replica.py": "a load that runs beside others",
    "tests/upstream/resilience/test_shared_quota.py": "waits in Redis, whose clock is real",
    "tests/upstream/resilience/test_shared_quota_outages.py": "Redis is stopped under load; verify",
    "tests/upstream/test_bad_responses.py": "an upstream that is slow",
    "tests/upstream/test_credentials.py": "an upstream that is slow",
}


def test_only_listed_tests_sleep() -> None:
    """Waiting for real time makes a suite slow and unreliable."""
    assert {_name(path) for path in TESTS if sleeps(_tree(path))} == set(SLEEPS)


def test_a_sleep_is_found() -> None:
    """The check fails on a sleep, and not on giving way."""
    source = "import time, asyncio\ntime.sleep(1)\nasyncio.sleep(0)\n"
    assert sleeps(ast.parse(source)) == [2]
