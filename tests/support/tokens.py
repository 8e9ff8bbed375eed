"""An issuer of tokens, and a server of its keys."""

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response
from starlette.routing import Route

from tests.sandbox.client import NOW
from tests.support.serving import serve

ISSUER = "https://issuer.example"
AUDIENCE = "promotions"
TIME = int(NOW.timestamp())
JWT: dict[str, Any] = {"auth": "jwt", "auth_issuer": ISSUER, "auth_audience": AUDIENCE}
_KINDS: dict[str, tuple[Any, Any]] = {
    "RS": (RSAKey, 2048),
    "PS": (RSAKey, 2048),
    "ES256": (ECKey, "P-256"),
    "ES384": (ECKey, "P-384"),
    "ES512": (ECKey, "P-521"),
    "EdDSA": (OKPKey, "Ed25519"),
}


@cache
def key(algorithm: str, name: str) -> Any:
    """Return a private key, the same for the same name: generating one is slow."""
    kind, size = _KINDS.get(algorithm) or _KINDS[algorithm[:2]]
    return kind.generate_key(size, private=True)


def encoded(raw: bytes) -> str:
    """Return one part of a token in base64url."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header: str, claims: str, algorithm: str, signing_key: Any) -> str:
    """Return a signed token with any texts as header and claims."""
    text = f"{encoded(header.encode())}.{encoded(claims.encode())}"
    name = "Ed25519" if algorithm == "EdDSA" else algorithm
    return f"{text}.{encoded(JWSRegistry.algorithms[name].sign(text.encode(), signing_key))}"


@dataclass(frozen=True)
class Issuer:
    """An issuer that signs tokens with one key."""

    kid: str = "first"
    algorithm: str = "ES256"

    @property
    def key(self) -> Any:
        """Return the private key."""
        return key(self.algorithm, self.kid)

    def token(self, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """Return a valid token with these claims; None leaves a claim out."""
        head = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT"} | (header or {})
        said = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "somebody",
            "exp": TIME + 300,
            "nbf": TIME,
        } | claims
        stated = {name: value for name, value in said.items() if value is not None}
        head = {name: value for name, value in head.items() if value is not None}
        return signed(json.dumps(head), json.dumps(stated), self.algorithm, self.key)

    def bearer(self, **claims: Any) -> dict[str, str]:
        """Return the Authorization header with such a token."""
        return {"Authorization": f"Bearer {self.token(**claims)}"}

    def jwk(self, **members: Any) -> dict[str, Any]:
        """Return the public key as a JWK."""
        public: dict[str, Any] = self.key.as_dict(private=False)
        return public | {"kid": self.kid, "use": "sig", "alg": self.algorithm} | members

    def pem(self) -> bytes:
        """Return the public key in PEM."""
        raw: bytes = self.key.as_pem(private=False)
        return raw


@dataclass
class KeyServer:
    """A JWKS server; a test changes its response and counts its requests."""

    keys: list[dict[str, Any]]
    status: int = 200
    body: bytes | None = None
    delay_s: float = 0.0
    calls: int = 0
    url: str = field(default="", init=False)

    def answer(self, _http: StarletteRequest) -> Response:
        """Send the current response, in a thread so that a delay blocks no one else."""
        self.calls += 1
        time.sleep(self.delay_s)
        body = json.dumps({"keys": self.keys}).encode() if self.body is None else self.body
        return Response(body, self.status, {"Location": "/elsewhere"})

    @contextmanager
    def serving(self) -> Iterator["KeyServer"]:
        """Serve for the duration of the block."""
        with serve(Starlette(routes=[Route("/keys", self.answer)])) as url:
            self.url = f"{url}/keys"
            yield self
