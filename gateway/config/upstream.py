"""Settings of the platform: its address, the gateway's credential and the limits of calls to it."""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

from gateway.config.parsing import PREFIX, allow, split_words, unless_empty
from gateway.config.tls import CERTIFICATES, check_pair, check_tls
from gateway.config.urls import PROXY, check_proxy_url, split_http_url

SourceTypeName = Literal[
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
"""The source types of the legacy endpoint; `gateway/upstream/source_types.py` has the same ones."""

# Headers that every request to the platform has, or that frame its body.
_RESERVED_HEADERS = frozenset({
    "accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type",
    "expect", "host", "keep-alive", "te", "traceparent", "tracestate", "trailer",
    "transfer-encoding", "upgrade", "user-agent", "x-request-id",
})  # fmt: skip
_CREDENTIAL = "a text of printable characters without leading or trailing whitespace"


class UpstreamAuth(StrEnum):
    """How the gateway authenticates to the platform."""

    BASIC = "basic"
    OAUTH = "oauth"
    PASSTHROUGH = "passthrough"
    NONE = "none"


class DefinitionEndpoints(StrEnum):
    """The endpoints that are asked for definitions."""

    BOTH = "both"
    LEGACY = "legacy"
    V3 = "v3"


class UpstreamSettings(BaseSettings):
    """The platform: its address, the gateway's credential and the limits of calls to it."""

    upstream_url: str = Field(
        "",
        description="Origin of the platform, e.g. https://eu.api.capillarytech.com; required by"
        " `serve`.",
        json_schema_extra=allow("an http or https URL without user, query and fragment"),
    )
    upstream_auth: UpstreamAuth = Field(
        UpstreamAuth.BASIC,
        description="How to authenticate to the platform: HTTP Basic, OAuth client credentials, the"
        " caller's own Authorization or token header (passthrough), or not at all.",
    )
    upstream_username: str = Field(
        "",
        description="Till id for basic authentication.",
        json_schema_extra=allow(f"{_CREDENTIAL} and without a colon", file=True),
    )
    upstream_password: SecretStr = Field(
        SecretStr(""),
        description="Password for basic authentication.",
        json_schema_extra=allow(_CREDENTIAL),
    )
    upstream_oauth_key: str = Field(
        "", description="Client key for OAuth.", json_schema_extra=allow(_CREDENTIAL, file=True)
    )
    upstream_oauth_secret: SecretStr = Field(
        SecretStr(""), description="Client secret for OAuth.", json_schema_extra=allow(_CREDENTIAL)
    )
    upstream_oauth_header: str = Field(
        "X-CAP-API-OAUTH-TOKEN",
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        description="Request header that carries the OAuth token; CAP-API-ACCESS-TOKEN on some"
        " clusters.",
        json_schema_extra=allow(
            "a header name of 1 to 64 letters, digits and hyphens, and not a header that every"
            " request has, such as Host"
        ),
    )
    upstream_deadline_s: float = Field(
        5.0,
        gt=0,
        le=120,
        description="Deadline for all upstream calls of one operation together, retries included.",
    )
    upstream_max_connections: int = Field(
        100,
        ge=1,
        le=10_000,
        description="Concurrent connections to the platform per worker, of which one caller can use"
        " at most four fifths.",
    )
    upstream_calls_per_minute: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Quota of upstream calls that may start in any 60 s, retries included: of all"
        " replicas together with Redis, else of all workers; 0 disables it. The platform documents"
        " 100 to 1,000.",
    )
    upstream_max_calls_per_operation: int = Field(
        40,
        ge=1,
        le=10_000,
        description="Upstream calls per operation; for customers' data fewer where the quota"
        " allows fewer to start within the deadline.",
    )
    upstream_max_response_bytes: int = Field(
        10 * 1024 * 1024,
        ge=1024,
        le=1024 * 1024 * 1024,
        description="Size of an upstream response body after decompression.",
    )
    upstream_proxy: str = Field(
        "",
        repr=False,
        description="HTTP proxy through which the platform is called, as a tunnel (CONNECT) for"
        " https; the proxy variables of the environment are never used.",
        json_schema_extra=allow(PROXY, file=True),
    )
    upstream_ca_file: str = Field(
        "",
        description="CA bundle in PEM that replaces the built-in certificate authorities.",
        json_schema_extra=allow(CERTIFICATES),
    )
    upstream_client_cert_file: str = Field(
        "",
        description="Client certificate for mutual TLS, with its intermediate ones.",
        json_schema_extra=allow(CERTIFICATES),
    )
    upstream_client_key_file: str = Field(
        "",
        description="Private key of the client certificate, unless it is in the same file.",
        json_schema_extra=allow(
            "a readable file of the private key in PEM, not encrypted, of"
            " GATEWAY_UPSTREAM_CLIENT_CERT_FILE"
        ),
    )
    definition_source_types: Annotated[tuple[SourceTypeName, ...], NoDecode] = Field(
        ("UI", "PROMOTION_API", "CAMPAIGN", "USER_CREATED"),
        min_length=1,
        description="Source types whose lists are searched for definitions, in this order. A"
        " look-up by id, where the platform has it, finds those of all source types.",
    )
    definitions: DefinitionEndpoints = Field(
        DefinitionEndpoints.BOTH,
        description="Endpoints that are asked for definitions: the legacy one, which is being"
        " phased out, its successor (v3), or both: each has promotions that the other lacks.",
    )
    catalogue_max_promotions: int = Field(
        5_000,
        ge=100,
        le=100_000,
        description="Promotions of the successor that are read, by pages of 100, and kept in"
        " memory; those beyond are missing, which is logged.",
    )

    _source_types = field_validator("definition_source_types", mode="before")(split_words)
    _proxy = field_validator("upstream_proxy")(unless_empty(check_proxy_url))
    _certificates = field_validator("upstream_ca_file", "upstream_client_cert_file")(
        unless_empty(check_tls)
    )

    @field_validator("upstream_url")
    @classmethod
    def _validate_upstream_url(cls, value: str) -> str:
        if not value:
            return value
        parts = split_http_url(value)
        if {"?", "#", "@"} & set(value):
            raise ValueError(value)
        return value.replace(value[: len(parts.scheme)], parts.scheme, 1).rstrip("/")

    @field_validator(
        "upstream_username", "upstream_password", "upstream_oauth_key", "upstream_oauth_secret"
    )
    @classmethod
    def _validate_credential(cls, value: str | SecretStr, info: ValidationInfo) -> str | SecretStr:
        """Reject whitespace that a file or the clipboard added: the platform would reject it."""
        text = _plain(value)
        if text != text.strip() or not text.isprintable():
            raise ValueError
        if info.field_name == "upstream_username" and ":" in text:  # RFC 7617 §2
            raise ValueError
        return value

    @field_validator("upstream_oauth_header")
    @classmethod
    def _validate_oauth_header(cls, value: str) -> str:
        if value.lower() in _RESERVED_HEADERS:
            raise ValueError
        return value

    @field_validator("upstream_client_key_file")
    @classmethod
    def _validate_client_key(cls, value: str, info: ValidationInfo) -> str:
        certificate = info.data.get("upstream_client_cert_file")
        if value and certificate:
            check_tls("", certificate, value)
        return value

    @property
    def asks_legacy(self) -> bool:
        """Whether the legacy endpoints of definitions are asked."""
        return self.definitions is not DefinitionEndpoints.V3

    @property
    def asks_successor(self) -> bool:
        """Whether the successor is asked for definitions."""
        return self.definitions is not DefinitionEndpoints.LEGACY

    @model_validator(mode="after")
    def _require_pair(self) -> Self:
        check_pair("UPSTREAM", self.upstream_client_cert_file, self.upstream_client_key_file)
        return self

    @model_validator(mode="after")
    def _require_credentials(self) -> Self:
        required = {
            UpstreamAuth.BASIC: ("upstream_username", "upstream_password"),
            UpstreamAuth.OAUTH: ("upstream_oauth_key", "upstream_oauth_secret"),
        }.get(self.upstream_auth, ())
        missing = [name for name in required if not _plain(getattr(self, name))]
        if self.upstream_url and missing:
            names = " and ".join(PREFIX + name.upper() for name in missing)
            raise ValueError(f"{PREFIX}UPSTREAM_AUTH={self.upstream_auth} needs {names}")
        return self


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
