"""The commands, run as processes."""

import os
import re
import signal
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from gateway.cli import main
from gateway.schema.build import print_schema
from gateway.server.listener import ServerError, listen
from tests.support.commands import free_port, post, run, running, until, wait_for
from tests.support.examples import rarely
from tests.support.http_client import TLS
from tests.support.logged import startup_mistakes

LOCAL = ["http://localhost:3000", "http://127.0.0.1:5173", "http://[::1]:8080", "http://localhost"]
COMMANDS = ["dev", "serve", "sandbox", "schema", "operations", "config", "check"]
OWN = '{{ customer(by: {{externalId: "C-CURRENT"}}) {{ {} }} }}'
ENROL = """mutation {
  enrolInPromotion(input: {by: {externalId: "C-ENROL"}, programId: "9031", promotionId: "90310001",
                           idempotencyKey: "of-the-test-of-dev"}) { outcome }
}"""
RULESETS = "promotions(first: 1) { nodes { promotion { definition { rulesets { name } } } } }"
# An environment made for another gateway, in which `dev` has to work all the same.
HOSTILE = {
    "HTTP_PROXY": "http://127.0.0.1:1",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "ALL_PROXY": "socks5://127.0.0.1:1",
    "GATEWAY_PORT": "0",
    "GATEWAY_UNIX_SOCKET": "nowhere",
    "GATEWAY_UPSTREAM_URL": "no url",
    "GATEWAY_UPSTREAM_AUTH": "digest",
    "GATEWAY_UPSTREAM_USERNAME": "till",
    "GATEWAY_UPSTREAM_OAUTH_KEY": "key",
    "GATEWAY_UPSTREAM_OAUTH_SECRET_FILE": "/nowhere/secret",
    "GATEWAY_UPSTREAM_CA_FILE": "/nowhere/ca.pem",
    "GATEWAY_UPSTREAM_CLIENT_CERT_FILE": "/nowhere/cert.pem",
    "GATEWAY_UPSTREAM_PROXY": "no url",
    "GATEWAY_GRAPHIQL": "false",
    "GATEWAY_INTROSPECTION": "false",
    "GATEWAY_WRITES": "false",
    "GATEWAY_ANONYMOUS_ROLES": "admin",
    "GATEWAY_AUTH": "jwt",
    "GATEWAY_AUTH_JWKS_URL": "no url",
    "GATEWAY_AUTH_JWKS_PROXY": "no url",
    "GATEWAY_LOG_FORMAT": "json",
    "GATEWAY_WORKERS": "4",
    "GATEWAY_CORS_ORIGINS": "https://shop.example",
    "WEB_CONCURRENCY": "4",
}


@pytest.mark.parametrize("number", [signal.SIGTERM, *rarely(signal.SIGINT)])
def test_dev_prints_what_to_open_and_a_query_that_works(number: signal.Signals) -> None:
    """`dev` prints URLs and a working first query, and a signal ends it silently."""
    with running("dev", "--sandbox-port", "0", variables=HOSTILE) as command:
        text = "".join(command.lines_until("End with"))
        url = re.findall(r"http://127\.0\.0\.1:\d+/graphql", text)[0]
        world = re.findall(r"http://127\.0\.0\.1:\d+/__world", text)[0]
        query = text[text.index("{") : text.rindex("}") + 1]
        answer = post(url, query).json()
        assert "errors" not in answer
        assert len(answer["data"]["customer"]["promotions"]["nodes"]) == 3
        assert answer["extensions"]["upstream"]["calls"] == 1
        assert httpx.get(world, trust_env=False, verify=TLS).json()
        assert post(url, "{ __schema { __typename } }").json()["data"]
        assert post(url, ENROL).json()["data"]["enrolInPromotion"]["outcome"] == "DONE"
        page = httpx.get(url, headers={"Accept": "text/html"}, trust_env=False, verify=TLS)
        assert page.headers["content-type"].startswith("text/html")
        for origin in (*LOCAL, "https://shop.example"):
            answer = post(url, "{ __typename }", {"Origin": origin, "Sec-Fetch-Site": "same-site"})
            assert answer.headers["access-control-allow-origin"] == origin
        assert command.end(number) == 0
    assert "Traceback" not in command.err
    events = re.compile(r"\[info     \] (operation|promotion_action|webhook_event)\b")
    assert [line for line in command.err.splitlines() if not events.search(line)] == []


