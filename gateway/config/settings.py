"""Every setting: its unit in its name, its default, what it may be. The only environment reader."""

import difflib
import os
import re
import ssl
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import NoDecode, SettingsConfigDict

from gateway.config import limits
from gateway.config.auth import AUTH_ALLOWED, AuthSettings
from gateway.config.cache import CACHE_ALLOWED, CacheSettings
from gateway.config.edge import EDGE_ALLOWED, EdgeSettings
from gateway.config.parsing import SourceTypeName, allowed_values, shown, split_words

PREFIX = "GATEWAY_"
# What Kubernetes sets in every pod beside a Service called `gateway`; GATEWAY_PORT is one more.
_SERVICE_LINK = re.compile(PREFIX + r"(SERVICE_(HOST|PORT)|PORT_\d+_(TCP|UDP|SCTP))")
_LONGEST_SHOWN = 100
# What a request to the platform has anyway, or what says where it ends.
_TAKEN_HEADERS = frozenset({
    "accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type",
    "expect", "host", "keep-alive", "te", "traceparent", "tracestate", "trailer",
    "transfer-encoding", "upgrade", "user-agent", "x-request-id",
})  # fmt: skip


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


class Settings(CacheSettings, AuthSettings, EdgeSettings):
    """The gateway's settings; each field's description is its line in the README's table.

    A variable that is empty counts as one that is not there.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True
    )

    upstream_url: str = Field(
        "", description="The platform's address, e.g. https://eu.api.capillarytech.com."
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
        100,
        ge=1,
        le=10_000,
        description="Connections to the platform at once, of which one caller holds four fifths at"
        " most.",
    )
    upstream_calls_per_minute: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Calls that may start in any 60 s, retries included: of all replicas with"
        " Redis, of all workers without; 0 sets no limit. The platform documents 100 to 1,000.",
    )
    upstream_max_calls_per_operation: int = Field(
        40,
        ge=1,
        le=10_000,
        description="Upstream calls that one operation may make; fewer about customers where"
        " the minute's quota lets fewer start within the deadline.",
    )
    upstream_max_response_bytes: int = Field(
        10 * 1024 * 1024,
        ge=1024,
        le=1024 * 1024 * 1024,
        description="Largest answer that is read, after decompression.",
    )
    upstream_ca_file: str = Field("", description="A PEM file of authorities to trust instead.")
    definition_source_types: Annotated[tuple[SourceTypeName, ...], NoDecode] = Field(
        ("UI", "PROMOTION_API", "CAMPAIGN", "USER_CREATED"),
        min_length=1,
        description="Source types in which a definition is looked for, in this order.",
    )
    legacy: Literal["on", "off"] = Field(
        "on", description="off: ask the legacy endpoint, which is being phased out, no more."
    )
    executor: limits.Executor = "compiled"
    max_body_bytes: int = Field(
        256 * 1024,
        ge=1024,
        le=64 * 1024 * 1024,
        description="Largest request body, in bytes, after decompression.",
    )
    max_tokens: limits.Tokens = 2_000
    max_depth: limits.Depth = 15
    max_introspection_depth: limits.IntrospectionDepth = 20
    max_aliases: limits.Aliases = 30
    max_root_fields: limits.RootFields = 20
    max_directives: limits.Directives = 50
    max_fragments: limits.Fragments = 50
    max_json_depth: limits.JsonDepth = 10
    max_list_length: limits.ListLength = 20
    max_cost: limits.Cost = 50_000
    max_answer_leaves: limits.AnswerLeaves = 250_000
    max_answer_bytes: limits.AnswerBytes = 10 * 1024 * 1024
    apq: Literal["on", "off"] = Field("on", description="off: no automatic persisted queries.")
    trusted_documents: str = Field("", description="A manifest of trusted documents, in JSON.")
    trusted_documents_mode: Literal["allow", "only"] = Field(
        "allow", description="only: nothing but the trusted documents runs."
    )
    graphiql: bool = Field(
        default=False, description="GraphiQL at /graphql for a browser; on in `dev`."
    )
    introspection: bool = Field(
        default=False,
        description="Whether the schema may be asked for, and mistakes are told with suggestions;"
        " GraphiQL needs it; on in `dev`.",
    )
    report_upstream: bool = Field(
        default=False,
        description="Tell in `extensions.upstream` what an operation cost; on in `dev`.",
    )
    log_format: Literal["json", "console"] = Field(
        "json", description="json: one object a line; console: for people. `dev` takes console."
    )

    _source_types = field_validator("definition_source_types", mode="before")(split_words)

    @field_validator("upstream_url")
    @classmethod
    def _origin(cls, value: str) -> str:
        parts = urlsplit(value)
        _ = parts.port  # raises ValueError for one that is no port
        if value and (
            parts.scheme not in {"http", "https"}
            or not parts.hostname
            or not value.isprintable()
            or {" ", "?", "#", "@"} & set(value)
        ):
            raise ValueError(value)
        if parts.hostname and ":" not in parts.hostname:
            parts.hostname.encode("idna")  # raises ValueError for what no resolver takes
        return value.rstrip("/")

    @field_validator(
        "upstream_username", "upstream_password", "upstream_oauth_key", "upstream_oauth_secret"
    )
    @classmethod
    def _credential(cls, value: str | SecretStr, info: ValidationInfo) -> str | SecretStr:
        """Refuse what a file or a clipboard has added, with which the platform refuses it all."""
        text = _plain(value)
        if text != text.strip() or not text.isprintable():
            raise ValueError
        if info.field_name == "upstream_username" and ":" in text:  # RFC 7617 §2
            raise ValueError
        return value

    @field_validator("upstream_oauth_header")
    @classmethod
    def _token_header(cls, value: str) -> str:
        if value.lower() in _TAKEN_HEADERS:
            raise ValueError
        return value

    @field_validator("upstream_ca_file")
    @classmethod
    def _authorities(cls, value: str) -> str:
        if value:
            try:
                ssl.create_default_context(cafile=value)
            except OSError as error:  # ssl.SSLError is one
                raise ValueError(value) from error
        return value

    @model_validator(mode="after")
    def _one_authorization(self) -> Self:
        if self.auth == "jwt" and self.upstream_auth is UpstreamAuth.PASSTHROUGH:
            first, second = f"{PREFIX}AUTH=jwt", f"{PREFIX}UPSTREAM_AUTH=passthrough"
            raise ValueError(f"{first} and {second} both need the Authorization header")
        return self

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


_CREDENTIAL = "a text of printable characters, with no blank or line break around it"
_ALLOWED = {
    **EDGE_ALLOWED,
    **AUTH_ALLOWED,
    **CACHE_ALLOWED,
    "upstream_url": "an http or https URL without user, query and fragment",
    "upstream_username": f"{_CREDENTIAL}, and no colon",
    "upstream_password": _CREDENTIAL,
    "upstream_oauth_key": _CREDENTIAL,
    "upstream_oauth_secret": _CREDENTIAL,
    "upstream_oauth_header": "the name of a header: 1 to 64 letters, digits and hyphens, and none"
    " that a request has anyway, as Host",
    "upstream_ca_file": "a file of certificates in PEM that can be read",
}


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
        problems = error.errors()
        words = {problem["loc"][0] for problem in problems if len(problem["loc"]) > 1}
        # A list of which no word is right is "too short" as well: the words tell more.
        told = [one for one in problems if len(one["loc"]) != 1 or one["loc"][0] not in words]
        raise SettingsError([_line(problem) for problem in told]) from None


def _line(problem: Any) -> str:
    if not problem["loc"]:
        return re.sub(r"^Value error, ", "", problem["msg"])
    name = str(problem["loc"][0])
    variable, field, value = PREFIX + name.upper(), Settings.model_fields[name], problem["input"]
    line = f"{variable}={_repeated(field, value)}: it must be {allowed(name)}"
    if name == "port" and "://" in str(value):
        line += (
            " (Kubernetes sets it so beside a Service called gateway: set enableServiceLinks to"
            " false, or the variable yourself)"
        )
    return line


def _repeated(field: FieldInfo, value: object) -> str:
    """Repeat a value that is wrong, unless it is a secret, or may hold one in a wrong place."""
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    secrets = {
        os.environ.get(PREFIX + name.upper())
        for name, other in Settings.model_fields.items()
        if other.annotation is SecretStr
    } - {None, ""}
    hides = field.annotation is SecretStr or any(secret in text for secret in secrets if secret)
    if hides or {"@", "?", "#"} & set(text):
        return "(not shown, it may hold a secret)"
    return repr(text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…")


def allowed(name: str) -> str:
    """Say what a setting may be, in words that follow "it must be"."""
    return _ALLOWED.get(name) or allowed_values(Settings.model_fields[name])


def unknown_variables() -> list[str]:
    """Name the `GATEWAY_*` variables that are no setting, each with the setting it resembles."""
    known = [name.upper() for name in Settings.model_fields]
    lines = []
    for name in sorted(os.environ):
        word = name.removeprefix(PREFIX)
        if word == name or word in known or _SERVICE_LINK.match(name):
            continue
        close = difflib.get_close_matches(word, known, 1)
        hint = f"; did you mean {PREFIX}{close[0]}?" if close else ""
        lines.append(f"{name} is no setting{hint}")
    return lines


def effective(settings: Settings) -> dict[str, str]:
    """Return every setting as its variable and value, secrets masked."""
    return {PREFIX + name.upper(): shown(getattr(settings, name)) for name in Settings.model_fields}
