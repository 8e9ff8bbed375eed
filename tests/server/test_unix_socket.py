"""Listening on a Unix socket instead of a port."""

import signal
import socket
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.commands import Command, run, running
from tests.support.examples import rarely
from tests.support.logged import startup_mistakes

CUSTOMER = '{customer(by:{externalId:"C-CURRENT"}){customerId}}'
_PATIENCE_S = 40.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the socket will be."""
    return tmp_path / "gateway.sock"


def _variables(sandbox_url: str, path: Path, **more: str) -> Mapping[str, str]:
    return {
        "GATEWAY_UPSTREAM_URL": sandbox_url,
        "GATEWAY_UPSTREAM_USERNAME": "sandbox",
        "GATEWAY_UPSTREAM_PASSWORD": "sandbox",
        "GATEWAY_UNIX_SOCKET": str(path),
        "GATEWAY_HOST": "0.0.0.0",  # noqa: S104 - it is not listened on
        "GATEWAY_SHUTDOWN_DELAY_S": "0",
        **more,
    }


@contextmanager
def _client(path: Path, command: Command) -> Iterator[httpx.Client]:
    """Yield a client of the socket, once the gateway is ready."""
    deadline = time.monotonic() + _PATIENCE_S
    while not _is_listening(path):
        assert command.process.poll() is None, "the command has ended"
        assert time.monotonic() < deadline
    transport = httpx.HTTPTransport(uds=str(path))
    with httpx.Client(
        transport=transport, base_url="http://gateway", timeout=_PATIENCE_S
    ) as client:
        while client.get("/readyz").status_code != 200:
            assert time.monotonic() < deadline
        yield client


def _is_listening(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(path)) == 0


@pytest.mark.parametrize("workers", ["1", *rarely("2")])
def test_the_gateway_answers_at_the_socket(sandbox_url: str, path: Path, workers: str) -> None:
    """It replaces what a killed process has left, is open to all users, and leaves no file."""
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    with running("serve", variables=_variables(sandbox_url, path, GATEWAY_WORKERS=workers)) as one:
        with _client(path, one) as client:
            answer = client.post("/graphql", json={"query": CUSTOMER}).json()
            assert answer["data"]["customer"]["customerId"]
            assert stat.S_IMODE(path.stat().st_mode) == 0o666
        assert one.end(signal.SIGTERM) == 0
    assert not path.exists()
    assert f'"unix_socket":"{path}"' in one.err
    assert "Traceback" not in one.err


def test_a_socket_in_use_is_left_to_its_process(sandbox_url: str, path: Path) -> None:
    """The second gateway ends with one line, and the first one goes on."""
    variables = _variables(sandbox_url, path)
    with running("serve", variables=variables) as first, _client(path, first) as client:
        second = run("serve", variables=variables)
        assert second.returncode == 2
        (line,) = startup_mistakes(second.stderr)
        assert line.startswith(f"cannot listen on {path}: another process listens there; choose")
        assert client.get("/healthz").status_code == 200


def test_no_other_file_is_replaced(sandbox_url: str, path: Path) -> None:
    """A file of that name may be anything."""
    path.write_text("precious")
    ended = run("serve", variables=_variables(sandbox_url, path))
    assert ended.returncode == 2
    (line,) = startup_mistakes(ended.stderr)
    assert line.startswith(f"cannot listen on {path}: the file is no socket; choose")
    assert path.read_text() == "precious"


@pytest.mark.parametrize(("trusted", "statuses"), [("unix", [200, 200]), ("", [200, 429])])
def test_clients_behind_the_proxy_are_told_apart(
    sandbox_url: str, path: Path, trusted: str, statuses: list[int]
) -> None:
    """Where the proxy is trusted; otherwise all of them are one caller."""
    more = {"GATEWAY_TRUSTED_PROXIES": trusted, "GATEWAY_RATE_LIMIT_PER_MINUTE": "1"}
    with running("serve", variables=_variables(sandbox_url, path, **more)) as command:
        with _client(path, command) as client:
            seen = [
                client.post(
                    "/graphql", json={"query": CUSTOMER}, headers={"X-Forwarded-For": address}
                ).status_code
                for address in ("192.0.2.1", "192.0.2.2")
            ]
        assert seen == statuses
