"""A hub on PostgreSQL whose database is lost and restored from a dump, by the commands of the operating guide."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest

from hub.postgres.admissions import PostgresAdmissions
from hub.postgres.connections import Connections
from hub.postgres.tables import create_tables
from hub.reads.reconcile import reconcile
from hub.records import ID, TYPE
from hub.records import SECRET as SECRET_ID
from hub.stages.facts import count_facts
from hub.store.sql import SqlStore
from hub.topics import RECORDS, SIGNALS_HR, SIGNALS_PAY
from signing.errors import SigningError
from signing.jsontext import canonical, parse
from signing.sealing import BodyKey
from tests.clusters import postgres
from tests.laws.cluster import Joined
from tests.simulator.hub import HUB_KEYS, SimHub
from tests.simulator.memory_log import Disk, MemoryLog
from tests.simulator.month import Script, settle

pytestmark = [pytest.mark.needs("postgres"), pytest.mark.timeout(300)]


class ClusterHub(SimHub):
    """A hub whose log is in memory, and everything else in a database of PostgreSQL."""

    def __init__(self, address: str, disk: Disk | None = None) -> None:
        create_tables(address)
        self.admissions = Connections(address)
        super().__init__(store=lambda fault: SqlStore.open(address, fault=fault), disk=disk)

    def open_log(self) -> MemoryLog:
        bus = super().open_log()
        joined = Joined(bus, PostgresAdmissions(bus, self.admissions, HUB_KEYS.wrapper, self.clock))
        return cast("MemoryLog", joined)

    async def stop(self) -> None:
        await self.crash()
        await self.log.close()
        await self.store.close()


def run_program(name: str, *arguments: str) -> None:
    """A program of PostgreSQL's. The test fails with what it said."""
    folder = postgres.programs()
    found = folder / name if folder is not None else Path(shutil.which(name) or name)
    done = subprocess.run([found, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


async def reconciled(hub: SimHub) -> dict[str, Any]:
    found = await reconcile(hub.log, hub.store, hub.log, hub.follower.directory.now())
    assert [check for check in found["checks"] if not check["ok"]] == []
    return dict(found)


async def erase(hub: SimHub, number: int) -> str:
    """Order and carry out the erasure of a message of the devices."""
    name = str((await hub.store.rows("message", {"code": "ADMS-ATT"}, order=("time", "id")))[number]["id"])
    assert (await hub.change(hub.signed("message.erase", {"ids": [name], "reason": "asked for"}))).accepted
    await hub.settle()
    assert await hub.log.open([name]) == {}
    return name


async def opened_values(hub: SimHub) -> dict[str, bytes]:
    """Canonical bytes by record id, from the copies that open: those sealed under a secret that was made after the dump do
    not, and were made again under another one."""
    found: dict[str, bytes] = {}
    for topic in hub.log.topics():
        if not topic.startswith(RECORDS) and topic not in {SIGNALS_PAY, SIGNALS_HR}:
            continue
        for record in await hub.records(topic):
            h = record.headers
            secret = (await hub.log.open([h[SECRET_ID]])).get(h[SECRET_ID])
            with suppress(SigningError):
                if secret is not None:
                    text = canonical(parse(BodyKey(secret, h[TYPE]).open_seal(h[ID], record.value)))
                    assert found.setdefault(h[ID], text) == text, "one id, two values"
    return found


def test_a_restored_database_comes_to_what_the_lost_one_was(tmp_path: Path) -> None:
    """A month of which the dump saw the first part. One message was erased before it, one after: neither opens, in tables or
    by hand. Runs, signals, deliveries and totals are those of the lost database, the receiver is not called again, and
    everything reconciles."""

    async def journey() -> None:
        databases = postgres.shared()
        address, dump = databases.create(), tmp_path / "amana.dump"
        hub, script = ClusterHub(address), Script()
        await script.do(hub, [*script.onboarding(), *script.records(), settle])
        before = await erase(hub, 0)
        await asyncio.to_thread(run_program, "pg_dump", "--format=custom", "--file", str(dump), address)
        after = await erase(hub, 1)
        await script.do(hub, [script.open_run(), settle, script.approve(), settle])
        wanted = await reconciled(hub)
        values = await hub.canonical_values()
        assert wanted["runs"]
        assert hub.receiver.taken
        await hub.stop()

        restored = databases.create()
        await asyncio.to_thread(run_program, "pg_restore", "--dbname", restored, "--exit-on-error", str(dump))
        again = ClusterHub(restored, hub.disk)
        again.clock.move_to(hub.clock.now())
        assert set(await again.log.open([before, after])) == {after}, "the dump is from before its erasure"
        await again.settle()
        assert await again.log.open([before, after]) == {}
        assert {name for name, _ in await again.log.erased()} == {before, after}
        found = await reconciled(again)
        assert found == wanted
        assert await opened_values(again) == values
        assert not again.receiver.calls, "its confirmations are in the log"
        await again.stop()

    asyncio.run(journey())


def test_what_was_admitted_after_the_dump_is_sent_again(tmp_path: Path) -> None:
    """The secrets of what the dump does not know are lost with it: such messages count as erased, hold up nothing, and when
    their senders send them again each comes in once. Only the count of messages in the log shows it."""

    async def journey() -> None:
        databases = postgres.shared()
        address, dump = databases.create(), tmp_path / "amana.dump"
        hub, script = ClusterHub(address), Script()
        await script.do(hub, [*script.onboarding(), settle])
        await asyncio.to_thread(run_program, "pg_dump", "--format=custom", "--file", str(dump), address)
        await script.do(hub, [*script.records(), settle])
        wanted, facts = await hub.canonical_values(), (await count_facts(hub.store))[()]
        sent = (await hub.store.count("message", {"kind": "inbox"}))[()]
        assert wanted
        assert facts
        await hub.stop()

        restored = databases.create()
        await asyncio.to_thread(run_program, "pg_restore", "--dbname", restored, "--exit-on-error", str(dump))
        again = ClusterHub(restored, hub.disk)
        again.clock.move_to(hub.clock.now())
        await again.settle()
        assert await opened_values(again) == {}
        await script.do(again, [*script.records(), settle])
        assert await opened_values(again) == wanted
        assert (await count_facts(again.store))[()] == facts
        found = await reconcile(again.log, again.store, again.log, again.follower.directory.now())
        [wrong] = [check for check in found["checks"] if not check["ok"]]
        assert wrong["name"] == "messages in the log = messages in the index"
        assert (wrong["actual"], wrong["expected"]) == (sent, 2 * sent), "those that were sent again are there twice"
        await again.stop()

    asyncio.run(journey())
