"""The Redis of a process, which all its uses share; importing this module loads no client of it."""

from dataclasses import replace
from ssl import SSLContext
from typing import Self

from gateway.cache.options import SharedLimits
from gateway.config.cache import MEMORY_URL
from gateway.config.settings import Settings
from gateway.config.tls import create_tls
from gateway.config.urls import RedisAddress, parse_redis_url


class RedisServer:
    """Where Redis is, and the TLS context that all connections to it share.

    `files` are those of the authorities, the client certificate and its key, each "" for none.
    Raise OSError for one that is not what it should be. `sentinel_user` is the sentinels' user and
    password, each "" for none. No operation times out before `min_timeout_s`.
    """

    def __init__(
        self,
        address: RedisAddress,
        *files: str,
        sentinel_user: tuple[str, str] = ("", ""),
        min_timeout_s: float = 0.0,
    ) -> None:
        self.address, self.sentinel_user = address, sentinel_user
        self.min_timeout_s = min_timeout_s
        self._context: SSLContext | None = None
        self._load(*files)

    @classmethod
    def of(cls, settings: Settings, min_timeout_s: float = 0.0) -> Self | None:
        """Return the Redis of these settings; None for a cache in memory."""
        if settings.cache_url == MEMORY_URL:
            return None
        password = settings.cache_sentinel_password.get_secret_value()
        return cls(
            parse_redis_url(settings.cache_url),
            *_files(settings),
            sentinel_user=(settings.cache_sentinel_username, password),
            min_timeout_s=min_timeout_s,
        )

    @property
    def context(self) -> SSLContext | None:
        """Return the TLS context of new connections; None without TLS."""
        return self._context

    def limits(self, timeout_s: float | None = None) -> SharedLimits:
        """Return the limits of a use whose operations take at most so long."""
        limits = SharedLimits()
        return replace(
            limits,
            timeout_s=max(timeout_s or limits.timeout_s, self.min_timeout_s),
            acquire_timeout_s=max(limits.acquire_timeout_s, self.min_timeout_s),
        )

    def configure(self, settings: Settings) -> None:
        """Use the certificates of these settings for new connections; the address stays."""
        self._load(*_files(settings))

    def without_tls(self) -> "RedisServer":
        """Return the same address without TLS and password, to find out what is there."""
        return RedisServer(self.address._replace(tls=False, username=None, password=None))

    def _load(self, ca_file: str = "", cert_file: str = "", key_file: str = "") -> None:
        if self.address.tls:
            self._context = create_tls(ca_file, cert_file, key_file)


def _files(settings: Settings) -> tuple[str, str, str]:
    return (
        settings.cache_ca_file,
        settings.cache_client_cert_file,
        settings.cache_client_key_file,
    )
