"""The settings of what faces the clients: where the gateway listens, and what it takes on."""

import ipaddress
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from gateway.config.parsing import split_words

ANY_PORT = ":*"
LOCAL_ORIGINS = tuple(f"http://{host}{ANY_PORT}" for host in ("localhost", "127.0.0.1", "[::1]"))
_ORIGIN = re.compile(r"https?://[a-z0-9.\[\]:_-]+")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_HEADER = re.compile(r"[A-Za-z0-9_-]{1,64}")

EDGE_ALLOWED = {
    "cors_origins": "origins with commas between them, as https://shop.example:8443, in lower case;"
    " http://localhost:* is any port",
    "cors_headers": "names of headers with commas between them, each 1 to 64 letters, digits,"
    " hyphens and underscores",
    "trusted_proxies": "addresses or networks with commas between them, as 10.0.0.0/8",
}


class EdgeSettings(BaseSettings):
    """Those of `Settings` that say whom the gateway answers, and how many at once."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    workers: int = Field(1, ge=1, le=256, description="Processes that `serve` starts.")
    max_batch: int = Field(
        10, ge=1, le=100, description="Operations that one request may send as an array; 1: none."
    )
    max_concurrent_requests: int = Field(
        800,
        ge=1,
        le=100_000,
        description="Operations that each worker runs at once, of which one caller has four fifths"
        " at most; the next is told to come again.",
    )
    rate_limit_per_minute: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Operations that one caller may send in a minute: to all replicas with Redis,"
        " to each worker without; 0 sets no limit.",
    )
    rate_limit_upstream_calls_per_minute: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Calls to the platform that one caller's operations may make in a minute,"
        " counted likewise: above that none begins; 0 sets no limit.",
    )
    keep_alive_s: float = Field(
        75.0,
        gt=0,
        le=3600,
        description="Seconds that an idle client connection is kept: longer than a load balancer in"
        " front keeps its own.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Proxies whose X-Forwarded-For is believed, as addresses or networks;"
        " without them a caller's address is the connection's. Forwarded is not read.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Origins whose pages may ask from a browser, as https://shop.example, or"
        " http://localhost:* for any port; `dev` adds those of this machine.",
    )
    cors_headers: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Headers that those pages may send beside the usual ones of GraphQL clients.",
    )

    _edge_lists = field_validator("trusted_proxies", "cors_origins", "cors_headers", mode="before")(
        split_words
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            ipaddress.ip_network(text)  # raises ValueError for what is none
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(_origin, value))

    @field_validator("cors_headers")
    @classmethod
    def _headers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            if not _HEADER.fullmatch(text):
                raise ValueError(text)
        return value


def _origin(text: str) -> str:
    """Write an origin as browsers do: without the port that its scheme has anyway."""
    plain = text.removesuffix(ANY_PORT)
    parts = urlsplit(plain)
    if not _ORIGIN.fullmatch(plain) or not parts.hostname or plain.endswith(":"):
        raise ValueError(text)
    if parts.port is not None and plain != text:  # raises ValueError for one that is no port, too
        raise ValueError(text)
    return text.removesuffix(_DEFAULT_PORTS[parts.scheme])
