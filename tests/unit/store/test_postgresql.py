"""The store on PostgreSQL: what durability rests on, what becomes of a server that is gone, and text by code points."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from hub.errors import ConfigError, TryAgain
from hub.ports import Progress, Write
from hub.store import postgresql
from hub.store.engines import writing_engine
from hub.store.sql import SqlStore
from tests.clusters import postgres
from tests.laws.store_fixtures import address_of

pytestmark = pytest.mark.needs("postgres")

ROW = {"id": "m1", "at": 1, "state": "admitted", "detail": None}


@pytest.fixture
def address(tmp_path: Path) -> str:
    return address_of("postgres", tmp_path)


def _set(address: str, name: str, value: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        database = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("ALTER DATABASE {} SET {} = {}").format(database, sql.Identifier(name), value))


@pytest.mark.parametrize("value", ["off", "local", "remote_write"])
def test_a_commit_that_would_not_be_durable_is_refused(address: str, value: str) -> None:
    """A database whose commits return before they are as durable as the server can make them stops the start."""
    _set(address, "synchronous_commit", value)
    with pytest.raises(ConfigError) as refused:
        SqlStore.open(address)
    assert (refused.value.code, refused.value.detail) == ("AMANA-CONF-003", f"synchronous_commit is {value}")


def test_a_server_that_does_not_sync_is_refused() -> None:
    """Neither does a server start the hub that was told to leave the disk alone."""
    with postgres.running(fsync="off") as server, pytest.raises(ConfigError, match="fsync is off"):
        SqlStore.open(server.databases.create())


def test_every_connection_has_its_settings(address: str) -> None:
    """Times are bounded and the isolation is the one that the fence was thought for, whatever the database's own."""
    _set(address, "default_transaction_isolation", "serializable")
    engine = writing_engine(make_url(address))
    wanted = ["20s", "10s", "10s", "read committed", "on"]
    names = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_isolation"]
    for _ in range(2):
        with engine.begin() as connection:
            found = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in [*names, "synchronous_commit"]]
        assert found == wanted
    engine.dispose()


def test_text_is_compared_by_code_points(address: str) -> None:
    """In a database whose language sorts "a" before "B", every text column of the store sorts as Python does."""
    ids = ["a", "B", "é", "Z", "b", "_", "-", "A"]

    async def story() -> tuple[list[str], list[str]]:
        store = SqlStore.open(address)
        await store.write([Write("message_event", [ROW | {"id": name} for name in ids])])
        ordered = [row["id"] for row in await store.rows("message_event", order=("id",))]
        behind = [row["id"] for row in await store.rows("message_event", {"id": (">", "Z")}, order=("id",))]
        await store.close()
        return ordered, behind

    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT 'a' < 'B'").fetchone() == (True,)
        texts = connection.execute(
            "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public'"
            " AND data_type IN ('text', 'character varying') AND collation_name IS DISTINCT FROM 'C'"
            " AND table_name <> 'alembic_version'"
        ).fetchone()
    assert texts == (0,)
    assert asyncio.run(story()) == (sorted(ids), sorted(name for name in ids if name > "Z"))


def test_a_server_that_comes_back_is_used_again() -> None:
    """While the server is down every call is `TryAgain` at once; when it is back the same store goes on, and what was
    committed is there."""

    async def story(server: postgres.Server) -> tuple[list[str], list[str]]:
        store = SqlStore.open(server.databases.create())
        codes = []
        for n, end in enumerate((server.kill, server.shut_down)):
            await store.write([Write("message_event", [ROW | {"id": f"m{n}"}])])
            end()
            for _ in range(2):
                with pytest.raises(TryAgain) as again:
                    await store.rows("message_event")
                codes.append(again.value.code)
                with pytest.raises(TryAgain):
                    await store.write([Write("message_event", [ROW | {"id": "lost"}])])
            server.run()
            # connections that were lying idle are found dead once
            await _until_it_works(store)
        rows = [row["id"] for row in await store.rows("message_event", order=("id",))]
        await store.close()
        return codes, rows

    with postgres.running() as server:
        codes, rows = asyncio.run(asyncio.wait_for(story(server), 60))
    assert (set(codes), rows) == ({"AMANA-STORE-001"}, ["again", "m0", "m1"])


async def _until_it_works(store: SqlStore) -> None:
    for _ in range(3):
        try:
            await store.write([Write("message_event", [ROW | {"id": "again"}])])
            await store.rows("message_event")
        except TryAgain:
            continue
        return
    raise AssertionError("the store never found the server again")


