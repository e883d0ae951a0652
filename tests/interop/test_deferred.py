"""Answers that come later: the connector as a provider defers, sends the answer on `/esb/async`, and the asker fetches it."""

from __future__ import annotations

import httpx
import pytest

from hub.client import PullAnswer, Sender
from signing import jsontext
from tests.interop.node import Node, private_text, public_text
from tests.interop.python import elements
from tests.interop.site import NAME, Client, Site

pytestmark = pytest.mark.needs("node")


@pytest.fixture(scope="module")
def provider(site: Site, node: Node) -> Client:
    """The npm connector; its success without a body means that the answer follows."""
    port = node.ask("serve", name="DEFERRER", options={})["port"]
    made = site.system("DEFERRER", "--endpoint", f"http://127.0.0.1:{port}/later")
    key = {"clientPrivateKey": private_text(made.key), "esbPublicKey": public_text(site.hub_key)}
    node.ask("options", name="DEFERRER", options=key)
    site.run("api", "add", "--code", "LATER", "--provider", "DEFERRER")
    return made


@pytest.fixture(scope="module")
def asker(site: Site, provider: Client) -> Client:
    made = site.system("PATIENT")
    site.run("grant", "add", "--system", made.code, "--code", "LATER")
    return made


def answer_late(site: Site, provider: Client, request_id: str, form: str) -> httpx.Response:
    """`asyncSuccessResponse` of the connector, with the request's id, posted with its own token."""
    js = site.js(provider)
    token = js.call("getAccessToken")["access_token"]
    text = js.call("asyncSuccessResponse", jsontext.render({"name": NAME}).decode(), form, apiCode=request_id)
    headers = {"authorization": f"Bearer {token}", "content-type": f"application/{form}; charset=utf-8"}
    return httpx.post(f"{site.hub.url}/esb/async", content=text.encode(), headers=headers, trust_env=False)


@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_late_answer_reaches_who_asked(site: Site, provider: Client, asker: Client, form: str) -> None:
    """Deferred at first and until the answer is there; then the very answer, whichever form it came in; the provider's
    own connector verifies the hub's receipt for it."""
    with Sender(site.hub.url, asker.client_id, asker.client_secret, asker.key, site.hub_key) as sender:
        first = sender.pull("LATER", b'{"id":"1"}')
        assert first.deferred
        assert first.request_id is not None
        assert sender.pull("LATER", request_id=first.request_id).deferred
        receipt = answer_late(site, provider, first.request_id, form)
        assert receipt.status_code == 200, receipt.text
        if form == "json":
            assert site.verified(receipt.text)["success"] is True
        else:
            assert elements(receipt.text)["success"] == "true"
        assert site.js(provider).call("verifyThenReturnData", receipt.text, form) is not None
        late: PullAnswer = sender.pull("LATER", request_id=first.request_id)
        assert (late.deferred, late.value) == (False, {"name": NAME})


def test_a_js_asker_verifies_that_the_answer_follows(site: Site, provider: Client, asker: Client) -> None:
    """A success with a request id, no body, and the code that says so."""
    got = site.js(asker).pull("LATER", {"id": "1"})
    assert got is not None
    assert got["success"] is True
    assert "esbBody" not in got
    assert got["message"].startswith("AMANA-PULL-010")
