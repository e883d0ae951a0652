"""Bounds of pulls: who rests, who waits, who is told to come back, and what a process that ends leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from hub.errors import TryAgain
from hub.ports import NO_PLACE, Answer, Call
from hub.pull.breaker import FAULTS
from tests.journeys.provider import (
    Provider,
    answer,
    http,
    pulling,
    recorded,
    say,
    signed,
    silent,
    told,
)

TIMEOUT_MS = 400


def run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(journey())


def test_a_provider_that_fails_again_and_again_rests(tmp_path: Path) -> None:
    """After so many faults it is not asked for a while, and callers are told when to come back; then one request shows
    whether it is back."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            at.provider.answering = say(http(500, b"", "text/plain"))
            for _ in range(FAULTS):
                assert told(at, await at.pull({"a": 1}))[2] == "AMANA-PULL-004"
            reply = await at.pull({"a": 1})
            assert told(at, reply) == (503, False, "AMANA-PULL-009")
            assert int(reply.headers["retry-after"]) >= 1
            assert len(at.provider.asked) == FAULTS
            at.provider.answering = answer({"grade": 9})
            at.site.clock.at += 2_001  # type: ignore[assignment]
            assert (await at.pull({"a": 1})).status == 200
            assert (await at.pull({"a": 1})).status == 200

    run(journey)


def test_a_host_that_others_keep_busy_speaks_against_no_provider(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pull for which there was no place on the provider's host is told to come back, and the provider is asked again as
    soon as there is one, however often that happens."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            caller = at.caller
            call = caller.call

            async def full(_: Call) -> Answer:
                return Answer(None, reached=False, reason=NO_PLACE)

            monkeypatch.setattr(caller, "call", full)
            for _ in range(FAULTS + 1):
                reply = await at.pull({"a": 1})
                assert told(at, reply) == (503, False, "AMANA-PULL-011")
                assert int(reply.headers["retry-after"]) >= 1
            monkeypatch.setattr(caller, "call", call)
            at.provider.answering = answer({"grade": 9})
            assert (await at.pull({"a": 1})).status == 200

    run(journey)


def test_what_a_caller_can_make_a_provider_refuse_closes_it_to_nobody(tmp_path: Path) -> None:
    """Signed failures and 4xx count for nothing: who asks nonsense shuts nobody else out."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            for answering in (signed(success=False, message="no"), say(http(404, b"", "text/plain"))):
                at.provider.answering = answering
                for _ in range(FAULTS + 1):
                    await at.pull({"a": 1})
            at.provider.answering = answer({"grade": 9})
            assert (await at.pull({"a": 1})).status == 200

    run(journey)


def test_a_slow_provider_takes_no_more_than_its_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is beyond its places is refused at once, with when to come back."""
    monkeypatch.setattr("hub.pull.breaker.MOST", 3)
    monkeypatch.setattr("hub.pull.breaker.LEAST", 3)

    async def journey() -> None:
        async with pulling(tmp_path, timeoutMs=TIMEOUT_MS) as at:
            at.provider.answering = silent
            replies = await asyncio.gather(*(at.pull({"n": n}) for n in range(5)))
            codes = sorted(told(at, reply)[2] for reply in replies)
            assert codes == ["AMANA-PULL-002"] * 3 + ["AMANA-PULL-011"] * 2
            assert at.site.gateway.pulls.breaker.under_way == 0

    run(journey)


def test_an_exchange_ends_though_its_caller_has_gone(tmp_path: Path) -> None:
    """The task that serves the caller is cancelled; the outcome is recorded all the same."""

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            release = asyncio.Event()

            async def slow(provider: Provider, data: dict[str, Any], writer: asyncio.StreamWriter) -> None:
                await release.wait()
                await answer({"grade": 9})(provider, data, writer)

            at.provider.answering = slow
            asking = asyncio.create_task(at.pull({"a": 1}))
            await at.provider.arrived.wait()
            asking.cancel()
            await asyncio.wait([asking])
            release.set()
            await at.site.gateway.pulls.close()
            assert await recorded(at) == ("answer", "")

    run(journey)


@pytest.mark.parametrize("moment", ["question", "outcome"])
def test_a_log_that_takes_no_writes_says_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """503 with Retry-After, signed: before the question is durable nobody is asked, and an answer whose outcome is not
    recorded is not given away; it is there once the log takes writes again."""

    async def refuse(*_: Any) -> Any:
        raise TryAgain("AMANA-BUS-001", after=3.0)

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            at.provider.answering = answer({"grade": 9})
            log = at.site.log
            with monkeypatch.context() as broken:
                broken.setattr(log, "admit" if moment == "question" else "append", refuse)
                reply = await at.pull({"a": 1})
                assert told(at, reply) == (503, False, "AMANA-BUS-001:")
                assert reply.headers["retry-after"] == "3"
            await at.site.gateway.pulls.close()
            assert len(at.provider.asked) == (0 if moment == "question" else 1)
            if moment == "outcome":
                assert await recorded(at) == ("answer", "")
                name = at.provider.asked[0]["requestId"]
                assert at.site.verified(await at.pull(requestId=name))["esbBody"] == {"grade": 9}

    run(journey)


def test_the_hub_ends_though_a_provider_hangs(tmp_path: Path) -> None:
    """Closing waits for what is under way only so long; the pull stays asked, for the next process to end."""

    async def journey() -> None:
        async with pulling(tmp_path, timeoutMs=60_000) as at:
            at.provider.answering = silent
            asking = asyncio.create_task(at.pull({"a": 1}))
            await at.provider.arrived.wait()
            await at.site.gateway.pulls.close(0.01)
            assert at.site.gateway.pulls.breaker.under_way == 0
            await asyncio.wait([asking])
            asking.exception() if not asking.cancelled() else None

    run(journey)


def test_a_defect_of_ours_leaves_no_pull_without_an_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever raises what nobody expected: signed 500, recorded, nothing of the payload in the log."""

    def burst(*_: Any) -> Any:
        raise RuntimeError("X1 is in here")

    async def journey() -> None:
        async with pulling(tmp_path) as at:
            monkeypatch.setattr("hub.pull.engine.read_answer", burst)
            assert told(at, await at.pull({"employeeId": "X1"})) == (500, False, "AMANA-HUB-001:")
            assert await recorded(at) == ("fail", "AMANA-HUB-001")
            assert at.site.gateway.pulls.breaker.under_way == 0

    run(journey)
