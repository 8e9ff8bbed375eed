"""The settings of who may ask; `settings.py` reads them with all others."""

import ipaddress
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

from gateway.config.parsing import split_words
from gateway.context import Role

AlgorithmName = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]
"""What may sign a token: private keys alone, so that no public key can pass for a secret."""

AUTH_ALLOWED = {
    "auth_jwks_url": "an https URL without user and fragment; http on this machine alone",
    "auth_key_file": "a file with a public key in PEM (RSA of 2048 bits or more, P-256, P-384,"
    " P-521 or Ed25519) or with a JWK set, that can be read",
}


def is_loopback(host: str) -> bool:
    """Return whether nobody outside of this machine reaches an address to listen on."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class AuthSettings(BaseSettings):
    """Who may ask, and for whom."""

    auth: Literal["none", "jwt"] = Field(
        "none", description="How callers show who they are: none, or jwt (a bearer token)."
    )
    auth_jwks_url: str = Field(
        "", description="Where the keys are that sign tokens, as a JWK set; for jwt."
    )
    auth_jwks_ttl_s: float = Field(
        300.0,
        ge=1,
        le=86_400,
        description="Seconds that such keys are kept; they are fetched anew before.",
    )
    auth_jwks_stale_s: float = Field(
        3600.0, ge=0, le=86_400, description="Seconds more that they serve while none can be had."
    )
    auth_key_file: str = Field(
        "",
        description="In place of the URL: a file with a public key in PEM, or with a JWK set."
        " It is read at the start.",
    )
    auth_issuer: str = Field("", description="The `iss` that a token must have; for jwt.")
    auth_audience: str = Field(
        "", description="The `aud` that a token must have, alone or among others; for jwt."
    )
    auth_algorithms: Annotated[tuple[AlgorithmName, ...], NoDecode] = Field(
        ("RS256", "ES256", "EdDSA"),
        min_length=1,
        description="How a token may be signed; by private keys only, so neither none nor HS256.",
    )
    auth_customer_claim: str = Field(
        "",
        description="The claim that lists the customers whom a caller may ask for, each a"
        " `CustomerIdentifier`. Without this setting every caller may ask for all.",
    )
    auth_roles_claim: str = Field(
        "roles",
        description="The claim that lists a caller's roles; `rulesets` opens"
        " `PromotionDefinition.rulesets`.",
    )
    anonymous_roles: Annotated[frozenset[Role], NoDecode] = Field(
        frozenset(),
        description="Roles of a caller that nobody has authenticated, with GATEWAY_AUTH=none;"
        " `rulesets` opens `PromotionDefinition.rulesets`. `dev` gives it.",
    )
    allow_anonymous: bool = Field(
        default=False,
        description="Whether `serve` may lend the gateway's own credential to everybody who"
        " reaches it: GATEWAY_AUTH=none on an address that is not this machine's own.",
    )

    _auth_lists = field_validator("auth_algorithms", "anonymous_roles", mode="before")(split_words)

    @field_validator("auth_jwks_url")
    @classmethod
    def _trustworthy(cls, value: str) -> str:
        """Refuse a URL that somebody on the way could answer with keys of their own."""
        parts = urlsplit(value)
        _ = parts.port  # raises ValueError for one that is no port
        is_safe = parts.scheme == "https" or (
            parts.scheme == "http" and is_loopback(parts.hostname or "")
        )
        if value and (
            not (is_safe and parts.hostname)
            or not value.isprintable()
            or {" ", "#", "@"} & set(value)
        ):
            raise ValueError(value)
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Refuse to check tokens without all that a check needs."""
        if self.auth != "jwt":
            return self
        if bool(self.auth_jwks_url) == bool(self.auth_key_file):
            raise ValueError(
                "GATEWAY_AUTH=jwt needs GATEWAY_AUTH_JWKS_URL or GATEWAY_AUTH_KEY_FILE, and not"
                " both"
            )
        named = {
            "GATEWAY_AUTH_ISSUER": self.auth_issuer,
            "GATEWAY_AUTH_AUDIENCE": self.auth_audience,
        }
        missing = " and ".join(name for name, value in named.items() if not value)
        if missing:
            raise ValueError(f"GATEWAY_AUTH=jwt needs {missing}")
        return self
