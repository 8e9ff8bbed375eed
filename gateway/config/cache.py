"""Settings of the cache of upstream responses."""

from typing import Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings

from gateway.config.parsing import allow, unless_empty
from gateway.config.tls import CERTIFICATES, check_pair, check_tls
from gateway.config.urls import REDIS, parse_redis_url

MEMORY_URL = "memory://"
_MIN_SECRET_BYTES = 16


class CacheSettings(BaseSettings):
    """The cache of upstream responses, in memory or shared in Redis."""

    cache_url: str = Field(
        MEMORY_URL,
        repr=False,
        description="memory:// for a cache per process; the URL of a Redis, of its sentinels or of"
        " nodes of a cluster adds a cache that all replicas share, and shares the quota and the"
        " rate limits as well.",
        json_schema_extra=allow(f"memory://, {REDIS}", file=True),
    )
    cache_sentinel_username: str = Field(
        "",
        description="User of the sentinels, where they have users.",
        json_schema_extra=allow("a text", file=True),
    )
    cache_sentinel_password: SecretStr = Field(
        SecretStr(""),
        description="Password of the sentinels; that of the URL is the one of the servers.",
        json_schema_extra=allow("a text"),
    )
    cache_ca_file: str = Field(
        "",
        description="CA bundle in PEM for Redis, which replaces the built-in certificate"
        " authorities.",
        json_schema_extra=allow(CERTIFICATES),
    )
    cache_client_cert_file: str = Field(
        "",
        description="Client certificate for mutual TLS with Redis, with its intermediate ones.",
        json_schema_extra=allow(CERTIFICATES),
    )
    cache_client_key_file: str = Field(
        "",
        description="Private key of that client certificate, unless it is in the same file.",
        json_schema_extra=allow(
            "a readable file of the private key in PEM, not encrypted, of"
            " GATEWAY_CACHE_CLIENT_CERT_FILE"
        ),
    )
    cache_definition_ttl_s: float = Field(
        300.0,
        ge=0,
        le=86_400,
        description="Time to live of cached definitions; 0 disables their cache.",
    )
    cache_definition_stale_s: float = Field(
        3600.0,
        ge=0,
        le=604_800,
        description="Time beyond their TTL for which definitions are served stale, while they are"
        " refreshed or the platform is unavailable.",
    )
    cache_customer_ttl_s: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="Time to live of cached customers' data; 0 disables their cache.",
    )
    cache_key_secret: SecretStr = Field(
        SecretStr(""),
        description="Secret with which cache keys are hashed, the same in all replicas; required"
        " with Redis.",
        json_schema_extra=allow(f"a text of at least {_MIN_SECRET_BYTES} bytes"),
    )

    _cache_certificates = field_validator("cache_ca_file", "cache_client_cert_file")(
        unless_empty(check_tls)
    )

    @field_validator("cache_url")
    @classmethod
    def _validate_cache_url(cls, value: str) -> str:
        if value != MEMORY_URL:
            parse_redis_url(value)
        return value

    @field_validator("cache_client_key_file")
    @classmethod
    def _validate_cache_client_key(cls, value: str, info: ValidationInfo) -> str:
        certificate = info.data.get("cache_client_cert_file")
        if value and certificate:
            check_tls("", certificate, value)
        return value

    @field_validator("cache_key_secret")
    @classmethod
    def _validate_key_secret(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value().encode()) < _MIN_SECRET_BYTES:
            raise ValueError("too short")
        return value

    @model_validator(mode="after")
    def _require_cache_pair(self) -> Self:
        check_pair("CACHE", self.cache_client_cert_file, self.cache_client_key_file)
        return self

    @model_validator(mode="after")
    def _require_key_secret(self) -> Self:
        if self.cache_url != MEMORY_URL and not self.cache_key_secret.get_secret_value():
            raise ValueError("GATEWAY_CACHE_URL=redis://… needs GATEWAY_CACHE_KEY_SECRET")
        return self
