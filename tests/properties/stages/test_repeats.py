"""Whatever order first attempts and repeats of several gateways come in, each message has one effect, at its first place."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import TryAgain
from hub.ports import Append, Write
from hub.records import AFTER, ATTEMPT_OF, ID, Batch, Record
from hub.stages.effects import Effects, Entry
from hub.stages.runner import Runner
from hub.store.sql import SqlStore
from tests.simulator.clock import ManualClock
from tests.simulator.hub import HUB_KEYS, open_store
from tests.simulator.memory_log import MemoryLog

TOPIC = "inbox.x"


@dataclass
class Takes:
    """Writes one row per message that it is given, and remembers where each lay."""

    batch: int
    name: str = "takes"
    version: int = 1
    places: list[tuple[str, int]] = field(default_factory=list)

    def sources(self, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic == TOPIC]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:
        rows = []
        for entry in entries:
            self.places.append((entry.record.headers[ID], entry.offset))
            rows.append({"id": entry.record.headers[ID], "at": entry.offset, "state": "taken", "detail": None})
        return Effects(writes=[Write("message_event", rows)])


def _record(name: str, attempt: int, end: int) -> Record:
    headers = {ID: name}
    if attempt:
        headers |= {ATTEMPT_OF: str(attempt), AFTER: str(end)}
    return Record(b"k", headers, b"")


attempts = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 4)), min_size=1, max_size=14, unique=True)
"""Messages in the order in which their attempts reach the log; the first one, 0, may come late or never."""


@given(attempts, st.lists(st.integers(0, 14), max_size=4), st.integers(1, 5), st.integers(0, 2))
def test_a_message_counts_at_its_first_place(
    order: list[tuple[str, int]], restarts: list[int], batch: int, slack: int
) -> None:
    """Ends are noted before the first attempt, exactly or `slack` records too early; the reader stops and starts anew at any
    record, once with a commit that failed, and takes any number of records at a time; a second reader that begins when all
    is there finds the same."""

    async def story() -> None:
        log, store = MemoryLog(HUB_KEYS.wrapper, ManualClock()), open_store(lambda _: None)
        await log.ensure({TOPIC: 1})
        firsts: dict[str, int] = {}
        noted: dict[str, int] = {}
        stage = Takes(batch)
        runner = Runner(stage, log, store, "one")
        for place, (name, attempt) in enumerate(order):
            if name not in noted:
                noted[name] = max(place - slack, 0)
            firsts.setdefault(name, place)
            await log.append([Append(TOPIC, 0, [_record(name, attempt, noted[name])])])
            if place in restarts:
                await runner.step()
                runner = Runner(stage, log, store, "anew")
        while await runner.step():
            pass
        expected = sorted(firsts.items())
        assert sorted(stage.places) == expected
        over = {row["offset"] for row in await store.rows("passed_over")}
        assert over == set(range(len(order))) - set(firsts.values())
        await _second(log, store, expected)
        await store.close()

    asyncio.run(story())


async def _second(log: MemoryLog, store: SqlStore, expected: list[tuple[str, int]]) -> None:
    """Another stage that reads all of it at once, with what the first one found out."""
    other = Takes(100, "other")
    runner = Runner(other, log, store, "two")
    while await runner.step():
        pass
    assert sorted(other.places) == expected


def test_what_was_found_out_is_stored_with_the_position() -> None:
    """A commit that fails leaves neither; the records are looked at again, and the late first attempt is dropped still."""
    struck: list[str] = []

    def fault(moment: str) -> None:
        if moment == "inside" and not struck:
            struck.append(moment)
            raise TryAgain("AMANA-STORE-001", "a planned fault")

    async def story() -> list[tuple[str, int]]:
        log, store = MemoryLog(HUB_KEYS.wrapper, ManualClock()), open_store(fault)
        await log.ensure({TOPIC: 1})
        await log.append([Append(TOPIC, 0, [_record("a", 1, 0), _record("b", 0, 0)])])
        stage = Takes(100)
        runner = Runner(stage, log, store, "one")
        try:
            await runner.step()
        except TryAgain:
            assert await store.rows("repeat") == []
            stage.places.clear()
        await Runner(stage, log, store, "two").step()
        assert await store.rows("repeat") == [{"topic": TOPIC, "partition": 0, "id": "a", "offset": 0}]
        await log.append([Append(TOPIC, 0, [_record("a", 0, 0), _record("a", 2, 0)])])
        await Runner(stage, log, store, "three").step()
        await store.close()
        return stage.places

    assert asyncio.run(story()) == [("a", 0), ("b", 1)]
    assert struck


def test_a_log_that_ends_before_what_came_from_it_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that has only just become the leader may say that the log ends before a repeat that was read already: then
    nobody decides yet whether the message came before."""

    async def story() -> None:
        log, store = MemoryLog(HUB_KEYS.wrapper, ManualClock()), open_store(lambda _: None)
        await log.ensure({TOPIC: 1})
        await log.append([Append(TOPIC, 0, [_record("a", 0, 0)])])
        await log.append([Append(TOPIC, 0, [_record("a", 1, 0)])])
        stage = Takes(100)
        runner = Runner(stage, log, store, "one")
        await runner.claim((TOPIC, 0))
        batches = await log.read(TOPIC, 0, 0)

        async def nothing(*_: object, **__: object) -> list[Batch]:
            return []

        with monkeypatch.context() as patch:
            patch.setattr(log, "read", nothing)
            with pytest.raises(TryAgain):
                await runner.take((TOPIC, 0), batches)
        assert stage.places == []
        await runner.take((TOPIC, 0), batches)
        assert stage.places == [("a", 0)]
        assert [row["offset"] for row in await store.rows("passed_over")] == [1]
        await store.close()

    asyncio.run(story())
