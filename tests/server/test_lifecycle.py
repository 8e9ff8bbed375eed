"""Serving by the commands: keep-alive, and shutdown."""

import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from gateway.execution.document_hash import sha256_of
from tests.support.commands import Command, free_port, post, running, until, wait_for
from tests.support.examples import rarely
from tests.support.held import Held
from tests.support.http_client import TLS
from tests.support.metrics import scrape
from tests.support.parts import Merged
from tests.support.parts_client import reading
from tests.support.raw_http import POST, WHOLE, connect, exchange, parse, until_closed
from tests.support.scripted_platform import platform
from tests.support.tokens import AUDIENCE, ISSUER, Issuer
from tests.support.workers import needs_proc, worker_pids

PROBE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = b'{"query": "{ customer(by: {mobile: \\"919876543210\\"}) { id } }"}'
ASKS = POST + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
NOBODY = b'{"errors": [{"status": false, "code": 8015, "message": "customer not found"}]}'
ANSWER = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(NOBODY)
) + NOBODY
DEFERRED = """{ customer(by: {externalId: "C-TEN"}) { promotions(first: 3) { nodes {
  promotion { name ... @defer { definition { status } } } } } } }"""
MODES = {"one": ("serve", "1"), "several": ("serve", "2"), "dev": ("dev", "1")}


@contextmanager
def served(
    mode: str, upstream_url: str, variables: Mapping[str, str] | None = None
) -> Iterator[tuple[Command, str]]:
    """Run a command that serves the gateway; yield its URL once it is ready."""
    port = free_port()
    settings = {
        "GATEWAY_UPSTREAM_URL": upstream_url,
        "GATEWAY_UPSTREAM_AUTH": "none",
        "GATEWAY_PORT": str(port),
        "GATEWAY_WORKERS": MODES[mode][1],
    }
    more = ("--sandbox-port", "0") if mode == "dev" else ()
    with running(MODES[mode][0], *more, variables=settings | dict(variables or {})) as command:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/readyz", command)
        try:
            yield command, url
        finally:
            if command.process.poll() is None:
                command.end()  # its workers, too


@pytest.mark.parametrize("mode", ["one", *rarely("several", "dev")])
def test_an_idle_connection_is_closed_after_the_time_of_the_setting(mode: str) -> None:
    """The time is from the end of a response, and not uvicorn's five seconds."""
    variables = {"GATEWAY_KEEP_ALIVE_S": "0.5"}
    with served(mode, "http://127.0.0.1:1", variables) as (_, url), connect(url) as connection:
        began = time.monotonic()
        connection.sendall(PROBE)
        assert parse(until_closed(connection)).status == 200
        assert 0.45 < time.monotonic() - began < 3.0


@contextmanager
def waiting(
    mode: str, variables: Mapping[str, str] | None = None
) -> Iterator[tuple[Command, str, socket.socket, socket.socket]]:
    """Serve a gateway that waits for its upstream; yield also its connections to both sides."""
    with socket.create_server(("127.0.0.1", 0)) as platform:
        platform.settimeout(30)
        upstream_url = f"http://127.0.0.1:{platform.getsockname()[1]}"
        with served(mode, upstream_url, variables) as (command, url), connect(url) as client:
            client.sendall(ASKS)
            upstream, _ = platform.accept()
            with upstream:
                yield command, url, client, upstream


def refuses(url: str, seconds: float = 3.0) -> bool:
    """Whether a server refuses connections before the time is over."""

    def is_refused() -> bool:
        try:
            connect(url).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:  # the listener closed while it was being connected to
            pass
        return False

    return until(is_refused, seconds)


def status_of(url: str, path: str) -> int:
    """Return the status of a response on a new connection, 0 if there is none."""
    try:
        return exchange(url, b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode()).status
    except OSError:
        return 0


