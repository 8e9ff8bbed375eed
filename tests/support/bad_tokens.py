"""Tokens that are refused, each with the reason that is logged."""

import hmac

from gateway.auth.token import LEEWAY_S
from tests.support.tokens import AUDIENCE, ISSUER, TIME, Issuer, encoded, signed

ES, RS, ED = Issuer("es", "ES256"), Issuer("rs", "RS256"), Issuer("ed", "EdDSA")
STRANGER = Issuer("stranger", "ES256")
CLAIMS = f'"iss":"{ISSUER}","aud":"{AUDIENCE}","exp":{TIME + 300}'
LASTING = f'"iss":"{ISSUER}","aud":"{AUDIENCE}","exp":'
HEADER = '{"alg":"ES256","kid":"es"}'


def confused(raw: bytes) -> str:
    """Sign with the public key as if it were a shared secret (algorithm confusion)."""
    header = encoded(b'{"alg":"HS256","kid":"rs"}')
    text = f"{header}.{encoded(('{' + CLAIMS + '}').encode())}"
    return f"{text}.{encoded(hmac.digest(raw, text.encode(), 'sha256'))}"


def by_es(claims: str, header: str = HEADER) -> str:
    """Sign a header and claims with an EC key of the key file."""
    return signed(header, claims, "ES256", ES.key)


GOOD = ES.token()
HEAD, BODY, SIGNATURE = GOOD.split(".")
NONE, LOUD_NONE = encoded(b'{"alg":"none"}'), encoded(b'{"alg":"NONE"}')
NO_TEXT = encoded(b"{\xff}")
BAD = {
    "of no algorithm": ("no_token", f"{NONE}.{BODY}."),
    "of no algorithm, with a signature": ("algorithm", f"{NONE}.{BODY}.{SIGNATURE}"),
    "of NONE": ("algorithm", f"{LOUD_NONE}.{BODY}.{SIGNATURE}"),
    "signed with a public key in PEM": ("algorithm", confused(RS.pem())),
    "signed with a public key in DER": ("algorithm", confused(RS.key.as_der(private=False))),
    "signed with a public modulus": ("algorithm", confused(RS.jwk()["n"].encode())),
    "of an algorithm that is not allowed": ("algorithm", Issuer("rs", "RS512").token()),
    "of PS256, by a key for RS256": ("algorithm", Issuer("rs", "PS256").token()),
    "of ES256, by a key for RS256": (
        "key",
        by_es("{" + CLAIMS + "}", '{"alg":"ES256","kid":"rs"}'),
    ),
    "of ES256 that says RS256": ("key", by_es("{" + CLAIMS + "}", '{"alg":"RS256","kid":"es"}')),
    "of another key's id": ("key", ES.token({"kid": "rs"})),
    "of an unknown key id": ("key", ES.token({"kid": "nobody"})),
    "of a key id that is no text": ("header", ES.token({"kid": 1})),
    "of an endless key id": ("header", ES.token({"kid": "k" * 257})),
    "of a stranger": ("key", STRANGER.token()),
    "of a stranger who takes a known id": ("signature", STRANGER.token({"kid": "es"})),
    "of a stranger who brings a key": (
        "signature",
        STRANGER.token({"kid": "es", "jwk": STRANGER.jwk()}),
    ),
    "of a stranger who names no key": ("signature", STRANGER.token({"kid": None})),
    "with crit": ("header", ES.token({"crit": ["exp"], "exp": 1})),
    "with an empty crit": ("header", ES.token({"crit": []})),
    "with a payload not encoded": ("header", ES.token({"b64": False, "crit": ["b64"]})),
    "of another type": ("type", ES.token({"typ": "logout+jwt"})),
    "without alg": ("header", ES.token({"alg": None})),
    "with alg as a list": ("header", ES.token({"alg": ["ES256"]})),
    "that has expired": ("expired", ES.token(exp=TIME - LEEWAY_S)),
    "that expired long ago": ("expired", ES.token(exp=0)),
    "that never expires": ("claims", ES.token(exp=None)),
    "that expires at a text": ("claims", ES.token(exp=str(TIME + 300))),
    "that expires at true": ("claims", ES.token(exp=True)),
    "that expires past all time": ("claims", by_es("{" + LASTING + "1e999}")),
    "that expires at NaN": ("no_token", by_es("{" + LASTING + "NaN}")),
    "that begins later": ("not_yet", ES.token(nbf=TIME + LEEWAY_S + 1)),
    "that begins at a text": ("claims", ES.token(nbf="now")),
    "that was issued later": ("not_yet", ES.token(iat=TIME + LEEWAY_S + 1)),
    "of another issuer": ("issuer", ES.token(iss=ISSUER + "/")),
    "of no issuer": ("claims", ES.token(iss=None)),
    "of several issuers": ("claims", ES.token(iss=[ISSUER])),
    "for another audience": ("audience", ES.token(aud="others")),
    "for others": ("audience", ES.token(aud=["others", AUDIENCE.upper()])),
    "for no audience": ("claims", ES.token(aud=None)),
    "for an empty audience": ("audience", ES.token(aud=[])),
    "for an audience that is no text": ("claims", ES.token(aud={AUDIENCE: 1})),
    "about a number": ("claims", ES.token(sub=1)),
    "cut by a character": ("signature", GOOD[:-1]),
    "cut by its signature": ("no_token", f"{HEAD}.{BODY}."),
    "cut by a part": ("no_token", f"{HEAD}.{BODY}"),
    "of four parts": ("no_token", f"{GOOD}.{SIGNATURE}"),
    "of five parts, as if encrypted": ("no_token", f"{GOOD}.{BODY}.{BODY}"),
    "of one part": ("no_token", HEAD),
    "with another's claims": (
        "signature",
        f"{HEAD}.{ED.token(sub='other').split('.')[1]}.{SIGNATURE}",
    ),
    "with another's signature": ("signature", f"{HEAD}.{BODY}.{ED.token().split('.')[2]}"),
    "in base64 with padding": ("no_token", f"{HEAD}=.{BODY}.{SIGNATURE}"),
    "in base64 of the other kind": ("no_token", f"{HEAD}.{BODY}.{SIGNATURE}+/"),
    "with a claim twice": ("no_token", by_es("{" + CLAIMS + ',"exp":' + str(TIME + 9) + "}")),
    "with a claim twice inside another": ("no_token", by_es("{" + CLAIMS + ',"a":{"b":1,"b":2}}')),
    "with a header twice": (
        "no_token",
        by_es("{" + CLAIMS + "}", '{"alg":"none","alg":"ES256","kid":"es"}'),
    ),
    "with claims that are a list": ("no_token", by_es("[]")),
    "with claims that are no JSON": ("no_token", by_es("{" + CLAIMS)),
    "with claims that nest too deep": ("no_token", by_es("[" * 5_000)),
    "with a number without end": ("no_token", by_es("{" + CLAIMS + ',"n":' + "9" * 5_000 + "}")),
    "with a header that is a list": ("no_token", by_es("{}", "[]")),
    "with a header that is no UTF-8": ("no_token", f"{NO_TEXT}.{BODY}.{SIGNATURE}"),
    "longer than 16 KB": ("too_long", ES.token(more="m" * 16_384)),
}
