"""What a process has imported: each command what it needs, and no more."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import environment, free_port, running, wait_for
from tests.support.workers import needs_proc, worker_pids


def loaded_by(script: str) -> set[str]:
    """Return the modules that a Python script has loaded at its end."""
    ended = subprocess.run(  # noqa: S603 - the gateway itself
        [sys.executable, "-c", f"import sys; {script}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        env=environment(None),
        timeout=40,
        check=True,
    )
    return set(ended.stdout.split())


def test_a_worker_without_redis_or_tokens_loads_nothing_for_them() -> None:
    """Redis' client, token verification, tracing and the sandbox are not imported."""
    loaded = loaded_by(
        "from gateway import cli; from gateway.app import create_app;"
        "from gateway.config.settings import load_settings;"
        "create_app(load_settings(upstream_url='http://127.0.0.1:1', upstream_auth='passthrough'))"
    )
    assert "gateway.graphql_http.handler" in loaded
    unused = {"redis", "aiocache", "joserfc", "gateway.sandbox", "gateway.upstream.http1.tls"}
    unused |= {"opentelemetry", "google.protobuf", "requests", "gateway.upstream.tracing"}
    assert loaded & unused == set()


def test_commands_that_only_read_settings_load_no_graph_and_no_server() -> None:
    """Nor does a `serve` that its settings end."""
    commands = "[['config'], ['check'], ['serve']]"
    loaded = loaded_by(f"from gateway.cli import main; [main(one) for one in {commands}]")
    assert {"gateway.config.settings", "gateway.checks"} <= loaded
    assert loaded & {"graphql", "strawberry", "starlette.applications", "uvicorn"} == set()


@pytest.mark.verify
@needs_proc
def test_the_parent_of_workers_loads_no_server() -> None:
    """Its memory is for nothing but them: the server's parser is in the workers alone."""
    settings = {"GATEWAY_UPSTREAM_URL": "http://127.0.0.1:1", "GATEWAY_UPSTREAM_AUTH": "none"}
    port = free_port()
    variables = settings | {"GATEWAY_PORT": str(port), "GATEWAY_WORKERS": "2"}
    with running("serve", variables=variables) as command:
        wait_for(f"http://127.0.0.1:{port}/readyz", command)
        parent = command.process.pid
        mapped = {
            pid: Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
            for pid in [parent, *worker_pids(parent)]
        }
        assert "pydantic_core" in mapped[parent]
        assert "httptools" in "".join(mapped.values())
        assert "httptools" not in mapped[parent]
        assert command.end() == 0