@pytest.mark.parametrize("mode", ["one", "several"])
def test_a_gateway_goes_on_accepting_for_the_delay_and_is_not_ready(mode: str) -> None:
    """Every response announces the close; then connections are refused, and the rest drains."""
    variables = {"GATEWAY_SHUTDOWN_DELAY_S": "2"}
    with (
        waiting(mode, variables) as (command, url, client, upstream),
        connect(url) as kept,
    ):
        kept.sendall(WHOLE)
        assert b"connection: close" not in kept.recv(65536)
        command.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert until(lambda: status_of(url, "/readyz") == 503, 1.5)
        assert status_of(url, "/healthz") == 200
        answer = exchange(url, WHOLE)
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        kept.sendall(WHOLE)
        answer = parse(until_closed(kept))
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert refuses(url, 5.0)
        assert time.monotonic() - began > 1.9
        assert command.process.poll() is None
        upstream.sendall(ANSWER)
        answer = parse(until_closed(client))
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert b'{"customer":null}' in answer.body
        assert command.end(0) == 0


def test_connections_that_have_waited_for_a_busy_process_are_served() -> None:
    """It gets no CPU time until its delay is over; then it accepts before it closes."""
    with served("one", "http://127.0.0.1:1", {"GATEWAY_SHUTDOWN_DELAY_S": "1"}) as (command, url):
        command.process.send_signal(signal.SIGTERM)
        assert until(lambda: status_of(url, "/readyz") == 503)
        command.process.send_signal(signal.SIGSTOP)
        with ExitStack() as stack:
            waiting = [stack.enter_context(connect(url)) for _ in range(20)]
            for connection in waiting:
                connection.sendall(WHOLE)
            time.sleep(1.2)
            command.process.send_signal(signal.SIGCONT)
            answers = [parse(until_closed(connection)) for connection in waiting]
        assert {(one.status, one.headers.get("connection")) for one in answers} == {(200, "close")}
        assert command.end(0) == 0


@pytest.mark.parametrize("mode", ["one", *rarely("several")])
def test_the_admin_listener_has_the_probes_and_metrics_to_the_end(mode: str) -> None:
    """The public one does not have them; both are those of all workers."""
    port = free_port()
    admin = f"http://127.0.0.1:{port}"
    with waiting(mode, {"GATEWAY_ADMIN_PORT": str(port)}) as (command, url, client, upstream):
        paths = ["/healthz", "/readyz", "/metrics"]
        assert [status_of(url, path) for path in paths] == [404] * 3
        assert [status_of(admin, path) for path in paths] == [200] * 3
        assert status_of(admin, "/graphql") == 404
        assert until(lambda: scrape(admin)["gateway_workers"] == int(MODES[mode][1]))
        command.process.send_signal(signal.SIGTERM)
        assert refuses(url, 5.0)
        assert [status_of(admin, path) for path in paths] == [200, 503, 200]
        upstream.sendall(ANSWER)
        assert parse(until_closed(client)).status == 200
        assert command.end(0) == 0


@pytest.mark.parametrize("mode", ["one", *rarely("several")])
def test_a_second_signal_does_not_wait(mode: str) -> None:
    """It ends the process; the request in flight is told so."""
    with waiting(mode) as (command, url, client, _upstream):
        command.process.send_signal(signal.SIGTERM)
        assert refuses(url)
        began = time.monotonic()
        assert command.end() == 0
        assert time.monotonic() - began < 3.0
        answer = parse(until_closed(client))
        assert (answer.status, answer.code) == (503, "OVERLOADED")
        assert answer.headers["connection"] == "close"
    assert command.is_gone()
    assert '"requests_cut":1' in command.err
    assert "Traceback" not in command.err
    assert "client_disconnected" not in command.err  # it was there until the end


