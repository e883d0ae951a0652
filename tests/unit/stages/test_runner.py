"""The runner: publish before commit, drop what was taken, narrow a bad batch down, stop when too much is bad."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from hub.errors import BadMessage, Halt, TryAgain
from hub.ports import Append, Write
from hub.records import DERIVED, ID, STAGE, SYSTEM, Record
from hub.stages.brake import Brake, Verdict
from hub.stages.effects import Effects, Entry
from hub.stages.runner import Runner
from hub.store.sql import Moment, SqlStore
from hub.topics import DEADLETTERS
from tests.simulator.clock import ManualClock
from tests.simulator.hub import HUB_KEYS, open_store
from tests.simulator.memory_log import MemoryLog

Decide = Callable[[Sequence[Entry]], Effects]


@dataclass
class Stub:
    """A stage that does what the test says."""

    does: Decide
    name: str = "stub"
    version: int = 1
    batch: int = 100
    seen: list[list[str]] = field(default_factory=list)

    def sources(self, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic == "in"]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:
        self.seen.append([entry.record.headers[ID] for entry in entries])
        return self.does(entries)


def _record(name: str, source: str | None = None, stage: str = "maker/1") -> Record:
    headers = {ID: name}
    if source is not None:
        headers |= {DERIVED: source, STAGE: stage}
    return Record(b"k", headers, b"")


@dataclass
class Bench:
    """A log with a topic, a store, and records to put in."""

    log: MemoryLog = field(default_factory=lambda: MemoryLog(HUB_KEYS.wrapper, ManualClock()))
    store: SqlStore = field(default_factory=lambda: open_store(lambda _: None))

    async def put(self, *records: Record) -> None:
        await self.log.ensure({"in": 1, "out": 1, DEADLETTERS: 1})
        await self.log.append([Append("in", 0, list(records))])

    async def ids(self, topic: str) -> list[str]:
        return [r.headers[ID] for b in await self.log.read(topic, 0, 0) for r in b.records]

    def runner(self, does: Decide, **more: Any) -> tuple[Runner, Stub]:
        stage = Stub(does)
        return Runner(stage, self.log, self.store, "owner", **more), stage


def _copy(entries: Sequence[Entry]) -> Effects:
    return Effects(publishes=[Append("out", 0, [_record("of-" + e.record.headers[ID]) for e in entries])])


def test_what_a_maker_published_twice_is_taken_once() -> None:
    """After a crash between publish and commit the same sources come again, and readers drop them."""

    async def go() -> None:
        bench = Bench()
        first = [_record("a", "src/0/5/0"), _record("b", "src/0/5/1")]
        await bench.put(*first, *first, _record("c", "src/0/6/0"))
        runner, stage = bench.runner(_copy)
        assert await runner.step() == 5
        assert stage.seen == [["a", "b", "c"]]
        assert runner.tally.dropped == 2

    asyncio.run(go())


def test_watermarks_tell_makers_apart() -> None:
    """Two stages, and two partitions, may derive from equal offsets: neither hides the other's records."""

    async def go() -> None:
        bench = Bench()
        await bench.put(
            _record("a", "src/0/9/0", "one/1"), _record("b", "src/0/1/0", "two/1"), _record("c", "src/1/0/0", "one/1")
        )
        runner, stage = bench.runner(_copy)
        await runner.step()
        assert stage.seen == [["a", "b", "c"]]

    asyncio.run(go())


def test_progress_survives_the_runner() -> None:
    """A new runner goes on behind what the old one committed, watermarks included."""

    async def go() -> None:
        bench = Bench()
        await bench.put(_record("a", "src/0/5/0"))
        await bench.runner(_copy)[0].step()
        await bench.put(_record("a", "src/0/5/0"), _record("b", "src/0/6/0"))
        runner, stage = bench.runner(_copy)
        await runner.step()
        assert stage.seen == [["b"]]

    asyncio.run(go())


def test_a_commit_that_got_no_answer_is_looked_up() -> None:
    """The database died after it had stored the commit: what was in it is not decided again, together with what came
    since, and the runner goes on behind it."""

    async def go() -> None:
        lost: list[Moment] = []

        def fault(moment: Moment) -> None:
            if moment in lost:
                lost.remove(moment)
                raise TryAgain("AMANA-STORE-001", "no answer")

        bench = Bench(store=open_store(fault))
        await bench.put(_record("a", "src/0/1/0"))
        runner, stage = bench.runner(_copy)
        await runner.claim(("in", 0))
        lost.append("after")
        with pytest.raises(TryAgain):
            await runner.step()
        await bench.put(_record("b", "src/0/2/0"))
        assert await runner.step() == 1
        lost.append("before")
        await bench.put(_record("c", "src/0/3/0"))
        with pytest.raises(TryAgain):
            await runner.step()
        assert await runner.step() == 1
        assert stage.seen == [["a"], ["b"], ["c"], ["c"]]

    asyncio.run(go())


