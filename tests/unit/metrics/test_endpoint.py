"""Who may read `/metrics`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.metrics.endpoint import metrics_app
from hub.metrics.measures import Measures, Snapshot
from hub.settings import Settings


def ask(client: str | None, headers: dict[str, str] | None = None, method: str = "GET", **settings: Any) -> int:
    """The status that somebody at this address gets."""
    counted = Measures("gateway")
    counted.set("amana_ready", 1)

    async def gather() -> list[Snapshot]:
        return [counted.snapshot()]

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "client": None if client is None else (client, 1),
        "headers": [(name.encode(), value.encode()) for name, value in (headers or {}).items()],
    }
    app = metrics_app(Settings(**settings), gather)
    asyncio.run(app(scope, lambda: asyncio.sleep(0), send))  # type: ignore[arg-type, return-value]
    assert (b"amana_ready" in sent[1]["body"]) == (sent[0]["status"] == 200)
    return int(sent[0]["status"])


@pytest.mark.parametrize("client", [None, "127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_may(client: str | None) -> None:
    """The local socket and every spelling of loopback are answered."""
    assert ask(client) == 200


def test_others_may_not() -> None:
    """Any other address is refused, a private one too."""
    assert [ask(client) for client in ("10.0.0.7", "192.168.1.1", "203.0.113.9", "2001:db8::1")] == [403] * 4


def test_named_networks_may() -> None:
    """The setting lets networks in, and only those."""
    assert ask("10.4.0.9", metrics_networks="10.4.0.0/16, 2001:db8::/32") == 200
    assert ask("2001:db8::9", metrics_networks="10.4.0.0/16, 2001:db8::/32") == 200
    assert ask("10.5.0.9", metrics_networks="10.4.0.0/16") == 403


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip", "via"])
def test_a_proxy_on_this_machine_shows_it_to_nobody(header: str) -> None:
    """A request that was passed on by whom nobody trusts does not count as from this machine."""
    assert ask("127.0.0.1", {header: "203.0.113.9"}) == 403
    assert ask(None, {header: "127.0.0.1"}) == 403


def test_a_trusted_proxy_is_believed() -> None:
    """Behind a trusted proxy it is the address that it names that counts."""
    trusted = {"trusted_proxies": "127.0.0.1/32", "metrics_networks": "10.4.0.0/16"}
    assert ask("127.0.0.1", {"x-forwarded-for": "203.0.113.9"}, **trusted) == 403
    assert ask("127.0.0.1", {"x-forwarded-for": "10.4.0.9"}, **trusted) == 200


def test_it_is_only_read() -> None:
    """Other methods are refused."""
    assert [ask("127.0.0.1", method=method) for method in ("POST", "DELETE")] == [405, 405]
