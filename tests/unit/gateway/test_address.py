"""Networks and forwarded addresses."""

from __future__ import annotations

import pytest

from hub.gateway.address import client_address, parse_networks, within


@pytest.mark.parametrize(
    ("address", "network", "expected"),
    [
        ("192.0.2.7", "192.0.2.0/24", True),
        ("192.0.3.7", "192.0.2.0/24", False),
        ("::ffff:192.0.2.7", "192.0.2.0/24", True),
        ("2001:db8::1", "2001:db8::/32", True),
        ("192.0.2.7", "::/0", False),
        ("nonsense", "0.0.0.0/0", False),
        ("", "0.0.0.0/0", False),
    ],
)
def test_address_lies_in_network(address: str, network: str, expected: bool) -> None:
    """IPv4 inside IPv6 counts as IPv4; what is no address lies nowhere."""
    assert within(address, parse_networks([network])) is expected


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("198.51.100.1", "203.0.113.9", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
    ],
)
def test_only_the_last_address_before_the_proxies_is_believed(peer: str, forwarded: str, expected: str) -> None:
    """Whatever a client wrote into the header itself stands further left, and is not read."""
    scope = {"client": (peer, 1), "headers": [(b"x-forwarded-for", forwarded.encode())]}
    assert client_address(scope, parse_networks(["10.0.0.0/8"])) == expected
