"""The worker's loops: woken by the bell, one halt does not stop the others, nothing is starved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from hub.clock import SystemClock
from hub.serve.first import prepare
from hub.settings import load
from hub.stages.core import CorePorts, build
from hub.stages.halted import forget_halted, read_braked, read_halted, write_braked, write_halted
from hub.stages.worker import Worker, run
from signing.jsontext import render
from tests.simulator.hub import HUB_KEYS, SimHub, push_envelope
from tests.simulator.month import Script


@asynccontextmanager
async def _working(hub: SimHub) -> AsyncIterator[tuple[Worker, list[Mapping[str, str]]]]:
    """A worker on the simulator's ports, with the machine's clock."""
    told: list[Mapping[str, str]] = []
    ports = CorePorts(
        bus=hub.log,
        vault=hub.log,
        store=hub.store,
        clock=SystemClock(),
        caller=hub.receiver,
        keys=HUB_KEYS,
        follower=hub.follower,
        adapters=hub.adapters,
        random=lambda: 0.0,
        owner="worker",
        partitions=hub.partitions,
    )
    worker = Worker(build(ports), told.append)
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(stop))
    try:
        yield worker, told
    finally:
        stop.set()
        await running


async def _until(what: Callable[[], Awaitable[bool]]) -> None:
    """Turns of the loop until it is so; the suite's timeout is the bound."""
    while not await what():  # noqa: ASYNC110 -- the store has no bell
        await asyncio.sleep(0.005)


async def _state(hub: SimHub) -> str:
    rows = await hub.store.rows("run")
    return str(rows[0]["state"]) if rows else ""


def test_a_month_goes_through_the_running_worker() -> None:
    """Messages, the run and its approval come while the loops sleep, and each wakes what it concerns."""

    async def go() -> None:
        hub, script = SimHub(), Script()
        await script.do(hub, script.onboarding()[:1])
        async with _working(hub):
            await script.do(hub, script.onboarding()[1:])
            await script.do(hub, [*script.records(), script.open_run()])
            await _until(lambda: _is(hub, "computed"))
            await script.approve()(hub)
            await _until(lambda: _is(hub, "delivered"))
        assert set(hub.receiver.taken) == set(await hub.outgoing())

    asyncio.run(go())


async def _is(hub: SimHub, state: str) -> bool:
    return await _state(hub) == state


def test_a_halted_stage_says_so_and_the_others_go_on() -> None:
    """When another owner takes a stage's partition, that stage stops; the month is collected and indexed all the same."""

    async def go() -> None:
        hub, script = SimHub(), Script()
        await script.do(hub, script.onboarding())
        async with _working(hub) as (worker, told):
            await script.do(hub, script.records()[:1])
            await _until(lambda: _counted(hub, "fact"))
            await hub.store.claim("erase", "control", 0, "somebody else")
            await hub.change(hub.signed("institution.add", {"code": "LAIN", "name": "Lain"}))
            await _until(lambda: _halted(worker))
            await script.do(hub, script.records()[1:])
            await _until(lambda: _translated(hub, len(script.records())))
            assert told[-1] == {"erase": "AMANA-FENCE-001"}

    asyncio.run(go())


async def _counted(hub: SimHub, table: str) -> bool:
    return (await hub.store.count(table)).get((), 0) > 0


async def _halted(worker: Worker) -> bool:
    return bool(worker.halted)


async def _translated(hub: SimHub, number: int) -> bool:
    found = await hub.store.count("message", {"state": ["translated", "partly-translated"]})
    return found.get((), 0) == number


def test_the_list_of_halted_stages_is_read_as_written(tmp_path: Path) -> None:
    """What the worker wrote is what readiness reads; without a worker there is none."""
    assert read_halted(tmp_path) == {}
    write_halted(tmp_path, {"translate": "AMANA-BRAKE-001"})
    assert read_halted(tmp_path) == {"translate": "AMANA-BRAKE-001"}
    forget_halted(tmp_path)
    assert read_halted(tmp_path) == {}


def test_what_the_brake_holds_is_told_and_stops_nobody() -> None:
    """A sender whose messages all fail is named; the month of everybody else goes through the same worker."""

    async def go() -> None:
        hub, script = SimHub(), Script()
        await script.do(hub, script.onboarding())
        async with _working(hub) as (worker, _):
            for n in range(100):
                row: dict[str, Any] = {"institution": "LAIN", "unit": None, "period": "2026-10", "zone": "Asia/Jakarta"}
                row |= {"workingDays": [f"2026-10-{n % 28 + 1:02d}", f"2026-10-{n // 28 + 1:02d}"], "ceremonies": []}
                await hub.push("KEMCONTOH-DATA", push_envelope("JSON-CAL", render({"records": [row]})))
            await _until(lambda: _braked(worker))
            assert dict(worker.braked) == {"system KEMCONTOH-DATA": "AMANA-BRAKE-002"}
            await script.do(hub, [*script.records(), script.open_run()])
            await _until(lambda: _is(hub, "computed"))
            assert (dict(worker.halted), dict(worker.braked)) == ({}, {})

    asyncio.run(go())


async def _braked(worker: Worker) -> bool:
    return bool(worker.braked)


def test_the_list_of_what_is_braked_is_read_as_written(tmp_path: Path) -> None:
    """It stands beside the halted stages and is forgotten with them."""
    assert read_braked(tmp_path) == {}
    write_braked(tmp_path, {"system A": "AMANA-BRAKE-002"})
    assert (read_braked(tmp_path), read_halted(tmp_path)) == ({"system A": "AMANA-BRAKE-002"}, {})
    forget_halted(tmp_path)
    assert read_braked(tmp_path) == {}


def test_the_worker_role_starts_and_stops_on_a_new_directory(tmp_path: Path) -> None:
    """On what the first start made, the role comes up with every stage running, whatever an earlier worker wrote of
    its own, and ends when told."""

    async def go() -> None:
        settings = load(tmp_path / "data")
        await prepare(settings)
        write_halted(settings.data, {"translate": "AMANA-BRAKE-001"})
        stop = asyncio.Event()
        running = asyncio.create_task(run(settings, stop))
        while read_halted(settings.data) and not running.done():  # noqa: ASYNC110 -- a file has no bell
            await asyncio.sleep(0.005)
        stop.set()
        await running
        assert read_halted(settings.data) == {}

    asyncio.run(go())
