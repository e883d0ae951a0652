"""Pulls through a gateway, a log on disk and a provider on a real socket: asked, forwarded, verified, recorded, answered."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from hub.pull.records import PURPOSE, digest_of
from signing import envelope, forms, jsontext
from signing.keys import KeyRing, KeyWindow
from signing.sealing import BodyKey
from tests.journeys.provider import CODE, Provider, answer, http, outcome_of, pulling, say, silent
from tests.simulator.contracting import register


def run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(journey())


def test_a_pull_is_answered_with_what_the_provider_signed(tmp_path: Path) -> None:
    """The caller gets a signed answer with the provider's body and the id under which everything is recorded; the
    provider got a request signed by the hub."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            at.provider.answering = answer({"name": "Siti Aminah Ñuñez", "grade": 9})
            reply = await at.pull({"employeeId": "X1"}, userId="clerk")
            said = at.site.verified(reply)
            assert reply.status == 200
            assert said["success"] is True
            assert said["esbBody"] == {"name": "Siti Aminah Ñuñez", "grade": 9}
            [asked] = at.provider.asked
            assert asked == {
                "apiCode": CODE,
                "userId": "clerk",
                "requestId": said["requestId"],
                "esbBody": {"employeeId": "X1"},
            }

    run(journey)


def test_a_deprecated_contract_is_said_in_the_answer(tmp_path: Path) -> None:
    """Who asks reads the last day in the signed answer, of the question's contract as of the answer's."""

    async def journey() -> None:
        async with pulling(tmp_path, requestContract="subject:tanya:1") as at:
            at.provider.answering = answer({"grade": 9})
            schema = {"type": "object", "properties": {"employeeId": {"type": "string"}}}
            await register(at.site.gateway.context.registry, at.site.clock.now(), schema, subject="tanya")
            state = {"contract": "subject:tanya:1", "state": "deprecated", "until": "2099-12-31", "reason": "x"}
            await at.site.change("contract.state", state)
            said = at.site.verified(await at.pull({"employeeId": "X1"}))
            assert said["esbBody"] == {"grade": 9}
            assert said["message"] == "subject:tanya:1 is deprecated, its last day is 2099-12-31"
            refused = at.site.verified(await at.pull({"employeeId": 1}))
            assert refused["message"].startswith("AMANA-CONTRACT-001")

    run(journey)


def test_request_and_answer_are_recorded_and_bound(tmp_path: Path) -> None:
    """The outcome names both digests and how the answer is bound, and opens under the request's secret to the bytes that
    the provider signed."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            at.provider.answering = answer({"grade": 9})
            said = at.site.verified(await at.pull({"employeeId": "X1"}))
            records = await at.site.records("pulls")
            assert len(records) == 2
            ended = outcome_of(records)
            [asked] = [record for record in records if record is not ended]
            h = ended.headers
            assert (h["ce_outcome"], h["ce_bound"], h["ce_provider"]) == ("answer", "signature", "PROV")
            assert h["ce_requestid"] == said["requestId"] == asked.headers["ce_id"][:32]
            assert h["ce_requestdigest"] == asked.headers["ce_digest"]
            secret = (await at.site.log.open([asked.headers["ce_id"]]))[asked.headers["ce_id"]]
            received = BodyKey(secret, PURPOSE).open_seal(h["ce_id"], ended.value)
            assert h["ce_digest"] == digest_of(received)
            assert jsontext.parse(received)["data"]["esbBody"] == {"grade": 9}

    run(journey)


def test_an_answer_that_names_no_request_is_bound_by_its_exchange(tmp_path: Path) -> None:
    """Published connectors answer without requestId: it counts, and the record says what it rests on."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            at.provider.answering = answer({"grade": 9}, named=False)
            reply = await at.pull({"employeeId": "X1"})
            assert at.site.verified(reply)["esbBody"] == {"grade": 9}
            assert outcome_of(await at.site.records("pulls")).headers["ce_bound"] == "exchange"

    run(journey)


def test_the_same_question_is_asked_as_often_as_it_comes(tmp_path: Path) -> None:
    """A pull is a repeat of nothing: every one is forwarded, under an id of its own."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            said = [at.site.verified(await at.pull({"employeeId": "X1"})) for _ in range(3)]
            assert len({one["requestId"] for one in said}) == len(at.provider.asked) == 3

    run(journey)


def test_a_code_at_the_wrong_path_is_told_where_it_belongs(tmp_path: Path) -> None:
    """What is asked for is not pushed, what is pushed is not asked for; each refusal names the other path."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            pushed = envelope.seal(jsontext.render({"pushCode": CODE, "esbBody": {}}), at.site.house.sender)
            reply = await at.post(pushed, "application/json", path="/esb/push-request")
            assert (reply.status, "/esb/request)" in at.site.verified(reply)["message"]) == (404, True)
            reply = await at.pull({}, apiCode="JSON-CAL")
            assert (reply.status, "/esb/push-request)" in at.site.verified(reply)["message"]) == (404, True)
            assert at.provider.asked == []

    run(journey)


