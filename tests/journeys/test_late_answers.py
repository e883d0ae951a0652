"""Answers that follow: deferred in the exchange, sent to `/esb/async` later, asked for again, delivered to who subscribed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from signing import envelope, jsontext, keys, tokens
from tests.journeys.gateway_client import Reply
from tests.journeys.provider import PROVIDER, Pulling, answer, http, pulling, say, silent
from tests.unit.gateway.onboarded import NOW, TOKEN_KEY

PROMISE = say(lambda at, data: http(200, at.signed({"success": True, "requestId": data["requestId"]})))


def run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(journey())


async def send_late(
    at: Pulling, members: dict[str, Any], *, system: str = PROVIDER, key: keys.PrivateKey | None = None
) -> Reply:
    """What the provider sends to `/esb/async`."""
    body = envelope.seal(jsontext.render(members), key or at.provider.key)
    known = at.site.gateway.context.follower.directory.now().system(system)
    assert known is not None
    token = tokens.issue(TOKEN_KEY, system, NOW + 60_000, known.epoch)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return await at.site.ask("POST", "/esb/async", body, headers)


async def deferred(at: Pulling) -> str:
    """The id of a pull whose answer follows."""
    at.provider.answering = PROMISE
    said = at.site.verified(await at.pull({"employeeId": "X1"}))
    assert said["success"] is True
    return str(said["requestId"])


def test_a_promise_is_passed_on_and_kept(tmp_path: Path) -> None:
    """A signed success without a body means that the answer follows: the caller is told so, gets it when it asks again
    under the id, and the provider gets a signed receipt."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            at.provider.answering = PROMISE
            reply = await at.pull({"employeeId": "X1"})
            first = at.site.verified(reply)
            assert (reply.status, first["success"], "esbBody" in first) == (200, True, False)
            assert first["message"].startswith("AMANA-PULL-010: ")
            name = first["requestId"]
            assert at.site.verified(await at.pull(requestId=name)) == first
            late = await send_late(at, {"success": True, "requestId": name, "esbBody": {"grade": 9}})
            receipt = at.site.verified(late)
            assert (late.status, receipt["requestId"], receipt["esbBody"]["duplicate"]) == (200, name, False)
            again = at.site.verified(await at.pull(requestId=name))
            assert again == {"success": True, "requestId": name, "esbBody": {"grade": 9}}
            assert len(at.provider.asked) == 1

    run(journey)


def test_the_first_late_answer_counts(tmp_path: Path) -> None:
    """The same answer again, newly signed, gets the first one's receipt; another one is refused and changes nothing."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            name = await deferred(at)
            members = {"success": True, "requestId": name, "esbBody": {"grade": 9, "step": 1.5}}
            first = at.site.verified(await send_late(at, members))["esbBody"]
            repeat = at.site.verified(await send_late(at, members))["esbBody"]
            assert repeat == first | {"duplicate": True}
            other = await send_late(at, members | {"esbBody": {"grade": 10}})
            assert (other.status, at.site.verified(other)["message"][:14]) == (409, "AMANA-PULL-019")
            assert at.site.verified(await at.pull(requestId=name))["esbBody"] == {"grade": 9, "step": 1.5}
            assert len(await at.site.records("pulls")) == 3

    run(journey)


@pytest.mark.parametrize("success", [True, False])
def test_of_several_late_answers_at_once_one_counts(tmp_path: Path, success: bool) -> None:
    """Whatever is appended first by the order of the log gets the receipt, the others a refusal."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            name = await deferred(at)
            replies = await asyncio.gather(
                *(
                    send_late(at, {"success": success, "requestId": name, "esbBody": {"n": n}, "message": f"no {n}"})
                    for n in range(4)
                )
            )
            assert sorted(reply.status for reply in replies) == [200, 409, 409, 409]
            [taken] = [n for n, reply in enumerate(replies) if reply.status == 200]
            told = at.site.verified(await at.pull(requestId=name))
            assert told.get("esbBody") == ({"n": taken} if success else None)
            assert told.get("message", "").endswith("" if success else f"no {taken}")

    run(journey)


def test_a_late_failure_is_taken_and_told(tmp_path: Path) -> None:
    """Its message reaches the caller behind the code."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            name = await deferred(at)
            late = await send_late(at, {"success": False, "requestId": name, "message": "no such employee"})
            assert late.status == 200
            reply = await at.pull(requestId=name)
            told = at.site.verified(reply)
            assert (reply.status, told["success"]) == (502, False)
            assert told["message"] == "AMANA-PULL-008: no such employee"

    run(journey)


def test_an_answer_after_the_deadline_is_not_lost(tmp_path: Path) -> None:
    """The caller was told that time ran out; the late answer is taken all the same and found under the id."""

    async def journey() -> None:
        async with pulling(tmp_path, timeoutMs=100) as at:
            at.provider.answering = silent
            reply = await at.pull({"employeeId": "X1"})
            told = at.site.verified(reply)
            assert (reply.status, told["message"][:14]) == (504, "AMANA-PULL-002")
            late = {"success": True, "requestId": told["requestId"], "esbBody": {"grade": 9}}
            assert (await send_late(at, late)).status == 200
            assert at.site.verified(await at.pull(requestId=told["requestId"]))["esbBody"] == {"grade": 9}

    run(journey)


def test_a_late_answer_is_taken_from_who_was_asked_alone(tmp_path: Path) -> None:
    """From another system, for a request that was never asked, or signed with another key: refused, nothing recorded."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            name = await deferred(at)
            members = {"success": True, "requestId": name, "esbBody": {"grade": 9}}
            stranger = await send_late(at, members, system="HR", key=at.site.house.sender)
            unknown = await send_late(at, members | {"requestId": "0" * 32})
            forged = await send_late(at, members, key=keys.generate())
            assert [one.status for one in (stranger, unknown, forged)] == [404, 404, 401]
            told = [at.site.verified(one)["message"][:14] for one in (stranger, unknown, forged)]
            assert told == ["AMANA-PULL-017", "AMANA-PULL-017", "AMANA-SIG-001:"]
            assert len(await at.site.records("pulls")) == 2

    run(journey)


