"""Settings of authentication and authorization of callers."""

import ipaddress
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

from gateway.config.parsing import allow, split_words, unless_empty
from gateway.config.tls import CERTIFICATES, check_tls
from gateway.config.urls import PROXY, check_proxy_url, split_http_url
from gateway.context import Role

AlgorithmName = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]
"""Signature algorithms of tokens: asymmetric only, so that no public key serves as HMAC secret."""


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can only be reached from this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class AuthSettings(BaseSettings):
    """Authentication of callers, and the customers and roles that they are authorized for."""

    auth: Literal["none", "jwt"] = Field(
        "none", description="Authentication of callers: none, or jwt (a bearer token)."
    )
    auth_jwks_url: str = Field(
        "",
        description="URL of the JWK set with the keys that sign tokens; for jwt.",
        json_schema_extra=allow(
            "an https URL without user and fragment; http only on this machine"
        ),
    )
    auth_jwks_proxy: str = Field(
        "",
        repr=False,
        description="HTTP proxy through which that URL is fetched, as a tunnel for https.",
        json_schema_extra=allow(PROXY, file=True),
    )
    auth_jwks_ca_file: str = Field(
        "",
        description="CA bundle in PEM for that URL, which replaces the built-in certificate"
        " authorities.",
        json_schema_extra=allow(CERTIFICATES),
    )
    auth_jwks_ttl_s: float = Field(
        300.0,
        ge=1,
        le=86_400,
        description="Time to live of the JWK set; it is refreshed before it expires.",
    )
    auth_jwks_stale_s: float = Field(
        3600.0,
        ge=0,
        le=86_400,
        description="Time beyond the TTL for which the JWK set is used while its URL fails.",
    )
    auth_key_file: str = Field(
        "",
        description="File with the public key in PEM or with a JWK set, instead of the URL; read"
        " at the start, and again on SIGHUP.",
        json_schema_extra=allow(
            "a readable file with a public key in PEM (RSA of 2048 bits or more, P-256, P-384,"
            " P-521 or Ed25519) or with a JWK set"
        ),
    )
    auth_issuer: str = Field("", description="Required `iss` of a token; for jwt.")
    auth_audience: str = Field(
        "", description="Required `aud` of a token, alone or among others; for jwt."
    )
    auth_algorithms: Annotated[tuple[AlgorithmName, ...], NoDecode] = Field(
        ("RS256", "ES256", "EdDSA"),
        min_length=1,
        description="Accepted signature algorithms; asymmetric ones only, so neither none nor"
        " HS256.",
    )
    auth_customer_claim: str = Field(
        "",
        description="Claim that lists the customers whom the caller is authorized for, each a"
        " `CustomerIdentifier`. Without this setting every caller is authorized for all customers.",
    )
    auth_roles_claim: str = Field(
        "roles",
        description="Claim that lists the caller's roles, or a path to it such as"
        " realm_access.roles; the role `rulesets` allows `PromotionDefinition.rulesets`.",
    )
    anonymous_roles: Annotated[frozenset[Role], NoDecode] = Field(
        frozenset(),
        description="Roles of unauthenticated callers with GATEWAY_AUTH=none; `rulesets` allows"
        " `PromotionDefinition.rulesets`. `dev` sets it.",
    )
    allow_anonymous: bool = Field(
        default=False,
        description="Whether `serve` may start with GATEWAY_AUTH=none on an address other than this"
        " machine's own, so that everyone who reaches it uses the gateway's credential.",
    )

    _auth_lists = field_validator("auth_algorithms", "anonymous_roles", mode="before")(split_words)
    _auth_proxy = field_validator("auth_jwks_proxy")(unless_empty(check_proxy_url))
    _auth_certificates = field_validator("auth_jwks_ca_file")(unless_empty(check_tls))

    @field_validator("auth_jwks_url")
    @classmethod
    def _validate_jwks_url(cls, value: str) -> str:
        """Reject a URL whose response a third party on the network could replace."""
        if not value:
            return value
        parts = split_http_url(value)
        is_safe = parts.scheme == "https" or is_loopback(parts.hostname or "")
        if not is_safe or {"#", "@"} & set(value):
            raise ValueError(value)
        return value

    @model_validator(mode="after")
    def _require_jwt_settings(self) -> Self:
        if self.auth != "jwt":
            return self
        if bool(self.auth_jwks_url) == bool(self.auth_key_file):
            raise ValueError(
                "GATEWAY_AUTH=jwt needs GATEWAY_AUTH_JWKS_URL or GATEWAY_AUTH_KEY_FILE, and not"
                " both"
            )
        required = {
            "GATEWAY_AUTH_ISSUER": self.auth_issuer,
            "GATEWAY_AUTH_AUDIENCE": self.auth_audience,
        }
        missing = " and ".join(name for name, value in required.items() if not value)
        if missing:
            raise ValueError(f"GATEWAY_AUTH=jwt needs {missing}")
        return self
