"""What the log does when brokers of a group of three stop, and when they come back."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator

import pytest

from hub.errors import TryAgain
from hub.kafka import Connection, KafkaLog, Names
from hub.ports import Append, Bus
from tests.clusters import kafka as clusters
from tests.laws.engines import LawClock, append, law, records

pytestmark = [pytest.mark.needs("kafka"), pytest.mark.timeout(600)]

PARTITIONS = 6


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[clusters.Cluster]:
    cluster = clusters.Cluster(tmp_path_factory.mktemp("group"), brokers=3)
    yield cluster
    cluster.stop()


def connection(group: clusters.Cluster, min_insync: int) -> Connection:
    return Connection(tuple(group.bootstrap.split(",")), Names(clusters.prefix()), replication=3, min_insync=min_insync)


async def insist(log: Bus, partition: int, *texts: str) -> int:
    """Append until it is said to be stored; returns how often it was not."""
    refused = 0
    while True:
        try:
            await log.append([Append("t", partition, records(*texts))])
        except TryAgain:
            refused += 1
            assert refused < 20
        else:
            return refused


async def stored(log: Bus, partition: int) -> list[str]:
    found: list[str] = []
    position = 0
    while batches := await log.read("t", partition, position):
        for batch in batches:
            assert batch.base == position
            position += len(batch.records)
            found += [made.value.decode() for made in batch.records]
    return found


@law
async def test_without_enough_copies_nothing_is_half_stored(
    group: clusters.Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a copy too few each append is `TryAgain`; when the broker is back the log goes on, and every append is there
    whole, in order, those that were not acknowledged too or not at all."""
    monkeypatch.setattr("hub.kafka.producing.DELIVERY", 3.0)
    log = await KafkaLog.open(connection(group, min_insync=3), LawClock())
    await log.ensure({"t": 1})
    await append(log, "t", 0, "0a", "0b")
    group.signal(3, signal.SIGKILL)
    with pytest.raises(TryAgain) as refused:
        await append(log, "t", 0, "1a", "1b")
    assert refused.value.code == "AMANA-BUS-001"
    await asyncio.to_thread(group.start_missing)
    await insist(log, 0, "2a", "2b")
    found = await stored(log, 0)
    assert all(found[at + 1] == found[at][0] + "b" for at in range(0, len(found), 2))
    assert list(dict.fromkeys(text[0] for text in found)) in (["0", "2"], ["0", "1", "2"])
    await log.close()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
@law
async def test_a_broker_that_stops_loses_and_doubles_nothing(group: clusters.Cluster, how: signal.Signals) -> None:
    """While one broker of three is killed, or hangs until others lead, appenders that repeat what was not acknowledged, a
    reader that follows and a waiter all go on; every acknowledged append is there, whole, and what is there twice is a
    repeat of one that was not acknowledged."""
    log = await KafkaLog.open(connection(group, min_insync=2), LawClock())
    await log.ensure({"t": PARTITIONS})
    hurt = asyncio.Event()
    goes_on = asyncio.Event()
    repeats: dict[int, int] = {}

    async def appender(partition: int) -> None:
        repeats[partition] = 0
        for n in range(30):
            if n == 10:
                hurt.set()
            if n == 20:
                await goes_on.wait()
            repeats[partition] += await insist(log, partition, f"{n}a", f"{n}b")

    async def follower(partition: int) -> int:
        """Distinct appends seen, by waiting and reading on."""
        position, seen = 0, set[str]()
        while len(seen) < 30:
            try:
                await log.wait({("t", partition): position}, 30)
                for batch in await log.read("t", partition, position):
                    position = batch.base + len(batch.records)
                    seen.update(made.value.decode()[:-1] for made in batch.records)
            except TryAgain:
                continue
        return len(seen)

    tasks = [asyncio.create_task(work(n)) for n in range(PARTITIONS) for work in (appender, follower)]
    await hurt.wait()
    group.signal(1, how)
    if how is signal.SIGSTOP:
        await insist(log, 0, "xa", "xb")
        group.signal(1, signal.SIGCONT)
    else:
        await asyncio.to_thread(group.start_missing)
    goes_on.set()
    await asyncio.gather(*tasks)
    for partition in range(PARTITIONS):
        found = [text for text in await stored(log, partition) if text[0] != "x"]
        assert all(found[at + 1] == found[at][:-1] + "b" for at in range(0, len(found), 2))
        assert list(dict.fromkeys(found[::2])) == [f"{n}a" for n in range(30)]
        assert len(found) // 2 - 30 <= repeats[partition]
    await log.close()
