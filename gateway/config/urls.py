"""URLs in settings: what must hold for one before anything connects to it."""

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

import httpx

PROXY = "http://[user:password@]host[:port]"
"""What the URL of a proxy may be."""
REDIS = (
    "redis://[user:password@]host[:port][/database],"
    " redis+sentinel://[user:password@]host[:port][,…]/service[/database],"
    " redis+cluster://[user:password@]host[:port][,…], or one of them with rediss for TLS"
)
"""What the URL of a Redis may be."""
_HOST = re.compile(r"[A-Za-z0-9_.-]+")
_HTTP = frozenset({"http", "https"})
_REDIS = frozenset({"redis", "rediss"})
_REDIS_PORTS = {"": 6379, "sentinel": 26379, "cluster": 6379}
_SERVICE = re.compile(r"[A-Za-z0-9._-]+")
_MAX_DATABASE_DIGITS = 5


class RedisAddress(NamedTuple):
    """What the URL of a Redis says; `kind` is "", "sentinel" or "cluster".

    The user is that of the servers, not of sentinels.
    """

    kind: str
    tls: bool
    nodes: tuple[tuple[str, int], ...]
    username: str | None = None
    password: str | None = None
    service: str = ""
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
    """Return what the URL of a Redis says, in one of the forms of `REDIS`.

    Raise ValueError, which does not repeat the URL, for any other text.
    """
    scheme, _, rest = value.partition("://")
    base, plus, kind = scheme.lower().partition("+")
    is_known = base in _REDIS and kind in _REDIS_PORTS and bool(plus) == bool(kind)
    if not is_known or "?" in value or "#" in value:
        raise ValueError("no URL of Redis")
    netloc, _, path = rest.partition("/")
    user, at, hosts = netloc.rpartition("@")
    nodes = [_split(f"{base}://{user}{at}{host}", _REDIS) for host in hosts.split(",")]
    service, database = "", path
    if kind == "sentinel":
        service, _, database = path.partition("/")
    is_service = bool(_SERVICE.fullmatch(service)) == (kind == "sentinel")
    is_database = not database or (
        database.isdecimal() and len(database) <= _MAX_DATABASE_DIGITS and kind != "cluster"
    )
    if not is_service or not is_database or (len(nodes) > 1 and not kind):
        raise ValueError("no URL of Redis")
    return RedisAddress(
        kind=kind,
        tls=base == "rediss",
        nodes=tuple((one.hostname or "", one.port or _REDIS_PORTS[kind]) for one in nodes),
        username=unquote(nodes[0].username or "") or None,
        password=unquote(nodes[0].password or "") or None,
        service=service,
        database=int(database or 0),
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
