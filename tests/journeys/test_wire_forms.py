"""One message in every spelling that a connector sends, from its bytes to canonical records and signed answers."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub import records as r
from hub.gateway.bodies import value_again
from signing import forms
from signing.jsontext import parse
from signing.keys import KeyRing, KeyWindow, PrivateKey
from signing.sealing import BodyKey
from tests.journeys.gateway_client import Reply, Site, open_site
from tests.simulator.hub import PEOPLE, SimHub
from tests.simulator.month import PERIOD, Script, preset
from tests.unit.gateway.onboarded import CALENDAR, NOW
from tests.vectors import clients

Sign = Callable[[dict[str, Any], PrivateKey], bytes]


def _json(shape: str, spell: Callable[[Any], str]) -> Sign:
    def sign(members: dict[str, Any], key: PrivateKey) -> bytes:
        text = spell(members)
        return (shape % (text, b64encode(key.sign(text.encode())).decode())).encode()

    return sign


def _xml(spell: Callable[[dict[str, Any]], str], head: str = "", signs: str = "") -> Sign:
    def sign(members: dict[str, Any], key: PrivateKey) -> bytes:
        text = spell(members)
        signature = b64encode(key.sign((signs + text).encode())).decode()
        return f"{head}<esbrequest>{text}<signature>{signature}</signature></esbrequest>".encode()

    return sign


LINE = clients.PYTHON_LINE
SPELLINGS: dict[str, tuple[str, str, Sign]] = {
    "JavaScript": ("application/json", "json", _json('{"data":%s,"signature":"%s"}', clients.js_stringify)),
    "Python 1.x": ("application/json", "json", _json('{"data": %s, "signature": "%s"}', clients.python_dumps)),
    "PHP, XML": ("application/xml", "xml", _xml(clients.nested_xml)),
    "JavaScript, XML": ("text/xml; charset=utf-8", "xml", _xml(clients.js_xml)),
    "Python 1.x, XML": ("application/xml; charset=UTF-8", "xml-declared", _xml(clients.python_xml, LINE, LINE)),
    "declared, not signed so": ("application/xml", "xml", _xml(clients.nested_xml, LINE)),
}


async def _send(site: Site, name: str, members: dict[str, Any] | None = None) -> Reply:
    content_type, _, sign = SPELLINGS[name]
    body = sign(members or {"pushCode": "JSON-CAL", "esbBody": CALENDAR}, site.house.sender)
    return await _post(site, body, content_type)


async def _post(site: Site, body: bytes, content_type: str) -> Reply:
    headers = {"Authorization": f"Bearer {await site.token()}", "Content-Type": content_type}
    return await site.ask("POST", "/esb/push-request", body, headers)


def _said(site: Site, reply: Reply) -> Any:
    """What a signed answer says, read by its content type."""
    media: forms.Media = "xml" if reply.headers["content-type"] == "application/xml" else "json"
    ring = KeyRing([KeyWindow(site.house.hub.public, 0)])
    verified = forms.verify_forms(forms.frame_body(reply.body, media), ring, NOW)
    return forms.read_data(verified.data, verified.form)


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_is_admitted_and_answered_in_kind(name: str, tmp_path: Path) -> None:
    """Kept as received with its form and content type, read again without keys as the calendar that was meant, answered in
    the language of the request; signed anew it is a duplicate."""
    content_type, form, _ = SPELLINGS[name]

    async def story() -> None:
        async with open_site(tmp_path) as site:
            reply = await _send(site, name)
            said = _said(site, reply)
            assert (reply.status, said["success"]) == (200, True)
            assert reply.headers["content-type"] == f"application/{form.partition('-')[0]}"
            [record] = await site.records("inbox.generic_json")
            assert said["requestId"] == record.headers[r.ID][:32]
            assert (record.headers[r.FORM], record.headers[r.CONTENT_TYPE]) == (form, content_type)
            secret = (await site.log.open([record.headers[r.SECRET]]))[record.headers[r.SECRET]]
            kept = BodyKey(secret, "inbox").open_seal(record.headers[r.ID], record.value)
            adapter = site.gateway.context.adapters["generic_json"]
            value = value_again(kept, record.headers, "no", None, lambda read: adapter.read_xml("calendar", read))
            assert value == CALENDAR

            again = _said(site, await _send(site, name))
            assert str(again["esbBody"]["duplicate"]).lower() == "true"
            assert again["requestId"] == said["requestId"]
            assert len(await site.records("inbox.generic_json")) == 1

    asyncio.run(story())


def test_the_same_records_come_of_every_spelling() -> None:
    """Translated records have the same values, whatever the message was written in."""
    calendar = {
        "institution": preset().institution.code,
        "unit": None,
        "period": PERIOD,
        "zone": "Asia/Jakarta",
        "workingDays": ["2026-10-01"],
        "ceremonies": [],
    }

    async def values(name: str) -> list[Any]:
        content_type, _, sign = SPELLINGS[name]
        hub, script = SimHub(), Script()
        await script.do(hub, script.onboarding())
        body = sign({"pushCode": "JSON-CAL", "esbBody": {"records": [calendar]}}, PEOPLE.sender)
        await hub.push("KEMCONTOH-DATA", body, content_type)
        await hub.settle()
        return [parse(text) for text in (await hub.canonical_values()).values()]

    async def story() -> None:
        found = {name: await values(name) for name in SPELLINGS}
        assert found == {name: [calendar] for name in SPELLINGS}

    asyncio.run(story())


def test_rows_are_known_again_in_another_language(tmp_path: Path) -> None:
    """A natural key is made of what the contract means, so a row that came in JSON is a duplicate in XML."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            await site.change(
                "api.add",
                {
                    "code": "CAL-ROW",
                    "adapter": "generic_json",
                    "exchange": "calendar",
                    "dedupe": "natural-key",
                    "fields": ["institution", "period"],
                },
            )
            await site.change("grant.add", {"system": "HR", "code": "CAL-ROW"})
            members = {"pushCode": "CAL-ROW", "esbBody": CALENDAR}
            first = _said(site, await _send(site, "JavaScript", members))
            second = _said(site, await _send(site, "PHP, XML", members))
            assert second["requestId"] == first["requestId"]
            assert second["esbBody"]["duplicate"] == "true"

    asyncio.run(story())


