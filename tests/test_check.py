"""`promotion-gateway check`: one line a part, and an exit status for pipelines."""

import ssl
from collections.abc import Mapping
from pathlib import Path

import pytest
import trustme

from gateway.cli import main
from tests.support.commands import free_port
from tests.support.tls_proxy import tls_proxy
from tests.support.tokens import Issuer, KeyServer
from tests.support.valkey import Valkey
from tests.support.valkey_cluster import ValkeyCluster
from tests.support.valkey_sentinel import SERVICE, ValkeySentinel
from tests.upstream.http1.test_client_certificates import files

PLATFORM = {"GATEWAY_UPSTREAM_AUTH": "none", "GATEWAY_CACHE_KEY_SECRET": "0123456789abcdef"}
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def check(environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> "Check":
    """Return a function that runs the command with these variables."""
    return Check(environment, capsys)


class Check:
    """Runs the command; returns its exit status and its lines."""

    def __init__(self, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._environment, self._capsys = environment, capsys

    def __call__(self, variables: Mapping[str, str], *options: str) -> tuple[int, list[str]]:
        """Run it."""
        for name, value in (PLATFORM | dict(variables)).items():
            self._environment.setenv(name, value)
        status = main(["check", *options])
        printed, said = self._capsys.readouterr()
        assert said == ""
        return status, printed.splitlines()


def test_valid_settings_are_ok_without_a_network(check: Check, tmp_path: Path) -> None:
    """Without `--connect` nothing is called, and each file has a line."""
    password = tmp_path / "password"
    password.write_text("hunter2")
    variables = {
        "GATEWAY_UPSTREAM_URL": NOWHERE,
        "GATEWAY_CACHE_URL": "redis://redis.invalid",
        "GATEWAY_UPSTREAM_PASSWORD_FILE": str(password),
    }
    assert check(variables) == (
        0, ["ok       settings", f"ok       GATEWAY_UPSTREAM_PASSWORD_FILE={str(password)!r}"]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "GATEWAY_UPSTREAM_URL is required"),
        (
            {"GATEWAY_UPSTREAM_URL": NOWHERE, "GATEWAY_HOST": "0.0.0.0",  # noqa: S104
             "GATEWAY_UPSTREAM_AUTH": "basic", "GATEWAY_UPSTREAM_USERNAME": "till",
             "GATEWAY_UPSTREAM_PASSWORD": "hunter2"},
            "GATEWAY_AUTH=none on GATEWAY_HOST=0.0.0.0 would",
        ),
        (
            {"GATEWAY_UPSTREAM_URL": NOWHERE, "GATEWAY_AUTH": "jwt", "GATEWAY_AUTH_ISSUER": "i",
             "GATEWAY_AUTH_AUDIENCE": "a", "GATEWAY_AUTH_KEY_FILE": "/nowhere/key.pem"},
            "GATEWAY_AUTH_KEY_FILE='/nowhere/key.pem': it must be a readable file",
        ),
        (
            {"GATEWAY_UPSTREAM_URL": NOWHERE, "GATEWAY_TRUSTED_DOCUMENTS": "/nowhere/map.json"},
            "GATEWAY_TRUSTED_DOCUMENTS=/nowhere/map.json: No such file or directory",
        ),
        (
            {"GATEWAY_UPSTREAM_URL": NOWHERE, "GATEWAY_UPSTREAM_PASSWORD_FILE": "/nowhere/file"},
            "GATEWAY_UPSTREAM_PASSWORD_FILE='/nowhere/file': No such file or directory",
        ),
    ],
)  # fmt: skip
def test_what_stops_a_start_fails(check: Check, variables: dict[str, str], told: str) -> None:
    """Each mistake is a line, as `serve` would write it, and the exit status is 1."""
    status, lines = check(variables)
    assert status == 1
    (line,) = (line for line in lines if not line.startswith("ok "))
    assert line.startswith(f"failed   {told}")


def test_every_mistake_and_every_unknown_variable_has_a_line(check: Check) -> None:
    """An unknown variable is a warning, which fails nothing by itself."""
    status, lines = check({"GATEWAY_PORT": "http", "GATEWAY_WORKERS": "0", "GATEWAY_PROT": "1"})
    assert (status, [line.split()[0] for line in lines]) == (1, ["warning", "failed", "failed"])
    good = {"GATEWAY_PORT": "1", "GATEWAY_WORKERS": "1", "GATEWAY_UPSTREAM_URL": NOWHERE}
    assert check(good)[0] == 0


