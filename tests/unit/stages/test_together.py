"""Several partitions taken together: one decision, one commit, and nothing of it where any of it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from hub.errors import Halt, TryAgain
from hub.ports import Append, Write
from hub.records import ID, Record
from hub.stages.effects import Effects, Entry
from hub.stages.runner import Runner
from hub.store.sql import Moment
from hub.topics import DEADLETTERS
from tests.simulator.hub import open_store
from tests.unit.stages.test_runner import Bench, Stub


def _record(name: str) -> Record:
    return Record(b"k", {ID: name}, b"")


def _never(_: Sequence[Entry]) -> Effects:
    raise AssertionError("decided about one partition alone")


@dataclass
class StubTogether(Stub):
    """One that decides about all of its partitions at once."""

    places: list[list[tuple[str, int, list[str]]]] = field(default_factory=list)

    def joins(self, topic: str) -> bool:
        return topic == "in"

    async def decide_together(self, parts: Sequence[tuple[str, int, Sequence[Entry]]]) -> Effects:
        self.places.append([(t, p, [e.record.headers[ID] for e in entries]) for t, p, entries in parts])
        rows = [{"id": e.record.headers[ID], "at": 1, "state": "taken", "detail": ""} for *_, es in parts for e in es]
        return Effects(writes=[Write("message_event", rows, "add")])


async def _two_partitions(bench: Bench) -> None:
    await bench.log.ensure({"in": 2, DEADLETTERS: 1})
    await bench.log.append([Append("in", 0, [_record("a"), _record("b")]), Append("in", 1, [_record("c")])])


def _positions(rows: Sequence[dict[str, Any]]) -> list[tuple[int, int]]:
    return sorted((row["partition"], row["position"]) for row in rows)


def test_partitions_are_taken_together_with_one_commit() -> None:
    """A stage that decides about all that came sees it at once, and its rows and all positions are one transaction."""

    async def go() -> None:
        commits: list[Moment] = []
        bench = Bench(store=open_store(commits.append))
        await _two_partitions(bench)
        stage = StubTogether(_never)
        runner = Runner(stage, bench.log, bench.store, "owner")
        for partition in (0, 1):
            await runner.claim(("in", partition))
        commits.clear()
        assert await runner.step() == 3
        assert stage.places == [[("in", 0, ["a", "b"]), ("in", 1, ["c"])]]
        assert commits.count("after") == 1
        assert _positions(await bench.store.rows("stage_progress")) == [(0, 2), (1, 1)]
        assert await runner.step() == 0

    asyncio.run(go())


def test_of_partitions_taken_together_one_that_is_lost_holds_all() -> None:
    """Somebody else has claimed one of them: nothing of any is committed, and what is claimed anew is taken then."""

    async def go() -> None:
        bench = Bench()
        await _two_partitions(bench)
        stage = StubTogether(_never)
        runner = Runner(stage, bench.log, bench.store, "owner")
        for partition in (0, 1):
            await runner.claim(("in", partition))
        await bench.store.claim("stub", "in", 1, "other")
        with pytest.raises(Halt) as halted:
            await runner.step()
        assert halted.value.code == "AMANA-FENCE-001"
        assert await bench.store.rows("message_event") == []
        assert _positions(await bench.store.rows("stage_progress")) == [(0, 0), (1, 0)]
        runner.release()
        assert await runner.step() == 3
        assert len(await bench.store.rows("message_event")) == 3

    asyncio.run(go())


def test_a_commit_of_several_partitions_that_got_no_answer_is_looked_up() -> None:
    """It was stored: none of its records is decided again."""

    async def go() -> None:
        lost: list[Moment] = []

        def fault(moment: Moment) -> None:
            if moment in lost:
                lost.remove(moment)
                raise TryAgain("AMANA-STORE-001", "no answer")

        bench = Bench(store=open_store(fault))
        await _two_partitions(bench)
        stage = StubTogether(_never)
        runner = Runner(stage, bench.log, bench.store, "owner")
        for partition in (0, 1):
            await runner.claim(("in", partition))
        lost.append("after")
        with pytest.raises(TryAgain):
            await runner.step()
        assert await runner.step() == 0
        assert len(stage.places) == 1
        assert _positions(await bench.store.rows("stage_progress")) == [(0, 2), (1, 1)]

    asyncio.run(go())
