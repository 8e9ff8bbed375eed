"""URLs in settings: what must hold for one before anything connects to it."""

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

import httpx

PROXY = "http://[user:password@]host[:port]"
"""What the URL of a proxy may be."""
_HOST = re.compile(r"[A-Za-z0-9_.-]+")
_HTTP = frozenset({"http", "https"})
_REDIS = frozenset({"redis", "rediss"})
_REDIS_PORT = 6379
_MAX_DATABASE_DIGITS = 5


class RedisAddress(NamedTuple):
    """What the URL of a Redis says."""

    tls: bool
    nodes: tuple[tuple[str, int], ...]
    username: str | None = None
    password: str | None = None
    database: int = 0


def split_http_url(value: str) -> SplitResult:
    """Return the parts of an http or https URL; raise ValueError for any other text.

    A URL that httpx cannot send to would only fail at the first request.
    """
    parts = _split(value, _HTTP)
    try:
        httpx.URL(value)
    except httpx.InvalidURL as error:
        raise ValueError("no URL of HTTP") from error
    return parts


def check_proxy_url(value: str) -> None:
    """Raise ValueError, which does not repeat the URL, for one that names no HTTP proxy."""
    parts = split_http_url(value)
    if parts.scheme != "http" or parts.path not in {"", "/"} or {"?", "#"} & set(value):
        raise ValueError("no URL of an HTTP proxy")


def parse_redis_url(value: str) -> RedisAddress:
    """Return what `redis://[user:password@]host[:port][/database]` says, `rediss://` with TLS.

    Raise ValueError, which does not repeat the URL, for one that names no Redis.
    """
    parts = _split(value, _REDIS)
    database = parts.path.removeprefix("/")
    is_database = database.isdecimal() and len(database) <= _MAX_DATABASE_DIGITS
    if (database and not is_database) or "?" in value or "#" in value:
        raise ValueError("no URL of Redis")
    return RedisAddress(
        parts.scheme == "rediss",
        ((parts.hostname or "", parts.port or _REDIS_PORT),),
        unquote(parts.username or "") or None,
        unquote(parts.password or "") or None,
        int(database or 0),
    )


def _split(value: str, schemes: frozenset[str]) -> SplitResult:
    """Split a URL whose scheme, host and port are valid; raise ValueError for another."""
    try:
        parts = urlsplit(value)
        port, host = parts.port, parts.hostname or ""
    except ValueError:  # its message may quote a part of the password
        raise ValueError("no URL") from None
    if parts.scheme not in schemes or port == 0 or not value.isprintable() or " " in value:
        raise ValueError("no URL of an allowed scheme")
    if ":" in host or "[" in parts.netloc:
        ipaddress.IPv6Address(host)
    elif not _HOST.fullmatch(host.encode("idna").decode("ascii")):  # an empty or long label raises
        raise ValueError("no host")
    return parts
