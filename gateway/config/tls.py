"""TLS contexts of clients, made of the files that settings name."""

import ssl

from gateway.config.parsing import PREFIX

CERTIFICATES = "a readable file of certificates in PEM"
"""What a bundle of authorities may be."""


def create_tls(ca_file: str, cert_file: str = "", key_file: str = "") -> ssl.SSLContext:
    """Return a context that trusts `ca_file`, or the system's authorities where it is "".

    With `cert_file` it has a client certificate, whose private key is in `key_file` or, where that
    is "", beside the certificate. Raise OSError for a file that is not what it should be.
    """
    context = ssl.create_default_context(cafile=ca_file or None)
    if cert_file:
        # OpenSSL would ask for the passphrase of an encrypted key at the terminal.
        context.load_cert_chain(cert_file, key_file or None, password="")
    return context


def check_tls(ca_file: str, cert_file: str = "", key_file: str = "") -> None:
    """Raise ValueError where `create_tls` would raise OSError."""
    try:
        create_tls(ca_file, cert_file, key_file)
    except OSError as error:  # ssl.SSLError is one
        raise ValueError("no certificates and key in PEM") from error


def check_pair(kind: str, cert_file: str, key_file: str) -> None:
    """Raise ValueError, with a line for it, where one of the files lacks the other.

    They are those of `GATEWAY_{kind}_CLIENT_CERT_FILE` and `_KEY_FILE`.
    """
    certificate, key = (f"{PREFIX}{kind}_CLIENT_{name}_FILE" for name in ("CERT", "KEY"))
    if key_file and not cert_file:
        raise ValueError(f"{key} needs {certificate}")
    if cert_file and not key_file:
        try:
            check_tls("", cert_file)
        except ValueError:
            raise ValueError(f"{certificate} has no private key: it needs {key}") from None
