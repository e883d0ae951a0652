"""Pushes in XML through both connectors as they are, and what a subscriber on the connector gets of them."""

from __future__ import annotations

from typing import Any

import pytest

from signing import jsontext, xmltext
from tests.interop.node import Node, private_text, public_text
from tests.interop.python import Python, elements, verifies_xml
from tests.interop.site import NAME, Client, Js, Site

pytestmark = pytest.mark.needs("node")
LEAVE = {
    "leaveId": "L-1",
    "employeeId": "190001011999012001",
    "institution": "KEM",
    "kind": "annual",
    "from": "2026-10-05",
    "to": "2026-10-07",
}
PLAIN_NAME = NAME.replace("\u2028", "")  # XML text keeps it, but nobody types it into a form
TEXT = xmltext.escape(PLAIN_NAME)


@pytest.fixture(scope="module")
def client(site: Site) -> Client:
    """A system that sends leave and relayed letters."""
    made = site.system("SENDER")
    site.run("api", "add", "--code", "LEAVE", "--adapter", "generic_json", "--exchange", "leave")
    site.run("api", "add", "--code", "LETTER", "--relay")
    for code in ("LEAVE", "LETTER"):
        site.run("grant", "add", "--system", made.code, "--code", code)
    return made


@pytest.fixture
def js(site: Site, client: Client) -> Js:
    return site.js(client)


@pytest.fixture
def python(site: Site, client: Client) -> Python:
    return Python(site.hub.url, client)


def leave(cancelled: str, leave_id: str) -> str:
    members = LEAVE | {"cancelled": cancelled, "leaveId": leave_id}
    return "<records>" + "".join(f"<{name}>{text}</{name}>" for name, text in members.items()) + "</records>"


def test_js_pushes_xml_under_a_contract(site: Site, js: Js) -> None:
    """Elements become the list, the texts and the boolean that the contract asks for; the receipt verifies in XML."""
    data = js.push_xml("LEAVE", leave("false", "L-1"))
    assert data is not None
    assert js.wire["type"].startswith("application/xml")
    assert elements(js.wire["text"])["success"] == "true"
    assert elements(js.wire["text"])["duplicate"] == "false"
    again = js.push_xml("LEAVE", leave("false", "L-1"))
    assert again is not None
    assert elements(js.wire["text"])["duplicate"] == "true"


def test_python_pushes_xml_under_a_contract(site: Site, python: Python) -> None:
    """The document escaped inside esbBody, with its declaration, signed with another one; its own check believes the
    receipt."""
    body = f'<?xml version="1.0" encoding="utf-8"?>\n<root>{leave("true", "L-2")}</root>'
    answer = python.push_xml("LEAVE", body)
    assert elements(answer)["success"] == "true"
    assert verifies_xml(answer, site.hub_key)
    assert not verifies_xml(answer.replace("true", "false"), site.hub_key)


@pytest.mark.parametrize("body", [leave("perhaps", "L-3"), "<records><surprise>1</surprise></records>"])
def test_refusals_in_xml_verify(site: Site, js: Js, python: Python, body: str) -> None:
    """What breaks the contract is refused in XML, signed, code first, for both connectors."""
    data = js.push_xml("LEAVE", body)
    assert data is not None
    assert elements(js.wire["text"])["message"].startswith("AMANA-CONTRACT-001")
    answer = python.push_xml("LEAVE", f"<root>{body}</root>")
    assert elements(answer)["message"].startswith("AMANA-CONTRACT-001")
    assert verifies_xml(answer, site.hub_key)


@pytest.fixture(scope="module")
def receivers(site: Site, node: Node) -> dict[str, str]:
    """Two subscribers on the connector, one that takes JSON and one that takes XML; the name of each one's server."""
    for name, form in (("GETS-JSON", "json"), ("GETS-XML", "xml")):
        port = node.ask("serve", name=name, options={})["port"]
        node.ask("manner", name=name, path="/in", manner={})
        words = ["--endpoint", f"http://127.0.0.1:{port}/in", "--option", f"format={form}"]
        made = site.system(name, *words)
        options = {"clientPrivateKey": private_text(made.key), "esbPublicKey": public_text(site.hub_key)}
        node.ask("options", name=name, options=options)
        site.run("subscription", "add", "--system", name, "--code", "LETTER")
    return {"json": "GETS-JSON", "xml": "GETS-XML"}


@pytest.mark.parametrize("sender", ["js-json", "js-xml", "python-json", "python-xml"])
def test_a_relayed_push_reaches_js_subscribers_who_verify_it(
    site: Site, node: Node, receivers: dict[str, str], js: Js, python: Python, sender: str
) -> None:
    """Whoever sent it, in whichever form: the connector verifies what the hub pushes to it, in JSON and in XML, and
    finds the name as it was sent, letter by letter; its answer confirms the delivery."""
    before = {name: len(node.ask("received", name=name, count=0)) for name in receivers.values()}
    letter: dict[str, Any] = {"from": sender, "name": PLAIN_NAME}
    as_xml = f"<from>{sender}</from><name>{TEXT}</name>"
    if sender == "js-json":
        assert js.push("LETTER", letter) is not None
    elif sender == "js-xml":
        assert js.push_xml("LETTER", as_xml) is not None
    elif sender == "python-json":
        assert site.verified(python.push("LETTER", letter))["success"] is True
    else:
        assert elements(python.push_xml("LETTER", f"<root>{as_xml}</root>"))["success"] == "true"
    for form, name in receivers.items():
        got = node.ask("received", name=name, count=before[name] + 1)[-1]
        assert (got["verified"], got["type"].partition(";")[0]) == (True, f"application/{form}")
        if form == "json":
            data = jsontext.parse(got["data"].encode())
            assert data["esbBody"] == letter
            assert len(data["requestId"]) == 32
        else:
            assert elements(got["data"])["name"] == PLAIN_NAME