@pytest.mark.parametrize(
    ("members", "status", "code"),
    [
        ({"success": False, "message": "no"}, 400, "AMANA-PULL-018"),
        ({"success": True, "esbBody": {}}, 400, "AMANA-PULL-018"),
        ({"success": "true", "requestId": "$", "esbBody": {}}, 400, "AMANA-JSON-002"),
        ({"success": True, "requestId": "$"}, 400, "AMANA-JSON-002"),
        ({"success": True, "requestId": "$", "esbBody": {"n": 2**60}}, 422, "AMANA-PULL-015"),
    ],
)
def test_a_late_answer_that_cannot_be_taken_is_told_why(
    tmp_path: Path, members: dict[str, Any], status: int, code: str
) -> None:
    """One that names no request (as one published client's failures do), says neither yes nor no, or cannot be passed
    on."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            name = await deferred(at)
            late = await send_late(at, members | ({"requestId": name} if "requestId" in members else {}))
            assert (late.status, at.site.verified(late)["message"][:14]) == (status, code)

    run(journey)


def test_a_late_answer_keeps_its_contract(tmp_path: Path) -> None:
    """What breaks the contract of the code is refused, with the members named."""

    async def journey() -> None:
        async with pulling(tmp_path, contract="employee") as at:
            name = await deferred(at)
            late = await send_late(at, {"success": True, "requestId": name, "esbBody": {"grade": 9}})
            assert (late.status, at.site.verified(late)["message"][:18]) == (422, "AMANA-CONTRACT-001")

    run(journey)


def test_nobody_learns_of_the_pulls_of_others(tmp_path: Path) -> None:
    """Asking again with an id that is unknown, of another code or of nobody is one and the same refusal."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            name = await deferred(at)
            await at.site.change("api.add", {"code": "OTHER", "direction": "pull", "provider": PROVIDER})
            await at.site.change("grant.add", {"system": "HR", "code": "OTHER"})
            for members in ({"requestId": "0" * 32}, {"requestId": name, "apiCode": "OTHER"}):
                reply = await at.pull(**members)
                assert (reply.status, at.site.verified(reply)["message"][:14]) == (404, "AMANA-PULL-016")

    run(journey)


def test_erasing_the_request_erases_the_answer(tmp_path: Path) -> None:
    """Both are sealed under one secret: once it is gone, neither opens, and the caller is told."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            name = await deferred(at)
            await send_late(at, {"success": True, "requestId": name, "esbBody": {"grade": 9}})
            [asked] = [one for one in await at.site.records("pulls") if "ce_parent" not in one.headers]
            await at.site.log.erase([asked.headers["ce_id"]])
            reply = await at.pull(requestId=name)
            assert (reply.status, at.site.verified(reply)["message"][:16]) == (410, "AMANA-ERASED-001")

    run(journey)


def test_a_late_failure_is_the_one_late_answer(tmp_path: Path) -> None:
    """Its repeat is a repeat; neither another failure nor a success takes its place."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            name = await deferred(at)
            failure = {"success": False, "requestId": name, "message": "no such employee"}
            assert (await send_late(at, failure)).status == 200
            assert at.site.verified(await send_late(at, failure))["esbBody"]["duplicate"] is True
            for other in (failure | {"message": "another"}, {"success": True, "requestId": name, "esbBody": {}}):
                assert (await send_late(at, other)).status == 409
            assert at.site.verified(await at.pull(requestId=name))["message"].endswith("no such employee")

    run(journey)


def test_what_is_answered_takes_no_late_answer(tmp_path: Path) -> None:
    """The answer in the exchange came first."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            at.provider.answering = answer({"grade": 9})
            name = at.site.verified(await at.pull({"employeeId": "X1"}))["requestId"]
            late = await send_late(at, {"success": True, "requestId": name, "esbBody": {"grade": 10}})
            assert (late.status, at.site.verified(late)["message"][:14]) == (409, "AMANA-PULL-019")
            assert at.site.verified(await at.pull(requestId=name))["esbBody"] == {"grade": 9}

    run(journey)


def test_a_hub_that_is_behind_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the table is too far behind the log to know, the answer is 503 with when to come back, never that the
    request is unknown."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            name = await deferred(at)
            monkeypatch.setattr("hub.pull.standing.FARTHEST", 1)
            for reply in (
                await send_late(at, {"success": True, "requestId": name, "esbBody": {}}),
                await at.pull(requestId=name),
            ):
                told = at.site.verified(reply)["message"][:14]
                assert (reply.status, told, reply.headers["retry-after"]) == (503, "AMANA-PULL-020", "2")

    run(journey)


def test_no_system_can_speak_for_the_hub(tmp_path: Path) -> None:
    """What the hub answered itself takes no late answer from anybody, whatever the system is called."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            name = at.site.verified(await at.pull({"a": 1}, apiCode="PING"))["requestId"]
            for code in ("hub", PROVIDER):
                if code != PROVIDER:
                    system = {"institution": "KEM", "code": code, "clientId": "client-x", "secretSha256": "1" * 64}
                    await at.site.change("system.add", system | {"publicKey": at.provider.key.public.pem()})
                late = await send_late(at, {"success": True, "requestId": name, "esbBody": {}}, system=code)
                assert (late.status, at.site.verified(late)["message"][:14]) == (404, "AMANA-PULL-017")

    run(journey)