def test_faults_in_xml_are_refused_in_xml(tmp_path: Path) -> None:
    """Each refusal has its code, is signed, and is in the language of the request; a type that nobody knows gets JSON."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            good = SPELLINGS["PHP, XML"][2]({"pushCode": "JSON-CAL", "esbBody": CALENDAR}, site.house.sender)

            def signed(span: bytes) -> bytes:
                signature = b64encode(site.house.sender.sign(span))
                return b"<esbrequest>%b<signature>%b</signature></esbrequest>" % (span, signature)

            push = b"<data><pushCode>JSON-CAL</pushCode>%b</data>"
            faults = {
                "AMANA-SIG-001": good.replace(b"2026-10-01", b"2026-10-02"),
                "AMANA-FRM-001": b"<!DOCTYPE d>" + good,
                "AMANA-XML-001": signed(push % b"<esbBody><a>1</a><!-- 2 --></esbBody>"),
                "AMANA-XML-002": signed(push % b'<esbBody><root>{"a":1,"a":2}</root></esbBody>'),
                "AMANA-JSON-002": signed(push % b""),
                "AMANA-CONTRACT-001": signed(push % b"<esbBody><records><period>x</period></records></esbBody>"),
                "AMANA-SIZE-001": b" " * 70_000,
            }
            replies = {code: await _post(site, body, "application/xml") for code, body in faults.items()}
            assert {reply.headers["content-type"] for reply in replies.values()} == {"application/xml"}
            said = {code: _said(site, reply) for code, reply in replies.items()}
            assert all(each["success"] is False for each in said.values())
            assert {code: each["message"][: len(code)] for code, each in said.items()} == {
                code: code for code in faults
            }
            other = await _post(site, good, "text/html")
            assert (other.status, other.headers["content-type"]) == (415, "application/json")
            assert _said(site, other)["message"].startswith("AMANA-HTTP-002")
            assert await site.records("inbox.generic_json") == []

    asyncio.run(story())


def test_a_content_type_is_kept_without_what_does_not_belong(tmp_path: Path) -> None:
    """Parameters other than a charset reach no header of a record: they could hold anything."""

    async def story() -> None:
        async with open_site(tmp_path) as site:
            body = SPELLINGS["PHP, XML"][2]({"pushCode": "JSON-CAL", "esbBody": CALENDAR}, site.house.sender)
            await _post(site, body, "text/xml; name=19800101")
            [record] = await site.records("inbox.generic_json")
            assert record.headers[r.CONTENT_TYPE] == "application/xml"

    asyncio.run(story())
