"""Secrets and certificates that change while the gateway runs."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from gateway.app import create_app
from gateway.config.secret_files import file_variable
from gateway.config.settings import Settings, SettingsError, load_settings
from gateway.file_watch import FileWatch
from gateway.upstream.credentials import credential_from
from gateway.upstream.http1.client import Http1Client
from gateway.upstream.reloading import watch_files
from gateway.upstream.transport import create_transport
from tests.support.graph import Graph, settings_for
from tests.support.logged import Lines
from tests.support.raw_server import OK, WITHIN_S, Step, get, raw
from tests.support.serving import serve
from tests.upstream.http1.test_client_certificates import files

CUSTOMER = '{customer(by:{externalId:"C-CURRENT"}){customerId}}'
BASIC = {"upstream_username": "sandbox"}
OAUTH = {"upstream_auth": "oauth", "upstream_oauth_key": "sandbox-key"}
NEVER_S = 3600.0


def _replace(path: Path, text: str) -> None:
    """Replace a file at once, as tools that rotate secrets do."""
    (path.parent / "new").write_text(text)
    (path.parent / "new").replace(path)


@pytest.fixture
def secret(environment: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the file of every secret that the platform asks for."""
    path = tmp_path / "secret"
    path.write_text("wrong-secret\n")
    for name in ("UPSTREAM_PASSWORD", "UPSTREAM_OAUTH_SECRET"):
        environment.setenv(f"GATEWAY_{name}_FILE", str(path))
    return path


@contextmanager
def _graph(sandbox_url: str, every_s: float, **overrides: str) -> Iterator[Graph]:
    settings = load_settings(upstream_url=sandbox_url, **overrides)
    with serve(create_app(settings, files_every_s=every_s)) as url:
        graph = Graph(url, sandbox_url)
        yield graph
        graph.close()


def _codes(graph: Graph) -> list[str]:
    return [error["extensions"]["code"] for error in graph.answer(CUSTOMER).get("errors", [])]


def test_a_rejected_password_is_read_again(secret: Path, sandbox_url: str, log: Lines) -> None:
    """The first call after the rotation is repeated with the new password, and succeeds."""
    with _graph(sandbox_url, NEVER_S, **BASIC) as graph:
        assert (_codes(graph), graph.calls) == (["UPSTREAM_AUTH_FAILED"], 1)
        _replace(secret, "sandbox\n")
        assert (_codes(graph), graph.calls) == ([], 2)
        assert (_codes(graph), graph.calls) == ([], 1)
    (line,) = log.of("settings_files_changed")
    assert "GATEWAY_UPSTREAM_PASSWORD_FILE" in line["settings"]
    assert not any("wrong-secret" in line or "sandbox" in line for line in log.lines)


def test_a_changed_oauth_secret_is_that_of_the_next_token(
    secret: Path, sandbox_url: str, log: Lines
) -> None:
    """The request for a token looks at the file first."""
    with _graph(sandbox_url, NEVER_S, **OAUTH) as graph:
        assert _codes(graph) == ["UPSTREAM_AUTH_FAILED"]
        _replace(secret, "sandbox-secret\n")
        assert _codes(graph) == []
        _replace(secret, "wrong-again\n")
        assert (_codes(graph), graph.calls) == ([], 1)  # the token remains valid
    assert len(log.of("settings_files_changed")) == 1


def test_a_file_without_a_value_changes_nothing(secret: Path, sandbox_url: str, log: Lines) -> None:
    """What was in use stays in use, and one line has the reason but no secret."""
    _replace(secret, "sandbox")
    with _graph(sandbox_url, 0.001, **BASIC) as graph:
        assert _codes(graph) == []
        _replace(secret, "two words \n")
        while not log.of("settings_files_rejected"):
            assert _codes(graph) == []
        secret.unlink()
        while len(log.of("settings_files_rejected")) < 2:
            assert _codes(graph) == []
        assert _codes(graph) == []
    bad, missing = (line["reason"] for line in log.of("settings_files_rejected"))
    assert "its content must be a text of printable characters" in bad
    assert "No such file or directory" in missing
    assert "two words" not in "".join(log.lines)