def test_connect_reaches_everything(check: Check, sandbox_url: str) -> None:
    """The platform is connected to without a call; Redis and the JWK set answer."""
    valkey = Valkey()
    try:
        with KeyServer([Issuer().jwk()]).serving() as keys:
            variables = {
                "GATEWAY_UPSTREAM_URL": sandbox_url,
                "GATEWAY_CACHE_URL": valkey.url,
                "GATEWAY_AUTH": "jwt",
                "GATEWAY_AUTH_ISSUER": "i",
                "GATEWAY_AUTH_AUDIENCE": "a",
                "GATEWAY_AUTH_JWKS_URL": keys.url,
            }
            assert check(variables, "--connect") == (
                0,
                [
                    "ok       settings",
                    "ok       platform: can be connected to",
                    "ok       redis: answers",
                    "ok       auth keys: 1 in the JWK set",
                ],
            )
    finally:
        valkey.stop()


def test_connect_reaches_redis_by_its_sentinels_and_in_a_cluster(
    check: Check, sandbox_url: str
) -> None:
    """A service that the sentinels do not know is a line with Redis's own words."""
    cluster, valkey = ValkeyCluster(1), Valkey()
    sentinel = ValkeySentinel(valkey.port)
    try:
        url = f"redis+sentinel://127.0.0.1:{sentinel.port}"
        for found, address in (
            ("ok       redis: answers", cluster.url),
            ("ok       redis: answers", f"{url}/{SERVICE}"),
            ("failed   redis: ResponseError: No such master with that name", f"{url}/another"),
        ):
            variables = {"GATEWAY_UPSTREAM_URL": sandbox_url, "GATEWAY_CACHE_URL": address}
            assert check(variables, "--connect")[1][-1] == found
    finally:
        sentinel.stop()
        valkey.stop()
        cluster.stop()


def test_connect_presents_the_certificate_to_redis(
    check: Check, sandbox_url: str, tmp_path: Path
) -> None:
    """By the setting of each file."""
    authority, valkey = trustme.CA(), Valkey()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    paths = files(authority, tmp_path, peer="cache")
    try:
        with tls_proxy(valkey.port, context) as proxy:
            variables = {
                "GATEWAY_UPSTREAM_URL": sandbox_url,
                "GATEWAY_CACHE_URL": f"rediss://127.0.0.1:{proxy.port}",
            } | {f"GATEWAY_{name.upper()}": path for name, path in paths.items()}
            assert check(variables, "--connect")[1][-1] == "ok       redis: answers"
            assert proxy.peers == ["gateway.example"]
    finally:
        valkey.stop()


def test_what_cannot_be_reached_fails_by_itself(check: Check) -> None:
    """Each part has its line with a reason, and no line holds a secret."""
    with KeyServer([], status=503).serving() as keys:
        variables = {
            "GATEWAY_UPSTREAM_URL": f"https://127.0.0.1:{free_port()}",
            "GATEWAY_CACHE_URL": f"redis://till:hunter2@127.0.0.1:{free_port()}",
            "GATEWAY_AUTH": "jwt",
            "GATEWAY_AUTH_ISSUER": "i",
            "GATEWAY_AUTH_AUDIENCE": "a",
            "GATEWAY_AUTH_JWKS_URL": f"{keys.url}?token=hunter3",
        }
        status, lines = check(variables, "--connect")
    assert status == 1
    assert lines[0] == "ok       settings"
    assert [line.partition(": ")[0] for line in lines[1:]] == [
        "failed   platform",
        "failed   redis",
        "failed   auth keys",
    ]
    assert lines[3].endswith("ValueError: HTTP 503")
    assert "hunter" not in "".join(lines)


def test_a_wrong_password_of_redis_is_told(check: Check, sandbox_url: str) -> None:
    """The reason is Redis's own."""
    valkey = Valkey()
    try:
        valkey.execute("CONFIG", "SET", "requirepass", "hunter2")
        url = valkey.url.replace("redis://", "redis://:hunter3@")
        variables = {"GATEWAY_UPSTREAM_URL": sandbox_url, "GATEWAY_CACHE_URL": url}
        status, lines = check(variables, "--connect")
    finally:
        valkey.stop()
    assert status == 1
    assert lines[-1].startswith("failed   redis: AuthenticationError: ")
    assert "hunter" not in "".join(lines)
