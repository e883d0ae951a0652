"""Laws of the `Bus` port."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from hub.errors import ConfigError, TryAgain
from hub.ports import Append
from hub.records import Ms, Record
from tests.laws.engines import BUSES, ENGINES, Engine, append, law, record, records, texts


@pytest.fixture(params=[*ENGINES, *(pytest.param(name, marks=pytest.mark.needs("kafka")) for name in BUSES)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """One storage of each kind, those that are a bus alone included."""
    return Engine((ENGINES | BUSES)[request.param](tmp_path))


@law
async def test_offsets_are_dense_and_order_is_kept(engine: Engine) -> None:
    """Records of one partition get offsets without gaps, in the order of the calls and within each call."""
    log = await engine.open()
    await log.ensure({"t": 2})
    bases = [await append(log, "t", 0, f"{n}a", f"{n}b", f"{n}c") for n in range(5)]
    assert bases == [0, 3, 6, 9, 12]
    assert await texts(log, "t", 0) == [f"{n}{letter}" for n in range(5) for letter in "abc"]
    assert await texts(log, "t", 1) == []
    assert (await log.start("t", 0), await log.end("t", 0), await log.end("t", 1)) == (0, 15, 0)
    await log.close()


@law
async def test_one_call_appends_to_many_partitions(engine: Engine) -> None:
    """A call returns a base offset for each of its appends, several for one partition and empty ones included."""
    log = await engine.open()
    await log.ensure({"t": 2, "u": 1})
    appends = [
        Append("t", 0, records("a", "b")),
        Append("u", 0, records("c")),
        Append("t", 0, records("d")),
        Append("t", 1, []),
    ]
    assert await log.append(appends) == [0, 0, 2, 0]
    assert await texts(log, "t", 0) == ["a", "b", "d"]
    assert await texts(log, "u", 0) == ["c"]
    await log.close()


@law
async def test_records_come_back_unchanged(engine: Engine) -> None:
    """Key, headers with their order and value are the bytes that were appended, whatever they are."""
    log = await engine.open()
    await log.ensure({"t": 1})
    kept = [
        Record(b"", {}, b""),
        Record(bytes(range(256)), {"z": "\u0105\U0001f9fe", "a": "", "\n": "x" * 300}, b"\x00\xff" * 70_000),
    ]
    await log.append([Append("t", 0, kept)])
    (batch,) = await log.read("t", 0, 0)
    assert batch.records == kept
    assert list(batch.records[1].headers) == ["z", "a", "\n"]
    await log.close()


@law
async def test_what_was_appended_survives_reopening(engine: Engine) -> None:
    """A log opened later has the topics, the records and the next offset."""
    log = await engine.open()
    await log.ensure({"t": 2, "u": 1})
    await append(log, "t", 1, "a", "b")
    await log.close()
    log = await engine.open()
    assert log.topics() == {"t": 2, "u": 1}
    assert await texts(log, "t", 1) == ["a", "b"]
    assert await append(log, "t", 1, "c") == 2
    await log.close()


@law
async def test_concurrent_appenders_lose_and_double_nothing(engine: Engine) -> None:
    """Appends of many tasks in several event loops are each there once, at the offset that the caller was told, and
    each caller's own order is kept."""
    log = await engine.open()
    await log.ensure({"t": 2})
    told: dict[tuple[int, int], str] = {}

    async def appender(name: str) -> None:
        for n in range(20):
            base = await append(log, "t", n % 2, f"{name}.{n}", f"{name}.{n}'")
            told[n % 2, base] = f"{name}.{n}"

    async def loop(thread: int) -> None:
        await asyncio.gather(*(appender(f"{thread}.{task}") for task in range(5)))

    threads = [threading.Thread(target=lambda n=n: asyncio.run(loop(n))) for n in range(3)]
    for thread in threads:
        thread.start()
    await asyncio.gather(*(asyncio.to_thread(thread.join) for thread in threads))
    for partition in range(2):
        found = await texts(log, "t", partition)
        assert len(found) == len(set(found)) == 300
        assert {base: text for (at, base), text in told.items() if at == partition} == {
            base: found[base] for base in range(0, 300, 2)
        }
        for name in {text.rsplit(".", 1)[0] for text in found}:
            own = [int(text.rsplit(".", 1)[1]) for text in found if text.startswith(name + ".") and text[-1] != "'"]
            assert own == sorted(own)
    await log.close()


