"""All settings, read from the environment; no other module reads it."""

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import PrivateAttr, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from gateway.config.auth import AuthSettings
from gateway.config.cache import CacheSettings
from gateway.config.edge import EdgeSettings
from gateway.config.graphql import DocumentSettings, LimitSettings
from gateway.config.logs import LogSettings
from gateway.config.parsing import PREFIX, allowed_values, to_text
from gateway.config.sandbox import SandboxSettings
from gateway.config.secret_files import (
    NOT_SHOWN,
    PEM,
    FileValues,
    file_variable,
    find_files,
    may_be_file,
    quote_file,
    read_files,
)
from gateway.config.tracing import TracingSettings
from gateway.config.upstream import UpstreamAuth, UpstreamSettings
from gateway.config.webhook import WebhookSettings

SUBJECTS: dict[str, type[BaseSettings]] = {
    "Server": EdgeSettings,
    "Authentication and authorization": AuthSettings,
    "Platform": UpstreamSettings,
    "Cache": CacheSettings,
    "Webhook": WebhookSettings,
    "Limits of an operation": LimitSettings,
    "Persisted operations and diagnostics": DocumentSettings,
    "Tracing": TracingSettings,
    "Log": LogSettings,
    "Sandbox": SandboxSettings,
}
"""The settings of each subject by its heading, in the order of `docs/configuration.md`."""
# Kubernetes sets these in every pod beside a Service called `gateway`; GATEWAY_PORT is another.
SERVICE_LINK = re.compile(PREFIX + r"(SERVICE_(HOST|PORT)|PORT_\d+_(TCP|UDP|SCTP))")
_Model = TypeVar("_Model", bound=BaseSettings)
_MAX_QUOTED = 100  # characters of an invalid value in its message


