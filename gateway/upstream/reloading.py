"""Credentials and certificates that are rotated while the gateway runs."""

from gateway.cache.redis_server import RedisServer
from gateway.config.parsing import PREFIX
from gateway.config.secret_files import file_variable
from gateway.config.settings import FILES, Settings
from gateway.file_watch import EVERY_S, FileWatch
from gateway.telemetry import log
from gateway.upstream.credentials import Credential
from gateway.upstream.http1.client import Http1Client
from gateway.upstream.http_transport import HttpTransport
from gateway.upstream.transport import platform_tls

_CERTIFICATES = tuple(
    f"{peer}_{file}_file"
    for peer in ("upstream", "cache")
    for file in ("ca", "client_cert", "client_key")
)
_APPLIED = {
    "upstream_username",
    "upstream_password",
    "upstream_oauth_key",
    "upstream_oauth_secret",
    "upstream_proxy",
}
# Of these some are in the keys of Redis, which must be the same in all replicas.
_FIXED = set(FILES) - _APPLIED


def watch_files(
    settings: Settings,
    http: HttpTransport,
    credential: Credential,
    redis: RedisServer | None = None,
    every_s: float = EVERY_S,
) -> FileWatch:
    """Return what applies changed files of the settings to a process's connections.

    New connections have the new certificates and proxy, and calls the new credential; before a
    credential is given up as rejected, its file is checked.
    """
    reported: set[str] = set()

    def reload() -> None:
        changed = settings.read_again()
        credential.configure(changed)
        if isinstance(http, Http1Client):
            http.configure(platform_tls(changed), changed.upstream_proxy)
        if redis is not None:
            redis.configure(changed)
        stale = {name for name in _FIXED if getattr(changed, name) != getattr(settings, name)}
        if stale - reported:
            reported.update(stale)
            log.warning("settings_restart_required", settings=sorted(map(file_variable, stale)))

    files = {file_variable(name): path for name, path in settings.paths.items()}
    for name in _CERTIFICATES:
        path = getattr(settings, name)
        if path:
            files[PREFIX + name.upper()] = path
    watch = FileWatch(files, reload, every_s)
    credential.look_again = watch.check
    return watch
