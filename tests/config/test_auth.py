"""Settings of authentication, and the ones that prevent a start."""

import logging
from collections.abc import Callable, Iterator

import pytest

from gateway.cli import main
from gateway.config.auth import is_loopback
from gateway.config.parsing import PREFIX
from gateway.telemetry import reset_logging
from tests.support.environment import mistakes
from tests.support.logged import startup_mistakes

pytestmark = pytest.mark.usefixtures("environment")

WHOLE = {
    "AUTH": "jwt",
    "AUTH_JWKS_URL": "https://issuer.example/keys",
    "AUTH_ISSUER": "https://issuer.example",
    "AUTH_AUDIENCE": "promotions",
}


def test_what_a_token_is_checked_with_must_be_whole(environment: pytest.MonkeyPatch) -> None:
    """Keys, issuer and audience: without one of them tokens for others would be accepted."""
    assert mistakes(environment, **WHOLE) == []
    environment.delenv("GATEWAY_AUTH_AUDIENCE")
    assert mistakes(environment) == ["GATEWAY_AUTH=jwt needs GATEWAY_AUTH_AUDIENCE"]
    environment.delenv("GATEWAY_AUTH_ISSUER")
    assert mistakes(environment) == [
        "GATEWAY_AUTH=jwt needs GATEWAY_AUTH_ISSUER and GATEWAY_AUTH_AUDIENCE"
    ]


def test_keys_come_from_one_place(environment: pytest.MonkeyPatch) -> None:
    """Keys come from exactly one source: two could disagree."""
    line = "GATEWAY_AUTH=jwt needs GATEWAY_AUTH_JWKS_URL or GATEWAY_AUTH_KEY_FILE, and not both"
    assert mistakes(environment, **WHOLE | {"AUTH_KEY_FILE": "/run/key.pem"}) == [line]
    assert mistakes(environment, AUTH_JWKS_URL="") == []
    assert mistakes(environment, AUTH_KEY_FILE="") == [line]


def test_jwt_and_passthrough_exclude_each_other(environment: pytest.MonkeyPatch) -> None:
    """Both need the same Authorization header."""
    assert mistakes(environment, **WHOLE, UPSTREAM_AUTH="passthrough") == [
        "GATEWAY_AUTH=jwt and GATEWAY_UPSTREAM_AUTH=passthrough both need the Authorization header"
    ]


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("AUTH", "oauth", "one of none, jwt"),
        ("AUTH_ALGORITHMS", "none", "comma-separated words, at least one, each"),
        ("AUTH_ALGORITHMS", "HS256", "comma-separated words, at least one, each"),
        ("AUTH_ALGORITHMS", ",", "comma-separated words, at least one, each"),
        ("AUTH_JWKS_URL", "http://issuer.example/keys", "an https URL without user"),
        ("AUTH_JWKS_URL", "http://10.0.0.1/keys", "an https URL without user"),
        ("AUTH_JWKS_URL", "https://", "an https URL without user"),
        ("AUTH_JWKS_URL", "https://issuer.example:x/", "an https URL without user"),
        ("AUTH_JWKS_URL", "file:///etc/keys", "an https URL without user"),
        ("AUTH_JWKS_URL", "issuer.example/keys", "an https URL without user"),
        ("AUTH_JWKS_TTL_S", "0", "a number from 1 to 86400"),
        ("AUTH_JWKS_STALE_S", "-1", "a number from 0 to 86400"),
        ("ALLOW_ANONYMOUS", "perhaps", "true or false"),
    ],
)  # fmt: skip
def test_a_bad_value_is_one_line(
    environment: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    """The line names the variable and what is allowed."""
    (line,) = mistakes(environment, **{name: value})
    assert line.startswith(f"GATEWAY_{name}=")
    assert f": it must be {allowed}" in line


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/keys", "http://[::1]/keys", "http://localhost/keys?p=signing"]
)
def test_keys_of_this_machine_need_no_tls(environment: pytest.MonkeyPatch, url: str) -> None:
    """Nobody on the network can replace the keys."""
    assert mistakes(environment, **WHOLE | {"AUTH_JWKS_URL": url}) == []


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104 - it is not bound to
        ("::", False),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("localhost.example", False),
        ("gateway", False),
    ],
)
def test_an_address_of_this_machine_alone_is_told(host: str, is_own: bool) -> None:  # noqa: FBT001 - a column
    """A name can resolve to any address, so that only localhost is loopback."""
    assert is_loopback(host) == is_own


