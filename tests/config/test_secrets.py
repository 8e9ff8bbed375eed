"""Secrets in settings: no message and no output repeats them."""

import pytest

from gateway.config.settings import effective, load_settings
from tests.support.environment import mistakes

pytestmark = pytest.mark.usefixtures("environment")


@pytest.mark.parametrize(
    "url",
    [
        "https://till:hunter2@platform.example",
        "https://hunter2@platform.example",
        "https://platform.example/?token=hunter2",
        "https://platform.example/#hunter2",
        "till:hunter2@platform.example",
    ],
)
def test_a_secret_in_a_url_is_not_repeated(environment: pytest.MonkeyPatch, url: str) -> None:
    """An origin has no user, query and fragment, and its error message shows none."""
    (line,) = mistakes(environment, UPSTREAM_URL=url)
    assert line.startswith("GATEWAY_UPSTREAM_URL=(not shown, it may hold a secret): it must be an")
    assert "hunter2" not in line


@pytest.mark.parametrize("name", ["PORT", "UPSTREAM_AUTH", "LOG_FORMAT", "DEFINITION_SOURCE_TYPES"])
def test_a_secret_in_a_wrong_place_is_not_repeated(
    environment: pytest.MonkeyPatch, name: str
) -> None:
    """A password that was pasted into another variable, too, is not repeated."""
    (line,) = mistakes(environment, **{"UPSTREAM_PASSWORD": "hunter2", name: "hunter2"})
    assert line.startswith(f"GATEWAY_{name}=(not shown")
    assert "hunter2" not in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UPSTREAM_USERNAME", "till:hunter2"),
        ("UPSTREAM_USERNAME", "hunter2 "),
        ("UPSTREAM_OAUTH_KEY", "key\thunter2"),
    ],
)
def test_a_secret_beside_its_name_is_not_repeated(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Both in the variable of the name is a mistake whose message shows neither."""
    (line,) = mistakes(environment, **{name: value})
    assert line.startswith(
        f"GATEWAY_{name}=(not shown, it may hold a secret): it must be a text of printable"
    )
    assert "hunter2" not in line


@pytest.mark.parametrize("name", ["UPSTREAM_CLIENT_CERT_FILE", "CACHE_CA_FILE", "UNIX_SOCKET"])
def test_a_key_in_the_place_of_its_path_is_not_repeated(
    environment: pytest.MonkeyPatch, name: str
) -> None:
    """A variable ending in _FILE invites to set the content."""
    (line,) = mistakes(environment, **{name: "-----BEGIN PRIVATE KEY-----\nhunter2"})
    assert line.startswith(f"GATEWAY_{name}=(not shown")


@pytest.mark.parametrize("name", ["UPSTREAM_PASSWORD", "UPSTREAM_OAUTH_SECRET"])
@pytest.mark.parametrize(
    "secret",
    ["hunter2\n", "hunter2 ", " hunter2", "hunter2\r\n", "\thunter2", "hun\nter2", "hunter2\x7f",
     "\ufeffhunter2", "hunter2\u200b", "hunter2\udcff", " "],
)  # fmt: skip
def test_a_secret_with_what_a_file_has_added_stops_the_start(
    environment: pytest.MonkeyPatch, name: str, secret: str
) -> None:
    """One line names the variable and what is allowed, and nothing of the value."""
    (line,) = mistakes(environment, **{name: secret})
    assert line == (
        f"GATEWAY_{name}=(not shown, it may hold a secret): it must be a text of printable"
        " characters without leading or trailing whitespace"
    )


@pytest.mark.parametrize("secret", ["hunter 2", "hünter2", "hunter:2", "密码"])
def test_a_secret_may_be_any_other_text(environment: pytest.MonkeyPatch, secret: str) -> None:
    """The value is sent to the platform as it was set."""
    assert mistakes(environment, UPSTREAM_PASSWORD=secret, UPSTREAM_OAUTH_SECRET=secret) == []


def test_secrets_are_masked_wherever_settings_are_shown(environment: pytest.MonkeyPatch) -> None:
    """Neither `repr` nor the effective settings contain a secret."""
    environment.setenv("GATEWAY_UPSTREAM_PASSWORD", "hunter2")
    environment.setenv("GATEWAY_UPSTREAM_OAUTH_SECRET", "hunter3")
    settings = load_settings()
    shown = f"{settings!r}{settings}{effective(settings)}"
    assert "hunter" not in shown
    assert effective(settings)["GATEWAY_UPSTREAM_PASSWORD"] == "********"
    assert settings.upstream_password.get_secret_value() == "hunter2"
