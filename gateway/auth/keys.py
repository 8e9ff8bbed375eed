"""Public keys that tokens are verified with, each for the algorithms that it allows."""

import base64
import binascii
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.auth.authenticator import KeyStatistics

_PUBLIC_MEMBERS = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
_CLASSES: dict[str, Any] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_BY_CURVE = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}
_BY_RSA = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
ALGORITHMS = frozenset({*_BY_RSA, *_BY_CURVE.values()})
_MIN_RSA_BITS = 2048
_MAX_RSA_BITS = 8192  # verifying with a larger one would block the event loop at every token
_MAX_EXPONENT = 2**32
_MAX_KEYS = 64


class VerificationKey(NamedTuple):
    """A public key; `kid` None matches any key id, `algorithms` are those it may verify."""

    kid: str | None
    algorithms: frozenset[str]
    key: Any

    def fits(self, kid: str | None, algorithm: str) -> bool:
        """Whether a token with this header may have been signed with its private key."""
        return algorithm in self.algorithms and (None in {kid, self.kid} or kid == self.kid)


Keys = tuple[VerificationKey, ...]


class KeySource(ABC):
    """Provides keys while it is open as a context manager."""

    @abstractmethod
    async def keys(self, kid: str | None) -> Keys:
        """Return all keys that are valid now; `kid` is the key id of the token to verify.

        Raise KeysUnavailableError if there are none.
        """

    @property
    def statistics(self) -> KeyStatistics | None:
        """Counts of the requests for the keys, None where there are none."""
        return None

    @property
    def is_ready(self) -> bool:
        """Whether there are, or have been, keys to verify a token with."""
        return True

    async def reload(self) -> None:  # noqa: B027 - optional
        """Read the keys again: nothing, unless a subclass does; raise SettingsError."""

    async def __aenter__(self) -> Self:
        """Start what runs in the background: nothing, unless a subclass does."""
        return self

    async def __aexit__(self, *_: object) -> None:  # noqa: B027 - optional
        """Stop what runs in the background: nothing, unless a subclass does."""


class StaticKeySource(KeySource):
    """The keys that `read` returns, of a file; it raises SettingsError."""

    def __init__(self, read: Callable[[], Keys]) -> None:
        self._read = read
        self._keys = read()

    async def reload(self) -> None:
        """Read the file again; raise SettingsError and keep the keys if it is not valid."""
        self._keys = self._read()

    async def keys(self, kid: str | None) -> Keys:
        """Return the keys."""
        return self._keys


def read_key_file(path: str) -> Keys:
    """Read a file with a public key in PEM, or with a JWK set.

    Raise ValueError if it is neither, or has no key to verify with; OSError.
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
        return tuple(_verification_keys(None, key, None))
    raise ValueError("no public key in PEM")


def read_jwk_set(raw: bytes) -> Keys:
    """Read a JWK set (RFC 7517 §5), without the keys that cannot verify a token.

    joserfc's `KeySet` would refuse the whole set for one malformed key. Raise ValueError for
    anything but a JWK set.
    """
    try:
        listed = msgspec.json.decode(raw)["keys"]
    except (msgspec.DecodeError, RecursionError, LookupError, TypeError):
        raise ValueError("no JWK set") from None
    if not isinstance(listed, list):
        raise ValueError("no JWK set")  # noqa: TRY004 - it is the file's value that is wrong
    return tuple(key for jwk in listed[:_MAX_KEYS] for key in _read_jwk(jwk))


def _read_jwk(jwk: object) -> Iterable[VerificationKey]:
    """Return the key of a JWK, nothing for an encryption, secret, private or malformed key."""
    if not isinstance(jwk, dict):
        return ()
    kind, kid, operations = str(jwk.get("kty")), jwk.get("kid"), jwk.get("key_ops", ["verify"])
    is_for_signatures = jwk.get("use", "sig") == "sig" and (
        isinstance(operations, list) and "verify" in operations
    )
    if not is_for_signatures or kind not in _PUBLIC_MEMBERS or "d" in jwk:
        return ()
    if not isinstance(kid, str | None) or (kind == "RSA" and not _has_allowed_rsa_size(jwk)):
        return ()
    public = {"kty": kind} | {name: jwk.get(name) for name in _PUBLIC_MEMBERS[kind]}
    try:
        key = _CLASSES[kind].import_key(public)
    except Exception:  # noqa: BLE001 - the libraries document no common error for a malformed key
        return ()
    return _verification_keys(kid, key, jwk.get("alg"))


def _verification_keys(kid: str | None, key: Any, alg: object) -> Iterable[VerificationKey]:
    """Return the key with the algorithms of its type, restricted to `alg` if it has one."""
    if isinstance(key, RSAKey):
        is_allowed = _MIN_RSA_BITS <= key.raw_value.key_size <= _MAX_RSA_BITS
        algorithms = _BY_RSA if is_allowed else frozenset()
    else:
        algorithms = frozenset(filter(None, [_BY_CURVE.get(key.curve_name)]))
    if alg is not None:  # RFC 9864 has given EdDSA on this curve a second name
        algorithms &= {"EdDSA" if alg == "Ed25519" else str(alg)}
    return [VerificationKey(kid, algorithms, key)] if algorithms else []


def _has_allowed_rsa_size(jwk: Mapping[str, Any]) -> bool:
    """Whether modulus and exponent are bounded, before the key is imported."""
    try:
        modulus, exponent = (
            int.from_bytes(base64.urlsafe_b64decode(jwk[name] + "==")) for name in ("n", "e")
        )
    except (LookupError, TypeError, ValueError, binascii.Error):
        return False
    return _MIN_RSA_BITS <= modulus.bit_length() <= _MAX_RSA_BITS and 2 < exponent < _MAX_EXPONENT
