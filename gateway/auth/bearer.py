"""Callers who authenticate by a bearer token."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Self

from gateway.auth.authenticator import Authenticator, key_samples
from gateway.auth.claims import read_customers, read_roles
from gateway.auth.jwks import JwksKeySource, KeyLifetimes, create_http
from gateway.auth.keys import Keys, KeySource, StaticKeySource, read_key_file
from gateway.auth.token import TokenVerifier
from gateway.cache.keys import KeyMaker, secret_for
from gateway.config.parsing import PREFIX
from gateway.config.secret_files import NOT_SHOWN, PEM
from gateway.config.settings import Settings, SettingsError, allowed
from gateway.context import Caller
from gateway.edge.http_request import HttpHeaders
from gateway.errors import TokenRefusedError, UnauthenticatedError
from gateway.telemetry import log
from gateway.telemetry.metric import Samples

_BEARER = re.compile(rb"bearer ++([!-~]++)", re.IGNORECASE)
_SUBJECT_LENGTH = 16  # characters: 96 bits


@dataclass(frozen=True, slots=True)
class BearerAuthenticator(Authenticator):
    """Reads what a caller may do from the claims of a token.

    With `customer_claim` "" every caller may query all customers.
    """

    verifier: TokenVerifier
    roles_claim: str
    customer_claim: str
    subjects: KeyMaker

    async def caller(self, headers: HttpHeaders) -> Caller:
        """Return the bearer of the request's token.

        Raise UnauthenticatedError without a valid token, and for several of them.
        """
        try:
            return await self._caller(_read_token(headers))
        except TokenRefusedError as refused:
            log.info("token_rejected", reason=refused.reason)
            raise

    async def _caller(self, token: str) -> Caller:
        claims = await self.verifier.verify(token)
        customers = None
        if self.customer_claim:
            customers = read_customers(claims.all, self.customer_claim)
        # Keyed: a plain hash of a mobile number could be reversed by trying all numbers.
        subject = ""
        if claims.subject:
            subject = self.subjects.key("subject", claims.subject)[:_SUBJECT_LENGTH]
        roles = read_roles(claims.all, self.roles_claim)
        return Caller(roles, customers=customers, subject=subject)

    def samples(self) -> Samples:
        """Return the samples of `gateway_auth_…`."""
        return key_samples(self.verifier.keys.statistics)

    @property
    def is_ready(self) -> bool:
        """Whether there are, or have been, keys."""
        return self.verifier.keys.is_ready

    async def reload(self) -> None:
        """Fetch or read the keys again."""
        await self.verifier.keys.reload()

    async def __aenter__(self) -> Self:
        await self.verifier.keys.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.verifier.keys.__aexit__()


def _read_token(headers: HttpHeaders) -> str:
    """Return the one bearer token of a request (RFC 6750 §2.1)."""
    values = headers.all(b"authorization")
    if not values:
        raise UnauthenticatedError("A bearer token is required.")
    match = _BEARER.fullmatch(values[0])
    if len(values) > 1 or match is None:
        raise TokenRefusedError("no_bearer")
    return match[1].decode("ascii")


def create_bearer_authenticator(
    settings: Settings, clock: Callable[[], datetime]
) -> BearerAuthenticator:
    """Create the authenticator of `AUTH=jwt`.

    Raise SettingsError for a key file that cannot be read.
    """
    verifier = TokenVerifier(
        _create_key_source(settings),
        settings.auth_issuer,
        settings.auth_audience,
        frozenset(settings.auth_algorithms),
        clock,
    )
    subjects = KeyMaker(secret_for("subjects", settings.cache_key_secret.get_secret_value()))
    return BearerAuthenticator(
        verifier, settings.auth_roles_claim, settings.auth_customer_claim, subjects
    )


def _create_key_source(settings: Settings) -> KeySource:
    if settings.auth_jwks_url:
        lifetimes = KeyLifetimes(settings.auth_jwks_ttl_s, settings.auth_jwks_stale_s)
        http = create_http(settings.auth_jwks_proxy, settings.auth_jwks_ca_file)
        return JwksKeySource(settings.auth_jwks_url, lifetimes, http=http)
    return StaticKeySource(partial(_read_key_file, settings))


def _read_key_file(settings: Settings) -> Keys:
    try:
        return read_key_file(settings.auth_key_file)
    except (OSError, ValueError):
        path = settings.auth_key_file
        shown = NOT_SHOWN if PEM in path else repr(path)
        line = f"{PREFIX}AUTH_KEY_FILE={shown}: it must be {allowed('auth_key_file')}"
        raise SettingsError([line]) from None
