"""Tokens, pushes in JSON and the hub's answers, through two published connectors as they are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from hub.demo.traffic import UnexpectedError
from tests.faults.served import until
from tests.interop.node import FailedError
from tests.interop.python import Python
from tests.interop.site import Client, Js, Site, payees

pytestmark = pytest.mark.needs("node")
CODE = "JSON-PAYEE"


@pytest.fixture(scope="module", autouse=True)
def _code(site: Site) -> None:
    site.run("api", "add", "--code", CODE, "--adapter", "generic_json", "--exchange", "payee")


@pytest.fixture
def client(site: Site, request: pytest.FixtureRequest) -> Client:
    """A system with a grant; one for each test, so that no test sees another's duplicates."""
    digest = hashlib.sha256(request.node.name.encode()).hexdigest()[:8]
    made = site.system(f"S-{digest}", curve=getattr(request, "param", "secp256r1"))
    site.run("grant", "add", "--system", made.code, "--code", CODE)
    return made


@pytest.fixture
def js(site: Site, client: Client) -> Js:
    return site.js(client)


@pytest.fixture
def push(site: Site, client: Client) -> Callable[[Any], dict[str, Any]]:
    """Push with PyPI `govesb`: its own token service, its own request, the bare token in the header."""
    python = Python(site.hub.url, client)
    return lambda body: site.verified(python.push(CODE, body))


def stored(site: Site, answer: dict[str, Any]) -> dict[str, Any]:
    """What the hub says it holds under the request id of a receipt, once its index has it."""
    found: dict[str, Any] = {}

    def shown() -> bool:
        try:
            found.update(site.run("message", "show", answer["requestId"]))
        except UnexpectedError as error:
            if "AMANA-READ-001" not in str(error):
                raise
        return bool(found)

    until(shown, "the message in the index")
    return found


def test_js_gets_a_token(js: Js) -> None:
    """Token, type and lifetime, and nothing else: the Java client reads the reply strictly."""
    reply = js.call("getAccessToken")
    assert set(reply) == {"access_token", "token_type", "expires_in"}
    assert (reply["token_type"], 0 < reply["expires_in"] <= 3600) == ("Bearer", True)


def test_js_with_a_wrong_secret_gets_none(site: Site, client: Client) -> None:
    """The connector throws its own error on the 401."""
    js = site.js(client, clientSecret="wrong")
    with pytest.raises(FailedError, match="Could not get access token"):
        js.call("getAccessToken")


@pytest.mark.parametrize("client", ["secp256r1", "secp256k1"], indirect=True)
def test_js_pushes_json_and_verifies_the_receipt(site: Site, client: Client, js: Js) -> None:
    """The receipt verifies in JavaScript and names the digest of the very bytes that were sent; the message is kept."""
    answer = js.push(CODE, payees())
    assert answer is not None
    sent = js.wire["sent"].encode()
    assert answer["success"] is True
    assert answer["esbBody"]["digest"] == "sha256:" + hashlib.sha256(sent).hexdigest()
    assert answer["esbBody"]["duplicate"] is False
    assert stored(site, answer)["system"] == client.code


def test_js_pushes_again_and_is_told_so(js: Js) -> None:
    """The same payload signed anew: a success with the first receipt."""
    first = js.push(CODE, payees(account="0000000002"))
    again = js.push(CODE, payees(account="0000000002"))
    assert first is not None
    assert again is not None
    assert again["success"] is True
    assert again["requestId"] == first["requestId"]
    assert again["esbBody"] == first["esbBody"] | {"duplicate": True}


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [({"records": [{"surprise": True}]}, "AMANA-CONTRACT-001", 422), ({"records": "none"}, "AMANA-CONTRACT-001", 422)],
)
def test_js_verifies_refusals(js: Js, body: Any, code: str, status: int) -> None:
    """A refusal is signed too, and its message begins with the stable code."""
    answer = js.push(CODE, body)
    assert answer is not None
    assert (answer["success"], answer["message"].partition(":")[0], js.wire["status"]) == (False, code, status)


def test_js_verifies_the_refusal_of_a_code_that_is_not_there(js: Js) -> None:
    """Also what is refused before any contract is looked at."""
    answer = js.push("NOTHING", payees())
    assert answer is not None
    assert answer["message"].startswith("AMANA-CODE-001")


def test_js_with_another_key_is_refused_and_can_verify_that(site: Site, client: Client) -> None:
    """Signed with a key that is not registered for the system."""
    stranger = site.system("STRANGER")
    js = site.js(Client(client.code, client.client_id, client.client_secret, stranger.key))
    answer = js.push(CODE, payees(account="0000000003"))
    assert answer is not None
    assert (answer["message"].partition(":")[0], js.wire["status"]) == ("AMANA-SIG-001", 401)


def test_js_does_not_believe_another_hub(site: Site, client: Client) -> None:
    """With another public key for the hub the connector verifies nothing: its check works, so the others mean something."""
    stranger = site.system("OTHER-HUB")
    js = site.js(client, esbPublicKey=site.js_public(stranger.key.public))
    assert js.push(CODE, payees(account="0000000004")) is None
    assert js.wire["status"] == 200


@pytest.mark.parametrize("client", ["secp256r1", "secp256k1"], indirect=True)
def test_python_pushes_json(site: Site, client: Client, push: Callable[[Any], dict[str, Any]]) -> None:
    """Spaced, ASCII-escaped JSON with the bare token: verified over the received bytes."""
    answer = push(payees())
    assert (answer["success"], answer["esbBody"]["duplicate"]) == (True, False)
    assert stored(site, answer)["system"] == client.code


def test_python_and_js_mean_the_same_name(js: Js, push: Callable[[Any], dict[str, Any]]) -> None:
    """Two spellings of one payload are two messages of bytes, each admitted; neither is refused for its spelling."""
    first, second = js.push(CODE, payees()), push(payees())
    assert first is not None
    assert (first["success"], second["success"]) == (True, True)


def test_python_is_refused_with_a_signed_answer(push: Callable[[Any], dict[str, Any]]) -> None:
    """The text that `esb_push_request` returns is the hub's signed refusal."""
    answer = push({"records": [{"surprise": True}]})
    assert (answer["success"], answer["message"].partition(":")[0]) == (False, "AMANA-CONTRACT-001")
