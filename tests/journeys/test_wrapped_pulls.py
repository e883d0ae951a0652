"""Pulls whose bodies are encrypted or uploaded, on the caller's side and on the provider's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from hub.gateway import claiming
from hub.gateway.bodies import find_claim
from hub.records import CLAIM
from signing import envelope, jsontext, keys, tokens
from signing.encrypted import open_for, seal_for
from tests.journeys.gateway_client import Reply
from tests.journeys.provider import CODE, PROVIDER, Pulling, answer, pulling, silent, told
from tests.journeys.test_late_answers import deferred, send_late
from tests.journeys.upload_client import claim_of, fetch, kept, uploaded

QUESTION = {"employeeId": "X1"}
ANSWER = {"name": "Ayú", "grade": 9}
LARGE = {"rows": ["x" * 100] * 12_000}
KEY = keys.generate("secp384r1")


def run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(journey())


def token_of(at: Pulling, system: str) -> str:
    context = at.site.gateway.context
    known = context.follower.directory.now().system(system)
    assert known is not None
    return tokens.issue(context.keys.token, system, at.site.clock.now() + 60_000, known.epoch)


async def asker(at: Pulling, **options: str) -> Callable[..., Coroutine[Any, Any, Reply]]:
    """A caller with these options; returns what it asks with."""
    system = {"institution": "KEM", "code": "ASKER", "clientId": "asker", "secretSha256": "1" * 64}
    await at.site.change("system.add", {**system, "publicKey": KEY.public.pem(), "options": options})
    await at.site.change("grant.add", {"system": "ASKER", "code": CODE})

    async def ask(value: Any = None, **members: Any) -> Reply:
        data = {"apiCode": CODE, **members} | ({"esbBody": value} if value is not None else {})
        headers = {"Authorization": token_of(at, "ASKER"), "Content-Type": "application/json"}
        body = envelope.seal(jsontext.render(data), KEY)
        return await at.site.ask("POST", "/esb/request", body, headers)

    return ask


def encrypted(at: Pulling, value: Any) -> dict[str, str]:
    return seal_for(jsontext.render(value), at.site.house.hub.public)


def test_an_encrypted_question_reaches_the_provider_plain(tmp_path: Path) -> None:
    """The hub opens it, checks it and passes it on; the answer is encrypted for who asked only where its option says
    so, and asked for once more it is encrypted too."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            at.provider.answering = answer(ANSWER)
            assert at.site.verified(await at.pull(encrypted(at, QUESTION)))["esbBody"] == ANSWER
            ask = await asker(at, answers="sealed")
            plain = at.site.verified(await ask(QUESTION))
            assert plain["esbBody"] == ANSWER
            sealed = at.site.verified(await ask(encrypted(at, QUESTION)))
            assert jsontext.parse(open_for(sealed["esbBody"], KEY)) == ANSWER
            again = at.site.verified(await ask(requestId=sealed["requestId"]))
            assert jsontext.parse(open_for(again["esbBody"], KEY)) == ANSWER
            assert [one["esbBody"] for one in at.provider.asked] == [QUESTION] * 3

    run(journey)


def test_who_wants_encryption_gets_it_on_both_sides(tmp_path: Path) -> None:
    """With encrypt=yes the provider gets the question encrypted for its key, and the caller its answer."""

    async def journey() -> None:
        async with pulling(tmp_path, options={"encrypt": "yes"}) as at:
            at.provider.answering = answer(ANSWER)
            ask = await asker(at, encrypt="yes")
            said = at.site.verified(await ask(QUESTION))
            [asked] = at.provider.asked
            assert jsontext.parse(open_for(asked["esbBody"], at.provider.key)) == QUESTION
            assert jsontext.parse(open_for(said["esbBody"], KEY)) == ANSWER

    run(journey)


