"""The index in several workers: two that write one row lose nothing of it, and an order finds what it names."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import pytest

from hub.errors import Conflict
from hub.ports import Append, Write
from hub.records import Record
from hub.stages.effects import Effects, Entry
from hub.stages.index import Index
from hub.stages.runner import CONFLICTS, Runner
from hub.store.sql import SqlStore
from tests.simulator.hub import SimHub, open_store
from tests.simulator.memory_log import MemoryLog
from tests.simulator.month import Script
from tests.unit.stages.test_runner import Bench
from tests.unit.stages.test_together import StubTogether


class Interrupted:
    """A store where something else happens after each of the first `times` reads of rows of messages."""

    def __init__(self, store: SqlStore, what: Callable[[], Awaitable[object]], times: int = 1) -> None:
        self._store = store
        self._what = what
        self.left = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def rows(self, table: str, where: Mapping[str, Any] | None = None, **more: Any) -> list[dict[str, Any]]:
        found = await self._store.rows(table, where, **more)
        if table == "message" and self.left:
            self.left -= 1
            await self._what()
        return found


class Only:
    """A log of which a worker has some topics."""

    def __init__(self, log: MemoryLog, mine: Callable[[str], bool]) -> None:
        self._log = log
        self._mine = mine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def topics(self) -> dict[str, int]:
        return {topic: number for topic, number in self._log.topics().items() if self._mine(topic)}


async def _read(runner: Runner) -> None:
    while await runner.step():
        pass


async def _worked(hub: SimHub) -> None:
    """A month's records, translated, of which the index has read nothing."""
    script = Script()
    await script.do(hub, [*script.onboarding(), *script.records()])
    await hub.settle()
    await _forget(hub)


async def _forget(hub: SimHub) -> None:
    for table, keys in (("message", ("id",)), ("message_event", ("id", "at", "state"))):
        rows = [{key: row[key] for key in keys} for row in await hub.store.rows(table)]
        await hub.store.write([Write(table, rows, "drop")])
    keys = ("stage", "topic", "partition")
    rows = [{key: row[key] for key in keys} for row in await hub.store.rows("stage_progress", {"stage": "index"})]
    await hub.store.write([Write("stage_progress", rows, "drop")])


async def _shown(hub: SimHub) -> tuple[Any, Any]:
    """What an index says, but for how often it was written."""
    rows = [{k: v for k, v in row.items() if k != "version"} for row in await hub.store.rows("message", order=("id",))]
    return rows, await hub.store.rows("message_event", order=("id", "at", "state"))


def test_two_workers_that_write_one_row_lose_nothing_of_it() -> None:
    """One reads the messages, the other what was made of them, each between the other's reading and writing: the index is
    what one worker makes of all."""

    async def go() -> None:
        hub = SimHub()
        await _worked(hub)
        await _read(Runner(Index(hub.store, hub.follower), hub.log, hub.store, "one"))
        alone = await _shown(hub)
        await _forget(hub)
        made = Only(hub.log, lambda topic: topic.startswith("records."))
        came = Only(hub.log, lambda topic: not topic.startswith("records."))
        second = Runner(Index(hub.store, hub.follower), made, hub.store, "second")
        store = Interrupted(hub.store, lambda: _read(second))
        first = Runner(Index(store, hub.follower), came, store, "first")
        await _read(first)
        assert (first.tally.conflicts, second.tally.records > 0, store.left) == (1, True, 0)
        assert first.measures.value("amana_conflicts_total", "index") == 1
        rows, events = await _shown(hub)
        assert rows == alone[0]
        # through which states a message came to its last one hangs on what was read first
        assert [(e["id"], e["at"]) for e in events] == [(e["id"], e["at"]) for e in alone[1]]
        assert len(events) > len(rows)

    asyncio.run(go())


def test_an_index_that_is_read_anew_knows_what_was_erased() -> None:
    """The order was carried out before; the row that is made again is erased at once."""

    async def go() -> None:
        hub, script = SimHub(), Script()
        await script.do(hub, [*script.onboarding(), *script.records()])
        await hub.settle()
        [row, *_] = await hub.store.rows("message", {"kind": "inbox"}, order=("time", "id"))
        await hub.change(hub.signed("message.erase", {"ids": [row["id"]], "reason": "an objection"}))
        await hub.settle()
        before = {r["id"]: r["state"] for r in await hub.store.rows("message")}
        await _forget(hub)
        await _read(Runner(Index(hub.store, hub.follower), hub.log, hub.store, "anew"))
        assert before[row["id"]] == "erased"
        assert {r["id"]: r["state"] for r in await hub.store.rows("message")} == before

    asyncio.run(go())


def test_a_worker_whose_rows_change_again_and_again_gives_up_for_now() -> None:
    """After some tries nothing of the batch is stored and it is left for later; then it is taken as if nothing had been."""

    class Conflicting(StubTogether):
        tries = 0

        async def decide_together(self, parts: Sequence[tuple[str, int, Sequence[Entry]]]) -> Effects:
            self.tries += 1
            rows = [] if self.tries > CONFLICTS else [_stale("m")]
            effects = await super().decide_together(parts)
            return Effects(writes=[*effects.writes, Write("message", rows, "swap")])

    async def go() -> None:
        bench = Bench(store=open_store(lambda _: None))
        await bench.log.ensure({"in": 1})
        await bench.log.append([Append("in", 0, [Record(b"k", {"ce_id": "a"}, b"")])])
        await bench.store.write([Write("message", [_stale("m")], "swap")])
        stage = Conflicting(_never)
        runner = Runner(stage, bench.log, bench.store, "owner")
        with pytest.raises(Conflict):
            await runner.step()
        assert (stage.tries, await bench.store.rows("message_event")) == (CONFLICTS, [])
        assert await runner.step() == 1
        assert [row["id"] for row in await bench.store.rows("message_event")] == ["a"]

    asyncio.run(go())


def _never(_: Sequence[Entry]) -> Effects:
    raise AssertionError("decided about one partition alone")


def _stale(name: str) -> dict[str, Any]:
    texts = dict.fromkeys(("kind", "system", "institution", "code", "state", "request_id", "topic"), "")
    return {"id": name, **texts, "partition": 0, "offset": 0, "time": 0, "updated": 0, "version": 1}
