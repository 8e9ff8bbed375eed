"""Who asks: nobody in particular, or the bearer of a token."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Protocol, Self

from gateway.cache.keys import KeyMaker, secret_for
from gateway.errors import TokenRefusedError, UnauthenticatedError
from gateway.http.auth_claims import read_customers, read_roles
from gateway.http.auth_jwks import KeepingTimes, KeysByUrl
from gateway.http.auth_keys import FixedKeys, KeySource, read_key_file
from gateway.http.auth_token import TokenVerifier
from gateway.request import Caller, Role
from gateway.settings import PREFIX, Settings, SettingsError, UpstreamAuth, allowed
from gateway.telemetry import log

_BEARER = re.compile(r"bearer +([!-~]+)", re.IGNORECASE | re.ASCII)
_SUBJECT = 16  # characters: 96 bits


class Headers(Protocol):
    """The header lines of a request, by names in whichever case."""

    def get(self, name: str, /) -> str | None:
        """Give the first value, None where there is none."""
        ...

    def getlist(self, name: str, /) -> list[str]:
        """Give all values."""
        ...


class Authentication(Protocol):
    """Tells who asks."""

    async def caller(self, headers: Headers) -> Caller:
        """Tell who sends a request with these headers.

        Raises UnauthenticatedError where that is not shown as it must be.
        """
        ...

    async def __aenter__(self) -> Self:
        """Begin."""
        ...

    async def __aexit__(self, *_: object) -> None:
        """End what is in flight."""
        ...


@dataclass(frozen=True)
class Anonymous:
    """Everybody is the same, but for the credential in the `handed_on` headers."""

    roles: frozenset[Role]
    handed_on: tuple[str, ...]

    @cached_property
    def _anybody(self) -> Caller:
        return Caller(self.roles)

    async def caller(self, headers: Headers) -> Caller:
        """Tell what everybody may, and what this one has brought for the platform."""
        if not self.handed_on:
            return self._anybody
        held = ((name, headers.get(name)) for name in self.handed_on)
        return Caller(self.roles, tuple((name, value) for name, value in held if value))

    async def __aenter__(self) -> Self:
        """Nothing is in flight."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is in flight."""


@dataclass(frozen=True, slots=True)
class Bearers:
    """Each caller bears a token, whose claims say what the caller may.

    With `customer_claim` "" every caller may ask for all customers.
    """

    verifier: TokenVerifier
    roles_claim: str
    customer_claim: str
    subjects: KeyMaker

    async def caller(self, headers: Headers) -> Caller:
        """Tell what the bearer of the request's token may.

        Raises UnauthenticatedError, also where there are several tokens.
        """
        try:
            return await self._caller(_token(headers))
        except TokenRefusedError as refused:
            log.info("token_refused", reason=refused.reason)
            raise

    async def _caller(self, token: str) -> Caller:
        claims = await self.verifier.verify(token)
        customers = None
        if self.customer_claim:
            customers = read_customers(claims.all, self.customer_claim)
        # A hash that anybody can make would tell a mobile number to whoever tries them all.
        subject = self.subjects.key("subject", claims.subject)[:_SUBJECT] if claims.subject else ""
        roles = read_roles(claims.all, self.roles_claim)
        return Caller(roles, customers=customers, subject=subject)

    async def __aenter__(self) -> Self:
        """Begin with the keys."""
        await self.verifier.keys.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """End with the keys."""
        await self.verifier.keys.__aexit__()


def _token(headers: Headers) -> str:
    """Take the one bearer token of a request (RFC 6750 §2.1)."""
    given = headers.getlist("Authorization")
    if not given:
        raise UnauthenticatedError("This request carries no bearer token.")
    match = _BEARER.fullmatch(given[0])
    if len(given) > 1 or match is None:
        raise TokenRefusedError("no_bearer")
    return match[1]


def authentication_from(settings: Settings, clock: Callable[[], datetime]) -> Authentication:
    """Choose by `AUTH`; `clock` gives the time in UTC.

    Raises SettingsError where the file of keys cannot be read.
    """
    if settings.auth == "none":
        is_handed_on = settings.upstream_auth is UpstreamAuth.PASSTHROUGH
        headers = ("Authorization", settings.upstream_oauth_header) if is_handed_on else ()
        return Anonymous(settings.anonymous_roles, headers)
    verifier = TokenVerifier(
        _keys_from(settings),
        settings.auth_issuer,
        settings.auth_audience,
        frozenset(settings.auth_algorithms),
        clock,
    )
    subjects = KeyMaker(secret_for("subjects", settings.cache_key_secret.get_secret_value()))
    return Bearers(verifier, settings.auth_roles_claim, settings.auth_customer_claim, subjects)


def _keys_from(settings: Settings) -> KeySource:
    if settings.auth_jwks_url:
        times = KeepingTimes(settings.auth_jwks_ttl_s, settings.auth_jwks_stale_s)
        return KeysByUrl(settings.auth_jwks_url, times)
    try:
        return FixedKeys(read_key_file(settings.auth_key_file))
    except (OSError, ValueError):
        name = f"{PREFIX}AUTH_KEY_FILE"
        line = f"{name}={settings.auth_key_file!r}: it must be {allowed('auth_key_file')}"
        raise SettingsError([line]) from None
