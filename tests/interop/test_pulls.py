"""Pulls through both connectors as they are, from a provider that is the connector itself; deferred answers, people's
requests, encrypted bodies."""

from __future__ import annotations

from typing import Any

import pytest

from signing import encrypted, jsontext, xmltext
from tests.interop.node import Node, private_text, public_text
from tests.interop.python import JSON, XML, Python, elements, verifies_xml
from tests.interop.site import NAME, Client, Js, Site

pytestmark = pytest.mark.needs("node")
ANSWER = {"name": NAME, "whole": 9007199254740991, "amount": "0.10", "list": [1, True, None, {"a": []}]}


@pytest.fixture(scope="module")
def provider(site: Site, node: Node) -> Client:
    """The npm connector as a provider: it verifies what the hub asks, and answers in the form of the request."""
    port = node.ask("serve", name="PROVIDER", options={})["port"]
    made = site.system("PROVIDER", "--endpoint", f"http://127.0.0.1:{port}/ask")
    slow = f"http://127.0.0.1:{port}/xml"
    xml = site.system("XML-PROVIDER", "--endpoint", slow, "--option", "format=xml")
    for code, system in (("ASK", made), ("ASK-XML", xml)):
        site.run("api", "add", "--code", code, "--provider", system.code)
    key = {"clientPrivateKey": private_text(made.key), "esbPublicKey": public_text(site.hub_key)}
    node.ask("options", name="PROVIDER", options=key)
    # both systems answer with one key, as two programs of one office may
    (site.hub.data.parent / "provider.pub").write_text(made.key.public.pem())
    site.run("system", "rotate-key", "XML-PROVIDER", "--public-key", str(site.hub.data.parent / "provider.pub"))
    return made


@pytest.fixture(scope="module")
def client(site: Site, provider: Client) -> Client:
    """A system that may ask."""
    made = site.system("ASKER")
    for code in ("ASK", "ASK-XML"):
        site.run("grant", "add", "--system", made.code, "--code", code)
    return made


@pytest.fixture
def js(site: Site, client: Client) -> Js:
    return site.js(client)


@pytest.fixture
def python(site: Site, client: Client) -> Python:
    return Python(site.hub.url, client)


def answers(node: Node, **manner: Any) -> None:
    """What the provider does from now on."""
    for path in ("/ask", "/xml"):
        node.ask("manner", name="PROVIDER", path=path, manner=manner)


def last(node: Node) -> dict[str, Any]:
    """The request that the provider got last."""
    got: dict[str, Any] = node.ask("received", name="PROVIDER", count=1)[-1]
    return got


@pytest.mark.parametrize("code", ["ASK", "ASK-XML"])
def test_js_asks_js_in_json(node: Node, js: Js, code: str) -> None:
    """The provider verifies the hub's request, the caller the hub's answer; every letter and digit is kept. A provider
    that speaks XML says texts where JSON says numbers."""
    answers(node, body=jsontext.render(ANSWER).decode())
    got = js.pull(code, {"id": "000123", "name": NAME})
    assert got is not None
    asked = last(node)
    assert asked["verified"] is True
    assert got["success"] is True
    if code == "ASK":
        assert got["esbBody"] == ANSWER
        data = jsontext.parse(asked["data"].encode())
        assert data["esbBody"] == {"id": "000123", "name": NAME}
        assert set(data) == {"apiCode", "requestId", "esbBody"}
        assert data["requestId"] == got["requestId"]
    else:
        assert {name: got["esbBody"][name] for name in ("name", "whole", "amount")} == {
            "name": NAME, "whole": "9007199254740991", "amount": "0.10",
        }  # fmt: skip
        assert elements(asked["data"])["id"] == "000123"