def test_an_answer_encrypted_for_the_hub_is_opened(tmp_path: Path) -> None:
    """It is checked and passed on plain, also when it is asked for again; one that does not open is a failure."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            at.provider.answering = answer(encrypted(at, ANSWER))
            first = at.site.verified(await at.pull(QUESTION))
            assert first["esbBody"] == ANSWER
            assert at.site.verified(await at.pull(requestId=first["requestId"]))["esbBody"] == ANSWER
            at.provider.answering = answer(seal_for(b"{}", KEY.public))
            failed = at.site.verified(await at.pull(QUESTION))
            assert failed["message"].startswith("AMANA-PULL-007")
            assert "AMANA-SEAL-002" in failed["message"]

    run(journey)


def test_an_answer_for_the_caller_alone_must_be_encrypted(tmp_path: Path) -> None:
    """Under a code that is sealed for its recipient the answer passes unread, and a plain one does not pass."""

    async def journey() -> None:
        async with pulling(tmp_path, sealed="recipient") as at:
            sealed = seal_for(b"nobody's business", KEY.public)
            question = seal_for(b"?", at.provider.key.public)
            at.provider.answering = answer(sealed)
            assert at.site.verified(await at.pull(question))["esbBody"] == sealed
            at.provider.answering = answer(ANSWER)
            assert "AMANA-SEAL-003" in at.site.verified(await at.pull(question))["message"]
            assert at.site.verified(await at.pull(QUESTION))["message"].startswith("AMANA-SEAL-003")

    run(journey)


@pytest.mark.parametrize("way", ["encrypted", "uploaded"])
def test_nobody_passes_a_claim_off_as_the_hubs(tmp_path: Path, way: str) -> None:
    """What looks like a claim inside an encrypted or uploaded body is refused from either side: its receiver would fetch,
    by its own token, whatever a stranger names."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            content = jsontext.render(claim_of(b"x", "0" * 32))

            async def wrapped(system: str) -> dict[str, Any]:
                if way == "encrypted":
                    return seal_for(content, at.site.house.hub.public)
                return claim_of(content, await uploaded(at.site, content, token=token_of(at, system)))

            assert at.site.verified(await at.pull(await wrapped("HR")))["message"].startswith("AMANA-CLAIM-002")
            assert at.provider.asked == []
            at.provider.answering = answer(await wrapped(PROVIDER))
            failed = at.site.verified(await at.pull(QUESTION))
            assert failed["message"].startswith("AMANA-PULL-007")
            assert "AMANA-CLAIM-002" in failed["message"]

    run(journey)


def test_a_question_that_was_uploaded(tmp_path: Path) -> None:
    """The provider gets the uploaded body; the upload is gone once the pull is answered."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            at.provider.answering = answer(ANSWER)
            content = jsontext.render(QUESTION)
            reference = await uploaded(at.site, content)
            assert at.site.verified(await at.pull(claim_of(content, reference)))["esbBody"] == ANSWER
            assert [one["esbBody"] for one in at.provider.asked] == [QUESTION]
            assert await kept(at.site) == (0, 0)
            gone = await at.pull(claim_of(content, reference))
            assert at.site.verified(gone)["message"].startswith("AMANA-CLAIM-001")

    run(journey)


async def plain_of(at: Pulling, body: Any, upload: str, *, claims: str = "", encrypt: str = "") -> Any:
    """What the caller makes of an answer's body; `upload`: the provider's reference, which it never learns."""
    claim = find_claim(body)
    assert (claim is not None) == bool(claims)
    if claim is not None:
        assert claim.reference != upload
        assert (await fetch(at.site, claim.reference)).status == 404
        body = jsontext.parse((await fetch(at.site, claim.reference, token_of(at, "ASKER"))).body)
    return jsontext.parse(open_for(body, KEY)) if encrypt else body


@pytest.mark.parametrize("caller", [{}, {"claims": "yes"}, {"claims": "yes", "encrypt": "yes"}])
def test_an_answer_that_was_uploaded(tmp_path: Path, caller: dict[str, str]) -> None:
    """A provider's claim is redeemed and checked; the record keeps the bytes; who asked gets them inline, or as a claim
    of its own where it takes claims; and the same again when it asks again."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            content = jsontext.render(LARGE)
            reference = await uploaded(at.site, content, token=token_of(at, PROVIDER))
            at.provider.answering = answer(claim_of(content, reference))
            ask = await asker(at, **caller)
            first = at.site.verified(await ask(QUESTION))
            again = at.site.verified(await ask(requestId=first["requestId"]))
            for body in (first["esbBody"], again["esbBody"]):
                assert await plain_of(at, body, reference, **caller) == LARGE
            [outcome] = [one for one in await at.site.records("pulls") if CLAIM in one.headers]
            assert outcome.headers[CLAIM] == f"json,{len(content)}"

    run(journey)


