"""The log as an operator reads it: one format for every line, and nothing of a customer in any."""

import json
from typing import Any

import pytest

from gateway.telemetry.logs import add_exception, cut_to_first_line
from tests.support.commands import free_port, post, running, wait_for

MOBILE = "919876543210"
EMAIL = "jane.doe@example.com"
PASSWORD = "hunter2-hunter2"
VALUES = [MOBILE, EMAIL, "jane.doe", PASSWORD, "identifierValue", "http://", "127.0.0.1:"]
QUERIES = [
    f'{{ customer(by: {{mobile: "{MOBILE}"}}) {{ promotions {{ totalCount }} }} }}',
    f'{{ customer(by: {{email: "{EMAIL}"}}) {{ customerId }} }}',
    f"{{ customer(by: {{mobile: {MOBILE}}}) {{ customerId }} }}",
    f'{{ customer "{EMAIL}" }}',
    f'{{ customer(by: {{externalId: "\\u0000{MOBILE}"}}) {{ customerId }} }}',
    f'{{ customers(by: [{{cuid: "{MOBILE}"}}, {{customerId: "{EMAIL}"}}]) {{ customerId }} }}',
    f'{{ node(id: "{EMAIL}") {{ id }} }}',
]


def run_gateway(upstream_url: str, **variables: str) -> str:
    """Return the log of a gateway that served valid and invalid queries."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "GATEWAY_PORT": str(port),
        "GATEWAY_UPSTREAM_URL": upstream_url,
        "GATEWAY_UPSTREAM_USERNAME": "sandbox",
        "GATEWAY_UPSTREAM_PASSWORD": PASSWORD,
    }
    with running("serve", variables=settings | variables) as command:
        wait_for(f"{url}/readyz", command)
        for i, query in enumerate(QUERIES):
            answer = post(f"{url}/graphql", query, {"X-Request-Id": f"r-{i}"})
            assert answer.headers["x-request-id"] == f"r-{i}"
            assert not [value for value in (MOBILE, EMAIL, PASSWORD) if value in answer.text]
        assert command.end() == 0
    assert command.out == ""
    return command.err


def test_json_lines_are_json_with_the_requests_id(sandbox_url: str) -> None:
    """Each line, the server's included, is one object; those of a request have its id."""
    logged = run_gateway(sandbox_url, GATEWAY_UPSTREAM_PASSWORD="sandbox")
    lines = [json.loads(line) for line in logged.splitlines()]
    assert all({"event", "level", "timestamp"} <= line.keys() for line in lines)
    assert "Application startup complete." in [line["event"] for line in lines]
    told = {line["request_id"] for line in lines if "request_id" in line}
    assert told == {f"r-{i}" for i in range(len(QUERIES))}
    without = [line["event"] for line in lines if "request_id" not in line]
    assert not {"operation", "request_rejected", "unexpected_error"} & set(without)
    assert [value for value in VALUES if value in logged] == []


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_line_tells_who_was_asked_for(sandbox_url: str, log_format: str) -> None:
    """No identifier, credential or URL is logged when the platform rejects calls or fails.

    One gateway has a wrong password, the other an unreachable platform.
    """
    nobody = f"http://127.0.0.1:{free_port()}"
    upstream_url = sandbox_url if log_format == "json" else nobody
    logged = run_gateway(upstream_url, GATEWAY_LOG_FORMAT=log_format)
    assert logged.count("operation ") + logged.count('"operation"') >= 3
    assert [value for value in VALUES if value in logged] == []


def raised() -> Exception:
    """Return an exception with a cause, both with an identifier in their messages."""

    def fail() -> None:
        try:
            int(MOBILE + "x")
        except ValueError as error:
            raise KeyError(EMAIL) from error

    with pytest.raises(KeyError) as raising:
        fail()
    return raising.value


@pytest.mark.parametrize("given", [True, "tuple", "instance"])
def test_an_exception_is_told_by_type_and_place(given: Any) -> None:
    """All three forms of `exc_info` are logged as types and frames alone."""
    error = raised()
    if given is True:
        try:
            raise error
        except KeyError:
            event = add_exception(None, "error", {"event": "x", "exc_info": True})
    else:
        info = error if given == "instance" else (type(error), error, error.__traceback__)
        event = add_exception(None, "error", {"event": "x", "exc_info": info})
    told = str(event)
    assert "exc_info" not in event
    assert event["exception"].startswith("KeyError\n")
    assert "\nafter ValueError\n" in event["exception"]
    assert __file__ in told
    assert MOBILE not in told
    assert EMAIL not in told


def test_a_line_without_an_exception_has_none() -> None:
    """`exc_info=False` and its absence add no field."""
    for event in ({"event": "x"}, {"event": "x", "exc_info": None}, {"event": "x", "exc_info": ()}):
        assert "exception" not in add_exception(None, "info", dict(event))


def test_a_librarys_message_ends_with_its_first_line() -> None:
    """Asyncio writes an exception that was never retrieved in the second line."""
    event = {"event": f"Task exception was never retrieved\nfuture: {EMAIL}"}
    assert cut_to_first_line(None, "error", event)["event"] == "Task exception was never retrieved"
