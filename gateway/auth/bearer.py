"""Who asks: the bearer of a token."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from gateway.auth.authenticator import HeaderLookup
from gateway.auth.claims import read_customers, read_roles
from gateway.auth.jwks import JwksKeySource, KeyLifetimes
from gateway.auth.keys import KeySource, StaticKeySource, read_key_file
from gateway.auth.token import TokenVerifier
from gateway.cache.keys import KeyMaker, secret_for
from gateway.config.settings import PREFIX, Settings, SettingsError, allowed
from gateway.context import Caller
from gateway.errors import TokenRefusedError, UnauthenticatedError
from gateway.telemetry import log

_BEARER = re.compile(r"bearer ++([!-~]++)", re.IGNORECASE | re.ASCII)
_SUBJECT = 16  # characters: 96 bits


@dataclass(frozen=True, slots=True)
class BearerAuthenticator:
    """Each caller bears a token, whose claims say what the caller may.

    With `customer_claim` "" every caller may ask for all customers.
    """

    verifier: TokenVerifier
    roles_claim: str
    customer_claim: str
    subjects: KeyMaker

    async def caller(self, headers: HeaderLookup) -> Caller:
        """Tell what the bearer of the request's token may.

        Raises UnauthenticatedError, also where there are several tokens.
        """
        try:
            return await self._caller(_token(headers))
        except TokenRefusedError as refused:
            log.info("token_rejected", reason=refused.reason)
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


def _token(headers: HeaderLookup) -> str:
    """Take the one bearer token of a request (RFC 6750 §2.1)."""
    given = headers.getlist("Authorization")
    if not given:
        raise UnauthenticatedError("A bearer token is required.")
    match = _BEARER.fullmatch(given[0])
    if len(given) > 1 or match is None:
        raise TokenRefusedError("no_bearer")
    return match[1]


def create_bearer_authenticator(
    settings: Settings, clock: Callable[[], datetime]
) -> BearerAuthenticator:
    """Make what knows the bearers of tokens; raises as `authentication_from` does."""
    verifier = TokenVerifier(
        _keys_from(settings),
        settings.auth_issuer,
        settings.auth_audience,
        frozenset(settings.auth_algorithms),
        clock,
    )
    subjects = KeyMaker(secret_for("subjects", settings.cache_key_secret.get_secret_value()))
    return BearerAuthenticator(
        verifier, settings.auth_roles_claim, settings.auth_customer_claim, subjects
    )


def _keys_from(settings: Settings) -> KeySource:
    if settings.auth_jwks_url:
        times = KeyLifetimes(settings.auth_jwks_ttl_s, settings.auth_jwks_stale_s)
        return JwksKeySource(settings.auth_jwks_url, times)
    try:
        return StaticKeySource(read_key_file(settings.auth_key_file))
    except (OSError, ValueError):
        name = f"{PREFIX}AUTH_KEY_FILE"
        line = f"{name}={settings.auth_key_file!r}: it must be {allowed('auth_key_file')}"
        raise SettingsError([line]) from None