def test_an_uploaded_answer_is_good_for_one_pull(tmp_path: Path) -> None:
    """A provider that names the same upload in every answer has it written to the log once, however many ask at a time;
    who was answered with it can still ask again."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            content = jsontext.render(LARGE)
            reference = await uploaded(at.site, content, token=token_of(at, PROVIDER))
            at.provider.answering = answer(claim_of(content, reference))
            first = at.site.verified(await at.pull(QUESTION))
            assert first["esbBody"] == LARGE
            assert await kept(at.site) == (0, 0)
            others = await asyncio.gather(*(at.pull(QUESTION) for _ in range(4)))
            assert {"AMANA-CLAIM-001" in at.site.verified(one)["message"] for one in others} == {True}
            assert at.site.verified(await at.pull(requestId=first["requestId"]))["esbBody"] == LARGE
            assert len([one for one in await at.site.records("pulls") if CLAIM in one.headers]) == 1

    run(journey)


def test_large_answers_wait_for_room_and_no_longer_than_their_time(tmp_path: Path) -> None:
    """With every place taken an uploaded answer is a failure within the code's time, its upload still there; a small one
    needs no place."""

    async def journey() -> None:
        async with pulling(tmp_path, timeoutMs=300) as at:
            content = jsontext.render(ANSWER)
            claim = claim_of(content, await uploaded(at.site, content, token=token_of(at, PROVIDER)))
            engine = at.site.gateway.pulls
            async with engine.room, engine.room:
                at.provider.answering = answer(claim)
                assert told(at, await at.pull(QUESTION)) == (503, False, "AMANA-PULL-011")
                at.provider.answering = answer(ANSWER)
                assert at.site.verified(await at.pull(QUESTION))["esbBody"] == ANSWER
            at.provider.answering = answer(claim)
            assert at.site.verified(await at.pull(QUESTION))["esbBody"] == ANSWER

    run(journey)


def test_who_asks_a_silent_provider_holds_up_no_other_uploaded_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system's third uploaded question at a provider that keeps silent waits, not another system's at another one; what
    waits too long is told to come back."""

    async def journey() -> None:
        async with pulling(tmp_path, timeoutMs=60_000) as at:
            at.provider.answering = silent
            content = jsontext.render(QUESTION)
            slow = [asyncio.create_task(at.pull(claim_of(content, await uploaded(at.site, content)))) for _ in range(9)]
            await at.provider.arrived.wait()
            await at.site.change("api.add", {"code": "OTHER", "direction": "pull", "provider": PROVIDER})
            ask = await asker(at)
            await at.site.change("grant.add", {"system": "ASKER", "code": "OTHER"})
            at.provider.answering = answer(ANSWER)
            other = await uploaded(at.site, content, token=token_of(at, "ASKER"))
            async with asyncio.timeout(5):
                said = at.site.verified(await ask(claim_of(content, other), apiCode="OTHER"))
            assert said["esbBody"] == ANSWER
            told_off = list((await asyncio.wait(slow, timeout=5))[0])
            assert {told(at, done.result()) for done in told_off} == {(503, False, "AMANA-PULL-011")}
            assert len(told_off) == 7
            await at.provider.gone()
            await asyncio.wait(slow)

    monkeypatch.setattr(claiming, "PATIENCE", 0.5)
    run(journey)


def test_a_claim_of_somebody_else_is_no_answer(tmp_path: Path) -> None:
    """A provider that claims what the caller uploaded gets nothing of it: the pull fails."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            content = jsontext.render(ANSWER)
            at.provider.answering = answer(claim_of(content, await uploaded(at.site, content)))
            failed = at.site.verified(await at.pull(QUESTION))
            assert failed["message"].startswith("AMANA-PULL-007")
            assert "AMANA-CLAIM-001" in failed["message"]

    run(journey)


@pytest.mark.parametrize("how", ["encrypted", "uploaded"])
def test_a_late_answer_that_was_encrypted_or_uploaded(tmp_path: Path, how: str) -> None:
    """It is opened or redeemed before it is taken, and who asks again gets what was inside; one that cannot be read is
    refused and leaves the pull waiting."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            name = await deferred(at)
            content = jsontext.render(ANSWER)
            foreign = await uploaded(at.site, content)
            bad = seal_for(content, KEY.public) if how == "encrypted" else claim_of(content, foreign)
            refused = await send_late(at, {"success": True, "requestId": name, "esbBody": bad})
            code = "AMANA-SEAL-002" if how == "encrypted" else "AMANA-CLAIM-001"
            assert at.site.verified(refused)["message"].startswith(code)
            own = await uploaded(at.site, content, token=token_of(at, PROVIDER))
            good = encrypted(at, ANSWER) if how == "encrypted" else claim_of(content, own)
            taken = await send_late(at, {"success": True, "requestId": name, "esbBody": good})
            assert at.site.verified(taken)["success"] is True
            assert at.site.verified(await at.pull(requestId=name))["esbBody"] == ANSWER

    run(journey)
