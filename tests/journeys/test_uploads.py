"""Claim checks: a large body is uploaded, claimed by a signed message, and is then a message like any other."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from hub import records as r
from hub import uploads
from hub.gateway import wire
from hub.ports import Write
from hub.settings import load
from signing import jsontext, tokens
from signing.encrypted import seal_for
from signing.sealing import BodyKey
from tests.journeys.gateway_client import Site, open_site
from tests.journeys.upload_client import BODY, OTHER, claim_of, digest_of, fetch, kept, restarted, upload, uploaded
from tests.unit.gateway.onboarded import CALENDAR

SECRET = "fedcba9876543210" * 4


def run(path: Path, story: Callable[[Site], Awaitable[None]], **settings: Any) -> None:
    """`story` on a hub of its own."""

    async def go() -> None:
        async with open_site(path, settings=load(path, max_body=65_536, **settings)) as site:
            await story(site)

    asyncio.run(go())


def code_of(site: Site, reply: Any) -> str:
    data = site.verified(reply)
    assert data["success"] is False
    return str(data["message"]).partition(":")[0]


async def opened(site: Site, record: r.Record) -> bytes:
    secret = (await site.log.open([record.headers[r.SECRET]]))[record.headers[r.SECRET]]
    return BodyKey(secret, "inbox").open_seal(record.headers[r.ID], record.value)


def test_a_claimed_body_is_the_message_that_it_would_be_inline(tmp_path: Path) -> None:
    """The answer to the upload is signed and names digest and size; the message keeps envelope and bytes; the same body
    sent inline is its duplicate."""

    async def story(site: Site) -> None:
        reply = await upload(site, [BODY[:7], b"", BODY[7:]])
        answer = site.verified(reply)["esbBody"]
        assert (answer["digest"], answer["size"]) == (digest_of(BODY), len(BODY))
        assert answer["expiresAt"] == "2026-09-22T14:13:20.000Z"
        body = site.house.body(claim_of(BODY, answer["reference"]))
        receipt = site.verified(await site.push(body))
        [record] = await site.records("inbox.generic_json")
        assert receipt["esbBody"]["digest"] == digest_of(body)
        assert record.headers[r.CLAIM] == f"json,{len(BODY)}"
        assert await opened(site, record) == body + BODY
        inline = site.verified(await site.push(site.house.body()))
        assert (inline["requestId"], inline["esbBody"]["duplicate"]) == (receipt["requestId"], True)

    run(tmp_path, story)


def test_used_is_used(tmp_path: Path) -> None:
    """Once a message has the bytes, the hub's copy and its key are gone; the same claim sent again (its answer was
    lost, say, and the hub restarted) gets the first receipt, and under another code it is refused."""

    async def story(site: Site) -> None:
        reference = await uploaded(site)
        first = site.verified(await site.push(site.house.body(claim_of(BODY, reference))))
        [row] = await site.store.rows("upload")
        assert (await kept(site), set(row["wrapped"])) == ((1, 0), {0})
        site = restarted(site)
        again = site.verified(await site.push(site.house.body(claim_of(BODY, reference))))
        assert again == {**first, "esbBody": {**first["esbBody"], "duplicate": True}}
        await site.change("grant.add", {"system": "HR", "code": "JSON-LEAVE"})
        other = await site.push(site.house.body(claim_of(BODY, reference), "JSON-LEAVE"))
        assert (other.status, code_of(site, other)) == (409, "AMANA-CLAIM-004")
        assert (await fetch(site, reference)).status == 404
        assert len(await site.records("inbox.generic_json")) == 1

    run(tmp_path, story)


def test_a_restart_between_upload_and_push_loses_nothing(tmp_path: Path) -> None:
    """What was answered is on the disk."""

    async def story(site: Site) -> None:
        reference = await uploaded(site)
        site = restarted(site)
        assert site.verified(await site.push(site.house.body(claim_of(BODY, reference))))["success"] is True

    run(tmp_path, story)


def test_the_very_same_checks_as_inline(tmp_path: Path) -> None:
    """Bytes that are no strict JSON or break the contract are refused with their codes, and stay claimable; bytes
    encrypted for the hub are opened."""

    async def story(site: Site) -> None:
        for content, code in ((b'{"records":1}', "AMANA-CONTRACT-001"), (b'{"a":1,"a":2}', "AMANA-JSON-003")):
            reference = await uploaded(site, content)
            assert code_of(site, await site.push(site.house.body(claim_of(content, reference)))) == code
            assert (await fetch(site, reference)).body == content
        content = jsontext.render(seal_for(BODY, site.house.hub.public))
        reference = await uploaded(site, content)
        assert site.verified(await site.push(site.house.body(claim_of(content, reference))))["success"] is True
        assert site.verified(await site.push(site.house.body()))["esbBody"]["duplicate"] is True

    run(tmp_path, story)


def test_claims_that_do_not_hold(tmp_path: Path) -> None:
    """A reference that never was, another digest or size, and a claim without form are refused and admit nothing."""

    async def story(site: Site) -> None:
        reference = await uploaded(site)
        claims = [
            (claim_of(BODY, "0" * 32), "AMANA-CLAIM-001"),
            (claim_of(BODY, ""), "AMANA-CLAIM-001"),
            (claim_of(BODY, reference, digest=digest_of(b"x")), "AMANA-CLAIM-003"),
            (claim_of(BODY, reference, digest=digest_of(BODY).upper()), "AMANA-CLAIM-003"),
            (claim_of(BODY, reference, digest="é"), "AMANA-CLAIM-003"),
            (claim_of(BODY, reference, size=len(BODY) - 1), "AMANA-CLAIM-003"),
            ({"claim": reference}, "AMANA-CLAIM-002"),
        ]
        for claim, code in claims:
            assert code_of(site, await site.push(site.house.body(claim))) == code
        assert await site.records("inbox.generic_json") == []
        assert site.verified(await site.push(site.house.body(claim_of(BODY, reference))))["success"] is True

    run(tmp_path, story)


def test_a_reference_is_worth_nothing_to_another_system(tmp_path: Path) -> None:
    """Another granted system that learned a reference can neither claim nor fetch what lies under it, and is told no
    more than of one that never was."""

    async def story(site: Site) -> None:
        house = site.house
        other = {
            "institution": "KEM",
            "code": "PAYROLL",
            "clientId": "client-pay",
            "secretSha256": hashlib.sha256(SECRET.encode()).hexdigest(),
            "publicKey": house.operator.public.pem(),
        }
        await site.change("system.add", other)
        await site.change("grant.add", {"system": "PAYROLL", "code": "JSON-CAL"})
        token = _token_of(site, "PAYROLL")
        reference = await uploaded(site)
        theirs = await site.push(house.body(claim_of(BODY, reference), key=house.operator), token)
        assert code_of(site, theirs) == "AMANA-CLAIM-001"
        stolen, never = await fetch(site, reference, token), await fetch(site, "0" * 32, token)
        assert [stolen.status, never.status] == [404, 404]
        assert site.verified(stolen)["message"] == site.verified(never)["message"]
        assert (await fetch(site, reference)).body == BODY

    run(tmp_path, story)


def _token_of(site: Site, system: str) -> str:
    known = site.gateway.context.follower.directory.now().system(system)
    assert known is not None
    return tokens.issue(site.gateway.context.keys.token, system, site.clock.now() + 60_000, known.epoch)


def test_what_nobody_claims_is_gone_after_a_day(tmp_path: Path) -> None:
    """It can be claimed until the last moment, not at it; the sweep then takes row and bytes, of used ones too."""

    async def story(site: Site) -> None:
        first, second = await uploaded(site), await uploaded(site)
        claimed = site.house.body(claim_of(BODY, first))
        await site.clock.sleep(24 * 3600 - 1)
        assert site.verified(await site.push(claimed))["success"] is True
        await site.clock.sleep(1)
        late = await site.push(site.house.body(claim_of(BODY, second)))
        assert (late.status, code_of(site, late)) == (404, "AMANA-CLAIM-001")
        assert await site.gateway.uploads.sweep(site.clock.now()) == 2
        assert await kept(site) == (0, 0)

    run(tmp_path, story)


def test_an_upload_that_is_cut_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sender goes away in the middle, or stops sending: no row, no piece, and the quota is free again."""

    async def story(site: Site) -> None:
        token = await site.token()
        gone: list[dict[str, Any]] = [
            {"type": "http.request", "body": b"x" * 100, "more_body": True},
            {"type": "http.disconnect"},
        ]
        assert await _received(site, token, gone) == []
        assert await kept(site) == (0, 0)
        stalled: list[dict[str, Any]] = [{"type": "http.request", "body": b"x" * 100, "more_body": True}]
        [start, body] = await _received(site, token, stalled)
        assert start["status"] == 408
        assert (b"connection", b"close") in start["headers"]
        assert b"AMANA-HTTP-005" in body["body"]
        assert await kept(site) == (0, 0)

    monkeypatch.setattr(wire, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(uploads, "PIECE", 64)
    run(tmp_path, story)


async def _received(site: Site, token: str, messages: list[dict[str, Any]]) -> list[Any]:
    """What is answered to an upload that arrives as these messages, and then not at all."""
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0) if messages else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/esb/upload",
        "query_string": b"",
        "client": ("198.51.100.7", 40_000),
        "headers": [(b"authorization", token.encode())],
    }
    await site.gateway(scope, receive, send)
    return sent