def test_an_older_owner_is_fenced() -> None:
    """Of two runners of one stage the later wins; the earlier halts and writes nothing more to the store."""

    async def go() -> None:
        bench = Bench()
        await bench.put(_record("a"))
        old, _ = bench.runner(lambda _: Effects(writes=[Write("institution", [{"code": "X", "name": "x"}])]))
        await old.step()
        new, _ = bench.runner(_copy)
        await new.step()
        await bench.put(_record("b"))
        with pytest.raises(Halt, match="AMANA-FENCE-001"):
            await old.step()

    asyncio.run(go())


def test_a_bad_message_is_buried_alone() -> None:
    """The runner finds the one in the batch that cannot be taken; its neighbours go on, in order."""

    def picky(entries: Sequence[Entry]) -> Effects:
        if any(e.record.headers[ID] == "bad" for e in entries):
            raise BadMessage("AMANA-TRANS-003", "no")
        return _copy(entries)

    async def go() -> None:
        bench = Bench()
        await bench.put(_record("a"), _record("bad"), _record("c"))
        runner, _ = bench.runner(picky)
        await runner.step()
        assert await bench.ids("out") == ["of-a", "of-c"]
        [batch] = await bench.log.read(DEADLETTERS, 0, 0)
        [letter] = batch.records
        assert (letter.headers["ce_parent"], letter.headers["ce_errorcode"]) == ("bad", "AMANA-TRANS-003")
        assert letter.headers[DERIVED] == "in/0/1/0"
        assert letter.value == b""

    asyncio.run(go())


def test_try_again_advances_nothing() -> None:
    """What could not be done now is done from the start the next time."""
    throws = [TryAgain("AMANA-BUS-001")]

    def once(entries: Sequence[Entry]) -> Effects:
        if throws:
            raise throws.pop()
        return _copy(entries)

    async def go() -> None:
        bench = Bench()
        await bench.put(_record("a"))
        runner, stage = bench.runner(once)
        with pytest.raises(TryAgain):
            await runner.step()
        assert await runner.step() == 1
        assert (stage.seen, await bench.ids("out")) == ([["a"], ["a"]], ["of-a"])

    asyncio.run(go())


def test_a_stage_may_take_a_part_of_its_batch() -> None:
    """The rest comes again, and no watermark runs ahead of it."""

    def two(entries: Sequence[Entry]) -> Effects:
        effects = _copy(entries[:2])
        effects.taken = 2
        return effects

    async def go() -> None:
        bench = Bench()
        await bench.put(*(_record(name, f"src/0/{n}/0") for n, name in enumerate("abc")))
        runner, stage = bench.runner(two)
        assert (await runner.step(), await runner.step()) == (2, 1)
        assert stage.seen == [["a", "b", "c"], ["c"]]

    asyncio.run(go())


async def _told(bench: Bench, number: int, system: str = "") -> None:
    await bench.put(*(Record(b"k", {ID: f"{system}{n}", SYSTEM: system}, b"") for n in range(number)))


def _failing(code: str) -> Decide:
    def fail(_: Sequence[Entry]) -> Effects:
        raise BadMessage(code)

    return fail


def test_the_brake_halts_a_partition_where_the_hubs_side_only_fails() -> None:
    """Past the run length the partition is read no more; what was decided in it is stored, letters and position."""

    async def go() -> None:
        bench = Bench()
        await _told(bench, 10, "A")
        runner, _ = bench.runner(_failing("AMANA-TRANS-003"), brake=Brake(run=5))
        assert await runner.step() == 10
        assert (len(await bench.ids(DEADLETTERS)), runner.brake.halted) == (10, {("in", 0)})
        await _told(bench, 1, "A")
        assert (await runner.step(), runner.seen()) == (0, {})

    asyncio.run(go())


def test_a_halted_partition_goes_on_after_a_restart() -> None:
    """A new runner begins behind what was stored, with its brake let go."""

    async def go() -> None:
        bench = Bench()
        await _told(bench, 10, "A")
        await bench.runner(_failing("AMANA-TRANS-003"), brake=Brake(run=5))[0].step()
        await _told(bench, 1, "B")
        runner, stage = bench.runner(_copy)
        assert await runner.step() == 1
        assert (stage.seen, await bench.ids("out")) == ([["B0"]], ["of-B0"])

    asyncio.run(go())


