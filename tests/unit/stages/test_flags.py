"""Flags of device clocks, from the file to the index: counted once, under their device, and nothing of a person with them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.ports import Admitted, Write
from hub.records import DEVICE, FLAGS, PARENT, Record
from hub.stages.flags import TABLE, parse_flags, render_flags
from hub.stages.index import Index
from hub.stages.runner import Runner
from schemas.deviceflags import DEVICE_FLAGS
from tests.simulator.hub import SimHub
from tests.simulator.month import Script, preset
from tests.unit.feeds.office import INSTITUTION, SYSTEM, Office

LINE = "{pin:>9}\t{time}\t101\t0\t1\t0\r\n"
PUNCHES = "attendance.punch"


def file(*taps: tuple[str, str]) -> bytes:
    return "".join(LINE.format(pin=pin, time=time) for pin, time in taps).encode()


ODD = file(
    ("0042", "2026-10-05 07:21:09"),
    ("77", "2063-01-01 00:00:00"),  # in the future, and below it the clock says less
    ("0042", "2026-10-05 07:25:00"),  # set back
    ("88", "2000-01-01 00:00:07"),  # before 2015, and set back once more
    ("88", "2000-01-01 00:01:07"),
)
COUNTS = {"clock-in-future": 1, "clock-jumped-ahead": 1, "clock-set-back": 2, "clock-before-2015": 2}
GOOD = file(("0042", "2026-10-06 07:21:09"), ("0043", "2026-10-06 07:22:09"))
AGAIN = file(("0042", "2063-01-01 00:00:01"))


async def _office(root: Path, files: Sequence[bytes]) -> Office:
    office = Office(root)
    office.hub = SimHub(partitions=4)
    await office.onboard()
    for n, content in enumerate(files):
        office.drop(f"{n}_attlog.dat", content)
    assert await office.look(2 + len(files)) == len(files)
    await office.hub.settle()
    return office


async def _rows(hub: SimHub) -> list[dict[str, Any]]:
    return await hub.store.rows(TABLE, order=("time", "message", "flag"))


async def _flagged(hub: SimHub) -> list[Record]:
    return [record for record in await hub.records(f"records.{PUNCHES}") if FLAGS in record.headers]


async def _read_anew(hub: SimHub, *, forget: bool) -> None:
    keys = ("stage", "topic", "partition")
    rows = [{key: row[key] for key in keys} for row in await hub.store.rows("stage_progress", {"stage": "index"})]
    writes = [Write("stage_progress", rows, "drop")]
    if forget:
        known = [{key: row[key] for key in ("message", "flag")} for row in await _rows(hub)]
        writes.append(Write(TABLE, known, "drop"))
    await hub.store.write(writes)
    runner = Runner(Index(hub.store, hub.follower), hub.log, hub.store, "anew")
    while await runner.step():
        pass


def test_what_is_rendered_is_read() -> None:
    """Header and counts are two forms of one thing."""

    @given(st.dictionaries(st.sampled_from(sorted(DEVICE_FLAGS)), st.integers(1, 10**6), min_size=1))
    def go(counts: dict[str, int]) -> None:
        assert parse_flags(render_flags(counts)) == counts

    go()


def test_each_flag_of_a_file_is_counted_once(tmp_path: Path) -> None:
    """One row for each flag of each message, with its device, who brought it and when; a file with good times has none."""

    async def go() -> None:
        hub = (await _office(tmp_path, [ODD, GOOD, AGAIN])).hub
        taken = await hub.store.rows("message", {"kind": "inbox"}, order=("time",))
        odd, _, again = [(row["id"], row["time"]) for row in taken]
        about = {"device": "gate", "system": SYSTEM, "institution": INSTITUTION}
        expected = [{"message": odd[0], "flag": f, "count": n, "time": odd[1], **about} for f, n in COUNTS.items()]
        expected.append({"message": again[0], "flag": "clock-in-future", "count": 1, "time": again[1], **about})
        assert await _rows(hub) == sorted(expected, key=lambda row: (row["time"], row["message"], row["flag"]))

    asyncio.run(go())


def test_they_stand_on_one_record_of_a_message(tmp_path: Path) -> None:
    """Beside the device's registry id; its people lie in several partitions, and who has which flag is not told."""

    async def go() -> None:
        hub = (await _office(tmp_path, [ODD, GOOD])).hub
        records = await hub.records(f"records.{PUNCHES}")
        [noted] = await _flagged(hub)
        first = next(
            r for r in records if r.headers[PARENT] == noted.headers[PARENT] and r.headers["ce_derived"].endswith("/0")
        )
        assert noted.headers == first.headers
        assert parse_flags(noted.headers[FLAGS]) == COUNTS
        assert noted.headers[DEVICE] == "gate"
        assert sum(DEVICE in record.headers for record in records) == 1
        assert len(records) == 7

    asyncio.run(go())


def test_an_index_that_is_read_anew_counts_nothing_twice(tmp_path: Path) -> None:
    """From nothing, or over the rows that are there."""

    async def go() -> None:
        hub = (await _office(tmp_path, [ODD, AGAIN])).hub
        before = await _rows(hub)
        await _read_anew(hub, forget=True)
        assert await _rows(hub) == before
        await _read_anew(hub, forget=False)
        assert await _rows(hub) == before
        assert len(before) == len(COUNTS) + 1

    asyncio.run(go())


def test_nothing_of_a_person_is_among_them(tmp_path: Path) -> None:
    """Neither a PIN nor a time that the device said, before an erasure and after it."""

    async def go() -> None:
        office = await _office(tmp_path, [ODD])
        hub = office.hub
        before = await _rows(hub)
        [message] = {row["message"] for row in before}
        await office.change("message.erase", {"ids": [message], "reason": "an objection"})
        await hub.settle()
        assert [row["state"] for row in await hub.store.rows("message", {"id": message})] == ["erased"]
        assert await _rows(hub) == before
        said = repr([before, [record.headers for record in await _flagged(hub)]])
        assert not any(word in said for word in ("0042", "2063", "2026-10-05", "07:21", "2000-01"))

    asyncio.run(go())


def test_how_somebody_was_recognised_stays_sealed() -> None:
    """A device pushes a punch in the future, recognised by its face: the first stands in the open, the second does not."""

    async def go() -> None:
        hub, script = SimHub(), Script()
        await script.do(hub, script.onboarding())
        institution = preset().institution.code
        options = {"verify": "1=fingerprint,15=face"}
        args = {"adapter": "zkteco_adms", "serial": "CONTOHMUKA", "institution": institution, "id": "face",
                "zone": "Asia/Jakarta", "networks": ["192.0.2.0/24"], "options": options}  # fmt: skip
        assert (await hub.change(hub.signed("device.add", args))).accepted
        line = b"77\t2063-01-01 00:00:00\t0\t15\t0\t0\t0\n"
        query = {"SN": "CONTOHMUKA", "table": "ATTLOG", "Stamp": "1"}
        answered = await hub.punch("CONTOHMUKA", "/iclock/cdata", query, line)
        assert isinstance(answered, Admitted)
        await hub.settle()
        [noted] = await _flagged(hub)
        assert (noted.headers[FLAGS], noted.headers[DEVICE]) == ("clock-in-future=1", "face")
        [row] = await _rows(hub)
        assert (row["flag"], row["device"], row["system"]) == ("clock-in-future", "face", "face")

    asyncio.run(go())