@pytest.mark.parametrize("mode", ["one", *rarely("several")])
def test_what_outlasts_the_grace_period_is_answered_and_counted(mode: str) -> None:
    """A body that does not arrive, a head that does not, and the log line with their number."""
    short = {"GATEWAY_UPSTREAM_DEADLINE_S": "0.1", "GATEWAY_SHUTDOWN_GRACE_S": "1.1"}
    with served(mode, "http://127.0.0.1:1", short) as (command, url):
        with connect(url) as body, connect(url) as head, connect(url) as idle:
            body.sendall(WHOLE[:-1])
            head.sendall(POST + b"X-Request-Id: mine\r\nAccept: ")
            assert status_of(url, "/healthz") == 200  # the workers have read both
            command.process.send_signal(signal.SIGTERM)
            answers = [parse(until_closed(connection)) for connection in (body, head)]
            assert [answer.code for answer in answers] == ["OVERLOADED"] * 2
            assert {answer.headers["retry-after"] for answer in answers} == {"1"}
            assert answers[1].headers["x-request-id"] == "mine"
            assert until_closed(idle) == b""
        assert command.end(0) == 0
    numbers = [int(told) for told in re.findall(r'"requests_cut":(\d+)', command.err)]
    assert sum(numbers) == 2


@pytest.mark.timeout(60)
def test_a_response_in_parts_is_completed_while_the_process_ends() -> None:
    """Calls that the platform holds end at the deadline, and with them the last parts."""
    settings = {
        "GATEWAY_UPSTREAM_DEADLINE_S": "1.5",
        "GATEWAY_SHUTDOWN_GRACE_S": "5",
        "GATEWAY_UPSTREAM_AUTH": "basic",
        "GATEWAY_UPSTREAM_USERNAME": "sandbox",
        "GATEWAY_UPSTREAM_PASSWORD": "sandbox",
    }
    with platform() as (scripted, upstream), served("one", upstream, settings) as (command, url):
        Held(scripted, "promotionsV2")
        with reading(url, DEFERRED) as payloads:
            parts = Merged()
            parts.add(next(payloads))
            command.process.send_signal(signal.SIGTERM)
            for payload in payloads:
                parts.add(payload)
        assert parts.is_complete
        assert {error["extensions"]["code"] for error in parts.errors} == {"UPSTREAM_TIMEOUT"}
        assert command.end(0) == 0


@pytest.mark.parametrize("mode", ["one", "several"])
def test_sighup_reads_keys_and_trusted_documents_again(mode: str, tmp_path: Path) -> None:
    """All workers have the new ones, or, if a file is not valid, go on with the old ones."""
    manifest, keys = tmp_path / "manifest.json", tmp_path / "key.pem"
    variables = {
        "GATEWAY_AUTH": "jwt",
        "GATEWAY_AUTH_ISSUER": ISSUER,
        "GATEWAY_AUTH_AUDIENCE": AUDIENCE,
        "GATEWAY_AUTH_KEY_FILE": str(keys),
        "GATEWAY_TRUSTED_DOCUMENTS": str(manifest),
        "GATEWAY_TRUSTED_DOCUMENTS_MODE": "only",
    }

    def write(issuer: Issuer, query: str) -> None:
        keys.write_bytes(issuer.pem())
        manifest.write_text(json.dumps({sha256_of(query): query}), encoding="utf-8")

    def ask(url: str, issuer: Issuer, query: str) -> str:
        """Return the code of the error, or "ok"."""
        token = issuer.bearer(exp=int(time.time()) + 300)
        errors = post(f"{url}/graphql", query, token).json().get("errors")
        return str(errors[0]["extensions"]["code"]) if errors else "ok"

    old, new = (Issuer("old"), "{ __typename }"), (Issuer("new"), "{ name: __typename }")
    write(*old)
    with served(mode, "http://127.0.0.1:1", variables) as (command, url):
        assert ask(url, *old) == "ok"
        assert ask(url, *new) == "UNAUTHENTICATED"
        write(*new)
        command.process.send_signal(signal.SIGHUP)
        assert until(lambda: all(ask(url, *new) == "ok" for _ in range(8)))
        assert ask(url, *old) == "UNAUTHENTICATED"
        assert ask(url, new[0], old[1]) == "OPERATION_NOT_TRUSTED"
        keys.write_bytes(b"no key")
        command.process.send_signal(signal.SIGHUP)
        assert ask(url, *new) == "ok"
        assert command.end() == 0
    assert '"event":"reloaded"' in command.err
    reasons = re.findall(r'"reason":"(GATEWAY_[A-Z_]+)=[^"]*","event":"reload_failed"', command.err)
    assert set(reasons) == {"GATEWAY_AUTH_KEY_FILE"}


