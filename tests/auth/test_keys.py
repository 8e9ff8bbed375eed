"""The keys that are accepted from a file and from a JWK set."""

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OctKey

from gateway.auth.factory import create_authenticator
from gateway.auth.keys import read_jwk_set, read_key_file
from gateway.config.settings import SettingsError
from tests.sandbox.client import NOW
from tests.support.graph import settings_for
from tests.support.tokens import JWT, Issuer, key

EC, RSA, ED = Issuer("ec", "ES256"), Issuer("rsa", "RS256"), Issuer("ed", "EdDSA")
# A modulus of 1,024 bits: the library would warn of making one.
SHORT = RSA.jwk(n="u" * 171)


def read(*keys: Any) -> list[tuple[str | None, list[str]]]:
    """Read a set; return the id and the algorithms of each accepted key."""
    raw = json.dumps({"keys": keys}).encode()
    return [(one.kid, sorted(one.algorithms)) for one in read_jwk_set(raw)]


def test_a_key_is_for_its_own_kind_of_algorithm() -> None:
    """By its type and curve, restricted to its `alg` if it has one."""
    every_rsa = ["PS256", "PS384", "PS512", "RS256", "RS384", "RS512"]
    assert read(EC.jwk(), RSA.jwk(), ED.jwk()) == [
        ("ec", ["ES256"]),
        ("rsa", ["RS256"]),
        ("ed", ["EdDSA"]),
    ]
    assert read(RSA.jwk(alg=None), ED.jwk(alg="Ed25519"), Issuer("x", "ES384").jwk(alg=None)) == [
        ("rsa", every_rsa),
        ("ed", ["EdDSA"]),
        ("x", ["ES384"]),
    ]


@pytest.mark.parametrize(
    "jwk",
    [
        EC.jwk(use="enc"),
        EC.jwk(key_ops=["sign"]),
        EC.jwk(key_ops="verify"),
        EC.jwk(kid=7),
        EC.jwk(alg="ES384"),
        EC.jwk(alg="HS256"),
        EC.jwk(crv="P-384"),
        EC.jwk(crv="secp256k1"),
        EC.jwk(x="AAAA"),
        EC.jwk(x=None),
        EC.jwk(y=["A"]),
        RSA.jwk(n="AAAA"),
        RSA.jwk(n=None),
        RSA.jwk(e="AQ"),
        RSA.jwk(e="é"),
        SHORT,
        RSA.jwk(n="u" * 4_000),
        ED.jwk(x="A"),
        ED.jwk(crv="X25519"),
        {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", "kid": "s", "alg": "HS256"},
        {"kty": ["EC"]},
        {"kty": "AKP"},
        {},
        None,
        "key",
    ],
)
def test_what_is_no_key_to_verify_with_is_left_out(jwk: Any) -> None:
    """A malformed, secret or encryption key does not affect the others."""
    assert read(jwk, ED.jwk()) == [("ed", ["EdDSA"])]


def test_a_private_key_is_left_out() -> None:
    """A private key that is published is no longer private."""
    private = key("ES256", "ec").as_dict(private=True) | {"kid": "private"}
    assert read(private) == []


def test_a_set_is_read_up_to_64_keys() -> None:
    """The number of keys that a token is verified with is bounded."""
    assert len(read(*[EC.jwk()] * 100)) == 64


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{}", b'{"keys":{}}', b'{"keys":null}', b"<html>", b"\xff", b"[" * 9_999]
)
def test_what_is_no_set_is_told_from_an_empty_one(raw: bytes) -> None:
    """Malformed data must not look like an issuer that has withdrawn its keys."""
    with pytest.raises(ValueError, match="no JWK set"):
        read_jwk_set(raw)
    assert read_jwk_set(b'{"keys":[]}') == ()


@pytest.mark.parametrize("issuer", [EC, RSA, ED], ids=lambda one: one.algorithm)
def test_a_pem_file_has_one_key_for_any_key_id(tmp_path: Path, issuer: Issuer) -> None:
    """A PEM file has no key id, and so fits every token's."""
    path = tmp_path / "key.pem"
    path.write_bytes(issuer.pem())
    (one,) = read_key_file(str(path))
    assert one.kid is None
    assert one.fits("whatever", issuer.algorithm)
    assert not one.fits("whatever", "ES512")


PRIVATE = key("ES256", "ec").as_pem(private=True)
FILES = {
    "a private key": PRIVATE,
    "a private key of RSA": key("RS256", "rsa").as_pem(private=True),
    "a certificate": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "an open end": b"-----BEGIN PUBLIC KEY-----\n",
    "a secret": b"hunter2hunter2hunter2",
    "a set of secrets": json.dumps({"keys": [OctKey.generate_key(256).as_dict()]}).encode(),
    "a set without keys": b'{"keys":[]}',
    "nothing": b"",
}


@pytest.mark.parametrize("raw", list(FILES.values()), ids=list(FILES))
def test_a_file_of_anything_else_stops_the_start(tmp_path: Path, raw: bytes) -> None:
    """The error names the variable and the allowed formats, and quotes nothing of the file."""
    path = tmp_path / "key.pem"
    path.write_bytes(raw)
    settings = settings_for("http://platform.example", **JWT, auth_key_file=str(path))
    with pytest.raises(SettingsError) as raised:
        create_authenticator(settings, lambda: NOW)
    (line,) = raised.value.lines
    assert line.startswith(
        f"GATEWAY_AUTH_KEY_FILE='{path}': it must be a readable file with a public key"
    )
    assert "hunter2" not in line


def test_a_key_in_the_place_of_its_path_is_not_repeated() -> None:
    """A private key, set by mistake, shows in no log."""
    key = "-----BEGIN PRIVATE KEY-----\nhunter2"
    settings = settings_for("http://platform.example", **JWT, auth_key_file=key)
    with pytest.raises(SettingsError, match=r"^GATEWAY_AUTH_KEY_FILE=\(not shown, .*") as raised:
        create_authenticator(settings, lambda: NOW)
    assert "hunter2" not in str(raised.value)


def test_a_file_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    """A directory and a missing file are the same error."""
    for path in (tmp_path, tmp_path / "nothing"):
        settings = settings_for("http://platform.example", **JWT, auth_key_file=str(path))
        with pytest.raises(SettingsError):
            create_authenticator(settings, lambda: NOW)
