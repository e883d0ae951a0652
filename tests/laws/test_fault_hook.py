"""The simulator's fault hook: every write of the log in memory can go wrong in both ways, and is survived by repeating."""

from __future__ import annotations

import asyncio
from typing import get_args

import pytest

from hub.errors import TryAgain
from hub.ports import Admitted, Append, Duplicate
from hub.records import Ms
from tests.laws.engines import WRAPPER, append, candidate, law, record, texts
from tests.simulator.clock import ManualClock
from tests.simulator.faults import Faults, How
from tests.simulator.memory_log import MemoryLog


def broken_log() -> tuple[MemoryLog, Faults]:
    faults = Faults()
    return MemoryLog(WRAPPER, ManualClock(), faults), faults


async def every_task_has_run() -> None:
    """Nothing in the simulator waits for a machine, so a few rounds of the loop are enough."""
    for _ in range(10):
        await asyncio.sleep(0)


@law
async def test_a_failed_write_has_stored_nothing() -> None:
    """ "failed" raises before anything is stored; what comes next finds the log as it was."""
    log, faults = broken_log()
    await log.ensure({"t": 1, "inbox.law": 1})
    await log.put({"run:a": b"1" * 32})
    for point in ("bus.append", "admissions.admit", "vault.put", "vault.erase", "bus.trim"):
        faults.at_point(point, "failed")
    for call in (
        log.append([Append("t", 0, [record("a")])]),
        log.admit([candidate(b"1")], Ms(1)),
        log.put({"run:b": b"2" * 32}),
        log.erase(["run:a"]),
        log.trim("t", 0, 1),
    ):
        with pytest.raises(TryAgain):
            await call
    assert await texts(log, "t", 0) == []
    assert await log.end("inbox.law", 0) == 0
    assert await log.open(["run:a", "run:b"]) == {"run:a": b"1" * 32}
    assert await append(log, "t", 0, "b") == 0
    (answer,) = await log.admit([candidate(b"1")], Ms(2))
    assert isinstance(answer, Admitted)


@law
async def test_a_write_that_failed_but_stored_is_found_by_its_repeat() -> None:
    """ "failed but stored" raises after all of it is stored: a repeated admission is a duplicate with the receipt that
    was lost, a repeated append is there twice, a repeated put keeps the first secret."""
    log, faults = broken_log()
    await log.ensure({"t": 1, "inbox.law": 1})
    for point in ("bus.append", "admissions.admit", "vault.put"):
        faults.at_point(point, "failed but stored")
    with pytest.raises(TryAgain):
        await append(log, "t", 0, "a")
    with pytest.raises(TryAgain):
        await log.admit([candidate(b"1")], Ms(1))
    with pytest.raises(TryAgain):
        await log.put({"run:a": b"1" * 32})
    await append(log, "t", 0, "a")
    (answer,) = await log.admit([candidate(b"1")], Ms(2))
    assert await texts(log, "t", 0) == ["a", "a"]
    assert isinstance(answer, Duplicate)
    assert (answer.time, await log.end("inbox.law", 0)) == (1, 1)
    assert await log.put({"run:a": b"2" * 32}) == {"run:a": b"1" * 32}


@pytest.mark.parametrize("how", get_args(How))
def test_every_write_can_be_the_one_that_fails(how: How) -> None:
    """The crash table: whichever write of a flow goes wrong, repeating it ends in the same log."""

    async def flow(faults: Faults) -> tuple[list[str], int]:
        log = MemoryLog(WRAPPER, ManualClock(), faults)

        async def until_stored(call: object) -> None:
            while True:
                try:
                    await call()  # type: ignore[operator]
                except TryAgain:
                    continue
                return

        await until_stored(lambda: log.ensure({"inbox.law": 1}))
        for n in range(3):
            await until_stored(lambda n=n: log.admit([candidate(b"%d" % n, "request-id", (b"%d" % n,))], Ms(n)))
        batches = await log.read("inbox.law", 0, 0)
        return [one.headers["ce_id"] for batch in batches for one in batch.records], len(faults.written)

    ids, writes = asyncio.run(flow(Faults()))
    assert (len(ids), writes) == (3, 4)
    for number in range(writes):
        faults = Faults()
        faults.at_write(number, how)
        # a topic that was made although the call failed needs no second write
        repeats = 0 if (number, how) == (0, "failed but stored") else 1
        assert asyncio.run(flow(faults)) == (ids, writes + repeats)


def test_random_faults_come_from_their_seed() -> None:
    """The same seed makes the same writes fail in the same way."""

    def drawn(seed: int) -> list[str | None]:
        faults = Faults()
        faults.at_random(seed, 0.3)
        outcomes: list[str | None] = []
        for _ in range(200):
            stored = False
            try:
                with faults.write("w"):
                    stored = True
            except TryAgain:
                outcomes.append("failed but stored" if stored else "failed")
            else:
                outcomes.append(None)
        return outcomes

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert {*drawn(1)} == {None, "failed", "failed but stored"}


@law
async def test_a_manual_clock_wakes_sleepers_in_order() -> None:
    """Sleepers wake when the time passes theirs, not before, and a wait for the log ends with it."""
    clock = ManualClock()
    log = MemoryLog(WRAPPER, clock)
    await log.ensure({"t": 1})
    woken: list[int] = []

    async def sleeper(seconds: int) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    tasks = [asyncio.create_task(sleeper(seconds)) for seconds in (3, 1, 2)]
    waiter = asyncio.create_task(log.wait({("t", 0): 0}, 2.5))
    await every_task_has_run()
    assert (clock.sleepers, woken) == (4, [])
    clock.advance(2000)
    await every_task_has_run()
    assert (woken, waiter.done()) == ([1, 2], False)
    clock.advance(1000)
    assert await waiter == frozenset()
    await asyncio.gather(*tasks)
    assert woken == [1, 2, 3]
