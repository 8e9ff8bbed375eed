"""Settings of the server: where it listens, and which requests it accepts."""

import ipaddress
import os
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from gateway.config.parsing import allow, split_words

ANY_PORT = ":*"
LOCAL_ORIGINS = tuple(f"http://{host}{ANY_PORT}" for host in ("localhost", "127.0.0.1", "[::1]"))
_ORIGIN = re.compile(r"https?://[a-z0-9.\[\]:_-]+")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_MAX_SOCKET_PATH = 107  # of sockaddr_un in Linux, without the byte at its end
UNIX = "unix"
"""The other end of a Unix socket, as a trusted proxy."""
_HEADER = re.compile(r"[A-Za-z0-9_-]{1,64}")


class EdgeSettings(BaseSettings):
    """The server: where it listens, and which requests it accepts."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 selects a free port.")
    admin_host: str = Field("127.0.0.1", description="Address to listen on for GATEWAY_ADMIN_PORT.")
    admin_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port for `/healthz`, `/readyz` and `/metrics` alone, which are then not on"
        " GATEWAY_PORT; 0 leaves them there. `dev` uses 0.",
    )
    unix_socket: str = Field(
        "",
        description="Path of a Unix socket to listen on instead of GATEWAY_HOST and GATEWAY_PORT.",
        json_schema_extra=allow(
            f"an absolute path of at most {_MAX_SOCKET_PATH} bytes, in a folder that is there"
        ),
    )
    workers: int = Field(1, ge=1, le=256, description="Worker processes of `serve`.")
    keep_alive_s: float = Field(
        75.0,
        gt=0,
        le=3600,
        description="Keep-alive timeout of idle client connections; set it above that of the load"
        " balancer in front.",
    )
    shutdown_delay_s: float = Field(
        0.0,
        ge=0,
        le=120,
        description="Time for which the gateway goes on accepting connections after SIGTERM, while"
        " `/readyz` is 503: at least as long as load balancers take to notice. The image sets 5;"
        " `dev` uses 0.",
    )
    shutdown_grace_s: float = Field(
        10.0,
        ge=1,
        le=300,
        description="Time for requests in flight after that; at least"
        " GATEWAY_UPSTREAM_DEADLINE_S + 1. What is not complete then is answered with 503.",
    )
    max_connections: int = Field(
        10_000,
        ge=1,
        le=1_000_000,
        description="Connections of clients per worker, or fewer where file descriptors are few."
        " Beyond that 32 more are for probes and preflights; other requests on them are answered"
        " with 503.",
    )
    max_body_bytes: int = Field(
        256 * 1024,
        ge=1024,
        le=64 * 1024 * 1024,
        description="Size of a request body after decompression.",
    )
    compress_min_bytes: int = Field(
        1024,
        ge=0,
        le=64 * 1024 * 1024,
        description="Size from which responses are compressed for clients that accept zstd or gzip;"
        " 0 disables it, for a proxy that compresses.",
    )
    max_batch: int = Field(
        10,
        ge=1,
        le=100,
        description="Operations in a batched request (a JSON array); 1 disables batching.",
    )
    max_concurrent_requests: int = Field(
        800,
        ge=1,
        le=100_000,
        description="Concurrent operations per worker, of which one caller can use at most four"
        " fifths; more are rejected with 503 and Retry-After.",
    )
    rate_limit_per_minute: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Rate limit: operations per caller and minute, over all replicas with Redis,"
        " else per worker; 0 disables it.",
    )
    rate_limit_upstream_calls_per_minute: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Rate limit: upstream calls caused by one caller per minute, counted likewise;"
        " above it no operation of that caller starts; 0 disables it.",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Proxies whose X-Forwarded-For is trusted; without them the address of the"
        " connection identifies an anonymous caller. Forwarded is not read.",
        json_schema_extra=allow(
            "comma-separated addresses or networks, such as 10.0.0.0/8, or unix for the other end"
            " of a Unix socket"
        ),
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Origins that are allowed by CORS, e.g. https://shop.example, or"
        " http://localhost:* for any port; `dev` adds those of this machine.",
        json_schema_extra=allow(
            "comma-separated origins in lower case, such as https://shop.example:8443;"
            " http://localhost:* is any port"
        ),
    )
    cors_headers: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Request headers that are allowed by CORS in addition to those that GraphQL"
        " clients send.",
        json_schema_extra=allow(
            "comma-separated header names, each of 1 to 64 letters, digits, hyphens and underscores"
        ),
    )

    _edge_lists = field_validator("trusted_proxies", "cors_origins", "cors_headers", mode="before")(
        split_words
    )

    @field_validator("unix_socket")
    @classmethod
    def _validate_unix_socket(cls, value: str) -> str:
        path = Path(value)
        if value and (
            not path.is_absolute()
            or len(os.fsencode(value)) > _MAX_SOCKET_PATH
            or not path.parent.is_dir()
        ):
            raise ValueError(value)
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _validate_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            if text != UNIX:
                ipaddress.ip_network(text)  # raises ValueError for an invalid one
        return value

    @field_validator("cors_origins")
    @classmethod
    def _normalise_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(_normalise_origin, value))

    @field_validator("cors_headers")
    @classmethod
    def _validate_headers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            if not _HEADER.fullmatch(text):
                raise ValueError(text)
        return value


def _normalise_origin(text: str) -> str:
    """Return an origin as browsers send it: without its scheme's default port."""
    plain = text.removesuffix(ANY_PORT)
    parts = urlsplit(plain)
    if not _ORIGIN.fullmatch(plain) or not parts.hostname or plain.endswith(":"):
        raise ValueError(text)
    if parts.port is not None and plain != text:  # `port` raises ValueError for an invalid one
        raise ValueError(text)
    return text.removesuffix(_DEFAULT_PORTS[parts.scheme])
