"""Whatever is sent as a token is accepted or refused, without any other error."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth.bearer import BearerAuthenticator
from gateway.auth.keys import StaticKeySource, read_jwk_set
from gateway.auth.token import TokenVerifier
from gateway.cache.keys import KeyMaker, random_secret
from gateway.context import Caller
from gateway.edge.http_request import HttpHeaders
from gateway.errors import TokenRefusedError
from tests.sandbox.client import NOW
from tests.support.examples import examples
from tests.support.tokens import AUDIENCE, ISSUER, TIME, Issuer, signed

ISSUERS = [Issuer("es", "ES256"), Issuer("rs", "RS256"), Issuer("ed", "EdDSA")]
KEYS = read_jwk_set(json.dumps({"keys": [one.jwk() for one in ISSUERS]}).encode())
ALGORITHMS = frozenset({"ES256", "RS256", "EdDSA"})
BEARERS = BearerAuthenticator(
    TokenVerifier(StaticKeySource(lambda: KEYS), ISSUER, AUDIENCE, ALGORITHMS, lambda: NOW),
    "roles",
    "customers",
    KeyMaker(random_secret()),
)
GOOD = {"iss": ISSUER, "aud": AUDIENCE, "exp": TIME + 300}
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
WORDS = st.sampled_from(["mobile", "email", "customerId", "source", "INSTORE", "4", "", "rulesets"])
CLAIMED = ANY | st.lists(st.dictionaries(WORDS, WORDS | ANY, max_size=3), max_size=3)
NAMES = st.sampled_from(["iss", "aud", "exp", "nbf", "iat", "sub", "roles", "customers", "realm"])
HEADERS = st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "jku"])


def caller(token: str) -> Caller | None:
    """Return the bearer of a token, None for a refused one."""
    raw = [(b"authorization", b"Bearer " + token.encode("utf-8", "surrogatepass"))]
    asking = BEARERS.caller(HttpHeaders(raw))
    try:
        asking.send(None)  # keys that are at hand are not waited for: no loop is needed
    except StopIteration as ended:
        found: Caller = ended.value
        return found
    except TokenRefusedError:
        return None
    raise AssertionError("it waits for something")


@examples(300)
@given(header=st.dictionaries(HEADERS, ANY, max_size=2), claims=st.dictionaries(NAMES, CLAIMED))
def test_any_claims_that_the_issuer_signs_are_read_or_refused(
    header: dict[str, Any], claims: dict[str, Any]
) -> None:
    """Malformed claims are refused, and never allow more than they state."""
    issuer = ISSUERS[0]
    head = json.dumps({"alg": "ES256", "kid": "es"} | header)
    found = caller(signed(head, json.dumps(GOOD | claims), "ES256", issuer.key))
    if found is not None:
        assert found.customers is not None
        assert len(found.customers) <= len(claims.get("customers") or ())
        assert not found.roles or "rulesets" in str(claims["roles"])


@examples(300)
@given(index=st.integers(0, 2), signature=st.binary(max_size=600))
def test_any_signature_that_the_issuer_has_not_made_is_refused(
    index: int, signature: bytes
) -> None:
    """Of any length, without an error of a library."""
    signing_input = ISSUERS[index].token().rpartition(".")[0]
    made_up = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
    assert caller(f"{signing_input}.{made_up}") is None


@examples(300)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=200))
def test_any_text_is_refused(text: str) -> None:
    """Only an issuer can sign a token."""
    assert caller(text) is None


@pytest.mark.parametrize("issuer", ISSUERS, ids=lambda one: one.algorithm)
def test_each_changed_character_of_what_is_signed_is_noticed(issuer: Issuer) -> None:
    """No character of header and claims can be changed."""
    token = issuer.token()
    assert caller(token) is not None
    for index in range(token.rindex(".")):
        for other in ("A", "_", "."):
            if token[index] != other:
                assert caller(token[:index] + other + token[index + 1 :]) is None
