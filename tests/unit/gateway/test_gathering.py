"""Concurrent admissions share a call; none pays for another's defect, and none waits for company."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from hub.errors import TryAgain
from hub.gateway.gathering import MOST, Gathering
from hub.ports import Admitted, Answered, Candidate
from hub.records import Ms, RecordId
from tests.simulator.clock import ManualClock


def candidate(name: str) -> Candidate:
    return Candidate("inbox.a", 0, b"k", "HR", name, b"{}", b"{}", {}, "window")


class Counter:
    """Admits everything but what is called "bad"; a call waits until the test opens the gate."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[list[str]] = []
        self.gate = asyncio.Event()
        self.error = error

    async def admit(self, candidates: Sequence[Candidate], now: Ms) -> list[Answered]:
        self.calls.append([c.code for c in candidates])
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        if any(c.code == "bad" for c in candidates):
            raise ValueError("bad")
        return [Admitted(RecordId(c.code), 0, 0, now, "") for c in candidates]

    async def prove(self) -> None:
        raise NotImplementedError


def test_what_arrives_during_a_commit_goes_together_in_the_next() -> None:
    """The first goes at once; the rest form one call, in their order, and everybody gets the own outcome."""

    async def story() -> None:
        log = Counter()
        gathering = Gathering(log, ManualClock(Ms(1)))
        first = gathering.admit(candidate("0"))
        await asyncio.sleep(0)
        others = [gathering.admit(candidate(str(n))) for n in range(1, MOST + 2)]
        assert log.calls == [["0"]]
        log.gate.set()
        ids = [(await future).id for future in (first, *others)]
        assert ids == [str(n) for n in range(MOST + 2)]
        assert [len(call) for call in log.calls] == [1, MOST, 1]

    asyncio.run(story())


def test_defect_of_one_is_not_its_neighbours() -> None:
    """A candidate that the log cannot take fails alone; those of the same call are admitted."""

    async def story() -> None:
        log = Counter()
        log.gate.set()
        gathering = Gathering(log, ManualClock(Ms(1)))
        good, bad, other = (gathering.admit(candidate(name)) for name in ("good", "bad", "other"))
        assert [(await good).id, (await other).id] == ["good", "other"]
        with pytest.raises(ValueError, match="bad"):
            await bad

    asyncio.run(story())


def test_nothing_stored_is_said_to_everybody_once() -> None:
    """`TryAgain` is for every caller of the call, and the log is not asked again behind their backs."""

    async def story() -> None:
        log = Counter(TryAgain("AMANA-BUS-001"))
        log.gate.set()
        gathering = Gathering(log, ManualClock(Ms(1)))
        futures = [gathering.admit(candidate(name)) for name in ("a", "b")]
        for future in futures:
            with pytest.raises(TryAgain):
                await future
        assert log.calls == [["a", "b"]]

    asyncio.run(story())


def test_caller_that_is_gone_does_not_disturb_the_others() -> None:
    """A request that was cancelled while its message is stored takes nobody with it."""

    async def story() -> None:
        log = Counter()
        gathering = Gathering(log, ManualClock(Ms(1)))
        gone, stays = gathering.admit(candidate("gone")), gathering.admit(candidate("stays"))
        await asyncio.sleep(0)
        gone.cancel()
        log.gate.set()
        assert (await stays).id == "stays"

    asyncio.run(story())
