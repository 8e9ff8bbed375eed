"""Which authenticator a process has, by its settings."""

from collections.abc import Callable
from datetime import datetime

from gateway.auth.authenticator import Anonymous, Authenticator
from gateway.config.settings import Settings, UpstreamAuth


def create_authenticator(settings: Settings, clock: Callable[[], datetime]) -> Authenticator:
    """Choose by `AUTH`; `clock` gives the time in UTC.

    Raises SettingsError where the file of keys cannot be read.
    """
    if settings.auth == "none":
        is_handed_on = settings.upstream_auth is UpstreamAuth.PASSTHROUGH
        headers = ("Authorization", settings.upstream_oauth_header) if is_handed_on else ()
        return Anonymous(settings.anonymous_roles, headers)
    # joserfc and its cryptography take 9 MB, which only who has tokens pays.
    from gateway.auth.bearer import create_bearer_authenticator  # noqa: PLC0415 - see above

    return create_bearer_authenticator(settings, clock)
