"""Every setting: its unit in its name, its default, what it may be. The only environment reader."""

import difflib
import os
import re
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from gateway.request import Role

PREFIX = "GATEWAY_"


class UpstreamAuth(StrEnum):
    """How the gateway authenticates to the platform."""

    BASIC = "basic"
    OAUTH = "oauth"
    PASSTHROUGH = "passthrough"
    NONE = "none"


class SettingsError(Exception):
    """The environment does not make a configuration; `lines` has one line for each mistake."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


_SOURCE_TYPES = Literal[
    "UI",
    "IMPORT",
    "GOODWILL",
    "CAMPAIGN",
    "POINTS_TRANSFER",
    "IMPORT_API",
    "PROMOTION_API",
    "POINTS_CONTRIBUTION_TO_GROUP",
    "MANUAL_POINTS_ADJUSTMENT",
    "BADGES",
    "USER_CREATED",
]


class Settings(BaseSettings):
    """The gateway's settings; each field's description is its line in the README's table."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    workers: int = Field(1, ge=1, le=256, description="Processes that `serve` starts.")
    upstream_url: str = Field(
        "", description="The platform's origin, e.g. https://eu.api.capillarytech.com."
    )
    upstream_auth: UpstreamAuth = Field(
        UpstreamAuth.BASIC,
        description="How to authenticate to the platform: basic, oauth, none, or passthrough (the"
        " caller's own Authorization or token header).",
    )
    upstream_username: str = Field("", description="A till's id, for basic.")
    upstream_password: SecretStr = Field(SecretStr(""), description="Its password, for basic.")
    upstream_oauth_key: str = Field("", description="The client key, for oauth.")
    upstream_oauth_secret: SecretStr = Field(SecretStr(""), description="Its secret, for oauth.")
    upstream_oauth_header: str = Field(
        "X-CAP-API-OAUTH-TOKEN",
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        description="The header that carries the token; CAP-API-ACCESS-TOKEN on some clusters.",
    )
    upstream_deadline_s: float = Field(
        5.0, gt=0, le=120, description="Seconds for all upstream work of one operation."
    )
    upstream_max_connections: int = Field(
        100, ge=1, le=10_000, description="Connections to the platform at once."
    )
    upstream_max_calls_per_operation: int = Field(
        40, ge=1, le=10_000, description="Upstream calls that one operation may make."
    )
    upstream_max_response_bytes: int = Field(
        10 * 1024 * 1024, ge=1024, description="Largest answer that is read, after decompression."
    )
    upstream_ca_file: str = Field("", description="A PEM file of authorities to trust instead.")
    definition_source_types: Annotated[tuple[_SOURCE_TYPES, ...], NoDecode] = Field(
        ("UI", "PROMOTION_API", "CAMPAIGN", "USER_CREATED"),
        min_length=1,
        description="Source types in which a definition is looked for, in this order.",
    )
    anonymous_roles: Annotated[frozenset[Role], NoDecode] = Field(
        frozenset(),
        description="Roles of a caller that nobody has authenticated; `rulesets` opens"
        " `PromotionDefinition.rulesets`. `dev` gives it.",
    )
    max_body_bytes: int = Field(256 * 1024, ge=1024, description="Largest request body, in bytes.")
    graphiql: bool = Field(
        default=False, description="GraphiQL at /graphql for a browser; on in `dev`."
    )
    introspection: bool = Field(
        default=True, description="Whether the schema may be asked for; GraphiQL needs it."
    )
    report_upstream: bool = Field(
        default=False,
        description="Tell in `extensions.upstream` what an operation cost; on in `dev`.",
    )
    log_format: Literal["json", "console"] = Field(
        "json", description="json: one object a line; console: for people. `dev` takes console."
    )

    @field_validator("definition_source_types", "anonymous_roles", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Read a list as the environment writes it: words with commas between them."""
        return (
            [word.strip() for word in value.split(",") if word.strip()]
            if isinstance(value, str)
            else value
        )

    @field_validator("upstream_url")
    @classmethod
    def _origin(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (
            parts.scheme not in {"http", "https"}
            or not parts.hostname
            or parts.query
            or parts.fragment
            or parts.username is not None
        ):
            raise ValueError("an http or https URL without user, query and fragment")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _credentials(self) -> Self:
        needed = {
            UpstreamAuth.BASIC: ("upstream_username", "upstream_password"),
            UpstreamAuth.OAUTH: ("upstream_oauth_key", "upstream_oauth_secret"),
        }.get(self.upstream_auth, ())
        missing = [name for name in needed if not _plain(getattr(self, name))]
        if self.upstream_url and missing:
            names = " and ".join(PREFIX + name.upper() for name in missing)
            raise ValueError(f"{PREFIX}UPSTREAM_AUTH={self.upstream_auth} needs {names}")
        return self


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def load_settings(**overrides: object) -> Settings:
    """Read the environment (`GATEWAY_*`), over which `overrides` win.

    Raises SettingsError with one line for each mistake: the variable, its value (never a secret's)
    and what is allowed.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks them, and says why
    except ValidationError as error:
        raise SettingsError([_line(problem) for problem in error.errors()]) from None


def _line(problem: Any) -> str:
    allowed = re.sub(r"^Value error, ", "", problem["msg"])
    if not problem["loc"]:
        return allowed
    name = str(problem["loc"][0])
    field = Settings.model_fields[name]
    value = "(a secret)" if field.annotation is SecretStr else repr(problem["input"])
    return f"{PREFIX}{name.upper()}={value}: {allowed[:1].lower()}{allowed[1:]}"


def unknown_variables() -> list[str]:
    """Name the `GATEWAY_*` variables that are no setting, each with the setting it resembles."""
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    lines = []
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in known:
            close = difflib.get_close_matches(name, known, 1)
            lines.append(f"{name} is no setting" + (f"; {close[0]} is" if close else ""))
    return lines


def effective(settings: Settings) -> dict[str, str]:
    """Give every setting as its variable and value, secrets masked."""
    return {
        PREFIX + name.upper(): _shown(getattr(settings, name)) for name in Settings.model_fields
    }


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "********" if value.get_secret_value() else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | frozenset):
        return ",".join(sorted(map(_shown, value)) if isinstance(value, frozenset) else value)
    return str(value.value) if isinstance(value, Role | UpstreamAuth) else str(value)