@law
async def test_reading_begins_at_the_offset(engine: Engine) -> None:
    """Wherever reading begins, also within a batch, the first record is that of the offset."""
    log = await engine.open()
    await log.ensure({"t": 1})
    for n in range(0, 12, 4):
        await append(log, "t", 0, *(str(n + i) for i in range(4)))
    for offset in range(12):
        batches = await log.read("t", 0, offset)
        assert batches[0].base == offset
        assert await texts(log, "t", 0, offset) == [str(n) for n in range(offset, 12)]
    assert await log.read("t", 0, 12) == []
    assert await log.read("t", 0, 99) == []
    await log.close()


@law
async def test_reading_stops_near_its_limit(engine: Engine) -> None:
    """A read gives what was asked for, and at most the rest of the batch in which the limit is reached; reading on misses
    nothing."""
    log = await engine.open()
    await log.ensure({"t": 1})
    for n in range(0, 40, 4):
        await append(log, "t", 0, *(str(n + i) for i in range(4)))
    assert 1 <= len(await texts(log, "t", 0, max_records=1)) <= 4
    assert 5 <= len(await texts(log, "t", 0, max_records=5)) <= 8
    found: list[str] = []
    while part := await texts(log, "t", 0, len(found), max_records=6):
        found += part
    assert found == [str(n) for n in range(40)]
    await log.close()


@law
async def test_a_time_finds_its_offset(engine: Engine) -> None:
    """`offset_at` is the first batch of that time or later; a clock that goes back never makes times fall."""
    log = await engine.open()
    await log.ensure({"t": 1})
    start = engine.clock.time
    for step in (0, 10, 10, 5, 30):
        engine.clock.time = Ms(start + step)
        await append(log, "t", 0, "a", "b")
    times = [batch.time - start for batch in await log.read("t", 0, 0)]
    assert times == [0, 10, 10, 10, 30]
    offsets = {step: await log.offset_at("t", 0, Ms(start + step)) for step in (-5, 0, 1, 10, 11, 30, 31)}
    assert offsets == {-5: 0, 0: 0, 1: 2, 10: 2, 11: 8, 30: 8, 31: 10}
    await log.trim("t", 0, 4)
    assert await log.offset_at("t", 0, Ms(start)) == 4
    await log.close()


@law
async def test_waiting_ends_at_once_when_there_is_more(engine: Engine) -> None:
    """A waiter that is behind does not wait, whichever of its partitions has grown."""
    log = await engine.open()
    await log.ensure({"t": 2})
    await append(log, "t", 1, "a")
    assert await log.wait({("t", 0): 0, ("t", 1): 0}, 60) == {("t", 1)}
    await log.close()


@law
async def test_an_append_wakes_waiters(engine: Engine) -> None:
    """Waiters of the partition are woken by an append, in other loops as well; those of another partition are not."""
    log = await engine.open()
    await log.ensure({"t": 2})
    waiting = threading.Event()

    async def in_other_loop() -> frozenset[tuple[str, int]]:
        task = asyncio.ensure_future(log.wait({("t", 0): 0}, 60))
        await asyncio.sleep(0)
        waiting.set()
        return await task

    other = asyncio.create_task(asyncio.to_thread(lambda: asyncio.run(in_other_loop())))
    here = [asyncio.create_task(log.wait({("t", 0): 0}, 60)) for _ in range(2)]
    elsewhere = asyncio.create_task(log.wait({("t", 1): 0}, 0.5))
    await asyncio.to_thread(waiting.wait)
    await append(log, "t", 0, "a")
    assert await asyncio.gather(other, *here, elsewhere) == [{("t", 0)}] * 3 + [frozenset()]
    await log.close()


@law
async def test_waiting_ends_after_its_timeout(engine: Engine) -> None:
    """Without an append a waiter gets nothing."""
    log = await engine.open()
    await log.ensure({"t": 1})
    assert await log.wait({("t", 0): 0}, 0.05) == frozenset()
    assert await log.wait({("t", 0): 0}, 0) == frozenset()
    await log.close()


