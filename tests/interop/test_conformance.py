"""The whole conformance kit with the published connector: all right, and each deliberate mistake told by name."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import httpx
import pytest

from hub.cli.main import invoke
from hub.conformance.steps import BY_ID, NAME
from signing import envelope, jsontext
from signing.keys import generate
from tests.interop.node import Node, public_text
from tests.interop.site import Js, js_options, make_js
from tests.interop.trial import Trial, trial_of

pytestmark = pytest.mark.needs("node")


def exercise(js: Js, hub_key: str) -> None:
    """What an engineer does who follows the page."""
    js.call("getAccessToken")
    js.push("TRIAL-PUSH", {"name": NAME})
    js.push("TRIAL-PUSH", {"name": NAME})
    js.push_xml("TRIAL-PUSH", f"<name>{NAME}</name>")
    js.pull("TRIAL-ECHO", {"name": NAME})
    js.pull_xml("TRIAL-ECHO", f"<name>{NAME}</name>")
    numbers = js.pull("TRIAL-NUMBERS", {})
    assert numbers is not None
    js.push("TRIAL-RESULT", {"step": "numbers", "received": numbers["esbBody"]})
    believed = js.pull("TRIAL-TAMPERED", {})
    js.push("TRIAL-RESULT", {"step": "tampered", "refused": believed is None})
    js.push("TRIAL-SEALED", jsontext.parse(js.call("encrypt", '{"amount":"1"}', hub_key).encode()))
    late = js.pull("TRIAL-LATE", {})
    assert late is not None
    assert late["success"] is False


def test_the_published_connector_gets_everything_right(node: Node, tmp_path: Path) -> None:
    """Sending and receiving, JSON and XML: the page says so, and the report holds every step and no secret."""
    port = node.ask("serve", name="receiver", options={})["port"]
    node.ask("manner", name="receiver", path="/esb", manner={"body": '{"taken":true}'})
    with trial_of(tmp_path / "trial", "--connector-url", f"http://127.0.0.1:{port}/esb") as trial:
        node.ask("options", name="receiver", options=js_options(trial.url, trial.client, trial.hub_key))
        exercise(make_js(node, trial.url, trial.client, trial.hub_key), public_text(trial.hub_key))
        httpx.post(f"{trial.url}/receive", trust_env=False)
        trial.await_printed("[ok] receive-tampered")
        assert {step: outcome for step, outcome in trial.state().items() if outcome != "passed"} == {}
        page = trial.page()
        assert f"All {len(BY_ID)} steps are right" in page
        assert trial.client.client_secret not in page
    status, _ = invoke(["conformance", "report", "--data", str(trial.folder), "--out", str(tmp_path / "out")])
    report = jsontext.parse((tmp_path / "out" / "conformance.json").read_bytes())
    text = (tmp_path / "out" / "conformance.md").read_text()
    assert (status, report["conformant"], report["passed"], len(report["steps"])) == (0, True, len(BY_ID), len(BY_ID))
    assert report["connector"]["agents"] == ["node"]
    assert all(f"| {step} |" in text for step in BY_ID)
    assert trial.client.client_secret not in text + str(report)


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> object:
    with trial_of(tmp_path_factory.mktemp("mistakes") / "trial") as running:
        yield running


def signed(trial: Trial, sent: bytes, signs: bytes) -> bytes:
    return b'{"data":%b,"signature":"%b"}' % (sent, b64encode(trial.client.key.sign(signs)))


SENT = b'{"pushCode":"TRIAL-PUSH","esbBody":{"name":"A"}}'
SPACED = b'{"pushCode": "TRIAL-PUSH", "esbBody": {"name": "A"}}'


@pytest.mark.parametrize(
    "mistake", ["spaced", "body-alone", "other-key", "json-as-xml", "no-code", "asked", "hex", "slash", "address"]
)
def test_a_mistake_in_sending_is_told_by_name(trial: Trial, mistake: str) -> None:
    """The page says which text was signed, with which key, or what is missing, and nothing is admitted."""
    token = trial.token()
    path, media = "/esb/push-request", "application/json"
    told = {
        "spaced": "spaced text", "body-alone": "esbBody alone", "other-key": "no text that connectors are known to sign",
        "json-as-xml": "JSON under an XML content type", "no-code": "no pushCode", "asked": "was asked", "hex": "hex",
        "slash": "nothing at the path", "address": "another path json TRIAL-PUSH: 404: there is nothing at the path",
    }[mistake]  # fmt: skip
    body = signed(trial, SENT, {"spaced": SPACED, "body-alone": b'{"name":"A"}'}.get(mistake, SENT))
    if mistake == "other-key":
        body = envelope.seal(SENT, generate())
    elif mistake == "json-as-xml":
        media = "application/xml"
    elif mistake == "no-code":
        body = signed(trial, b'{"esbBody":{}}', b'{"esbBody":{}}')
    elif mistake == "asked":
        wrong = SENT.replace(b"pushCode", b"apiCode")
        body, path = signed(trial, wrong, wrong), "/esb/request"
    elif mistake == "hex":
        body = b'{"data":%b,"signature":"%b"}' % (SENT, trial.client.key.sign(SENT).hex().encode())
    elif mistake == "slash":
        path += "/"
    elif mistake == "address":
        path = "/push-request"
    answer = trial.post(path, body, token, media)
    assert answer.status_code >= 400
    assert told in trial.page()


def test_a_connector_that_believes_a_tampered_answer_is_told(node: Node, trial: Trial) -> None:
    """The damaged answer does not verify in the connector; one that says it believed it has failed the step."""
    js = make_js(node, trial.url, trial.client, trial.hub_key)
    assert js.pull("TRIAL-TAMPERED", {}) is None
    assert "9000000.00" in js.wire["text"]
    js.push("TRIAL-RESULT", {"step": "tampered", "refused": False})
    assert (trial.state()["tampered"], "believed" in trial.seen("tampered")[0]) == ("failed", True)


def test_a_float_on_the_way_is_told(node: Node, trial: Trial) -> None:
    """The member that lost its digits."""
    js = make_js(node, trial.url, trial.client, trial.hub_key)
    numbers = js.pull("TRIAL-NUMBERS", {})
    assert numbers is not None
    js.push("TRIAL-RESULT", {"step": "numbers", "received": numbers["esbBody"] | {"amount": 12345678901234567.89}})
    assert "amount: text came back as a number" in trial.seen("numbers")[0]


def test_a_connector_that_hangs_up_on_a_late_provider_is_right(trial: Trial) -> None:
    """Its own time-out is as good as waiting for the signed failure."""
    body = envelope.seal(b'{"apiCode":"TRIAL-LATE","esbBody":{}}', trial.client.key)
    headers = {"authorization": f"Bearer {trial.token()}", "content-type": "application/json"}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{trial.url}/esb/request", content=body, headers=headers, trust_env=False, timeout=0.5)
    assert "time-out of its own" in trial.await_printed("time-out:")


def test_a_kit_goes_on_where_it_stopped_and_takes_no_other_directory(tmp_path: Path, trial: Trial) -> None:
    """Started again, the page has its steps; a directory with something else in it is refused with status 3."""
    folder = tmp_path / "again"
    with trial_of(folder) as first:
        first.token()
        assert first.state()["token"] == "passed"
        assert first.stop() == 0
    with trial_of(folder) as second:
        assert second.state()["token"] == "passed"
        assert second.client.client_secret == first.client.client_secret
        assert second.client.key.public == first.client.key.public
        assert second.token()
    status, text = invoke(["conformance", "serve", "--data", str(tmp_path), "--port", "0"])
    assert (status, "a new directory, or one that it made itself" in text) == (3, True)
