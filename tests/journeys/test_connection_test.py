"""`amana system test`: what a hub finds when it calls a system, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.cli.main import invoke
from hub.delivery.caller import HttpCaller
from signing import jsontext
from signing.keys import generate
from tests.journeys.provider import Provider, answer, say
from tests.unit.api.desk import Desk, open_desk


class Town:
    """A hub that may call this machine, and a system on it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.provider = Provider(hub=desk.keys.signing.public)

    async def open(self) -> None:
        self.server = await asyncio.start_server(self.provider.serve, "127.0.0.1", 0)
        self.provider.url = f"http://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/esb"
        self.caller = HttpCaller(["127.0.0.1", "nowhere.invalid"], private=True)
        object.__setattr__(self.desk.context, "caller", self.caller)

    async def close(self) -> None:
        await self.caller.close()
        self.server.close()

    def add(self, code: str, url: str | None) -> None:
        with self.desk.client() as client:
            args = {"institution": "KEM", "code": code, "clientId": f"client-{code}", "secretSha256": "0" * 64}
            key = self.provider.key.public.pem()
            client.change("system.add", args | {"publicKey": key} | ({} if url is None else {"url": url}))

    def test(self, *words: str) -> tuple[int, Any]:
        status, text = invoke(["system", "test", *words, "--data", str(self.desk.data), "--json"])
        return status, jsontext.parse(text.encode()) if text.startswith("{") else text


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with open_desk(tmp_path / "hub") as desk:
        found = Town(desk)
        desk.run(found.open())
        with desk.client() as client:
            client.change("institution.add", {"code": "KEM", "name": "Kementerian Contoh"})
        yield found
        desk.run(found.close())


def test_a_system_that_answers_well_passes(town: Town) -> None:
    """It got a request that the hub signed; the test is recorded in audit before it is shown."""
    town.add("PAY", town.provider.url)
    status, found = town.test("PAY")
    assert (status, found["failed"], {step["ok"] for step in found["steps"]}) == (0, None, {True})
    [asked] = town.provider.asked
    assert asked == {"apiCode": "PING", "requestId": found["requestId"], "esbBody": {"ping": "amana"}}
    assert [(read["what"], read["of"]) for read in town.desk.audited()] == [("system.test: well", "PAY")]


def test_what_fails_is_named_with_its_remedy(town: Town) -> None:
    """A closed port, a name that does not exist, a host that is not allowed, a page, another's key: each at its step."""
    closed = town.provider.url.rsplit(":", 1)[0] + ":9/esb"
    for code, url, step in (
        ("CLOSED", closed, "connection"),
        ("NONAME", "http://nowhere.invalid/esb", "name"),
        ("DENIED", "http://other.invalid/esb", "allow-list"),
        ("PLAIN", town.provider.url.replace("http:", "https:"), "TLS"),
    ):
        town.add(code, url)
        status, found = town.test(code)
        assert (status, found["failed"]) == (1, step)
        text = invoke(["system", "test", code, "--data", str(town.desk.data)])[1]
        assert (f"failed at {step}" in text, "FAILED" in text) == (True, True)
    town.add("PAY", town.provider.url)
    town.provider.answering = say(b"HTTP/1.1 200 X\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>")
    assert town.test("PAY")[1]["failed"] == "content type"
    town.provider.answering = answer()
    town.provider.key = generate()
    assert town.test("PAY")[1]["failed"] == "signature"


def test_only_an_administrator_has_the_hub_call_somebody(town: Town, tmp_path: Path) -> None:
    """An approver is refused, and nobody is called; a system without an address says what to do."""
    town.add("PAY", town.provider.url)
    town.add("MUTE", None)
    key = tmp_path / "second.pem"
    invoke(["operator", "add", "--name", "second", "--person", "Person Two", "--role", "approver",
            "--generate-key", str(key), "--data", str(town.desk.data)])  # fmt: skip
    status, text = town.test("PAY", "--operator", str(key))
    assert (status, "AMANA-OPER-004" in text, town.provider.asked) == (1, True, [])
    status, text = town.test("MUTE")
    assert (status, "AMANA-TEST-001" in text) == (1, True)
    status, text = town.test("NOBODY")
    assert (status, "AMANA-READ-001" in text) == (1, True)


def test_the_address_of_a_subscription_is_tested(town: Town) -> None:
    """By its id, whatever the system's own address is."""
    town.add("PAY", "http://other.invalid/esb")
    with town.desk.client() as client:
        client.change(
            "subscription.add", {"id": "S1", "system": "PAY", "contract": "employee", "url": town.provider.url}
        )
    assert town.test("PAY", "--subscription", "S1")[1]["failed"] is None
    assert "AMANA-READ-001" in town.test("PAY", "--subscription", "S2")[1]