def test_a_nida_request_wraps_its_body(tmp_path: Path) -> None:
    """userId is required, Payload is taken off for the contract and put on again for the provider; a list of one
    around it is taken too."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            for body in ({"Payload": {"nin": "1"}}, [{"Payload": {"nin": "1"}}]):
                reply = await at.pull(body, path="/esb/nida-request", userId="clerk")
                assert at.site.verified(reply)["success"] is True
            assert [(one["userId"], one["esbBody"]) for one in at.provider.asked] == [
                ("clerk", {"Payload": {"nin": "1"}})
            ] * 2
            nobody = await at.pull({"Payload": {}}, path="/esb/nida-request")
            assert (nobody.status, "userId" in at.site.verified(nobody)["message"]) == (400, True)
            bare = await at.pull({"nin": "1"}, path="/esb/nida-request", userId="clerk")
            assert (bare.status, "Payload" in at.site.verified(bare)["message"]) == (400, True)

    run(journey)


@pytest.mark.parametrize(
    "payload",
    [
        "<Payload><nin>1</nin></Payload>",
        "<Payload>&lt;root&gt;&lt;nin&gt;1&lt;/nin&gt;&lt;/root&gt;</Payload>",
        "<Payload><root><nin>1</nin></root></Payload>",
        "<root><Payload><nin>1</nin></Payload></root>",
        '<Payload>&lt;root&gt;{"nin":"1"}&lt;/root&gt;</Payload>',
    ],
)
def test_a_nida_request_in_xml_is_read_whatever_its_body_is_wrapped_in(tmp_path: Path, payload: str) -> None:
    """Elements, escaped text, `root` inside or outside: a provider that speaks JSON gets the one Payload."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            data = f"<data><apiCode>{CODE}</apiCode><userId>clerk</userId><esbBody>{payload}</esbBody></data>"
            signature = base64.b64encode(at.site.house.sender.sign(data.encode())).decode()
            body = f"<esbrequest>{data}<signature>{signature}</signature></esbrequest>".encode()
            reply = await at.post(body, "application/xml", path="/esb/nida-request")
            assert reply.status == 200, reply.body
            assert [one["esbBody"] for one in at.provider.asked] == [{"Payload": {"nin": "1"}}]

    run(journey)


def test_a_nida_request_whose_payload_is_no_document_is_refused(tmp_path: Path) -> None:
    """Escaped text that is broken XML names the member; in JSON the same text is a text like any other."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            members = {"apiCode": CODE, "userId": "clerk", "esbBody": {"Payload": "<root><a>"}}
            body = forms.seal_form(members, at.site.house.sender, "xml", "request")
            reply = await at.post(body, "application/xml", path="/esb/nida-request")
            assert (reply.status, b"AMANA-XML-001" in reply.body, b"Payload" in reply.body) == (400, True, True)
            await at.pull({"Payload": "<root><a>"}, path="/esb/nida-request", userId="clerk")
            assert [one["esbBody"] for one in at.provider.asked] == [{"Payload": "<root><a>"}]

    run(journey)


def test_nothing_of_the_token_is_forwarded(tmp_path: Path) -> None:
    """The bearer token, in the header and in the member `authorization`, reaches no provider."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            token = await at.site.token()
            reply = await at.pull({"a": 1}, token=token, authorization=f"Bearer {token}")
            assert at.site.verified(reply)["success"] is True
            assert token.encode() not in b"".join(at.provider.raw)
            assert b"uthorization" not in b"".join(at.provider.raw)

    run(journey)


def test_each_side_speaks_its_own_language(tmp_path: Path) -> None:
    """A caller that asks in XML is answered in XML, whatever the provider speaks; and the other way round. Numbers mean
    what the contract says, names keep their letters."""

    async def journey() -> None:
        async with pulling(tmp_path, options={"format": "xml"}) as at:
            ring = KeyRing([KeyWindow(at.site.house.hub.public, 0)])
            at.provider.answering = answer({"name": "Siti Ñuñez <b>", "grade": 9}, media="xml")
            said = at.site.verified(await at.pull({"employeeId": "X1"}))
            assert said["esbBody"] == {"name": "Siti Ñuñez <b>", "grade": "9"}  # no contract says that it is a number
            assert b"<esbrequest>" in at.provider.raw[0]
            members = {"apiCode": CODE, "esbBody": {"employeeId": "X1"}}
            reply = await at.post(forms.seal_form(members, at.site.house.sender, "xml", "request"), "application/xml")
            assert reply.headers["content-type"] == "application/xml"
            verified = forms.verify_forms(forms.frame_body(reply.body, "xml"), ring, 0)
            told = forms.read_data(verified.data, verified.form)
            assert (told["success"], told["esbBody"]) == (True, {"name": "Siti Ñuñez <b>", "grade": "9"})

    run(journey)


def test_numbers_are_printed_so_that_every_client_verifies_them(tmp_path: Path) -> None:
    """What the provider signs as 1.0 and 1e3 keeps its value and takes the one spelling of all clients."""

    def text(provider: Provider, data: dict[str, Any]) -> bytes:
        body = b'{"success":true,"requestId":"%b","esbBody":{"b":1.0,"a":1e3,"7":"x"}}' % data["requestId"].encode()
        return http(200, envelope.seal(body, provider.key))

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            at.provider.answering = say(text)
            reply = await at.pull({"employeeId": "X1"})
            assert b'"esbBody":{"7":"x","b":1,"a":1000}' in reply.body

    run(journey)


def test_what_is_said_in_a_pull_reaches_no_log_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither token nor body nor the provider's words, however the exchange ends."""

    async def journey() -> None:
        async with pulling(tmp_path, timeoutMs=200) as at:
            token = await at.site.token()
            words = {"success": False, "message": "canary-words"}
            for answering in (
                answer({"name": "canary-answer"}),
                say(lambda one, _: http(200, one.signed(words))),
                say(http(500, b"canary-page", "text/html")),
                silent,
            ):
                at.provider.answering = answering
                for _ in range(6):
                    await at.pull({"name": "canary-question"}, token=token, authorization=token)
            out, err = capfd.readouterr()
            assert "provider.rests" in out + err
            assert "canary" not in out + err
            assert token not in out + err

    run(journey)
