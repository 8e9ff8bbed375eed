"""Whose connection it is: the client's own, or a proxy's that says for whom it asks.

`X-Forwarded-For` is a client's own words unless a proxy has written it. It is read from its end,
and only as far as each hop is one of the proxies that the settings name.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from gateway.http.asked import Asked

_MOST_HOPS = 16
_MAX_REMEMBERED = 4096
_Address = IPv4Address | IPv6Address


class ClientAddresses:
    """Tells clients apart by address; `proxies` are addresses or networks."""

    def __init__(self, proxies: Iterable[str]) -> None:
        self._proxies = [ip_network(text) for text in proxies]

    def of(self, asked: Asked) -> str:
        """Give a client's address, or the /64 of one in IPv6, where a household has as many."""
        address = _read(asked.client) if asked.client is not None else None
        if address is None:
            return ""
        if self._proxies:
            words = ",".join(asked.headers.getlist("x-forwarded-for")).split(",")
            for word in reversed(words[-_MOST_HOPS:]):
                hop = _read(word.strip()) if self._is_proxy(address) else None
                if hop is None:
                    break
                address = hop
        if isinstance(address, IPv6Address):
            return str(ip_network((address, 64), strict=False))
        return str(address)

    def _is_proxy(self, address: _Address) -> bool:
        return any(address in network for network in self._proxies)


@lru_cache(_MAX_REMEMBERED)
def _read(text: str) -> _Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