def test_dev_with_auth_prints_tokens_that_show_each_refusal() -> None:
    """Own customers, another's, none, the role of rulesets, and a token that has expired."""
    with running("dev", "--auth", "--sandbox-port", "0", variables=HOSTILE) as command:
        text = "".join(command.lines_until("End with"))
        url = re.findall(r"http://127\.0\.0\.1:\d+/graphql", text)[0]
        tokens = dict(re.findall(r"^# (\w+): .*\n(\S+)$", text, re.MULTILINE))
        fresh = re.findall(r"http://127\.0\.0\.1:\d+/__tokens", text)[0]
        assert [
            one["name"] for one in httpx.get(fresh, trust_env=False, verify=TLS).json()
        ] == list(tokens)

        def codes(query: str, token: str) -> list[str]:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            errors = post(url, query, headers).json().get("errors", [])
            return [error["extensions"]["code"] for error in errors]

        own, definition = OWN.format("id"), OWN.format(RULESETS)
        assert {name: codes(own, token) for name, token in tokens.items()} == {
            "own": [],
            "rulesets": [],
            "another": ["FORBIDDEN"],
            "none": ["FORBIDDEN"],
            "expired": ["UNAUTHENTICATED"],
        }
        assert codes(own, "") == ["UNAUTHENTICATED"]
        assert set(codes(definition, tokens["own"])) == {"FORBIDDEN"}
        assert codes(definition, tokens["rulesets"]) == []
        assert command.end() == 0


def test_dev_at_a_taken_port_is_one_line() -> None:
    """The error names the address, and the option that changes the port in use."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        gateway = run("dev", "--sandbox-port", "0", variables={"GATEWAY_PORT": port})
        sandbox = run("dev", "--sandbox-port", port, variables={"GATEWAY_PORT": "0"})
    said = f"cannot listen on 127.0.0.1:{port}: Address already in use; choose another with"
    assert (gateway.returncode, gateway.stderr) == (2, f"{said} GATEWAY_PORT or GATEWAY_HOST\n")
    assert (sandbox.returncode, sandbox.stderr) == (2, f"{said} --sandbox-port\n")
    assert gateway.stdout == sandbox.stdout == ""


def test_the_sandbox_serves_alone() -> None:
    """It lists its customers, and a signal ends it."""
    with running("sandbox", "--port", "0") as command:
        (line,) = command.first_lines(1)
        url = re.findall(r"http://[^ ,]+/__world", line)[0]
        assert wait_for(url, command).json()
        assert command.end(signal.SIGINT) == 0
    assert command.err == ""


@pytest.mark.parametrize("command", ["dev", "sandbox"])
def test_no_sandbox_runs_where_it_is_not_allowed(command: str) -> None:
    """As in the image: one line that names the setting, whatever the others are."""
    refused = run(command, variables=HOSTILE | {"GATEWAY_ALLOW_SANDBOX": "false"})
    assert (refused.returncode, refused.stdout) == (2, "")
    (line,) = refused.stderr.splitlines()
    assert line.startswith(f"GATEWAY_ALLOW_SANDBOX=false: `{command}` ")
    invalid = run(command, variables={"GATEWAY_ALLOW_SANDBOX": "perhaps"})
    assert (invalid.returncode, invalid.stdout) == (2, "")
    assert invalid.stderr == "GATEWAY_ALLOW_SANDBOX='perhaps': it must be true or false\n"


def test_a_sandbox_runs_where_it_is_allowed_again() -> None:
    """The image's `false` is undone by the container's own environment."""
    with running("sandbox", "--port", "0", variables={"GATEWAY_ALLOW_SANDBOX": "true"}) as command:
        (line,) = command.first_lines(1)
        url = re.findall(r"http://[^ ,]+/__world", line)[0]
        assert wait_for(url, command).json()
        assert command.end() == 0


@pytest.mark.parametrize("workers", ["1", *rarely("2")])
def test_serve_answers_until_it_is_told_to_end(sandbox_url: str, workers: str) -> None:
    """With one process or several it answers, and a signal ends it with status 0."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "GATEWAY_UPSTREAM_URL": sandbox_url,
        "GATEWAY_UPSTREAM_USERNAME": "sandbox",
        "GATEWAY_UPSTREAM_PASSWORD": "sandbox",
        "GATEWAY_PORT": str(port),
        "GATEWAY_WORKERS": workers,
        "HTTP_PROXY": "http://127.0.0.1:1",
    }
    with running("serve", variables=settings) as command:
        assert wait_for(f"{url}/readyz", command).json() == {"status": "ready"}
        query = '{ customer(by: {externalId: "C-CURRENT"}) { promotions { totalCount } } }'
        assert post(f"{url}/graphql", query).json()["data"]["customer"]["promotions"]
        page = httpx.get(
            f"{url}/graphql", headers={"Accept": "text/html"}, trust_env=False, verify=TLS
        )
        assert page.status_code == 406
        assert command.end() == 0
    assert "Traceback" not in command.err
    assert command.is_gone()


