"""The keys that tokens are checked with: public ones, each for the algorithms that it allows."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

_PUBLIC_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_CLASSES: dict[str, Any] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_BY_CURVE = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}
_BY_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_FEWEST_RSA_BITS = 2048
_MOST_RSA_BITS = 8192  # a larger one would take the event loop's time at every token
_LARGEST_EXPONENT = 2**32
_MOST_KEYS = 64


class VerificationKey(NamedTuple):
    """One key: `kid` None fits tokens of any key id; `algorithms` are those it may verify."""

    kid: str | None
    algorithms: frozenset[str]
    key: Any

    def fits(self, kid: str | None, algorithm: str) -> bool:
        """Return whether a token with this header may have been signed by it."""
        return algorithm in self.algorithms and (None in {kid, self.kid} or kid == self.kid)


Keys = tuple[VerificationKey, ...]


class KeySource(Protocol):
    """Where keys come from."""

    async def keys(self, kid: str | None) -> Keys:
        """Return all keys that count now; `kid` is the one that a token names.

        Raises KeysUnavailableError where there are none to be had.
        """
        ...

    async def __aenter__(self) -> Self:
        """Begin."""
        ...

    async def __aexit__(self, *_: object) -> None:
        """End what is in flight."""
        ...


class StaticKeySource:
    """The keys of a file."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    async def keys(self, kid: str | None) -> Keys:
        """Return them."""
        return self._keys

    async def __aenter__(self) -> Self:
        """Nothing is in flight."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is in flight."""


def read_key_file(path: str) -> Keys:
    """Read a file with a public key in PEM, or with a JWK set.

    Raises ValueError where it is neither, or has no key to verify with; OSError.
    """
    raw = Path(path).read_bytes()
    keys = _read_pem(raw) if raw.lstrip().startswith(b"-----BEGIN") else read_jwk_set(raw)
    if not keys:
        raise ValueError("no key to verify with")
    return keys


def _read_pem(raw: bytes) -> Keys:
    for kind in _CLASSES.values():
        try:
            key = kind.import_key(raw)
        except (JoseError, ValueError, TypeError):
            continue
        if key.is_private:
            raise ValueError("a private key has no place here")
        return tuple(_usable(None, key, None))
    raise ValueError("no public key in PEM")


def read_jwk_set(raw: bytes) -> Keys:
    """Read a JWK set (RFC 7517 §5), and leave out what is of no use to verify with.

    Raises ValueError where it is no JWK set.
    """
    try:
        listed = msgspec.json.decode(raw)["keys"]
    except (msgspec.DecodeError, RecursionError, LookupError, TypeError):
        raise ValueError("no JWK set") from None
    if not isinstance(listed, list):
        raise ValueError("no JWK set")  # noqa: TRY004 - it is the file's value that is wrong
    return tuple(key for jwk in listed[:_MOST_KEYS] for key in _read_jwk(jwk))


def _read_jwk(jwk: object) -> Iterable[VerificationKey]:
    """Read one key; of an encryption key, a secret, a private or an odd one nothing is left."""
    if not isinstance(jwk, dict):
        return ()
    kind, kid, operations = str(jwk.get("kty")), jwk.get("kid"), jwk.get("key_ops", ["verify"])
    is_for_signatures = jwk.get("use", "sig") == "sig" and (
        isinstance(operations, list) and "verify" in operations
    )
    if not is_for_signatures or kind not in _PUBLIC_MEMBERS or "d" in jwk:
        return ()
    if not isinstance(kid, str | None) or (kind == "RSA" and not _is_rsa_of_a_good_size(jwk)):
        return ()
    public = {"kty": kind} | {name: jwk.get(name) for name in _PUBLIC_MEMBERS[kind]}
    try:
        key = _CLASSES[kind].import_key(public)
    except Exception:  # noqa: BLE001 - whatever the libraries make of it: it is no key
        return ()
    return _usable(kid, key, jwk.get("alg"))


def _usable(kid: str | None, key: Any, named: object) -> Iterable[VerificationKey]:
    """Return a key with the algorithms that its kind allows, and its `alg` where it has one."""
    if isinstance(key, RSAKey):
        is_good = _FEWEST_RSA_BITS <= key.raw_value.key_size <= _MOST_RSA_BITS
        algorithms = _BY_RSA if is_good else frozenset()
    else:
        algorithms = frozenset(filter(None, [_BY_CURVE.get(key.curve_name)]))
    if named is not None:  # RFC 9864 has given EdDSA on this curve a second name
        algorithms &= {"EdDSA" if named == "Ed25519" else str(named)}
    return [VerificationKey(kid, algorithms, key)] if algorithms else []


def _is_rsa_of_a_good_size(jwk: Mapping[str, Any]) -> bool:
    try:
        modulus, exponent = (
            int.from_bytes(base64.urlsafe_b64decode(jwk[name] + "==")) for name in ("n", "e")
        )
    except (LookupError, TypeError, ValueError, binascii.Error):
        return False
    return (
        _FEWEST_RSA_BITS <= modulus.bit_length() <= _MOST_RSA_BITS
        and 2 < exponent < _LARGEST_EXPONENT
    )