@pytest.mark.parametrize("code", ["ASK", "ASK-XML"])
def test_js_asks_js_in_xml(node: Node, js: Js, code: str) -> None:
    """The same in XML: both signatures verify in JavaScript, the name comes back as it was."""
    answers(node, body=jsontext.render({"name": NAME, "amount": "0.10"}).decode())
    data = js.pull_xml(code, f"<id>000123</id><name>{xmltext.escape(NAME)}</name>")
    assert data is not None
    assert last(node)["verified"] is True
    found = elements(js.wire["text"])
    assert (found["success"], found["name"], found["amount"]) == ("true", NAME, "0.10")


def test_python_asks_js_in_json(site: Site, node: Node, python: Python) -> None:
    """With a token fetched in the same call; the token inside the signed data is not passed on."""
    answers(node, body=jsontext.render(ANSWER).decode())
    got = site.verified(python.pull("ASK", {"id": "000123", "name": NAME}, JSON))
    assert (got["success"], got["esbBody"]) == (True, ANSWER)
    asked = last(node)
    assert asked["verified"] is True
    assert "authorization" not in asked["body"]


def test_python_asks_js_in_xml(site: Site, node: Node, python: Python) -> None:
    """Its own check believes the hub's XML answer."""
    answers(node, body=jsontext.render({"name": NAME, "amount": "0.10"}).decode())
    text = python.pull("ASK", {"root": {"id": "000123", "name": NAME}}, XML)
    found = elements(text)
    assert (found["success"], found["name"], found["amount"]) == ("true", NAME, "0.10")
    assert verifies_xml(text, site.hub_key)
    assert jsontext.parse(last(node)["data"].encode())["esbBody"] == {"id": "000123", "name": NAME}


def test_a_failure_of_the_provider_comes_back_signed_by_the_hub(node: Node, js: Js) -> None:
    """`failureResponse` of the connector: its words come with the hub's code, in JSON and in XML."""
    answers(node, message="Hakuna rekodi")
    got = js.pull("ASK", {})
    assert got is not None
    assert (got["success"], got["message"].partition(":")[0]) == (False, "AMANA-PULL-008")
    assert "Hakuna rekodi" in got["message"]
    assert js.pull_xml("ASK", "<a>1</a>") is not None
    assert elements(js.wire["text"])["message"].startswith("AMANA-PULL-008")


def test_js_asks_for_a_person(node: Node, js: Js) -> None:
    """`requestNida`: the person's id beside the body, which the provider gets as `Payload`."""
    answers(node, body='{"name":"X"}')
    data = js.call("requestNida", "ASK", '{"id":"1"}', "json")
    assert data is not None
    asked = jsontext.parse(last(node)["data"].encode())
    assert asked["userId"] == "person-1"
    assert asked["esbBody"] == {"Payload": {"id": "1"}}
    assert js.call("requestNida", "ASK", "<id>1</id>", "xml") is not None
    asked = jsontext.parse(last(node)["data"].encode())
    assert (asked["userId"], asked["esbBody"]) == ("person-1", {"Payload": {"id": "1"}})


def test_a_code_without_grant_is_refused(site: Site, node: Node, js: Js) -> None:
    """Nothing reaches the provider, and the connector verifies the refusal."""
    site.run("api", "add", "--code", "NOT-MINE", "--provider", "PROVIDER")
    before = len(node.ask("received", name="PROVIDER", count=0))
    got = js.pull("NOT-MINE", {})
    assert got is not None
    assert got["message"].startswith("AMANA-GRANT-001")
    assert len(node.ask("received", name="PROVIDER", count=0)) == before


def test_what_js_encrypts_the_hub_opens_and_the_other_way_round(site: Site, client: Client, js: Js) -> None:
    """The connector's `encrypt` opens under our key, and its `decrypt` opens what we sealed; a changed byte does not."""
    text = jsontext.render({"name": NAME}).decode()
    sealed = jsontext.parse(js.call("encrypt", text, public_text(client.key.public)).encode())
    assert encrypted.open_for(sealed, client.key).decode() == text
    ours = jsontext.render(encrypted.seal_for(text.encode(), client.key.public)).decode()
    assert js.call("decrypt", ours) == text