def _metrics(port: int) -> str:
    return httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False, verify=TLS).text


def test_ctrl_c_ends_all_processes_of_serve(sandbox_url: str) -> None:
    """A terminal sends SIGINT to the workers as well, and no process logs an error."""
    port = free_port()
    settings = {
        "GATEWAY_UPSTREAM_URL": sandbox_url,
        "GATEWAY_UPSTREAM_AUTH": "none",
        "GATEWAY_PORT": str(port),
        "GATEWAY_WORKERS": "2",
    }
    with running("serve", variables=settings) as command:
        wait_for(f"http://127.0.0.1:{port}/healthz", command)
        # One of them may still be importing.
        assert until(lambda: "gateway_workers 2.0" in _metrics(port))
        os.killpg(command.process.pid, signal.SIGINT)
        assert command.end(0) == 0
    assert "Traceback" not in command.err
    assert command.is_gone()


def test_serve_without_a_platform_is_one_line() -> None:
    """The error names the missing setting, and the command that needs none."""
    ended = run("serve")
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = startup_mistakes(ended.stderr)
    assert line.startswith("GATEWAY_UPSTREAM_URL is required")
    assert "promotion-gateway dev" in line


@pytest.mark.parametrize("workers", ["1", *rarely("2")])
def test_serve_without_the_documents_it_trusts_is_one_line(workers: str) -> None:
    """It ends before it listens."""
    variables = {
        "GATEWAY_UPSTREAM_URL": "http://platform.example",
        "GATEWAY_UPSTREAM_AUTH": "none",
        "GATEWAY_TRUSTED_DOCUMENTS_MODE": "only",
        "GATEWAY_PORT": "0",
        "GATEWAY_WORKERS": workers,
    }
    ended = run("serve", variables=variables)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert startup_mistakes(ended.stderr) == [
        "GATEWAY_TRUSTED_DOCUMENTS_MODE=only needs GATEWAY_TRUSTED_DOCUMENTS"
    ]


def test_serve_at_a_host_that_is_none_is_one_line() -> None:
    """The error names the address, and the setting to change."""
    settings = {"GATEWAY_UPSTREAM_URL": "http://127.0.0.1:1", "GATEWAY_UPSTREAM_AUTH": "none"}
    ended = run("serve", variables=settings | {"GATEWAY_HOST": "no.such.host.invalid"})
    assert ended.returncode == 2
    (line,) = startup_mistakes(ended.stderr)
    assert re.fullmatch(
        r"cannot listen on no\.such\.host\.invalid:8000: [A-Za-z ]+;"
        r" choose another with GATEWAY_PORT or GATEWAY_HOST",
        line,
    )


@pytest.mark.parametrize("host", ["ü..x", "\udcff"])
def test_a_host_that_cannot_be_a_name_is_one_line(host: str) -> None:
    """IDNA encodes no empty label, and no bytes that are not UTF-8."""
    with pytest.raises(ServerError, match=f"^cannot listen on {host}:0: invalid address; choose"):
        listen(host, 0, "GATEWAY_HOST")


@pytest.mark.parametrize("arguments", [["config"], ["config", "--json-schema"], ["--help"]])
def test_a_reader_that_ends_early_is_no_traceback(arguments: list[str]) -> None:
    """As that of `config | head`."""
    command = [sys.executable, "-m", "gateway", *arguments]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as out:
        ended = subprocess.run(  # noqa: S603 - the command under test
            command, stdout=out, stderr=subprocess.PIPE, check=False, timeout=60
        )
    assert ended.stderr == b""