@needs_proc
def test_a_stopped_worker_delays_nothing() -> None:
    """Neither does it hold the listener open, nor is it waited for."""
    with waiting("several") as (command, url, client, upstream):
        # The worker that serves the request in flight has a connection to the platform.
        idle = next(pid for pid in all_workers(command) if not holds(pid, upstream))
        os.kill(idle, signal.SIGSTOP)
        command.process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert refuses(url, 5.0)
        upstream.sendall(ANSWER)
        assert parse(until_closed(client)).status == 200
        assert command.end(0) == 0
        assert time.monotonic() - began < 10.0
    assert command.is_gone()


def all_workers(command: Command) -> list[int]:
    """Return the process ids of both workers, once both have started."""
    assert until(lambda: len(worker_pids(command.process.pid)) == 2)
    pids = worker_pids(command.process.pid)
    # A worker that has started has a socket of an event loop beside the one to its parent.
    assert until(lambda: all("eventpoll" in " ".join(open_files(pid)) for pid in pids))
    return pids


def open_files(pid: int) -> list[str]:
    """Return what the file descriptors of a process are."""
    paths = Path(f"/proc/{pid}/fd").iterdir()
    return [str(path.readlink()) for path in paths if path.is_symlink()]


def holds(pid: int, peer: socket.socket) -> bool:
    """Whether a process has the other end of a connection."""
    port = f"{peer.getpeername()[1]:04X}"
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    inodes = {line.split()[9] for line in lines if line.split()[1].endswith(f":{port}")}
    return any(f"socket:[{inode}]" in open_files(pid) for inode in inodes)


@needs_proc
def test_a_worker_that_dies_before_it_has_started_ends_the_parent() -> None:
    """Its exit status is in the one line that says so."""
    settings = {"GATEWAY_UPSTREAM_URL": "http://127.0.0.1:1", "GATEWAY_UPSTREAM_AUTH": "none"}
    variables = settings | {"GATEWAY_PORT": "0", "GATEWAY_WORKERS": "2"}
    with running("serve", variables=variables) as command:
        assert until(lambda: bool(worker_pids(command.process.pid)))
        os.kill(worker_pids(command.process.pid)[0], signal.SIGKILL)
        assert command.end(0) == 2
    assert "a worker ended with status -9 before it had started" in command.err.splitlines()[-1]
    assert command.is_gone()


@needs_proc
def test_the_workers_of_a_killed_parent_end() -> None:
    """They notice by the socket between the two, and drain as after SIGTERM."""
    with waiting("several") as (command, url, client, upstream):
        command.process.kill()
        assert refuses(url, 5.0)
        upstream.sendall(ANSWER)
        assert parse(until_closed(client)).status == 200
        command.end(0)
        assert command.is_gone()


def test_a_reader_of_stderr_that_stalls_stops_nothing() -> None:
    """Three times the lines that fit into the pipe; the end does not wait for the reader either."""
    with served("one", "http://127.0.0.1:1") as (command, url):
        with httpx.Client(base_url=url, trust_env=False, timeout=10, verify=TLS) as client:
            for _ in range(1000):
                assert client.post("/graphql", json={"query": "{ __typename }"}).status_code == 200
        command.process.send_signal(signal.SIGTERM)
        assert command.process.wait(10) == 0
