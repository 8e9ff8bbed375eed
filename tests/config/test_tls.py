"""Certificates, keys and the proxy of the platform: a mistake is one line at the start."""

from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.config.settings import SettingsError, effective, load_settings
from tests.support.environment import mistakes
from tests.upstream.http1.test_client_certificates import files

pytestmark = pytest.mark.usefixtures("environment")


def _encrypted(pem: bytes) -> bytes:
    key = load_pem_private_key(pem, None)
    return key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"a passphrase")
    )


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        ("encrypted", "GATEWAY_{}_CLIENT_KEY_FILE="),
        ("another", "GATEWAY_{}_CLIENT_KEY_FILE="),
        ("garbage", "GATEWAY_{}_CLIENT_KEY_FILE="),
        ("missing", "GATEWAY_{}_CLIENT_KEY_FILE="),
        ("no key", "GATEWAY_{0}_CLIENT_CERT_FILE has no private key: it needs GATEWAY_{0}_CLIENT_"),
        ("no certificate", "GATEWAY_{0}_CLIENT_KEY_FILE needs GATEWAY_{0}_CLIENT_CERT"),
        ("key as certificate", "GATEWAY_{}_CLIENT_CERT_FILE="),
    ],
)
@pytest.mark.parametrize("peer", ["upstream", "cache"])
def test_a_pair_that_is_none_is_one_line(
    tmp_path: Path, peer: str, mistake: str, told: str
) -> None:
    """No start waits for a passphrase, and no call is the first to find the mistake."""
    settings = files(trustme.CA(), tmp_path, peer=peer)
    key = tmp_path / "key.pem"
    match mistake:
        case "encrypted":
            key.write_bytes(_encrypted(key.read_bytes()))
        case "another":
            trustme.CA().private_key_pem.write_to_path(key)
        case "garbage":
            key.write_text("no key")
        case "missing":
            key.unlink()
        case "no key":
            settings[f"{peer}_client_key_file"] = ""
        case "no certificate":
            settings[f"{peer}_client_cert_file"] = ""
        case "key as certificate":
            settings[f"{peer}_client_cert_file"] = str(key)
            settings[f"{peer}_client_key_file"] = ""
    with pytest.raises(SettingsError) as refused:
        load_settings(**settings)
    (line,) = refused.value.lines
    assert line.startswith(told.format(peer.upper()))


@pytest.mark.parametrize(
    "url",
    ["proxy.example:3128", "https://proxy.example", "socks5://proxy.example", "http://p/path",
     "http://p?x", "http://p#x", "http://", "http://p:0", "http://till:hunter2@"],
)  # fmt: skip
def test_a_proxy_that_is_none_is_one_line(environment: pytest.MonkeyPatch, url: str) -> None:
    """The line says what is allowed, and repeats nothing of what may hold a password."""
    (line,) = mistakes(environment, UPSTREAM_PROXY=url)
    assert line == (
        "GATEWAY_UPSTREAM_PROXY=(not shown, it may hold a secret): it must be"
        " http://[user:password@]host[:port]"
    )


def test_the_password_of_a_proxy_is_masked(environment: pytest.MonkeyPatch) -> None:
    """It stands in the URL."""
    environment.setenv("GATEWAY_UPSTREAM_PROXY", "http://till:hunter2@proxy.example:3128")
    settings = load_settings()
    assert "hunter2" not in f"{settings!r}{effective(settings)}"
    assert settings.upstream_proxy.endswith("@proxy.example:3128")