Serve = Callable[[dict[str, str]], str]


@pytest.fixture
def serve(environment: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Serve]:
    """Return a function that runs `serve`, which must not start, and returns its only line."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def run_serve(variables: dict[str, str]) -> str:
        for name, value in variables.items():
            environment.setenv(name, value)
        assert main(["serve"]) == 2
        out, err = capfd.readouterr()
        (line,) = startup_mistakes(err)
        assert out == ""
        return line

    yield run_serve
    root.handlers[:] = handlers
    root.setLevel(level)
    reset_logging()


@pytest.mark.parametrize("auth", ["basic", "oauth"])
def test_serve_lends_its_credential_to_nobody_unknown(serve: Serve, auth: str) -> None:
    """Open to the network, with a credential of its own and without tokens, it does not start."""
    variables = {
        "GATEWAY_UPSTREAM_URL": "http://127.0.0.1:1",
        "GATEWAY_UPSTREAM_AUTH": auth,
        "GATEWAY_UPSTREAM_USERNAME": "till",
        "GATEWAY_UPSTREAM_PASSWORD": "hunter2",
        "GATEWAY_UPSTREAM_OAUTH_KEY": "key",
        "GATEWAY_UPSTREAM_OAUTH_SECRET": "hunter2",
        "GATEWAY_HOST": "0.0.0.0",  # noqa: S104 - it is not bound to
        "GATEWAY_PORT": "0",
    }
    line = serve(variables)
    assert line.startswith("GATEWAY_AUTH=none on GATEWAY_HOST=0.0.0.0 would let unauth")
    assert "GATEWAY_AUTH=jwt" in line
    assert "GATEWAY_ALLOW_ANONYMOUS=true" in line


@pytest.mark.parametrize(
    "allowing",
    [
        {"GATEWAY_ALLOW_ANONYMOUS": "true"},
        {"GATEWAY_UPSTREAM_AUTH": "passthrough"},
        {"GATEWAY_UPSTREAM_AUTH": "none"},
        {f"{PREFIX}{name}": value for name, value in WHOLE.items()},
    ],
    ids=str,
)
def test_serve_is_open_where_that_lends_nothing(serve: Serve, allowing: dict[str, str]) -> None:
    """With the explicit setting, without a credential, or with tokens it listens."""
    variables = {
        "GATEWAY_UPSTREAM_URL": "http://127.0.0.1:1",
        "GATEWAY_UPSTREAM_USERNAME": "till",
        "GATEWAY_UPSTREAM_PASSWORD": "hunter2",
        "GATEWAY_HOST": "192.0.2.1",  # nobody's address: it is refused by the system
    }
    assert serve(variables | allowing).startswith("cannot listen on 192.0.2.1:8000")


def test_a_key_file_that_is_none_stops_serve_with_one_line(serve: Serve) -> None:
    """It is reported before a worker starts."""
    variables = {f"{PREFIX}{name}": value for name, value in WHOLE.items()} | {
        "GATEWAY_UPSTREAM_URL": "http://127.0.0.1:1",
        "GATEWAY_UPSTREAM_AUTH": "none",
        "GATEWAY_AUTH_JWKS_URL": "",
        "GATEWAY_AUTH_KEY_FILE": "/nowhere/key.pem",
        "GATEWAY_WORKERS": "2",
    }
    assert serve(variables).startswith(
        "GATEWAY_AUTH_KEY_FILE='/nowhere/key.pem': it must be a readable file with a pub"
    )