@law
async def test_closing_wakes_waiters(engine: Engine) -> None:
    """A waiter does not outlive its log: it gets `TryAgain`."""
    log = await engine.open()
    await log.ensure({"t": 1})
    waiter = asyncio.create_task(log.wait({("t", 0): 0}, 60))
    await asyncio.sleep(0)
    await log.close()
    with pytest.raises(TryAgain):
        await waiter


@law
async def test_a_topic_keeps_its_number_of_partitions(engine: Engine) -> None:
    """Making a topic again is no change; with another number it is refused, and the message names both."""
    log = await engine.open()
    await log.ensure({"t": 4})
    await append(log, "t", 3, "a")
    await log.ensure({"t": 4, "u": 1})
    with pytest.raises(ConfigError) as refused:
        await log.ensure({"v": 1, "t": 8})
    assert refused.value.code == "AMANA-CONF-002"
    assert "4" in refused.value.detail
    assert "8" in refused.value.detail
    assert log.topics() == {"t": 4, "u": 1}
    assert await texts(log, "t", 3) == ["a"]
    with pytest.raises(ConfigError):
        await log.ensure({"w": 0})
    await log.close()


@law
async def test_trimming_drops_whole_batches_only(engine: Engine) -> None:
    """Retention drops batches that lie wholly below the offset; the rest keep their offsets, and the end stays."""
    log = await engine.open()
    await log.ensure({"t": 2})
    for n in range(0, 9, 3):
        await append(log, "t", 0, *(str(n + i) for i in range(3)))
    await append(log, "t", 1, "x")
    await log.trim("t", 0, 5)
    assert await log.start("t", 0) == 3
    assert await texts(log, "t", 0) == ["3", "4", "5", "6", "7", "8"]
    assert await texts(log, "t", 0, 7) == ["7", "8"]
    await log.trim("t", 0, 2)
    assert await log.start("t", 0) == 3
    await log.trim("t", 0, 9)
    assert (await log.start("t", 0), await log.end("t", 0)) == (9, 9)
    assert await append(log, "t", 0, "9") == 9
    assert await texts(log, "t", 0) == ["9"]
    assert await texts(log, "t", 1) == ["x"]
    await log.close()


@law
async def test_an_unknown_partition_is_refused(engine: Engine) -> None:
    """A topic or partition that was never made is a LookupError, and nothing of the call is stored."""
    log = await engine.open()
    await log.ensure({"t": 1})
    with pytest.raises(LookupError):
        await log.append([Append("t", 0, records("a")), Append("t", 1, records("b"))])
    with pytest.raises(LookupError):
        await log.read("u", 0, 0)
    assert await texts(log, "t", 0) == []
    await log.close()


@law
async def test_a_closed_log_takes_nothing(engine: Engine) -> None:
    """Appending to a closed log is `TryAgain`, what was begun before is finished, and closing twice is no error."""
    log = await engine.open()
    await log.ensure({"t": 1})
    begun = asyncio.create_task(log.append([Append("t", 0, [record("a")])]))
    await asyncio.sleep(0)
    await log.close()
    assert await begun == [0]
    with pytest.raises(TryAgain):
        await append(log, "t", 0, "b")
    await log.close()
    log = await engine.open()
    assert await texts(log, "t", 0) == ["a"]
    await log.close()


@law
async def test_who_reads_in_small_steps_sees_everything_once(engine: Engine) -> None:
    """Whatever was appended together, and whoever else reads beside: each record comes once, in order, from any offset."""
    log = await engine.open()
    await log.ensure({"t": 1})
    await log.append([Append("t", 0, records(*(f"a{n}" for n in range(10))))])
    await log.append([Append("t", 0, records(*(f"b{n}" for n in range(7))))])
    expected = [f"a{n}" for n in range(10)] + [f"b{n}" for n in range(7)]

    async def walk(start: int, most: int) -> list[str]:
        found: list[str] = []
        while batches := await log.read("t", 0, start + len(found), max_records=most):
            assert batches[0].base == start + len(found)
            found += [r.value.decode() for batch in batches for r in batch.records]
        return found

    walks = [(start, most) for start in (0, 4, 9, 12) for most in (1, 3, 100)]
    found = await asyncio.gather(*(walk(*one) for one in walks))
    assert found == [expected[start:] for start, _ in walks]
    await log.close()
