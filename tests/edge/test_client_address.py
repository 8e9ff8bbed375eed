"""Clients' addresses, with and without proxies."""

import pytest

from gateway.edge.client_address import ClientAddresses
from gateway.edge.http_request import HttpHeaders
from tests.support.whole_request import WholeRequest

PROXIES = ("10.0.0.0/8", "192.0.2.1", "2001:db8:f::/48")


def of(peer: str | None, *forwarded: str, proxies: tuple[str, ...] = PROXIES) -> str:
    """Return the address of a request from this peer with these header lines."""
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded]
    return ClientAddresses(proxies).of(WholeRequest("POST", b"", HttpHeaders(headers), peer, "id"))


def test_nobody_is_believed_by_default() -> None:
    """Without a trusted proxy, the header may be forged."""
    assert of("203.0.113.9", "198.51.100.7", proxies=()) == "203.0.113.9"


@pytest.mark.parametrize(
    ("word", "address"),
    [
        ("203.0.113.7:51000", "203.0.113.7"),
        ('"203.0.113.7:51000"', "203.0.113.7"),
        ("203.0.113.7:0", "203.0.113.7"),
        ("[203.0.113.7]:51000", None),
        ("[2001:db8:1:2::1]:5000", "2001:db8:1:2::/64"),
        ("[2001:DB8:1:2::1]", "2001:db8:1:2::/64"),
        ('"[2001:db8:1:2::1]:5000"', "2001:db8:1:2::/64"),
        ('"[2001:db8:1:2::1]"', "2001:db8:1:2::/64"),
        ('"2001:db8:1:2::1"', "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("[fe80::1%25eth0]:443", "fe80::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:443", "203.0.113.7"),
        ("::ffff:cb00:7107", "203.0.113.7"),
        ("64:ff9b::203.0.113.7", "203.0.113.7"),
        ("\t 203.0.113.7 \t", "203.0.113.7"),
        ("203.0.113.7, , \t,", "203.0.113.7"),
        ("unknown", None),
        ("_hidden", None),
        ("203.0.113.7:", None),
        ("203.0.113.7:123456", None),
        ("203.0.113.7:http", None),
        ("203.0.113", None),
        ("0203.0.113.7", None),
        ("203.0.113.7%eth0", None),
        ("203.0.113.7/32", None),
        ("[2001:db8::1", None),
        ("2001:db8::1]", None),
        ("[2001:db8::1]5000", None),
        ('"203.0.113.7', None),
        ("[]", None),
        ("shop.example", None),
        ("for=203.0.113.7", None),
        ("203.0.113.7\x00", None),
        ("\u0661.2.3.4".encode().decode("latin-1"), None),
        ("fe80::1%" + "e" * 30_000, None),
        ("[" * 30_000, None),
    ],
)  # fmt: skip
def test_a_hop_is_an_address_however_it_is_written(word: str, address: str | None) -> None:
    """With a port, in brackets, in quotes; parsing ends at a hop that is not an address."""
    assert of("10.1.2.3", f"6.6.6.6, {word}") == (address or "10.1.2.3")
    assert of("10.1.2.3", "6.6.6.6", word) == (address or "10.1.2.3")


def test_clients_behind_one_balancer_are_told_apart_through_other_ports() -> None:
    """The port changes with each connection, the client does not."""
    ports = {of("10.1.2.3", f"203.0.113.7:{port}") for port in (1, 80, 51000, 65535)}
    others = {of("10.1.2.3", f"203.0.113.{last}:51000") for last in range(10)}
    assert (len(ports), len(others)) == (1, 10)


def test_proxies_may_have_ports_and_be_written_as_ipv6() -> None:
    """A proxy is the same in either notation."""
    forwarded = "198.51.100.7:1, [::ffff:10.9.9.9]:2, 192.0.2.1:3"
    assert of("::ffff:10.1.2.3", forwarded) == "198.51.100.7"
    assert of("10.1.2.3", "198.51.100.7", proxies=("::ffff:10.0.0.0/104",)) == "198.51.100.7"


def test_no_other_header_names_the_client() -> None:
    """A proxy that sets one header passes the others on as the client sent them."""
    lines = [(b"forwarded", b"for=198.51.100.7"), (b"x-real-ip", b"198.51.100.7")]
    asked = WholeRequest("POST", b"", HttpHeaders(lines), "10.1.2.3", "id")
    assert ClientAddresses(PROXIES).of(asked) == "10.1.2.3"


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
    """Parsed from the end, as far as trusted proxies have written it."""
    assert of(peer, *forwarded) == address
