"""Secrets in files: `GATEWAY_X_FILE` instead of `GATEWAY_X`."""

import os
from pathlib import Path
from threading import Thread

import pytest
from pydantic import SecretStr

from gateway.config.secret_files import MAX_FILE_BYTES, file_variable
from gateway.config.settings import FILES, Settings, effective, load_settings, unknown_variables
from tests.support.environment import mistakes

pytestmark = pytest.mark.usefixtures("environment")

SECRETS = [name for name, field in Settings.model_fields.items() if field.annotation is SecretStr]
VALUES = {
    "cache_url": "redis://:a%20password@h",
    "cache_key_secret": "a secret of 16 bytes",
    "auth_jwks_proxy": "http://till:hunter2@proxy.example",
    "webhook_secret": "a secret of 16 bytes",
    "tracing_headers": "x-api-key=hunter2",
    "upstream_proxy": "http://till:hunter2@proxy.example",
}


def _plain(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def test_every_secret_may_be_in_a_file() -> None:
    """So may what belongs to one: the user, the client key, and the URL that has a password."""
    assert set(SECRETS) < set(FILES)
    assert {"upstream_username", "upstream_oauth_key", "cache_url"} <= set(FILES)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
@pytest.mark.parametrize("name", FILES)
def test_a_secret_is_read_from_its_file(
    environment: pytest.MonkeyPatch, tmp_path: Path, name: str, end: str
) -> None:
    """The end of the last line, which editors add, is no part of it."""
    value = VALUES.get(name, "p\u00e4ss word")
    path = tmp_path / "file"
    path.write_bytes((value + end).encode())
    if name == "cache_url":
        environment.setenv("GATEWAY_CACHE_KEY_SECRET", VALUES["cache_key_secret"])
    environment.setenv(file_variable(name), str(path))
    settings = load_settings()
    assert _plain(settings, name) == value
    assert settings.paths == {name: str(path)}
    assert unknown_variables() == []


def test_a_pipe_is_read_once(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Reading the files again, one of which is a pipe, waits for no writer."""
    pipe, file = tmp_path / "pipe", tmp_path / "file"
    os.mkfifo(pipe)
    file.write_text("till")
    environment.setenv("GATEWAY_UPSTREAM_PASSWORD_FILE", str(pipe))
    environment.setenv("GATEWAY_UPSTREAM_USERNAME_FILE", str(file))
    writer = Thread(target=pipe.write_text, args=("hunter2",))
    writer.start()
    settings = load_settings()
    writer.join()
    file.write_text("other")
    again = settings.read_again()
    assert (_plain(again, "upstream_username"), _plain(again, "upstream_password")) == (
        "other",
        "hunter2",
    )
    assert again.paths == settings.paths


@pytest.mark.parametrize("name", SECRETS)
def test_both_are_a_mistake(environment: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    """It would not be clear which one counts; the line has neither value."""
    (tmp_path / "file").write_text("hunter2hunter2hunter2")
    told = mistakes(
        environment, **{name.upper(): "hunter3", f"{name.upper()}_FILE": str(tmp_path / "file")}
    )
    assert told[0] == (
        f"GATEWAY_{name.upper()} and GATEWAY_{name.upper()}_FILE are both set: unset one of them"
    )
    assert "hunter" not in "".join(told)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, ": No such file or directory"),
        (b"", ": it must be a file of UTF-8 text, not empty and of at most 65536 bytes"),
        (b"\n", ": it must be a file of UTF-8 text, not empty and of at most 65536 bytes"),
        (b"hunter2\xff", ": it must be a file of UTF-8 text, not empty and"),
        (b"h" * (MAX_FILE_BYTES + 1), ": it must be a file of UTF-8 text, not empty and"),
        (b"hunter2 \n", ": its content must be a text of printable characters without leading"),
        (b"hunter2\n\n", ": its content must be a text of printable characters without leading"),
    ],
)
def test_a_file_that_holds_no_value_is_one_line(
    environment: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, told: str
) -> None:
    """The line names the variable and the file and nothing of the content."""
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    variables = {"UPSTREAM_URL": "https://platform.example", "UPSTREAM_USERNAME": "till"}
    (line,) = mistakes(environment, **variables, UPSTREAM_PASSWORD_FILE=str(path))
    assert line.startswith(f"GATEWAY_UPSTREAM_PASSWORD_FILE={str(path)!r}{told}")
    assert "hunter" not in line


def test_a_folder_and_other_mistakes_are_told_at_once(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A file is a mistake among others; what else is missing because of it is none."""
    lines = mistakes(
        environment,
        UPSTREAM_URL="https://platform.example",
        UPSTREAM_PASSWORD_FILE=str(tmp_path),
        PORT="http",
    )
    assert [line.partition(":")[0] for line in lines] == [
        f"GATEWAY_UPSTREAM_PASSWORD_FILE={str(tmp_path)!r}",
        "GATEWAY_PORT='http'",
    ]


def test_a_secret_in_place_of_a_path_is_not_repeated(environment: pytest.MonkeyPatch) -> None:
    """Who sets `_FILE` to the secret itself does not find it in the log."""
    (line,) = mistakes(environment, UPSTREAM_PASSWORD_FILE="hunter2")
    assert line == (
        "GATEWAY_UPSTREAM_PASSWORD_FILE=(not shown, it may hold a secret):"
        " No such file or directory"
    )


def test_a_secret_of_a_file_in_a_wrong_place_is_not_repeated(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A password that was pasted into another variable, too, is not repeated."""
    (tmp_path / "file").write_text("hunter2")
    variables = {"UPSTREAM_PASSWORD_FILE": str(tmp_path / "file"), "LOG_FORMAT": "hunter2"}
    (line,) = mistakes(environment, **variables)
    assert line.startswith("GATEWAY_LOG_FORMAT=(not shown")


def test_only_secrets_may_be_in_files(environment: pytest.MonkeyPatch) -> None:
    """Another setting with `_FILE` is an unknown variable, and an empty one counts as not set."""
    environment.setenv("GATEWAY_PORT_FILE", "/run/port")
    environment.setenv("GATEWAY_UPSTREAM_PASSWORD_FILE", "")
    assert unknown_variables() == ["GATEWAY_PORT_FILE is not a setting; did you mean GATEWAY_PORT?"]
    assert load_settings().paths == {}


def test_what_is_given_wins_over_a_file(environment: pytest.MonkeyPatch) -> None:
    """The file of a setting that a command overrides is not read."""
    environment.setenv("GATEWAY_UPSTREAM_PASSWORD_FILE", "/nowhere/file")
    settings = load_settings(upstream_password="sandbox")
    assert settings.upstream_password.get_secret_value() == "sandbox"


def test_files_are_read_again(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """All other settings stay, even if the environment has changed; nothing shows a secret."""
    path = tmp_path / "file"
    path.write_text("hunter2")
    environment.setenv("GATEWAY_UPSTREAM_PASSWORD_FILE", str(path))
    environment.setenv("GATEWAY_DEFINITION_SOURCE_TYPES", "CAMPAIGN")
    settings = load_settings(port=1)
    (tmp_path / "new").write_text("hunter3")
    os.replace(tmp_path / "new", path)  # noqa: PTH105 - as tools replace a file
    environment.setenv("GATEWAY_WORKERS", "2")
    changed = settings.read_again()
    assert _plain(settings, "upstream_password") == "hunter2"
    assert _plain(changed, "upstream_password") == "hunter3"
    assert effective(changed) == effective(settings)
    assert changed.paths == settings.paths
    assert "hunter" not in f"{changed!r}{effective(changed)}"