@pytest.mark.parametrize("name", ["cache_key_secret", "cache_url"])
def test_what_needs_a_restart_is_told_once(
    environment: pytest.MonkeyPatch, tmp_path: Path, log: Lines, name: str
) -> None:
    """Keys in Redis are the same in all replicas: they do not change under way."""
    path = tmp_path / "file"
    environment.setenv(file_variable(name), str(path))
    other = {"cache_url": "redis://h", "cache_key_secret": "0123456789abcdef"}
    path.write_text(other.pop(name))
    settings = load_settings(**other)
    watch = watch_files(
        settings, create_transport(settings_for("http://h", **other)), credential_from(settings)
    )
    for value in ("redis://:hunter2@another-host", "redis://:hunter3@another-host"):
        _replace(path, value)
        watch.check()
        watch.check()
    (line,) = log.of("settings_restart_required")
    assert line["settings"] == [file_variable(name)]
    assert "hunter" not in "".join(log.lines)


@pytest.mark.anyio
async def test_a_signal_looks_at_the_files_at_once(
    secret: Path, sandbox_url: str, log: Lines
) -> None:
    """SIGHUP reads secrets and certificates together with keys and documents."""
    app = create_app(load_settings(upstream_url=sandbox_url, **BASIC), files_every_s=NEVER_S)
    _replace(secret, "sandbox\n")
    await app.state.lifecycle.reload()
    (line,) = log.of("settings_files_changed")
    assert "GATEWAY_UPSTREAM_PASSWORD_FILE" in line["settings"]
    assert log.of("reloaded")


@pytest.mark.anyio
async def test_a_signal_says_which_file_is_not_valid(
    secret: Path, sandbox_url: str, log: Lines
) -> None:
    """Each time, as for keys and documents, and not that all has been read."""
    app = create_app(load_settings(upstream_url=sandbox_url, **BASIC), files_every_s=NEVER_S)
    _replace(secret, "two words \n")
    for failed in (1, 2):
        await app.state.lifecycle.reload()
        assert len(log.of("reload_failed")) == failed
    assert "GATEWAY_UPSTREAM_PASSWORD_FILE" in log.of("reload_failed")[-1]["reason"]
    assert not log.of("reloaded")
    assert "two words" not in "".join(log.lines)


@pytest.mark.anyio
async def test_files_are_looked_at_again_and_again(tmp_path: Path, log: Lines) -> None:
    """A change is noticed, however the file is changed; a mistake is tried again, and told once."""
    path, reloads = tmp_path / "file", asyncio.Queue[str]()
    path.write_text("one")

    def reload() -> None:
        reloads.put_nowait(path.read_text())
        if path.read_text() == "bad":
            raise SettingsError(["a reason"])

    async with asyncio.timeout(WITHIN_S), FileWatch({"GATEWAY_X_FILE": str(path)}, reload, 0.001):
        assert await reloads.get() == "one"  # what has changed since the settings were loaded
        _replace(path, "two")
        assert await reloads.get() == "two"
        path.write_text("bad")
        assert [await reloads.get() for _ in range(3)][-1] == "bad"
        _replace(path, "good")
        while await reloads.get() != "good":
            pass
    assert len(log.of("settings_files_rejected")) == 1
    assert log.of("settings_files_changed")[-1]["settings"] == ["GATEWAY_X_FILE"]


@pytest.mark.anyio
async def test_new_connections_have_the_new_certificate(tmp_path: Path, log: Lines) -> None:
    """While only one file of the pair is new, the old pair stays; a kept connection does, too."""
    authority = trustme.CA()
    paths = files(authority, tmp_path, "first.example")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    authority.configure_trust(tls)
    tls.verify_mode = ssl.CERT_REQUIRED
    steps = [[Step(OK), Step(OK, "close")], [Step(OK, "close")], [Step(OK)]]
    async with raw(*steps, tls=tls, host="localhost") as server:

        def name(connection: int) -> str:
            seen = server.writers[connection].get_extra_info("peercert")
            return str(seen["subjectAltName"][0][1])

        settings = settings_for(server.url, **paths)
        client, watch = _watched(settings)
        assert (await get(client)).body == b"ok"
        (tmp_path / "second").mkdir()
        files(authority, tmp_path / "second", "second.example")
        (tmp_path / "second" / "cert.pem").replace(tmp_path / "cert.pem")
        watch.check()
        assert len(log.of("settings_files_rejected")) == 1
        assert (await get(client)).body == b"ok"
        assert (await get(client)).body == b"ok"
        (tmp_path / "second" / "key.pem").replace(tmp_path / "key.pem")
        watch.check()
        assert (await get(client)).body == b"ok"
        assert [name(number) for number in range(3)] == [
            "first.example",
            "first.example",
            "second.example",
        ]
        await client.aclose()


def _watched(settings: Settings) -> tuple[Http1Client, FileWatch]:
    client = create_transport(settings)
    return client, watch_files(settings, client, credential_from(settings))