def test_config_prints_the_effective_settings(tmp_path: Path) -> None:
    """One variable a line with its origin, secrets masked, and a warning for unknown variables."""
    secret = tmp_path / "secret"
    secret.write_text("hunter3")
    variables = {
        "GATEWAY_UPSTREAM_PASSWORD": "hunter2",
        "GATEWAY_UPSTREAM_OAUTH_SECRET_FILE": str(secret),
        "GATEWAY_PROT": "1",
        "GATEWAY_WORKERS": "",
    }
    ended = run("config", variables=variables)
    printed = {
        name: [part.strip() for part in rest.split("  # ")]
        for name, rest in (line.split("=", 1) for line in ended.stdout.splitlines())
    }
    assert ended.returncode == 0
    assert printed["GATEWAY_PORT"] == ["8000", "default"]
    assert printed["GATEWAY_WORKERS"] == ["1", "default"]
    assert printed["GATEWAY_UPSTREAM_PASSWORD"] == ["********", "environment"]
    assert printed["GATEWAY_UPSTREAM_OAUTH_SECRET"] == ["********", f"file {secret}"]
    assert "hunter" not in ended.stdout
    assert ended.stderr == "warning: GATEWAY_PROT is not a setting; did you mean GATEWAY_PORT?\n"


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` prints what the metric of the build has as its label."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"promotion-gateway {version('promotion-gateway')}\n"


def test_config_of_mistakes_is_a_line_for_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Invalid settings are listed, and no value is printed."""
    monkeypatch.setenv("GATEWAY_PORT", "tcp://10.0.0.1:80")
    monkeypatch.setenv("GATEWAY_WORKERS", "0")
    assert main(["config"]) == 2
    printed, said = capsys.readouterr()
    assert printed == ""
    assert len(said.splitlines()) == 2


def test_schema_is_written_and_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` is silent where the file is current, otherwise one line and status 1."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "schema.graphql"
    said = "schema.graphql is stale: run promotion-gateway schema\n"
    assert main(["schema", "--check"]) == 1
    assert capsys.readouterr() == ("", said)
    assert main(["schema"]) == 0
    assert main(["schema", "--check"]) == 0
    assert capsys.readouterr() == ("", "")
    assert "type Query" in path.read_text(encoding="utf-8")
    path.write_bytes(path.read_bytes() + b"\xff")
    assert main(["schema", "--check"]) == 1
    assert capsys.readouterr() == ("", said)


def test_a_schema_that_cannot_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A directory in the file's place is one error line, no traceback."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "schema.graphql").mkdir()
    assert main(["schema"]) == 2
    assert capsys.readouterr().err == "schema.graphql: Is a directory\n"


def test_the_schema_is_written_where_it_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--output` names a file, which `--check` then compares, or `-` for stdout."""
    monkeypatch.chdir(tmp_path)
    assert main(["schema", "--output", "web/gateway.graphql", "--check"]) == 1
    stale = (
        "web/gateway.graphql is stale: run promotion-gateway schema --output web/gateway.graphql"
    )
    assert capsys.readouterr().err == f"{stale}\n"
    (tmp_path / "web").mkdir()
    assert main(["schema", "--output", "web/gateway.graphql"]) == 0
    assert main(["schema", "--output", "web/gateway.graphql", "--check"]) == 0
    assert main(["schema", "--output", "-"]) == 0
    written = (tmp_path / "web" / "gateway.graphql").read_text(encoding="utf-8")
    assert capsys.readouterr().out == written == print_schema()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["web"]
    assert main(["schema", "--output", "-", "--check"]) == 2
    assert "--check needs a file" in capsys.readouterr().err


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_is_enough(command: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command has a description, and one for each option."""
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"] if command else ["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "promotion-gateway" in text
    assert text.count("\n") > 5
    if command is None:
        assert all(name in text for name in COMMANDS)
        assert "promotion-gateway dev" in text
        assert "promotion-gateway config" in text


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["start"],
        ["dev", "--sandbox-port", "65536"],
        ["dev", "--sandbox-port", "-1"],
        ["sandbox", "--port", "http"],
        ["sandbox", "--port", "9" * 5_000],
        ["sandbox", "--latency-ms", "60001"],
    ],
)
def test_wrong_arguments_are_told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The error is the usage and one line, with the bounds of a number."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: promotion-gateway" in capsys.readouterr().err
