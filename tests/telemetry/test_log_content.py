"""What lines of the log have in common, at which level, and what is masked in them."""

import hashlib
import json
import subprocess
import sys
from typing import Any

import httpx
import pytest

from gateway.telemetry.logs import VERSION
from gateway.telemetry.masking import mask
from tests.support.commands import environment, free_port, post, run, running, wait_for
from tests.support.graph import Graph
from tests.support.logged import Lines, startup_mistakes

MOBILE, EMAIL = "919876543210", "jane.doe@example.com"
APOLLO = {"apollographql-client-name": "shop-web", "apollographql-client-version": "1.2.3"}
PLATFORM = {"GATEWAY_UPSTREAM_URL": "http://127.0.0.1:1", "GATEWAY_UPSTREAM_AUTH": "none"}


def ask(graph: Graph, query: str, **headers: str) -> httpx.Response:
    """Send a query with headers; its line has been written when this returns."""
    answer = graph.http.post("/graphql", json={"query": query}, headers=headers)
    graph.http.get("/healthz")  # lines are written in the next turn of the event loop
    return answer


def test_a_line_names_document_client_and_codes(graph: Graph, log: Lines) -> None:
    """The document by the hash that clients send, the client as it names itself."""
    text = 'query Bad { customer(by: {externalId: "C-ONE"}) { promotions(first: 1, after: "x") {'
    text += " totalCount } } }"
    ask(graph, text, **APOLLO)
    ask(graph, "{ __typename }", **{"graphql-client-name": "tool"})
    ask(graph, "{ __typename }")
    failed, named, unnamed = log.of("operation")
    assert failed["operation"] == "Bad"
    assert failed["document"] == hashlib.sha256(text.encode()).hexdigest()
    assert (failed["client"], failed["client_version"]) == ("shop-web", "1.2.3")
    assert (failed["errors"], failed["codes"]) == (1, ["CURSOR_INVALID"])
    assert (named["client"], named["operation"]) == ("tool", "")
    assert named.keys().isdisjoint({"client_version", "codes", "quota_wait_ms"})
    assert "client" not in unnamed


def test_a_rejected_request_names_its_client(graph: Graph, log: Lines) -> None:
    """Before and after its document is known."""
    ask(graph, "{ x }", **APOLLO)
    graph.http.post("/graphql", json={}, headers=APOLLO)
    lines = log.of("request_rejected")
    assert [line["code"] for line in lines] == ["GRAPHQL_VALIDATION_FAILED", "BAD_REQUEST"]
    assert {(line["client"], line["client_version"]) for line in lines} == {("shop-web", "1.2.3")}


def test_a_refused_document_is_named_by_its_hash(graph: Graph, log: Lines) -> None:
    """By that of the manifests, whichever check refuses it; a name alone may be anyone's."""
    nested = "{ customers(by: [" + '{externalId: "C"},' * 21 + "]) { id } }"
    texts = ["{", "{ x }", nested, "query($x: Int!) { __type(name: $x) { name } }"]
    texts += ["query($c: CustomerIdentifier!) { customer(by: $c) { id } }"]
    for text in texts:
        ask(graph, text)
    told = [line["document"] for line in log.of("request_rejected")]
    assert told == [hashlib.sha256(text.encode()).hexdigest() for text in texts]


def test_every_line_names_worker_and_version(graph: Graph, log: Lines) -> None:
    """The gateway's own lines, those of operations and the server's."""
    ask(graph, "{ __typename }")
    ask(graph, "{")
    lines = [json.loads(line) for line in log.lines]
    assert {line["event"] for line in lines} >= {"operation", "request_rejected"}
    assert {line["version"] for line in lines} == {VERSION}
    assert all(isinstance(line["worker"], int) for line in lines)


def test_numbers_and_addresses_of_clients_are_masked(graph: Graph, log: Lines) -> None:
    """In request ids, names and versions; the response has the id as it was sent."""
    headers = {"apollographql-client-name": EMAIL, "apollographql-client-version": f"1-{MOBILE}"}
    for _ in range(2):
        query = f"query Of{MOBILE} {{ __typename }}"
        answer = ask(graph, query, **headers, **{"x-request-id": f"r-{MOBILE}"})
        assert answer.headers["x-request-id"] == f"r-{MOBILE}"
    ask(graph, "{", **headers, **{"x-request-id": f"r-{MOBILE}"})
    text = "\n".join(log.lines)
    assert not [value for value in (MOBILE, EMAIL, "jane.doe") if value in text]
    first, second = log.of("operation")
    (rejected,) = log.of("request_rejected")
    assert first["request_id"].startswith("r-masked-")
    assert first["request_id"] == second["request_id"] == rejected["request_id"]
    assert first["operation"].startswith("Ofmasked-")


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        ("0123456789abcdef0123456789012345", True),
        ("550e8400-E29B-41d4-a716-446655440000", True),
        ("checkout-2026.11_v123456", True),
        ("", True),
        ("1234567", False),
        ("a12345678b", False),
        ("req-1701356400123", False),
        ("x jane@example.com y", False),
    ],
)
def test_ids_by_chance_of_digits_stay(text: str, is_kept: bool) -> None:  # noqa: FBT001 - a table
    """A UUID and a trace id identify nobody; seven digits may be a telephone number."""
    assert (mask(text) == text) is is_kept