class SettingsError(Exception):
    """The environment is not a valid configuration; `lines` has one line for each mistake."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


_READING = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)


class Settings(
    SandboxSettings,
    TracingSettings,
    LogSettings,
    DocumentSettings,
    LimitSettings,
    WebhookSettings,
    CacheSettings,
    UpstreamSettings,
    AuthSettings,
    EdgeSettings,
):
    """The gateway's settings, frozen. An empty variable counts as one that is not set.

    The names of the subjects' validators must differ: pydantic inherits them by name.
    """

    model_config = _READING

    _paths: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @property
    def has_evictions(self) -> bool:
        """Whether cached data is dropped before its TTL ends: by events, or after writes."""
        return bool(self.webhook_secret.get_secret_value()) or self.writes

    @property
    def paths(self) -> Mapping[str, str]:
        """Return the files that values were read from, by setting."""
        return self._paths

    def read_again(self) -> Self:
        """Return these settings with what the files hold now; raise SettingsError likewise.

        A pipe can be read only once: what it held stays.
        """
        known = {name: getattr(self, name) for name in type(self).model_fields}
        again = {name: path for name, path in self._paths.items() if not Path(path).is_fifo()}
        return self._with_files(known, read_files(again)._replace(paths=dict(self._paths)))

    @classmethod
    def load(cls, overrides: Mapping[str, object]) -> Self:
        """Read the environment and the files that it names, but for `overrides`."""
        return cls._with_files(overrides, find_files(set(FILES) - overrides.keys(), _variables()))

    @classmethod
    def _with_files(cls, values: Mapping[str, object], files: FileValues) -> Self:
        settings = _load(cls, {**values, **files.values}, files)
        settings._paths = files.paths  # noqa: SLF001 - it is this class's
        return settings

    @model_validator(mode="after")
    def _reject_two_authorizations(self) -> Self:
        if self.auth == "jwt" and self.upstream_auth is UpstreamAuth.PASSTHROUGH:
            first, second = f"{PREFIX}AUTH=jwt", f"{PREFIX}UPSTREAM_AUTH=passthrough"
            raise ValueError(f"{first} and {second} both need the Authorization header")
        return self

    @model_validator(mode="after")
    def _reject_short_grace(self) -> Self:
        minimum = self.upstream_deadline_s + 1
        if self.shutdown_grace_s < minimum:
            raise ValueError(
                f"{PREFIX}SHUTDOWN_GRACE_S={self.shutdown_grace_s:g} must be at least {minimum:g}:"
                f" {PREFIX}UPSTREAM_DEADLINE_S + 1, so that requests in flight can end"
            )
        return self


FILES = tuple(name for name, field in Settings.model_fields.items() if may_be_file(field))
"""The settings whose values may stand in files."""
VARIABLES = (
    *(PREFIX + name.upper() for name in Settings.model_fields),
    *map(file_variable, FILES),
)
"""All variables that are read."""


def load_settings(**overrides: object) -> Settings:
    """Read the environment (`GATEWAY_*`) and its files; `overrides` take precedence over both.

    Raise SettingsError with one line for each mistake: the variable, its value (never a secret's)
    and what is allowed.
    """
    return Settings.load(overrides)


def allows_sandbox() -> bool:
    """Return `allow_sandbox`, whatever the other settings are: the sandbox reads none of them."""
    return _load(_SandboxAlone, {}, FileValues({}, {}, [])).allow_sandbox


class _SandboxAlone(SandboxSettings):
    model_config = _READING


class _LogAlone(LogSettings):
    model_config = _READING


def log_settings() -> LogSettings:
    """Return the settings of the log, whatever the others are; the defaults for invalid ones."""
    try:
        return _load(_LogAlone, {}, FileValues({}, {}, []))
    except SettingsError:
        return LogSettings.model_construct()


def is_traced(settings: Settings) -> bool:
    """Whether requests have spans: with a collector, unless the SDK itself is switched off."""
    is_disabled = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    return bool(settings.tracing_url) and not is_disabled


def _variables() -> dict[str, str]:
    """Return the environment with names in lower case, as pydantic reads it."""
    return {name.lower(): value for name, value in os.environ.items()}


def _load(model: type[_Model], values: Mapping[str, object], files: FileValues) -> _Model:
    lines = files.mistakes
    try:
        settings = model(**values)  # type: ignore[arg-type]  # pydantic validates them
    except ValidationError as error:
        problems = error.errors()
        lists = {problem["loc"][0] for problem in problems if len(problem["loc"]) > 1}
        # A list without a valid item is "too short" as well; its items' errors say more. A value
        # that a file lacks is missing because of that file.
        lines = lines + [
            _line(problem, files)
            for problem in problems
            if (problem["loc"] or not lines)
            and (len(problem["loc"]) != 1 or problem["loc"][0] not in lists)
        ]
    if lines:
        raise SettingsError(lines)
    return settings


def _line(problem: Any, files: FileValues) -> str:
    if not problem["loc"]:
        return re.sub(r"^Value error, ", "", problem["msg"])
    name = str(problem["loc"][0])
    variable, field, value = PREFIX + name.upper(), Settings.model_fields[name], problem["input"]
    if name in files.values:
        path = quote_file(name, files.paths[name])
        return f"{path}: its content must be {allowed_values(field)}"
    line = f"{variable}={_quote(field, value, files)}: it must be {allowed_values(field)}"
    if name in {"port", "admin_port"} and "://" in str(value):
        line += (
            " (Kubernetes sets it so beside a Service called gateway: set enableServiceLinks to"
            " false, or the variable yourself)"
        )
    return line


def _quote(field: FieldInfo, value: object, files: FileValues) -> str:
    """Return an invalid value for its message, unless it is a secret or may contain one."""
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    variables = _variables()
    secrets = {
        files.values.get(name) or variables.get((PREFIX + name).lower())
        for name, other in Settings.model_fields.items()
        if other.annotation is SecretStr
    }
    hides = (
        may_be_file(field)  # a username, too: with a colon it has the password behind that
        or field.repr is False
        or any(secret in text for secret in secrets if secret)
    )
    if hides or {"@", "?", "#"} & set(text) or PEM in text:
        return NOT_SHOWN
    return repr(text if len(text) <= _MAX_QUOTED else text[:_MAX_QUOTED] + "…")


def allowed(name: str) -> str:
    """Return what a setting may be, as text that follows "it must be"."""
    return allowed_values(Settings.model_fields[name])


def unknown_variables() -> list[str]:
    """Return a line for each `GATEWAY_*` variable that is not a setting, with a similar setting."""
    known = [name.removeprefix(PREFIX) for name in VARIABLES]
    lines = []
    for name in sorted(os.environ):
        word = name.removeprefix(PREFIX)
        if word == name or word in known or SERVICE_LINK.match(name):
            continue
        similar = difflib.get_close_matches(word, known, 1)
        hint = f"; did you mean {PREFIX}{similar[0]}?" if similar else ""
        lines.append(f"{name} is not a setting{hint}")
    return lines


def origins(settings: Settings) -> dict[str, str]:
    """Return where the values of loaded settings come from, by their variables' names."""
    variables = _variables()
    return {
        PREFIX + name.upper(): (
            f"file {settings.paths[name]}"
            if name in settings.paths
            else "environment"
            if variables.get((PREFIX + name).lower())
            else "default"
        )
        for name in Settings.model_fields
    }


def effective(settings: Settings) -> dict[str, str]:
    """Return the values of all settings by their variables' names, secrets masked."""
    return {
        PREFIX + name.upper(): to_text(getattr(settings, name)) for name in Settings.model_fields
    }
