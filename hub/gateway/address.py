"""Who is calling: the client's network address, and whether it lies in a network.

Rule: a header that says where a request comes from is believed only when the peer is a proxy that the setting
`trusted_proxies` names, and then only the last address that such a proxy has not added itself.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from hub.gateway.wire import Scope, find_header

Network = IPv4Network | IPv6Network
LOCAL = ""
"""The address of a client on the local socket."""


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks in CIDR notation; a single address is a network of one. `ValueError` on anything else."""
    return tuple(ip_network(text, strict=False) for text in texts)


def client_address(scope: Scope, proxies: Sequence[Network]) -> str:
    """The client's address as text; `LOCAL` over the local socket."""
    client = scope.get("client")
    peer: str = client[0] if client else LOCAL
    if not proxies or not within(peer, proxies):
        return peer
    forwarded = find_header(scope["headers"], b"x-forwarded-for").decode("latin-1")
    for hop in reversed([text.strip() for text in forwarded.split(",")]):
        if _parse(hop) is None:
            return peer
        if not within(hop, proxies):
            return hop
    return peer


def within(address: str, networks: Sequence[Network]) -> bool:
    """Whether the address lies in one of the networks. An IPv4 address inside IPv6 counts as IPv4."""
    parsed = _parse(address)
    return parsed is not None and any(parsed.version == network.version and parsed in network for network in networks)


def neighbourhood(address: str) -> str:
    """What counts as one caller: an IPv4 address, or the /64 of an IPv6 address, which is the least that anybody is
    given, so that nobody is many. Any other text is itself."""
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((int(parsed) >> 64 << 64, 64)))
    return address if parsed is None else str(parsed)


@functools.lru_cache(maxsize=4096)
def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(text)
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return mapped or parsed
