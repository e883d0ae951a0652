"""Connections of the store: durability settings, reactions, more than one process."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, make_url
from sqlalchemy.engine.interfaces import DBAPICursor

from hub.errors import ConfigError, TryAgain
from hub.ports import Progress, Write
from hub.store import engines
from hub.store.engines import assert_settings, reading_engine, writing_engine
from hub.store.sql import SqlStore

ROW = {"id": "m1", "at": 1, "state": "admitted", "detail": None}


def _url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


def _pragma(cursor: DBAPICursor, name: str) -> object:
    cursor.execute(f"PRAGMA {name}")
    row = cursor.fetchone()
    return None if row is None else row[0]


@pytest.mark.parametrize("make", [writing_engine, reading_engine])
def test_every_connection_has_its_settings(tmp_path: Path, make: Callable[[URL], Engine]) -> None:
    """WAL, synchronous=FULL, foreign keys and the wait for a lock hold on each connection of a pool, not on one."""
    engine = make(make_url(_url(tmp_path)))
    names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    connections = [engine.raw_connection() for _ in range(3)]
    try:
        found = [[_pragma(connection.cursor(), name) for name in names] for connection in connections]
    finally:
        for connection in connections:
            connection.close()
        engine.dispose()
    assert found == [["wal", 2, 1, engines.BUSY_MS]] * 3


def test_a_database_that_does_not_take_wal_is_refused() -> None:
    """A database whose journal stays another one stops the start, and says which setting it is."""
    connection = sqlite3.connect(":memory:")
    try:
        with pytest.raises(ConfigError) as refused:
            assert_settings(connection, "wal")
    finally:
        connection.close()
    assert (refused.value.code, refused.value.detail) == ("AMANA-CONF-003", "journal_mode is memory")


def test_a_setting_that_does_not_take_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings are read back, not believed."""
    monkeypatch.setattr(engines, "_WANTED", {"synchronous": 3})
    connection = sqlite3.connect(":memory:")
    try:
        with pytest.raises(ConfigError) as refused:
            assert_settings(connection, "memory")
    finally:
        connection.close()
    assert (refused.value.code, refused.value.detail) == ("AMANA-CONF-003", "synchronous is 2")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """Something else under the name of the store is left alone."""
    (tmp_path / "store.db").write_bytes(b"not a database, but long enough to be looked at" * 50)
    with pytest.raises(ConfigError) as refused:
        SqlStore.open(_url(tmp_path))
    assert refused.value.code == "AMANA-CONF-005"


def test_a_locked_store_is_worth_another_try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process holds the lock a write raises `TryAgain`; reads go on; afterwards the write succeeds."""
    monkeypatch.setattr(engines, "BUSY_MS", 20)
    monkeypatch.setattr(engines, "_WANTED", {**engines._WANTED, "busy_timeout": 20})

    async def story() -> tuple[str, int, int]:
        store = SqlStore.open(_url(tmp_path))
        other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TryAgain) as again:
            await store.write([Write("message_event", [ROW])])
        before = len(await store.rows("message_event"))
        other.execute("ROLLBACK")
        other.close()
        await store.write([Write("message_event", [ROW])])
        after = len(await store.rows("message_event"))
        await store.close()
        return again.value.code, before, after

    assert asyncio.run(story()) == ("AMANA-STORE-001", 0, 1)


def test_errors_hold_no_values(tmp_path: Path) -> None:
    """The text of a database error, which ends in a log, has no parameter in it."""

    async def story() -> str:
        store = SqlStore.open(_url(tmp_path))
        with pytest.raises(Exception, match="NOT NULL") as failed:
            await store.write([Write("run", [{"code": "VERY-PRIVATE", "institution": None}])])
        await store.close()
        return str(failed.value)

    assert "VERY-PRIVATE" not in asyncio.run(story())


def test_two_stores_on_one_file_see_each_other(tmp_path: Path) -> None:
    """What one connection committed the other reads, and a claim of one fences the other."""

    async def story() -> tuple[int, int]:
        one, two = SqlStore.open(_url(tmp_path)), SqlStore.open(_url(tmp_path))
        epoch, _ = await one.claim("s", "t", 0, "one")
        await one.commit("s", {("t", 0): epoch}, {("t", 0): Progress(4)}, [Write("message_event", [ROW])])
        seen = len(await two.rows("message_event"))
        _, progress = await two.claim("s", "t", 0, "two")
        await one.close()
        await two.close()
        return seen, progress.position

    assert asyncio.run(story()) == (1, 4)


def test_progress_outlives_the_process_that_made_it(tmp_path: Path) -> None:
    """A store opened again on the same file goes on where the last one stopped."""
    made = Progress(9, {"inbox.x/3": (8, 2)})

    async def first() -> None:
        store = SqlStore.open(_url(tmp_path))
        epoch, _ = await store.claim("s", "t", 0, "one")
        await store.commit("s", {("t", 0): epoch}, {("t", 0): made}, [])
        await store.close()

    async def second() -> tuple[int, Progress]:
        store = SqlStore.open(_url(tmp_path))
        claimed = await store.claim("s", "t", 0, "two")
        await store.close()
        return claimed

    asyncio.run(first())
    assert asyncio.run(second()) == (2, made)


CLAIM = """
import asyncio, sys
from hub.store.sql import SqlStore

async def main() -> None:
    store = SqlStore.open(sys.argv[1])
    for _ in range(20):
        print((await store.claim("s", "t", 0, "w"))[0])
    await store.close()

asyncio.run(main())
"""

DIE = """
import asyncio, os, sys
from hub.ports import Progress, Write
from hub.store.sql import SqlStore

def fault(moment: str) -> None:
    if moment == sys.argv[2]:
        os._exit(9)

async def main() -> None:
    store = SqlStore.open(sys.argv[1], fault=fault)
    epoch, _ = await store.claim("s", "t", 0, "w")
    row = {"id": "m1", "at": 1, "state": "admitted", "detail": None}
    await store.commit("s", {("t", 0): epoch}, {("t", 0): Progress(1)}, [Write("message_event", [row])])

asyncio.run(main())
"""


def _start(code: str, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code, *args], stdout=subprocess.PIPE, text=True, env=os.environ)


def test_processes_on_one_new_file_share_no_epoch(tmp_path: Path) -> None:
    """Processes that open an empty store at once make it once, and their claims never get the same epoch."""
    processes = [_start(CLAIM, _url(tmp_path)) for _ in range(3)]
    epochs = [int(line) for process in processes for line in process.communicate(timeout=60)[0].split()]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sorted(epochs) == list(range(1, 61))


@pytest.mark.parametrize(("moment", "rows"), [("inside", 0), ("after", 1)])
def test_a_process_that_dies_in_a_commit_leaves_all_or_nothing(tmp_path: Path, moment: str, rows: int) -> None:
    """Death before the commit leaves neither rows nor progress, death after it both.

    The claim comes first and passes "after" too, so that moment is armed for the commit only by the row count."""
    code = (
        DIE if moment == "inside" else DIE.replace("os._exit(9)", "seen.append(moment); len(seen) > 1 and os._exit(9)")
    )
    code = code.replace("def fault", "seen: list[str] = []\n\ndef fault")
    process = _start(code, _url(tmp_path), moment)
    process.communicate(timeout=60)
    assert process.returncode == 9

    async def look() -> tuple[int, int]:
        store = SqlStore.open(_url(tmp_path))
        found = len(await store.rows("message_event"))
        _, progress = await store.claim("s", "t", 0, "w2")
        await store.close()
        return found, progress.position

    assert asyncio.run(look()) == (rows, rows)
