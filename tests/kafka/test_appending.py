"""Appending to a real Kafka: whole, in order, bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hub.errors import BadMessage, TryAgain
from hub.kafka import Connection, KafkaLog, Names
from hub.kafka.connection import MAX_MESSAGE
from hub.kafka.producing import Producing
from hub.metrics.measures import Measures
from hub.ports import Append
from hub.records import Ms, Record
from tests.clusters import kafka as clusters
from tests.laws.engines import LawClock, append, law, record, records, texts

pytestmark = pytest.mark.needs("kafka")

LARGE = 64 << 20


def connection() -> Connection:
    return Connection((clusters.shared(),), Names(clusters.prefix()), replication=1, min_insync=1)


@contextmanager
def losing_answers(monkeypatch: pytest.MonkeyPatch, *, stored: bool) -> Iterator[None]:
    """The next batch fails: before it is sent, or when it is stored and the answer is lost."""
    send = Producing.send
    failures = iter([True])

    async def lost(self: Producing, *arguments: object) -> int:
        if not next(failures, False):
            return await send(self, *arguments)  # type: ignore[arg-type]
        if stored:
            await send(self, *arguments)  # type: ignore[arg-type]
        raise TryAgain("AMANA-BUS-001", "lost")

    with monkeypatch.context() as patched:
        patched.setattr(Producing, "send", lost)
        yield


@law
async def test_what_waits_goes_out_together() -> None:
    """Appends that wait for one before them are one batch, and each is next to its own."""
    log = await KafkaLog.open(connection(), LawClock())
    await log.ensure({"t": 1})
    bases = await asyncio.gather(*(append(log, "t", 0, f"{n}a", f"{n}b") for n in range(50)))
    assert bases == list(range(0, 100, 2))
    assert [len(batch.records) for batch in await log.read("t", 0, 0)] == [100]
    assert await texts(log, "t", 0) == [f"{n}{letter}" for n in range(50) for letter in "ab"]
    await log.close()


@law
async def test_the_largest_message_goes_through() -> None:
    """A record of 64 MiB among small ones; one append above what Kafka takes is refused and stores nothing."""
    log = await KafkaLog.open(connection(), LawClock())
    await log.ensure({"t": 1})
    large = Record(b"k", {"ce_id": "large"}, bytes(range(256)) * (LARGE // 256))
    await log.append([Append("t", 0, [record("a")]), Append("t", 0, [large]), Append("t", 0, [record("b")])])
    with pytest.raises(BadMessage) as refused:
        await log.append([Append("t", 0, [Record(b"", {}, bytes(MAX_MESSAGE))])])
    assert refused.value.code == "AMANA-BUS-002"
    found = [made for n in range(3) for batch in await log.read("t", 0, n, max_records=1) for made in batch.records[:1]]
    assert [len(made.value) for made in found] == [1, LARGE, 1]
    assert found[1] == large
    assert await log.end("t", 0) == 3
    await log.close()


@law
async def test_who_finds_no_room_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """While Kafka does not answer, bytes that wait are bounded; who was refused has stored nothing, the others all."""
    monkeypatch.setattr("hub.kafka.appending.ROOM_WITHIN", 0.2)
    monkeypatch.setattr("hub.kafka.appending.ROOM", 5000)
    goes_on = asyncio.Event()
    send = Producing.send

    async def slow(self: Producing, *arguments: object) -> int:
        await goes_on.wait()
        return await send(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Producing, "send", slow)
    log = await KafkaLog.open(connection(), LawClock())
    await log.ensure({"t": 1})
    calls = [asyncio.create_task(log.append([Append("t", 0, [Record(b"", {}, b"%d" % n * 1000)])])) for n in range(9)]
    done, waiting = await asyncio.wait(calls, timeout=1)
    assert {type(call.exception()) for call in done} == {TryAgain}
    assert len(waiting) == 4
    goes_on.set()
    await asyncio.gather(*waiting)
    found = [made.value[:1] for batch in await log.read("t", 0, 0) for made in batch.records]
    assert found == [b"0", b"1", b"2", b"3"]
    assert await append(log, "t", 0, "x") == 4
    await log.close()


def waiting_bytes(counted: Measures) -> float:
    counted.snapshot()
    return counted.value("amana_bus_waiting_bytes")


@pytest.mark.parametrize(("stored", "there"), [(False, []), (True, ["a1", "a2"])])
@law
async def test_a_write_that_failed_is_whole_or_not_there(
    monkeypatch: pytest.MonkeyPatch, stored: bool, there: list[str]
) -> None:
    """Failed, and failed but stored: the caller gets `TryAgain`, what waited behind it is not stored, and the log goes on.
    What waits and what was not taken is counted."""
    counted = Measures()
    log = await KafkaLog.open(connection(), LawClock(), counted)
    await log.ensure({"t": 1})
    with losing_answers(monkeypatch, stored=stored):
        calls = [append(log, "t", 0, "a1", "a2"), append(log, "t", 0, *("b" * 600_000 for _ in range(2)))]
        under_way = asyncio.gather(*calls, return_exceptions=True)
        await asyncio.sleep(0)
        assert 2_400_000 < waiting_bytes(counted) < 2_500_000
        outcomes = await under_way
    assert [type(outcome) for outcome in outcomes] == [TryAgain, TryAgain]
    assert (waiting_bytes(counted), counted.value("amana_bus_refused_total")) == (0, 2)
    assert await texts(log, "t", 0) == there
    assert await append(log, "t", 0, "a1", "a2") == len(there)
    assert await texts(log, "t", 0) == [*there, "a1", "a2"]
    await log.close()


@law
async def test_a_producer_that_is_given_up_leaves_no_gap() -> None:
    """After one that lost its connections in the middle, the next one appends at the next offset, again and again."""
    log = await KafkaLog.open(connection(), LawClock())
    await log.ensure({"t": 1})
    told: list[str] = []
    for n in range(5):
        call = asyncio.create_task(append(log, "t", 0, f"{n}a", f"{n}b"))
        await asyncio.sleep(0)
        held = log._producing._held
        if n % 2 and held is not None:
            log._producing._give_up(held)
        try:
            await call
            told += [f"{n}a", f"{n}b"]
        except TryAgain:
            await append(log, "t", 0, f"{n}a", f"{n}b")
            told += [f"{n}a", f"{n}b"]
    found = await texts(log, "t", 0)
    assert list(dict.fromkeys(found)) == told
    assert all(found[at + 1] == found[at][0] + "b" for at in range(0, len(found), 2))
    await log.close()


@law
async def test_times_do_not_fall_over_a_restart() -> None:
    """A process that starts with a clock that is behind goes on from the time of the last batch."""
    used, clock = connection(), LawClock()
    log = await KafkaLog.open(used, clock)
    await log.ensure({"t": 1})
    await append(log, "t", 0, "a")
    await log.close()
    last, clock.time = clock.time, Ms(clock.time - 60_000)
    log = await KafkaLog.open(used, clock)
    await append(log, "t", 0, "b")
    clock.time = Ms(last + 5)
    await append(log, "t", 0, "c")
    assert [batch.time - last for batch in await log.read("t", 0, 0)] == [0, 0, 5]
    await log.close()


@law
async def test_text_that_is_none_is_refused_before_anything_is_stored() -> None:
    """A header that cannot be UTF-8 stops the whole call."""
    log = await KafkaLog.open(connection(), LawClock())
    await log.ensure({"t": 1})
    with pytest.raises(UnicodeEncodeError):
        await log.append([Append("t", 0, records("a")), Append("t", 0, [Record(b"", {"a": "\ud800"}, b"")])])
    assert await texts(log, "t", 0) == []
    await log.close()
