"""URLs of receivers are read in one way or not at all; private addresses in every disguise are private."""

from __future__ import annotations

import pytest

from hub.control.changes import parse_args
from hub.errors import BadMessage
from hub.urls import Target, is_private, parse_url

SECRET = "0" * 64


@pytest.mark.parametrize(
    ("url", "target", "authority"),
    [
        ("http://example.org", Target("http", "example.org", 80, "/"), "example.org"),
        ("https://Example.org:8443/a?b=c", Target("https", "example.org", 8443, "/a?b=c"), "example.org:8443"),
        ("https://[2001:db8::1]/", Target("https", "2001:db8::1", 443, "/"), "[2001:db8::1]"),
        ("http://10.1.2.3:80/", Target("http", "10.1.2.3", 80, "/"), "10.1.2.3"),
        ("http://xn--bcher-kva.example/", Target("http", "xn--bcher-kva.example", 80, "/"), "xn--bcher-kva.example"),
    ],
)
def test_a_url_has_these_parts(url: str, target: Target, authority: str) -> None:
    """Scheme, host in lower case, port, path with query."""
    assert (parse_url(url), parse_url(url).authority) == (target, authority)


BAD = {
    "": "ASCII",
    "http://exa mple.org/": "ASCII",
    "http://example.org/\n": "ASCII",
    "http://b\u00fccher.example/": "xn--",
    "http://a\\b/": "ASCII",
    "ftp://example.org/": "http",
    "//example.org/": "http",
    "example.org": "http",
    "http:///path": "names a host",
    "http://user@example.org/": "user name",
    "http://user:pass@example.org/": "user name",
    "http://@example.org/": "user name",
    "http://example.org/#part": "fragment",
    "http://example.org/#": "fragment",
    "http://example.org:99999/": "1 to 65535",
    "http://example.org:0/": "1 to 65535",
    "http://example.org:-1/": "1 to 65535",
    "http://example.org:8a/": "1 to 65535",
    "http://example.org:/": "1 to 65535",
    "http://[::1/": "neither",
    "http://[fe80::1%25eth0]/": "neither",
    "http://127.1/": "neither",
    "http://0x7f000001/": "neither",
    "http://2130706433/": "neither",
    "http://300.1.1.1/": "neither",
    "http://a..b/": "neither",
    "http://-a.example/": "neither",
    "http://example.org./": "neither",
    "http://%31.example/": "neither",
    "http://" + "a" * 64 + ".example/": "neither",
    "http://" + "a." * 150 + "example/": "neither",
}


@pytest.mark.parametrize("url", sorted(BAD))
def test_a_url_that_could_be_read_in_two_ways_is_refused(url: str) -> None:
    """With a text that says what is wrong and quotes nothing of the URL."""
    with pytest.raises(ValueError, match=BAD[url]):
        parse_url(url)


@pytest.mark.parametrize("url", sorted(BAD))
@pytest.mark.parametrize("kind", ["system.add", "subscription.add"])
def test_no_change_takes_such_a_url(kind: str, url: str) -> None:
    """What the caller could not call does not enter the directory."""
    args = {
        "system.add": {"institution": "A", "code": "B", "clientId": "C", "secretSha256": SECRET, "url": url},
        "subscription.add": {"system": "A", "code": "B", "url": url},
    }
    with pytest.raises(BadMessage, match="AMANA-CHANGE-001") as refused:
        parse_args(kind, args[kind])
    assert refused.value.detail.startswith("url: ")
    assert BAD[url] in refused.value.detail


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:100.64.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::5db8:d70e",
        "2002:7f00:1::",
        "2002:5db8:d70e::1",
        "2001:0:5db8:d70e::1",
        "fc00::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
    ],
)
def test_a_private_address_is_private_in_every_form(address: str) -> None:
    """Loopback, private, link-local, shared, unspecified, multicast, tunnels and IPv6 forms of them."""
    assert is_private(address) is True


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f::1", "::ffff:93.184.215.14", "64:ff9b::5db8:d70e"])
def test_a_public_address_is_not(address: str) -> None:
    """Also in the forms in which an IPv6-only network writes a public IPv4 address."""
    assert is_private(address) is False
