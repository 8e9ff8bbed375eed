"""Which authenticator a process has, by its settings."""

from collections.abc import Callable
from datetime import datetime

from gateway.auth.authenticator import Anonymous, Authenticator
from gateway.config.settings import Settings
from gateway.config.upstream import UpstreamAuth


def create_authenticator(settings: Settings, clock: Callable[[], datetime]) -> Authenticator:
    """Create the authenticator that `AUTH` names; `clock` returns UTC.

    Raise SettingsError for a key file that cannot be read.
    """
    if settings.auth == "none":
        is_passed_on = settings.upstream_auth is UpstreamAuth.PASSTHROUGH
        names = ("Authorization", settings.upstream_oauth_header) if is_passed_on else ()
        return Anonymous(settings.anonymous_roles, names)
    # joserfc and its cryptography take 9 MB: only a process with AUTH=jwt imports them.
    from gateway.auth.bearer import create_bearer_authenticator  # noqa: PLC0415 - see above

    return create_bearer_authenticator(settings, clock)