def test_a_frozen_server_does_not_hold_a_call(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server process that stops in the middle of a call, without a word, is cut off: the caller gets `TryAgain`, and the
    store goes on with other connections."""
    monkeypatch.setattr(postgresql, "PATIENCE_S", 0.5)

    async def story() -> int:
        store = SqlStore.open(address)
        await store.claim("s", "t", 0, "w")
        frozen = _backends(address)
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(TryAgain):
                await store.write([Write("message_event", [ROW])])
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
        epoch, _ = await store.claim("s", "t", 0, "w")
        await store.close()
        return epoch

    assert asyncio.run(asyncio.wait_for(story(), 60)) == 2


def _backends(address: str) -> list[int]:
    with psycopg.connect(address) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'amana'"
        ).fetchall()
    return [pid for (pid,) in rows]


def test_errors_hold_no_values(address: str) -> None:
    """The server's own text quotes the row that it refused; ours does not."""

    async def story() -> str:
        store = SqlStore.open(address)
        with pytest.raises(Exception, match="NotNullViolation 23502 run") as failed:
            await store.write([Write("run", [{"code": "VERY-PRIVATE", "institution": None}])])
        await store.close()
        return repr(failed.value) + str(failed.value)

    assert "VERY-PRIVATE" not in asyncio.run(story())


def test_a_claim_waits_for_the_commit_that_it_fences(address: str) -> None:
    """A claim made while a commit of the old owner is under way sees that commit's progress or fences it: never half."""

    async def story() -> None:
        one, two = SqlStore.open(address), SqlStore.open(address)
        for n in range(1, 30):
            epoch, before = await one.claim("s", "t", 0, "one")
            commit = one.commit("s", {("t", 0): epoch}, {("t", 0): Progress(n)}, [])
            (_, found), failed = await asyncio.gather(two.claim("s", "t", 0, "two"), commit, return_exceptions=True)  # type: ignore[misc]
            assert found.position == (before.position if isinstance(failed, Exception) else n)
        await one.close()
        await two.close()

    asyncio.run(story())


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


def test_processes_on_one_new_database_share_no_epoch() -> None:
    """Processes that open an empty database at once make its tables once, and their claims never get the same epoch."""
    address = postgres.shared().create()
    processes = [
        subprocess.Popen([sys.executable, "-c", CLAIM, address], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    epochs = [int(line) for process in processes for line in process.communicate(timeout=60)[0].split()]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sorted(epochs) == list(range(1, 61))


def test_writers_do_not_queue_behind_one_another(address: str) -> None:
    """While one writer waits for a lock, others of the same store write."""

    async def story() -> None:
        store = SqlStore.open(address)
        await store.write([Write("message_event", [ROW])])
        with psycopg.connect(address) as other:
            other.execute("UPDATE message_event SET detail = 'x' WHERE id = 'm1'")
            waiting = asyncio.ensure_future(store.write([Write("message_event", [ROW])]))
            await store.write([Write("message_event", [ROW | {"id": "m2"}])])
            assert not waiting.done()
            other.rollback()
        await waiting
        await store.close()

    asyncio.run(asyncio.wait_for(story(), 30))


def test_rows_that_cross_are_worth_another_try(address: str) -> None:
    """Two transactions that wait for one another: one of them is `TryAgain`, and nothing of it is stored."""

    async def story() -> None:
        store = SqlStore.open(address)
        await store.write([Write("message_event", [ROW | {"id": name} for name in "ab"])])
        with psycopg.connect(address) as other:
            other.execute("SET deadlock_timeout = '60s'")
            other.execute("UPDATE message_event SET detail = 'x' WHERE id = 'b'")
            row = ROW | {"detail": "mine"}
            mine = asyncio.ensure_future(
                store.write([Write("message_event", [row | {"id": "a"}]), Write("message_event", [row | {"id": "b"}])])
            )
            await _waits(address)
            await asyncio.gather(
                asyncio.to_thread(other.execute, "UPDATE message_event SET detail = 'x' WHERE id = 'a'"),
                mine,
                return_exceptions=True,
            )
            assert isinstance(mine.exception(), TryAgain)
        assert await store.count("message_event", {"detail": "x"}) == {(): 2}
        await store.close()

    asyncio.run(asyncio.wait_for(story(), 30))


async def _waits(address: str) -> None:
    """Until some transaction waits for a lock."""
    with psycopg.connect(address, autocommit=True) as connection:
        while connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() == (0,):  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.01)