def test_a_halted_partition_stops_no_other() -> None:
    """The brake holds what it was tripped by."""

    async def go() -> None:
        bench = Bench()
        await bench.log.ensure({"in": 2, "out": 1, DEADLETTERS: 1})
        runner, stage = bench.runner(_copy, brake=Brake(halted={("in", 0)}))
        for partition in (0, 1):
            await bench.log.append([Append("in", partition, [_record(f"m{partition}")])])
        await runner.step()
        assert stage.seen == [["m1"]]

    asyncio.run(go())


def _verdicts(marks: str, code: str = "AMANA-TRANS-003", system: str = "A") -> list[Verdict]:
    """One verdict a letter: `x` failed, `.` taken."""
    return [Verdict(code if mark == "x" else "", system) for mark in marks]


@pytest.mark.parametrize(
    ("marks", "halted"),
    [
        ("xx.xx.xx.", False),  # a ratio is of a full window
        ("..xxx", True),
        ("xx.xx.x...", False),  # half of it
        ("xx.xx.xx..", True),
        ("xxx......", True),  # what tripped stays so
    ],
)
def test_the_brake_trips_on_a_run_or_a_ratio(marks: str, halted: bool) -> None:
    """Single failures between successes stop nothing, as long as they are the smaller part."""
    brake = Brake(run=3, ratio=0.5, window=10)
    brake.note(("in", 0), _verdicts(marks))
    assert (("in", 0) in brake.halted) is halted


@pytest.mark.parametrize("code", ["AMANA-TRANS-001", "AMANA-TRANS-002", "AMANA-TRANS-004"])
def test_a_senders_failures_halt_nothing(code: str) -> None:
    """However many they are, they are counted for the sender, who is told of until its messages are taken again."""
    brake = Brake(run=3)
    brake.note(("in", 0), _verdicts("x" * 500, code))
    brake.note(("in", 0), _verdicts("xx", code, "B"))
    assert (brake.halted, brake.failing) == (set(), frozenset("A"))
    brake.note(("in", 0), _verdicts("."))
    assert brake.failing == frozenset()


def test_a_senders_failures_do_not_hide_those_of_the_hub() -> None:
    """A broken adapter is found although one sender's messages are refused in between."""
    brake = Brake(run=3)
    for _ in range(3):
        brake.note(("in", 0), _verdicts("x"))
        brake.note(("in", 0), _verdicts("x", "AMANA-TRANS-001", "B"))
    assert brake.halted == {("in", 0)}


def test_a_failure_of_the_hubs_own_records_is_the_hubs() -> None:
    """Changes and runs have no sender to be told."""
    brake = Brake(run=3)
    brake.note(("control", 0), _verdicts("xxx", "AMANA-RUN-002", ""))
    assert (brake.halted, brake.failing) == ({("control", 0)}, frozenset())


def test_what_a_group_hands_over_is_taken_as_what_is_read() -> None:
    """A member takes batches that it did not read itself: same effects, same position, and nothing twice."""

    async def go() -> None:
        bench = Bench()
        await bench.put(_record("a", "src/0/1/0"), _record("b", "src/0/2/0"), _record("c", "src/0/2/0"))
        runner, stage = bench.runner(_copy)
        assert await runner.claim(("in", 0)) == 0
        assert await runner.take(("in", 0), await bench.log.read("in", 0, 0, max_records=3)) == 3
        assert stage.seen == [["a", "b"]]
        assert runner.position(("in", 0)) == 3
        assert await runner.step() == 0

    asyncio.run(go())


def test_a_released_partition_leaves_the_others_alone() -> None:
    """Of two partitions one goes to another owner: the other is still held, and its batch commits."""

    async def go() -> None:
        bench = Bench()
        await bench.log.ensure({"in": 2, "out": 1, DEADLETTERS: 1})
        await bench.log.append([Append("in", 1, [_record("a")])])
        old, stage = bench.runner(_copy)
        await old.claim(("in", 0))
        await old.claim(("in", 1))
        await bench.runner(_copy)[0].claim(("in", 0))
        old.release(("in", 0))
        assert list(old.held()) == [("in", 1)]
        assert await old.take(("in", 1), await bench.log.read("in", 1, 0)) == 1
        assert stage.seen == [["a"]]

    asyncio.run(go())


def test_what_was_lost_during_a_batch_does_not_commit() -> None:
    """Another owner claims the partition while a batch is in hand: the batch is fenced and its position stays."""

    async def go() -> None:
        bench = Bench()
        await bench.put(_record("a"))
        old, _ = bench.runner(_copy)
        await old.claim(("in", 0))
        new, stage = bench.runner(_copy)
        await new.claim(("in", 0))
        with pytest.raises(Halt, match="AMANA-FENCE-001"):
            await old.take(("in", 0), await bench.log.read("in", 0, 0))
        assert old.position(("in", 0)) == 0
        assert await new.step() == 1
        assert stage.seen == [["a"]]

    asyncio.run(go())
