"""Services and contracts, as everybody may read them."""

from __future__ import annotations

from typing import Any

import pytest

from hub.cli.main import invoke
from schemas.contracts import CONTRACTS
from signing import jsontext
from signing.keys import generate
from tests.unit.api.asked import raw
from tests.unit.api.desk import Desk

ADDRESS = "https://registry.internal.example:8443/esb"
CODES: list[dict[str, Any]] = [
    {"code": "EMP", "adapter": "siasn", "exchange": "employees"},
    {"code": "PUNCH", "adapter": "zkteco_adms", "exchange": "attlog", "assurance": "device"},
    {"code": "FILE", "adapter": "adk_tukin", "exchange": "files", "direction": "out"},
    {"code": "REG", "direction": "pull", "provider": "REGISTRY", "contract": "employee", "requestContract": "payee"},
    {"code": "OURS", "direction": "pull", "holding": "employees", "institution": "KEM"},
    {"code": "NEWS", "direction": "relay", "sealed": "recipient"},
]


@pytest.fixture
def hub(desk: Desk) -> Desk:
    """A hub with a code of each kind."""
    with desk.client() as client:
        client.change("institution.add", {"code": "KEM", "name": "Kementerian Contoh"})
        args = {"institution": "KEM", "code": "REGISTRY", "clientId": "client-of-registry", "url": ADDRESS}
        client.change("system.add", args | {"secretSha256": "0" * 64, "publicKey": generate().public.pem()})
        for args in CODES:
            client.change("api.add", args)
    return desk


def get(hub: Desk, target: str) -> Any:
    with raw(hub) as http:
        return http.get(f"/api/v1/{target}")


def services(hub: Desk) -> dict[str, Any]:
    return {row["code"]: row for row in get(hub, "services").json()["items"]}


def test_everybody_may_read_who_offers_what(hub: Desk) -> None:
    """No signature; the provider's institution for a pull, the hub for the rest, and whose records a holding is about."""
    found = services(hub)
    assert {code: row["direction"] for code, row in found.items()} == {
        "EMP": "in",
        "PUNCH": "in",
        "FILE": "out",
        "REG": "pull",
        "OURS": "pull",
        "NEWS": "relay",
    }
    kem = {"code": "KEM", "name": "Kementerian Contoh"}
    assert {code: row["offeredBy"] for code, row in found.items() if row["offeredBy"]} == {"REG": kem}
    assert {code: row["about"] for code, row in found.items() if row["about"]} == {"OURS": kem}


def test_it_shows_no_system_no_address_no_client(hub: Desk) -> None:
    """Nothing that tells where somebody is, or under which name it logs in."""
    text = get(hub, "services").text
    assert [word for word in ("REGISTRY", "internal", "8443", "client-of-registry") if word in text] == []


def test_it_shows_how_to_ask(hub: Desk) -> None:
    """Path, formats and the shape of an envelope; a device's code has neither path nor envelope."""
    found = services(hub)
    assert {code: row["path"] for code, row in found.items()} == {
        "EMP": "/esb/push-request",
        "PUNCH": None,
        "FILE": None,
        "REG": "/esb/request",
        "OURS": "/esb/request",
        "NEWS": "/esb/push-request",
    }
    assert found["REG"]["example"]["data"] == {"apiCode": "REG", "esbBody": {}}
    assert found["EMP"]["example"]["data"] == {"pushCode": "EMP", "esbBody": {}}
    assert set(found["NEWS"]["example"]["data"]["esbBody"]) == {"ephemeralKey", "iv", "encryptedData"}
    assert "encrypt the body for the recipient" in found["NEWS"]["how"]
    assert [code for code, row in found.items() if "encrypt" in row["how"]] == ["NEWS"]
    assert (found["NEWS"]["sealed"], found["PUNCH"]["example"], found["PUNCH"]["formats"]) == (
        True,
        None,
        ["text/plain"],
    )


def test_each_contract_that_is_named_can_be_read(hub: Desk) -> None:
    """By the path that the row gives; `any` has none; what does not exist is not found."""
    named = [row[kind] for row in services(hub).values() for kind in ("contract", "requestContract") if row[kind]]
    assert {row["name"] for row in named if row["schema"] is None} == {"any"}
    for row in named:
        if row["schema"] is not None:
            answer = get(hub, row["schema"].removeprefix("/api/v1/"))
            assert (answer.status_code, answer.headers["content-type"]) == (200, "application/schema+json")
            assert answer.json()["type"] == ("string" if "attlog" in row["name"] else "object")
    for name in ("nobody", "wire:nobody.x", "wire:siasn.nothing", "wire:siasn", "%00"):
        assert get(hub, f"contracts/{name}").json()["code"] == "AMANA-READ-001"


def test_contracts_are_listed_page_by_page(hub: Desk) -> None:
    """All of them, canonical and wire."""
    names: list[str] = []
    after = ""
    while True:
        found = get(hub, f"contracts?limit=5{after}").json()
        names += [row["name"] for row in found["items"]]
        if found["next"] is None:
            break
        after = f"&after={found['next']}"
    assert set(CONTRACTS) | {"wire:siasn.employees"} <= set(names)
    assert names == sorted(set(names))


def test_the_command_needs_no_key(hub: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list and a contract, with an operator's key nowhere in sight."""
    monkeypatch.setenv("COLUMNS", "200")  # where the terminal is narrow, the table breaks names over lines
    (hub.data / "keys" / "operators" / "admin.pem").unlink()
    status, text = invoke(["services", "list", "--data", str(hub.data)])
    assert (status, "Kementerian Contoh" in text, "wire:siasn.employees" in text) == (0, True, True)
    status, text = invoke(["services", "contract", "employee", "--data", str(hub.data)])
    assert (status, jsontext.parse(text.encode())) == (0, jsontext.parse(jsontext.render(CONTRACTS["employee"].schema)))


def test_joining_commands_say_that_the_address_is_missing() -> None:
    """Without `--url` and without a hub here: a usage error in words."""
    status, text = invoke(["services", "list", "--data", "nowhere"])
    assert (status, "--url" in text) == (2, True)