def test_left_over_uploads_are_swept(tmp_path: Path) -> None:
    """A process that died in an upload leaves pieces; hours later they are gone, and meanwhile nobody can claim them."""

    async def story(site: Site) -> None:
        draft = await site.gateway.uploads.begin("HR", "json", 1 << 20, site.clock.now())
        await draft.add(BODY)
        [row] = await site.store.rows("upload")
        claim = site.house.body(claim_of(BODY, row["reference"]))
        assert code_of(site, await site.push(claim)) == "AMANA-CLAIM-001"
        await site.clock.sleep(6 * 3600 - 1)
        assert await site.gateway.uploads.sweep(site.clock.now()) == 0
        await site.clock.sleep(61)
        assert await site.gateway.uploads.sweep(site.clock.now()) == 1
        assert await kept(site) == (0, 0)

    run(tmp_path, story)


def test_quota_in_bytes_and_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits counts until it is claimed; an upload of unknown length counts as the largest; refusals are signed 429s
    and take no byte."""

    async def story(site: Site) -> None:
        mega = 1 << 20
        content = b'"' + b"x" * (mega - 2) + b'"'
        assert (await upload(site, content, Content_Length=str(mega))).status == 200
        unknown = await upload(site, b"{}")  # 1 MiB waits, 1 MiB may be uploaded, 2 MiB is the quota: it just fits
        assert unknown.status == 200
        full = await upload(site, content, Content_Length=str(mega))
        assert (full.status, code_of(site, full), full.headers["connection"]) == (429, "AMANA-UPLOAD-001", "close")
        assert await kept(site) == (2, 2)
        reference = await uploaded(site, BODY, Content_Length=str(len(BODY)))
        monkeypatch.setattr(site.gateway.uploads, "_most", 3)
        number = await upload(site, b"{}", Content_Length="2")
        assert "limit 3 uploads" in site.verified(number)["message"]
        await site.push(site.house.body(claim_of(BODY, reference)))
        assert (await upload(site, b"{}", Content_Length="2")).status == 200

    run(tmp_path, story, max_upload=1 << 20, upload_quota=2 << 20)


def test_too_large_is_refused_before_or_while_it_comes(tmp_path: Path) -> None:
    """A declared length past the limit takes no byte; an undeclared one is cut at it; both are signed 413s and leave
    nothing."""

    async def story(site: Site) -> None:
        limit = 1 << 20
        declared = await upload(site, b"{}", Content_Length=str(limit + 1))
        streamed = await upload(site, [b"x" * 65_536] * 17)
        lying = await upload(site, b"xxx", Content_Length="2")
        assert [reply.status for reply in (declared, streamed, lying)] == [413] * 3
        assert code_of(site, streamed) == "AMANA-SIZE-001"
        assert await kept(site) == (0, 0)

    run(tmp_path, story, max_upload=1 << 20)


def test_who_may_upload(tmp_path: Path) -> None:
    """Without a token, with a suspended system, in another method or media type: refused, nothing kept."""

    async def story(site: Site) -> None:
        token = await site.token()
        assert (await upload(site, BODY, token="x")).status == 401
        assert (await upload(site, BODY, media="text/csv")).status == 415
        put = await site.ask("PUT", "/esb/upload", BODY, {"Authorization": token})
        assert (put.status, put.headers["allow"]) == (405, "POST")
        assert (await site.ask("POST", "/esb/upload/x", BODY, {"Authorization": token})).headers["allow"] == "GET"
        await site.change("system.suspend", {"system": "HR"})
        suspended = await upload(site, BODY, token=token)
        assert suspended.status in {401, 403}
        assert await kept(site) == (0, 0)

    run(tmp_path, story)


def test_erasing_a_message_leaves_no_copy(tmp_path: Path) -> None:
    """After the claim nothing in the store opens; after the erasure nothing in the log does."""

    async def story(site: Site) -> None:
        reference = await uploaded(site)
        await site.push(site.house.body(claim_of(BODY, reference)))
        [record] = await site.records("inbox.generic_json")
        assert await site.log.erase([record.headers[r.SECRET]]) == 1
        assert await site.log.open([record.headers[r.SECRET]]) == {}
        assert await kept(site) == (1, 0)
        again = site.verified(await site.push(site.house.body(claim_of(BODY, reference))))
        assert again["esbBody"]["duplicate"] is True

    run(tmp_path, story)


def test_pieces_belong_to_their_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upload of many pieces comes out whole; pieces that change places in the store do not open."""

    async def story(site: Site) -> None:
        rows = {"records": [CALENDAR["records"][0], OTHER]}
        content = jsontext.render(rows)
        reference = await uploaded(site, content)
        assert (await kept(site))[1] == -(-len(content) // 64)
        assert (await fetch(site, reference)).body == content
        first, second, *_ = await site.store.rows("upload_piece", order=("n",))
        swapped = [{**first, "sealed": second["sealed"]}, {**second, "sealed": first["sealed"]}]
        await site.store.write([Write("upload_piece", swapped)])
        reply = await site.push(site.house.body(claim_of(content, reference)))
        assert (reply.status, code_of(site, reply)) == (500, "AMANA-HUB-001")

    monkeypatch.setattr(uploads, "PIECE", 64)
    run(tmp_path, story)
