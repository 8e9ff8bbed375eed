"""Requests that offer another protocol: they are read as if they had not, which is their right."""

from collections.abc import Sequence

_OF_UPGRADES = frozenset({b"upgrade", b"http2-settings"})


def without_upgrade(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Write header lines, without those that belong to an upgrade (RFC 9110 §7.8)."""
    lines = []
    for name, value in headers:
        if name == b"connection":
            tokens = [token.strip() for token in value.split(b",")]
            kept = [token for token in tokens if token.lower() not in _OF_UPGRADES]
            lines += [b"Connection: " + b", ".join(kept)] if kept else []
        elif name not in _OF_UPGRADES:
            lines.append(name + b": " + value)
    return b"".join(line + b"\r\n" for line in lines)
