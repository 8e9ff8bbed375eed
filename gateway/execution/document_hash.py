"""The hash by which clients, manifests and log lines name a document."""

from hashlib import sha256


def sha256_of(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8, in hexadecimal digits."""
    # JSON may contain a lone surrogate, which the parser refuses later.
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
