"""The address of a client, also behind proxies.

`X-Forwarded-For` can be forged by the client unless a proxy has written it. It is parsed from its
end, and only as far as each hop is a trusted proxy. No other header is used: a client may send
`Forwarded` or `X-Real-IP` through a proxy that does not know them.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from gateway.config.edge import UNIX
from gateway.edge.http_request import HttpRequest

_MAX_HOPS = 16
_MAX_LENGTH = 256  # of a hop; an address with zone and port has 72 characters at most
_MAX_CACHED = 4096
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
# IPv4 in IPv6 (RFC 4291 section 2.5.5.2, RFC 6052 section 2.1): the same client in other words.
_IPV4_IN_IPV6 = (IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
_Address = IPv4Address | IPv6Address


class ClientAddresses:
    """Finds clients' addresses; the trusted `proxies` are addresses, networks, or `UNIX`."""

    def __init__(self, proxies: Iterable[str]) -> None:
        listed = list(proxies)
        self._proxies = [_network(text) for text in listed if text != UNIX]
        self._trusts_unix = UNIX in listed

    def of(self, http_request: HttpRequest) -> str:
        """Return a client's address, "" for an unknown one.

        Of an IPv6 address that is the /64 network: a household has all addresses of one.
        """
        is_unix = http_request.client is None
        if is_unix and not self._trusts_unix:
            return ""
        if not self._proxies and not is_unix:
            return _format_text(http_request.client)
        address = None if is_unix else _parse(http_request.client)
        if is_unix or address is not None:
            lines = b",".join(http_request.headers.all(b"x-forwarded-for")).decode("latin-1")
            for element in reversed(lines.rsplit(",", _MAX_HOPS)[-_MAX_HOPS:]):
                hop = element.strip(" \t")
                if not hop:  # an empty list element does not count (RFC 9110 section 5.6.1)
                    continue
                is_trusted = len(hop) <= _MAX_LENGTH and self._is_proxy(address)
                forwarded = _parse(hop) if is_trusted else None
                if forwarded is None:
                    break
                address = forwarded
        return "" if address is None else _format(address)

    def _is_proxy(self, address: _Address | None) -> bool:
        """Whether a hop's word is trusted; None is the other end of a Unix socket."""
        return address is None or any(address in network for network in self._proxies)


@lru_cache(_MAX_CACHED)
def _format(address: _Address) -> str:
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, _IPV6_PREFIX), strict=False))
    return str(address)


@lru_cache(_MAX_CACHED)
def _parse(text: str) -> _Address | None:
    """Parse an address without its port and zone; None for anything else, as `unknown`."""
    match = _HOP.fullmatch(text)
    if match is None:
        return None
    try:
        if match["ipv4"]:
            return IPv4Address(match["ipv4"])
        return _unmapped(IPv6Address(match["bracketed"] or match["ipv6"]))
    except ValueError:
        return None


def _unmapped(address: IPv6Address) -> _Address:
    if any(address in network for network in _IPV4_IN_IPV6):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _network(text: str) -> IPv4Network | IPv6Network:
    """Parse a network; one of IPv4-mapped addresses is converted to IPv4."""
    network = ip_network(text)
    if isinstance(network, IPv6Network) and any(map(network.subnet_of, _IPV4_IN_IPV6)):
        return IPv4Network((int(network.network_address) & 0xFFFF_FFFF, network.prefixlen - 96))
    return network


@lru_cache(_MAX_CACHED)
def _format_text(text: str) -> str:
    address = _parse(text)
    return "" if address is None else _format(address)