def test_the_level_leaves_out_what_is_below(sandbox_url: str) -> None:
    """With warning there is no line of an operation, of the start or of the server."""
    port = free_port()
    variables = {
        "GATEWAY_PORT": str(port),
        "GATEWAY_UPSTREAM_URL": sandbox_url,
        "GATEWAY_UPSTREAM_USERNAME": "sandbox",
        "GATEWAY_UPSTREAM_PASSWORD": "sandbox",
        "GATEWAY_LOG_LEVEL": "warning",
        "GATEWAY_NO_SUCH": "1",
    }
    with running("serve", variables=variables) as command:
        wait_for(f"http://127.0.0.1:{port}/readyz", command)
        assert post(f"http://127.0.0.1:{port}/graphql", "{ __typename }").status_code == 200
        assert command.end() == 0
    assert len(command.err.splitlines()) == 1, command.err
    line = json.loads(command.err)
    assert (line["event"], line["level"]) == ("unknown_setting", "warning")
    assert "GATEWAY_NO_SUCH" in line["reason"]


def test_mistakes_at_the_start_are_json() -> None:
    """One line each, also where the log's own settings are invalid."""
    ended = run("serve", variables={"GATEWAY_PORT": "x", "GATEWAY_LOG_LEVEL": "loud"})
    assert (ended.returncode, ended.stdout) == (2, "")
    mistakes = startup_mistakes(ended.stderr)
    assert [mistake.partition("=")[0] for mistake in mistakes] == [
        "GATEWAY_PORT",
        "GATEWAY_LOG_LEVEL",
    ]
    assert json.loads(ended.stderr.splitlines()[0])["version"] == VERSION


def run_python(code: str, **variables: str) -> tuple[int, list[dict[str, Any]]]:
    """Run Python code; return its exit status and its lines on stderr."""
    ended = subprocess.run(  # noqa: S603 - code of this file
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment(variables),
        timeout=60,
        check=False,
    )
    return ended.returncode, [json.loads(line) for line in ended.stderr.splitlines()]


def test_a_traceback_is_one_line() -> None:
    """An exception that nothing catches, with its cause and without messages; a warning, too."""
    code = f"""
import warnings
from gateway.telemetry import configure_logging
configure_logging("json")
warnings.warn("deprecated")
def fail():
    try:
        int("{MOBILE}x")
    except ValueError as error:
        raise KeyError("{EMAIL}") from error
fail()
"""
    status, (warning, line) = run_python(code)
    assert status == 1
    assert warning["level"] == "warning"
    assert (line["event"], line["level"]) == ("uncaught_exception", "critical")
    assert line["exception"].startswith("KeyError\n")
    assert "\nafter ValueError\n" in line["exception"]
    assert not [value for value in (MOBILE, EMAIL) if value in str(line)]


@pytest.mark.parametrize(
    ("code", "variables", "event"),
    [
        ("create_worker_app()", {"GATEWAY_WORKERS": "x"}, "startup_failed"),
        ("create_worker_app(object())", PLATFORM, "uncaught_exception"),
    ],
)
def test_a_worker_that_cannot_start_logs_why(
    code: str, variables: dict[str, str], event: str
) -> None:
    """Its parent would write a traceback of many lines."""
    status, (line,) = run_python(f"from gateway.app import *; {code}", **variables)
    assert (status, line["event"]) == (3, event)


SERVING = """
from gateway.config.settings import load_settings
from gateway.server.lifecycle import Served, ServerProcess, ServerTimes
from gateway.server.listener import listen
from gateway.app import *
start_logging()
app = create_app(load_settings())
"""


def test_an_application_that_fails_is_one_whole_line() -> None:
    """Starlette's traceback, whose first line says nothing, is no line beside it."""
    code = f"""{SERVING}
app.router.lifespan_context, started = lambda _: failing(), app.router.lifespan_context
@asynccontextmanager
async def failing():
    async with started(app):
        raise KeyError("{EMAIL}")
    yield
asyncio.run(ServerProcess([Served(app, listen("127.0.0.1", 0, ""))], ServerTimes()).run())
"""
    status, lines = run_python("import asyncio\n" + code, **PLATFORM)
    (line,) = [line for line in lines if line["level"] == "critical"]
    assert (status, line["event"]) == (0, "uncaught_exception")
    assert line["exception"].startswith("KeyError\n")
    assert not [line for line in lines if "Traceback" in str(line) or EMAIL in str(line)]
