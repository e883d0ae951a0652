"""PING: a connector asks the hub what it saw of a request."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from hub.joining.ping import MOST_ECHOED
from hub.pull import engine
from signing import envelope, jsontext
from signing.forms import frame_body, read_data, seal_form, verify_forms
from signing.keys import KeyRing, KeyWindow
from tests.journeys.provider import Pulling, pulling

BODY = {"name": "Siti ‘Aminah’ Ñuñez 李小龍", "whole": 9_007_199_254_740_991, "amount": "12345678901234567.89"}


def run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(journey())


async def post(at: Pulling, data: bytes) -> Any:
    """What the hub says to this `data`, signed as it stands."""
    body = envelope.seal(data, at.site.house.sender)
    headers = {"Authorization": f"Bearer {await at.site.token()}", "Content-Type": "application/json"}
    return body, at.site.verified(await at.site.ask("POST", "/esb/request", body, headers))


def test_the_hub_says_what_it_saw(tmp_path: Path) -> None:
    """Key, curve, form, size and digest of the very request; the body comes back as value and letter by letter."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            text = jsontext.render(BODY)
            sent, said = await post(at, b'{"apiCode":"PING","esbBody":%b}' % text)
            seen = said["esbBody"]
            key = at.site.house.sender.public
            assert (said["success"], len(said["requestId"])) == (True, 32)
            assert (seen["keyId"], seen["curve"], seen["system"]) == (key.key_id, key.curve, "HR")
            assert (seen["form"], seen["format"], seen["size"]) == ("json", "json", len(sent))
            assert seen["digest"] == "sha256:" + hashlib.sha256(sent).hexdigest()
            assert (seen["echo"], seen["body"], seen["bodyText"]) == ("whole", BODY, text.decode())

    run(journey)


@pytest.mark.parametrize(
    ("body", "echo", "value"),
    [
        (b"", "there was no esbBody", None),
        (b'{"x":"%b"}' % (b"y" * MOST_ECHOED), f"not sent back: more than {MOST_ECHOED} bytes", None),
        (b'{"x":9007199254740993}', "as text only: an integer is beyond 2^53", None),
        (b'{ "x" : "\\u00e9" }', "whole", {"x": "é"}),
        (b'{"rate":0.25,"whole":1.0,"many":1e3}', "whole", {"rate": 0.25, "whole": 1, "many": 1000}),
    ],
)
def test_what_cannot_come_back_says_why(tmp_path: Path, body: bytes, echo: str, value: Any) -> None:
    """None, too large, or a number that not every client verifies: the text still comes, the answer is signed."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            data = b'{"apiCode":"PING"%b}' % (b',"esbBody":' + body if body else b"")
            _, said = await post(at, data)
            seen = said["esbBody"]
            assert said["success"] is True
            assert (seen["echo"].startswith(echo), seen.get("body")) == (True, value), seen["echo"]
            assert seen.get("bodyText") == (body.decode() if 0 < len(body) <= MOST_ECHOED else None)

    run(journey)


def test_a_ping_is_checked_like_every_request(tmp_path: Path) -> None:
    """A signature that does not hold gets no answer but the signed refusal, and nobody else is asked."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            sealed = envelope.seal(b'{"apiCode":"PING","esbBody":{"x":1}}', at.site.house.sender)
            headers = {"Authorization": f"Bearer {await at.site.token()}", "Content-Type": "application/json"}
            reply = await at.site.ask("POST", "/esb/request", sealed.replace(b'"x":1', b'"x":2'), headers)
            said = at.site.verified(reply)
            assert (reply.status, said["success"], "AMANA-SIG-001" in said["message"]) == (401, False, True)
            assert at.provider.asked == []

    run(journey)


def test_a_ping_in_xml_is_answered_in_xml(tmp_path: Path) -> None:
    """The form and the format are those of the request, and the element of the body comes back as text."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            members = {"apiCode": "PING", "esbBody": {"name": "Ñuñez & Sons", "amount": "0.10"}}
            sent = seal_form(members, at.site.house.sender, "xml", "request")
            headers = {"Authorization": f"Bearer {await at.site.token()}", "Content-Type": "application/xml"}
            reply = await at.site.ask("POST", "/esb/request", sent, headers)
            assert (reply.status, reply.headers["content-type"].partition(";")[0]) == (200, "application/xml")
            ring = KeyRing([KeyWindow(at.site.house.hub.public, 0)])
            found = verify_forms(frame_body(reply.body, "xml"), ring, 1)
            seen = read_data(found.data, found.form)["esbBody"]
            assert (seen["form"], seen["format"], seen["body"]) == ("xml", "xml", members["esbBody"])
            assert seen["bodyText"].startswith("<esbBody><root>")

    run(journey)


def test_nobody_fills_the_disk_with_what_needs_no_grant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Past its bytes of an hour a system is told to come back, nothing is recorded, and codes with a grant go on; the next
    hour is a new one."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            large = b'{"apiCode":"PING","esbBody":"%b"}' % (b"x" * 5000)
            said = [(await post(at, large))[1] for _ in range(3)]
            assert [one["success"] for one in said] == [True, False, False]
            assert said[1]["message"].startswith("AMANA-PULL-022")
            before = len(await at.site.records("pulls"))
            assert before == 2
            assert at.site.verified(await at.pull({"n": 1}))["success"] is True
            await at.site.clock.sleep(3600)
            assert (await post(at, large))[1]["success"] is True

    monkeypatch.setattr(engine, "FREE_BYTES", 12_000)
    run(journey)
