"""Clocks of devices from one message to the next: what a single punch cannot show is listed, and moves nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from hub.ports import Admitted, Write
from hub.records import FLAGS, PARENT
from hub.stages.clocks import TABLE
from hub.stages.flags import TABLE as FLAG_ROWS
from hub.stages.runner import Runner
from hub.stages.translate import Translate
from schemas.deviceflags import BETWEEN
from tests.simulator.hub import HUB_KEYS, SimHub
from tests.simulator.month import Script, preset
from tests.unit.feeds.office import Office

GATE = "CONTOHGATE"
OTHER = "CONTOHDOOR"
PUNCHES = "records.attendance.punch"


async def _hub() -> SimHub:
    hub, script = SimHub(partitions=4), Script()
    await script.do(hub, script.onboarding())
    for serial in (GATE, OTHER):
        args = {"adapter": "zkteco_adms", "serial": serial, "institution": preset().institution.code, "id": serial.lower(),
                "zone": "Asia/Jakarta", "networks": ["192.0.2.0/24"], "options": {"verify": "1=fingerprint"}}  # fmt: skip
        assert (await hub.change(hub.signed("device.add", args))).accepted
    return hub


async def _punch(hub: SimHub, *times: str, serial: str = GATE) -> str:
    """One message of a device; returns its id."""
    lines = b"".join(b"77\t%s\t0\t1\t0\t0\t0\n" % time.encode() for time in times)
    answered = await hub.punch(serial, "/iclock/cdata", {"SN": serial, "table": "ATTLOG", "Stamp": "1"}, lines)
    assert isinstance(answered, Admitted)
    return answered.id


async def _between(hub: SimHub) -> list[dict[str, Any]]:
    await hub.settle()
    return await hub.store.rows(FLAG_ROWS, {"flag": BETWEEN}, order=("time", "message"))


def test_a_clock_that_was_set_back_between_two_punches_is_listed() -> None:
    """Each punch came by itself; the message with the earlier time is named, with its device, once."""

    async def go() -> None:
        hub = await _hub()
        await _punch(hub, "2026-10-05 07:21:00")
        back = await _punch(hub, "2026-10-05 06:22:00")
        await _punch(hub, "2026-10-05 06:23:00")
        [row] = await _between(hub)
        assert (row["message"], row["device"], row["count"]) == (back, GATE.lower(), 1)
        records = [r for r in await hub.records(PUNCHES) if r.headers[PARENT] == back]
        assert [FLAGS in record.headers for record in records] == [False]  # a record is of its own message alone

    asyncio.run(go())


def test_it_is_seen_across_restarts_and_within_one_batch_alike() -> None:
    """What was said last is of the store: whether messages are taken at once or one by one makes no difference."""

    async def go(*, one_by_one: bool) -> list[str]:
        hub = await _hub()
        ids = []
        for time in ("2026-10-05 07:21:00", "2026-10-05 06:22:00", "2026-10-05 06:21:30", "2026-10-05 05:00:00"):
            ids.append(await _punch(hub, time))
            if one_by_one:
                await hub.settle()
        return sorted(str(ids.index(row["message"])) for row in await _between(hub))

    assert asyncio.run(go(one_by_one=True)) == asyncio.run(go(one_by_one=False)) == ["1", "3"]


def test_a_minute_other_devices_and_a_clock_that_was_never_set_say_nothing() -> None:
    """Less than a minute is how devices log; each device has a clock of its own; before 2015 is a flag of its own."""

    async def go() -> None:
        hub = await _hub()
        await _punch(hub, "2026-10-05 07:21:00", "2026-10-05 07:22:00")
        await _punch(hub, "2026-10-05 07:21:30")
        await _punch(hub, "2026-10-05 05:00:00", serial=OTHER)
        await _punch(hub, "2000-01-01 00:00:07")
        await _punch(hub, "2026-10-05 07:23:00")
        assert await _between(hub) == []
        assert {row["device"] for row in await hub.store.rows(TABLE)} == {GATE.lower(), OTHER.lower()}

    asyncio.run(go())


def test_what_is_translated_again_is_not_listed_twice() -> None:
    """A worker that died before its commit says the same again, under the same key."""

    async def go() -> None:
        hub = await _hub()
        for time in ("2026-10-05 07:21:00", "2026-10-05 06:22:00", "2026-10-05 06:40:00"):
            await _punch(hub, time)
        before = await _between(hub)
        positions = [
            {name: row[name] for name in ("stage", "topic", "partition")}
            for row in await hub.store.rows("stage_progress", {"stage": "translate"})
        ]
        said = [{"device": row["device"]} for row in await hub.store.rows(TABLE)]
        await hub.store.write([Write("stage_progress", positions, "drop"), Write(TABLE, said, "drop")])
        stage = Translate(hub.log, hub.follower, hub.adapters, HUB_KEYS.hmac, hub.log.topics, None, None, hub.store)
        await Runner(stage, hub.log, hub.store, "anew").step()
        assert await hub.store.rows(FLAG_ROWS, {"flag": BETWEEN}) == before
        assert len(before) == len(await hub.store.rows(TABLE)) == 1

    asyncio.run(go())


def test_files_are_not_compared(tmp_path: Any) -> None:
    """An office brings its files in any order."""

    async def go() -> None:
        office = Office(tmp_path)
        office.hub = SimHub(partitions=4)
        await office.onboard()
        for n, day in enumerate(("07", "05")):
            office.drop(f"{n}_attlog.dat", f"       42\t2026-10-{day} 07:21:09\t101\t0\t1\t0\r\n".encode())
        assert await office.look(4) == 2
        assert await _between(office.hub) == []
        assert await office.hub.store.rows(TABLE) == []

    asyncio.run(go())
