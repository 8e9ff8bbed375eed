"""Whose connection it is, with proxies before it and without."""

import pytest

from gateway.http.asked import Asked, Headers
from gateway.http.client_address import ClientAddresses

PROXIES = ("10.0.0.0/8", "192.0.2.1", "2001:db8:f::/48")


def of(peer: str | None, *forwarded: str, proxies: tuple[str, ...] = PROXIES) -> str:
    """Give the address of a request from this peer with these header lines."""
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded]
    return ClientAddresses(proxies).of(Asked("POST", b"", Headers(headers), peer, "id"))


def test_nobody_is_believed_by_default() -> None:
    """Without a proxy that is known, the header is anybody's own words."""
    assert of("203.0.113.9", "198.51.100.7", proxies=()) == "203.0.113.9"


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("10.1.2.3", ["198.51.100.7"], "198.51.100.7"),
        ("10.1.2.3", ["198.51.100.7, 10.9.9.9, 192.0.2.1"], "198.51.100.7"),
        ("10.1.2.3", ["6.6.6.6, 198.51.100.7"], "198.51.100.7"),
        ("10.1.2.3", ["6.6.6.6", "198.51.100.7"], "198.51.100.7"),
        ("203.0.113.9", ["198.51.100.7"], "203.0.113.9"),
        ("10.1.2.3", [], "10.1.2.3"),
        ("10.1.2.3", ["garbage"], "10.1.2.3"),
        ("10.1.2.3", ["198.51.100.7, <script>, 10.9.9.9"], "10.9.9.9"),
        ("10.1.2.3", [", ".join(["10.0.0.1"] * 5_000)], "10.0.0.1"),
        ("2001:db8:f::1", ["2001:db8:1:2:3:4:5:6"], "2001:db8:1:2::/64"),
        ("::ffff:10.1.2.3", ["::ffff:198.51.100.7"], "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"),
        ("fe80::1%eth0", [], "fe80::/64"),
        ("unix socket", [], ""),
        (None, ["198.51.100.7"], ""),
    ],
)
def test_the_last_hop_that_is_no_proxy_is_the_client(
    peer: str | None, forwarded: list[str], address: str
) -> None:
    """Read from the end, as far as proxies that are known have written it."""
    assert of(peer, *forwarded) == address
