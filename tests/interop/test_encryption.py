"""Encrypted bodies between the published connector and the hub, both ways, and between two connectors through a hub that
cannot read them."""

from __future__ import annotations

from typing import Any

import pytest

from signing import encrypted, jsontext
from tests.interop.node import Node, private_text, public_text
from tests.interop.site import Client, Js, Site, payees

pytestmark = pytest.mark.needs("node")


@pytest.fixture(scope="module")
def client(site: Site) -> Client:
    """A system that sends payees to the hub, and letters that only their reader opens."""
    made = site.system("CLOSED")
    site.run("api", "add", "--code", "CLOSED-PAYEE", "--adapter", "generic_json", "--exchange", "payee")
    site.run("api", "add", "--code", "OPEN-LETTER", "--relay")
    site.run("api", "add", "--code", "CLOSED-LETTER", "--relay", "--sealed")
    for code in ("CLOSED-PAYEE", "OPEN-LETTER", "CLOSED-LETTER"):
        site.run("grant", "add", "--system", made.code, "--code", code)
    return made


@pytest.fixture
def js(site: Site, client: Client) -> Js:
    return site.js(client)


def sealed_by(js: Js, value: Any, key: str) -> Any:
    """The connector's own `encrypt`."""
    return jsontext.parse(js.call("encrypt", jsontext.render(value).decode(), key).encode())


@pytest.fixture(scope="module")
def reader(site: Site, node: Node, client: Client) -> Client:
    """A subscriber on the connector that wants every body encrypted for its key."""
    port = node.ask("serve", name="CLOSED-READER", options={})["port"]
    made = site.system(
        "CLOSED-READER", "--endpoint", f"http://127.0.0.1:{port}/in", "--option", "encrypt=yes", curve="secp256k1"
    )
    key = {"clientPrivateKey": private_text(made.key), "esbPublicKey": public_text(site.hub_key)}
    node.ask("options", name="CLOSED-READER", options=key)
    for code in ("OPEN-LETTER", "CLOSED-LETTER"):
        site.run("subscription", "add", "--system", made.code, "--code", code)
    return made


def opened(site: Site, node: Node, reader: Client, count: int) -> Any:
    """The body of the nth message that the reader got, opened by the connector's `decrypt`."""
    got = node.ask("received", name="CLOSED-READER", count=count)[-1]
    assert got["verified"] is True
    body = jsontext.parse(got["data"].encode())["esbBody"]
    assert encrypted.is_sealed(body)
    return jsontext.parse(site.js(reader).call("decrypt", jsontext.render(body).decode()).encode())


def test_the_hub_opens_what_js_encrypted_and_holds_it_to_its_contract(site: Site, js: Js) -> None:
    """A sealed body is admitted as a plain one would be, told as a repeat of it, and refused where that would be."""
    key = public_text(site.hub_key)
    first = js.push("CLOSED-PAYEE", sealed_by(js, payees(), key))
    assert first is not None
    assert first["success"] is True
    again = js.push("CLOSED-PAYEE", sealed_by(js, payees(), key))
    assert again is not None
    assert again["esbBody"]["duplicate"] is True
    broken = js.push("CLOSED-PAYEE", sealed_by(js, {"records": [{"surprise": True}]}, key))
    assert broken is not None
    assert broken["message"].startswith("AMANA-CONTRACT-001")


def test_what_was_encrypted_for_another_is_refused_by_a_code_that_the_hub_reads(client: Client, js: Js) -> None:
    """It does not open under the hub's key."""
    answer = js.push("CLOSED-PAYEE", sealed_by(js, payees(), public_text(client.key.public)))
    assert answer is not None
    assert (answer["success"], answer["message"].partition("-")[0]) == (False, "AMANA")


def test_js_opens_what_the_hub_encrypts_for_it_and_what_it_passes_on_unread(
    site: Site, node: Node, reader: Client, js: Js
) -> None:
    """A plain letter reaches the reader encrypted for its key, on its own curve; one that a connector encrypted for the
    reader passes through a code that the hub cannot read, untouched."""
    letter = {"name": "Émilie"}
    assert js.push("OPEN-LETTER", letter) is not None
    assert opened(site, node, reader, 1) == letter
    secret = {"name": "李小龍"}
    sealed = sealed_by(js, secret, public_text(reader.key.public))
    answer = js.push("CLOSED-LETTER", sealed)
    assert answer is not None
    assert answer["success"] is True
    assert opened(site, node, reader, 2) == secret
    body = jsontext.parse(node.ask("received", name="CLOSED-READER", count=2)[-1]["data"].encode())["esbBody"]
    assert body == sealed
