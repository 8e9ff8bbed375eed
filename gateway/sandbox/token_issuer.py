"""An issuer of bearer tokens for `promotion-gateway dev --auth`, in place of a login.

Its tokens show a frontend each answer of the gateway's authentication without any account: the
caller's own customers, those of another caller, an expired token (401), and the role that opens
`PromotionDefinition.rulesets`.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.sandbox.responses import json_response

ISSUER = "promotion-gateway-sandbox"
AUDIENCE = "promotion-gateway"
CUSTOMER_CLAIM = "customers"
ROLES_CLAIM = "roles"
JWKS_PATH = "/__jwks"
_ALGORITHM = "ES256"
_LIFETIME = timedelta(hours=12)
_OWN = [{"externalId": "C-CURRENT"}, {"externalId": "C-TEN"}]
_ANOTHERS = [{"externalId": "C-MIXED"}]
# What each token is for, its claims, and its time to live.
_TOKENS: dict[str, tuple[str, dict[str, Any], timedelta]] = {
    "own": (
        "the customers C-CURRENT and C-TEN; any other is FORBIDDEN",
        {"sub": "own", CUSTOMER_CLAIM: _OWN},
        _LIFETIME,
    ),
    "rulesets": (
        "the same customers, and the role that opens rulesets",
        {"sub": "rulesets", CUSTOMER_CLAIM: _OWN, ROLES_CLAIM: ["rulesets"]},
        _LIFETIME,
    ),
    "another": (
        "another caller's customer, C-MIXED",
        {"sub": "another", CUSTOMER_CLAIM: _ANOTHERS},
        _LIFETIME,
    ),
    "none": ("no customer: `viewer` is empty", {"sub": "none", CUSTOMER_CLAIM: []}, _LIFETIME),
    "expired": (
        "expired an hour ago: 401 and UNAUTHENTICATED",
        {"sub": "own", CUSTOMER_CLAIM: _OWN},
        timedelta(hours=-1),
    ),
}


class TokenIssuer:
    """Signs tokens with a key of this process; `clock` returns aware datetimes."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._key = ECKey.generate_key("P-256", {"kid": "sandbox"}, private=True)

    def tokens(self) -> list[dict[str, str]]:
        """Return tokens that are issued now: each one's `name`, `purpose` and `token`."""
        now = self._clock()
        header = {"alg": _ALGORITHM, "kid": self._key.kid, "typ": "JWT"}
        registered = {"iss": ISSUER, "aud": AUDIENCE}
        return [
            {
                "name": name,
                "purpose": purpose,
                "token": jwt.encode(
                    header,
                    registered | claims | {"exp": int((now + lifetime).timestamp())},
                    self._key,
                ),
            }
            for name, (purpose, claims, lifetime) in _TOKENS.items()
        ]

    def routes(self) -> list[Route]:
        """Return the routes of the tokens and of the JWK set that verifies them."""

        async def read_tokens(_request: Request) -> Response:
            return json_response(self.tokens())

        async def read_keys(_request: Request) -> Response:
            return json_response({"keys": [self._key.as_dict(private=False)]})

        return [Route("/__tokens", read_tokens), Route(JWKS_PATH, read_keys)]
