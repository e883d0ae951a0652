"""Addresses of systems outside: the one reading of their URLs, and which internet addresses are private.

Rule: whoever checks a URL and whoever connects to it see the same parts, because both take them from here. Strict: what
two parsers could read in two ways is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

MAX_HOST: Final = 253

_CHARACTERS: Final = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_NO_HOST: Final = "the host is neither a name nor an IP address"
_PORTS: Final = {"http": 80, "https": 443}

# What carries an IPv4 address: the last four bytes (IPv4-compatible, mapped and NAT64 addresses) ...
_ENDS_IN_IPV4: Final = (IPv6Network("::/96"), IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
# ... or tunnels (Teredo, 6to4) and the NAT64 of a site, which lead to wherever that network's gateway says
_TUNNELS: Final = (IPv6Network("2001::/32"), IPv6Network("2002::/16"), IPv6Network("64:ff9b:1::/48"))


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads. `host`: lower case, an IPv6 address without brackets; `path`: with the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port as the `Host` header names them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def parse_url(text: str) -> Target:
    """The parts of an absolute http(s) URL. Raises ValueError with a text for people, without anything of the URL."""
    if not _CHARACTERS.fullmatch(text):
        raise ValueError("a URL is ASCII without spaces: percent-encode the path, write the host in its xn-- form")
    try:
        parts = urlsplit(text)
    except ValueError:  # brackets that do not match
        raise ValueError(_NO_HOST) from None
    if parts.scheme not in _PORTS:
        raise ValueError("a URL begins with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("a URL without user name and password")
    if "#" in text:
        raise ValueError("a URL without fragment (#)")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0 or parts.netloc.endswith(":"):
        raise ValueError("a port is a number from 1 to 65535")
    host = parts.hostname or ""
    _check_host(host, bracketed=parts.netloc.startswith("["))
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or _PORTS[parts.scheme], path)


def is_private(address: str) -> bool:
    """Whether an IP address is anything but one of the public internet: loopback, private, link-local, shared (CGNAT),
    unspecified, reserved, multicast, a tunnel, or an IPv6 form of such an IPv4 address. `address` may name a scope."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        if any(found in network for network in _TUNNELS):
            return True
        if any(found in network for network in _ENDS_IN_IPV4):
            found = IPv4Address(found.packed[-4:])
    site_local = isinstance(found, IPv6Address) and found.is_site_local
    return not found.is_global or found.is_multicast or site_local


def _check_host(host: str, *, bracketed: bool) -> None:
    """Raises ValueError unless it is a name, an IPv4 address in four parts, or an IPv6 address in brackets."""
    if not host:
        raise ValueError("a URL names a host")
    labels = host.split(".")
    if bracketed:
        good = _is_address(host, IPv6Address) and "%" not in host
    elif _NUMBER.fullmatch(labels[-1]):  # some resolvers read 127.1 and 0x7f000001 as addresses
        good = _is_address(host, IPv4Address)
    else:
        good = len(host) <= MAX_HOST and all(_LABEL.fullmatch(label) for label in labels)
    if not good:
        raise ValueError(_NO_HOST)


def _is_address(text: str, kind: type[IPv4Address | IPv6Address]) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True
