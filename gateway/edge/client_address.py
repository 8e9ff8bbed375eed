"""Whose connection it is: the client's own, or a proxy's that says for whom it asks.

`X-Forwarded-For` is a client's own words unless a proxy has written it. It is read from its end,
and only as far as each hop is one of the proxies that the settings name. No other header is read:
neither the standard `Forwarded` nor `X-Real-IP`, which a client may send through a proxy that
knows nothing of it.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from gateway.edge.http_request import HttpRequest

_MAX_HOPS = 16
_MAX_LENGTH = 256  # of a hop; an address with zone and port has 72 characters at most
_MAX_REMEMBERED = 4096
_IPV6_PREFIX = 64
# An address as proxies write it: in brackets or alone, with a zone, with a port, with quotes.
_HOP = re.compile(
    r'(?P<quote>"?)'
    r"(?:\[(?P<bracketed>[0-9A-Fa-f:.]+)(?:%[!-~]+)?\](?::[0-9]{1,5})?"
    r"|(?P<ipv4>[0-9.]+)(?::[0-9]{1,5})?"
    r"|(?P<ipv6>[0-9A-Fa-f:.]+)(?:%[!-~]+?)?)"
    r"(?P=quote)",
    re.ASCII,
)
# IPv4 in IPv6 (RFC 4291 section 2.5.5.2, RFC 6052 section 2.1): one client, however it is written.
_IPV4_IN_IPV6 = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
_Address = IPv4Address | IPv6Address


class ClientAddresses:
    """Tells clients apart by address; `proxies` are addresses or networks."""

    def __init__(self, proxies: Iterable[str]) -> None:
        self._proxies = [_network(text) for text in proxies]

    def of(self, asked: HttpRequest) -> str:
        """Return a client's address, or the /64 of one in IPv6, where a household has as many."""
        if asked.client is None:
            return ""
        if not self._proxies:
            return _name_of(asked.client)
        address = _read(asked.client)
        if address is not None:
            lines = asked.headers.getlist("x-forwarded-for")
            for word in reversed(",".join(lines).rsplit(",", _MAX_HOPS)[-_MAX_HOPS:]):
                hop = word.strip(" \t")
                if not hop:  # an empty element of a list is none (RFC 9110 section 5.6.1)
                    continue
                is_read = len(hop) <= _MAX_LENGTH and self._is_proxy(address)
                forwarded = _read(hop) if is_read else None
                if forwarded is None:
                    break
                address = forwarded
        return "" if address is None else _name(address)

    def _is_proxy(self, address: _Address) -> bool:
        return any(address in network for network in self._proxies)


@lru_cache(_MAX_REMEMBERED)
def _name(address: _Address) -> str:
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, _IPV6_PREFIX), strict=False))
    return str(address)


@lru_cache(_MAX_REMEMBERED)
def _read(text: str) -> _Address | None:
    """Read an address without its port and zone; None for what is none, as `unknown`."""
    match = _HOP.fullmatch(text)
    if match is None:
        return None
    try:
        if match["ipv4"]:
            return IPv4Address(match["ipv4"])
        return _plain(IPv6Address(match["bracketed"] or match["ipv6"]))
    except ValueError:
        return None


def _plain(address: IPv6Address) -> _Address:
    if any(address in network for network in _IPV4_IN_IPV6):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _network(text: str) -> IPv4Network | IPv6Network:
    """Read a network; one of IPv4 in IPv6 is that of the addresses in it."""
    network = ip_network(text)
    if isinstance(network, IPv6Network) and any(map(network.subnet_of, _IPV4_IN_IPV6)):
        return IPv4Network((int(network.network_address) & 0xFFFF_FFFF, network.prefixlen - 96))
    return network


@lru_cache(_MAX_REMEMBERED)
def _name_of(text: str) -> str:
    address = _read(text)
    return "" if address is None else _name(address)
