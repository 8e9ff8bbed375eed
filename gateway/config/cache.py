"""The settings of what is remembered, and where; `settings.py` reads them with all others."""

from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

_SHORTEST_SECRET = 16  # bytes

CACHE_ALLOWED = {
    "cache_url": "memory://, redis://[user:password@]host[:port][/database], or rediss:// over TLS",
    "cache_key_secret": "a text of at least 16 bytes",
}


class CacheSettings(BaseSettings):
    """What is remembered, for how long, and who shares it."""

    cache_url: str = Field(
        "memory://",
        repr=False,
        description="memory:// for a cache in each process, redis://… or rediss://… for one that"
        " all replicas share.",
    )
    cache_definition_ttl_s: float = Field(
        300.0, ge=0, le=86_400, description="Seconds that definitions are kept; 0 keeps none."
    )
    cache_definition_stale_s: float = Field(
        3600.0,
        ge=0,
        le=604_800,
        description="Seconds more that they serve while they are renewed, or cannot be.",
    )
    cache_customer_ttl_s: float = Field(
        0.0, ge=0, le=3600, description="Seconds that customers' data is kept; 0 keeps none."
    )
    cache_key_secret: SecretStr = Field(
        SecretStr(""), description="16 bytes or more, the same in all replicas; needed with Redis."
    )

    @field_validator("cache_url")
    @classmethod
    def _cache(cls, value: str) -> str:
        if value != "memory://" and not value.startswith(("redis://", "rediss://")):
            raise ValueError(value)
        return value

    @field_validator("cache_key_secret")
    @classmethod
    def _long_secret(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value().encode()) < _SHORTEST_SECRET:
            raise ValueError("too short")
        return value

    @model_validator(mode="after")
    def _shared_secret(self) -> Self:
        if self.cache_url != "memory://" and not self.cache_key_secret.get_secret_value():
            raise ValueError("GATEWAY_CACHE_URL=redis://… needs GATEWAY_CACHE_KEY_SECRET")
        return self
