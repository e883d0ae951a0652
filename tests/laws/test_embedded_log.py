"""Laws of the embedded engine alone: several processes, the bytes on disk, the settings, a failing disk."""

from __future__ import annotations

import asyncio
import random
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

from hub.errors import ConfigError, Halt, TryAgain
from hub.log import EmbeddedLog
from hub.log import connections as log_connections
from hub.log import writer as log_writer
from hub.ports import Admitted, Append, Conflict, Duplicate
from hub.records import Ms
from hub.rundir import run_directory
from signing.sealing import LocalKeyWrapper
from tests.laws.engines import WRAPPER, EmbeddedEngine, append, candidate, law, record, texts


@pytest.fixture
def engine(tmp_path: Path) -> EmbeddedEngine:
    return EmbeddedEngine(tmp_path)


@contextmanager
def other_process(path: Path, part: str, name: str, count: int) -> Iterator[subprocess.Popen[str]]:
    """Another process on the file, ready."""
    command = [sys.executable, "-m", "tests.laws.other_process", str(path), part, name, str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def raw_bytes(path: Path) -> bytes:
    """All that lies on disk beside and in the log file."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob(path.name + "*")))


@law
async def test_processes_append_to_one_file(engine: EmbeddedEngine) -> None:
    """Two processes appending at the same time lose and double nothing, and each is told the right offsets."""
    log = engine.open()
    await log.ensure({"t": 2})
    told: dict[int, dict[int, str]] = {0: {}, 1: {}}
    with (
        other_process(engine.path, "append", "one", 150) as one,
        other_process(engine.path, "append", "two", 150) as two,
    ):
        outputs = await asyncio.gather(*(asyncio.to_thread(process.communicate, "go\n") for process in (one, two)))
    for output, _ in outputs:
        for line in output.splitlines():
            offset, text = line.split()
            told[int(text.split(".")[1]) % 2][int(offset)] = text
    for partition in range(2):
        found = await texts(log, "t", partition)
        assert told[partition] == dict(enumerate(found))
        assert len(found) == 150
    await log.close()


@law
async def test_two_logs_on_one_file_share_their_duplicates(engine: EmbeddedEngine) -> None:
    """A message that arrives at two gateways at once is admitted by one, and both give its receipt; a secret that both
    put is one secret."""
    logs = [engine.open(), engine.open()]
    await logs[0].ensure({"inbox.law": 1})
    messages = [candidate(b"%d" % n, "request-id", (b"%d" % n,)) for n in range(50)]
    answers = await asyncio.gather(*(log.admit([message], Ms(1)) for message in messages for log in logs))
    for n in range(50):
        (one,), (two,) = answers[2 * n : 2 * n + 2]
        assert {type(one), type(two)} == {Admitted, Duplicate}
        assert not isinstance(one, Conflict)
        assert not isinstance(two, Conflict)
        assert (one.id, one.time, one.digest) == (two.id, two.time, two.digest)
    assert await logs[0].end("inbox.law", 0) == 50
    kept = await asyncio.gather(*(log.put({"run:a": bytes([n]) * 32}) for n, log in enumerate(logs)))
    assert kept[0] == kept[1]
    await asyncio.gather(*(log.close() for log in logs))


@law
async def test_an_append_wakes_another_process(engine: EmbeddedEngine) -> None:
    """A process that waits is woken by the append of another one, long before its timeout."""
    log = engine.open()
    await log.ensure({"t": 2})
    with other_process(engine.path, "wait", "-", 60) as other:
        await append(log, "t", 0, "a")
        output, _ = await asyncio.to_thread(other.communicate)
    assert output == "True\n"
    await log.close()


@law
async def test_another_process_makes_topics(engine: EmbeddedEngine) -> None:
    """Topics made through one log are found by another one that was opened before."""
    first, second = engine.open(), engine.open()
    waiting = asyncio.create_task(second.wait({}, 60))
    await asyncio.sleep(0)
    await first.ensure({"t": 1})
    await append(first, "t", 0, "a")
    assert await texts(second, "t", 0) == ["a"]
    assert second.topics() == {"t": 1}
    waiting.cancel()
    await asyncio.gather(first.close(), second.close())


@law
async def test_bells_of_dead_processes_are_removed(engine: EmbeddedEngine) -> None:
    """A socket whose process was killed is taken away by the next ring, and a closed log leaves none."""
    log = engine.open()
    await log.ensure({"t": 1})
    with other_process(engine.path, "wait", "-", 60):
        assert len(list(run_directory(engine.path.parent).iterdir())) == 1
    await append(log, "t", 0, "a")
    await log.put({})  # taken up when the ring is over
    assert list(run_directory(engine.path.parent).iterdir()) == []
    assert await log.wait({("t", 0): 0}, 1) == {("t", 0)}
    await log.close()
    assert list(run_directory(engine.path.parent).iterdir()) == []


@law
async def test_an_erased_secret_is_on_no_byte_of_the_disk(engine: EmbeddedEngine) -> None:
    """After an erase neither the file nor its WAL holds the wrapped secret, wherever the tables have moved their rows
    since it was written; before, it is found there."""
    log = engine.open()
    await log.ensure({"inbox.law": 4})
    chance = random.Random(7)
    ids: list[str] = []
    for _ in range(12):
        messages = [candidate(chance.randbytes(40), partition=n % 4) for n in range(250)]
        ids += [answer.id for answer in await log.admit(messages, Ms(1)) if isinstance(answer, Admitted)]
        await log.put({f"run:{chance.random()}": chance.randbytes(32)})
    reader = log_connections.open_connection(engine.path)
    rows: list[Any] = reader.execute(
        "SELECT lower(hex(k.key || k.tail)), s.wrapped FROM known k JOIN secret s ON s.n = k.secret"
    ).fetchall()
    secrets: dict[str, bytes] = dict(rows)
    doomed = chance.sample(ids, 200)
    wrapped = [secrets[name] for name in doomed]
    assert len(ids) == 3000
    before = raw_bytes(engine.path)
    assert sum(secret in before for secret in wrapped) == 200
    assert await log.erase(doomed) == 200
    after = raw_bytes(engine.path)
    assert sum(secret in after for secret in wrapped) == 0
    kept = [secret for name, secret in secrets.items() if name not in doomed]
    assert sum(secret in after for secret in kept[:50]) == 50
    reader.close()
    await log.close()


@law
async def test_opening_truncates_a_left_over_wal(engine: EmbeddedEngine) -> None:
    """A WAL that an earlier process or a power cut left is emptied, also while somebody else has the file open: a
    truncation that never reached the disk would bring erased secrets back."""
    log = engine.open()
    await log.ensure({"t": 1})
    await append(log, "t", 0, "a")
    other = log_connections.open_connection(engine.path)
    other.execute("SELECT count(*) FROM part").fetchall()
    await log.close()
    wal = engine.path.with_name("bus.db-wal")
    assert wal.stat().st_size > 0
    log = engine.open()
    assert wal.stat().st_size == 0
    assert await texts(log, "t", 0) == ["a"]
    other.close()
    await log.close()


@law
async def test_a_reader_in_the_way_delays_an_erasure(engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a reader holds a snapshot, erasing is `TryAgain`: the secret no longer opens, and once the reader has gone
    the erasure is finished, by the next commit or by a repeat that counts it."""
    monkeypatch.setattr(log_writer, "ERASE_WAIT_MS", 50)
    log = engine.open()
    await log.ensure({"t": 1})
    await log.put({"run:a": b"1" * 32, "run:b": b"2" * 32})
    reader = log_connections.open_connection(engine.path)
    rows: list[Any] = reader.execute("SELECT wrapped FROM secret").fetchall()
    secrets: list[bytes] = [wrapped for (wrapped,) in rows]
    for name, done in (("run:a", 0), ("run:b", 1)):
        reader.execute("BEGIN; SELECT count(*) FROM part").fetchall()
        with pytest.raises(TryAgain):
            await log.erase([name])
        assert await log.open([name]) == {}
        assert any(secret in raw_bytes(engine.path) for secret in secrets)
        reader.execute("COMMIT")
        if done:
            assert await log.erase([name]) == 1
        else:
            await append(log, "t", 0, "a")
            await log.put({})  # the writer takes this up when it has finished what it does after a commit
            assert await log.erase([name]) == 0
        assert await log.erase([name]) == 0
    assert [secret in raw_bytes(engine.path) for secret in secrets] == [False, False]
    reader.close()
    await log.close()


def test_a_connection_that_is_not_durable_is_refused(engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection whose settings do not hold is `ConfigError` AMANA-CONF-003, naming the setting."""
    monkeypatch.setitem(log_connections._DURABILITY, "busy_timeout", -5)
    with pytest.raises(ConfigError, match="busy_timeout") as refused:
        engine.open()
    assert refused.value.code == "AMANA-CONF-003"
    monkeypatch.undo()
    with pytest.raises(ConfigError, match="journal_mode"):
        log_connections.open_connection(Path(":memory:"))


@law
async def test_every_connection_is_durable(engine: EmbeddedEngine) -> None:
    """The writer's and the readers' connections sync every commit, in WAL mode, and overwrite what is deleted."""
    log = EmbeddedLog.open(engine.path, WRAPPER, engine.clock)
    assert log._writer._connection is not None
    for connection in (log._writer._connection, log._readers.get()):
        settings = [connection.pragma(name) for name in ("journal_mode", "synchronous", "secure_delete")]
        assert settings == ["wal", 2, 1]
    assert stat.S_IMODE(engine.path.stat().st_mode) == 0o600
    await log.close()


def test_another_file_is_not_taken_for_a_log(engine: EmbeddedEngine) -> None:
    """A database of another program, or of another format, is `ConfigError` and stays as it was."""
    other = apsw.Connection(str(engine.path))
    other.execute("CREATE TABLE theirs(x); PRAGMA user_version = 3")
    other.close()
    with pytest.raises(ConfigError) as refused:
        engine.open()
    assert refused.value.code == "AMANA-CONF-005"
    other = apsw.Connection(str(engine.path))
    assert other.execute("SELECT name FROM sqlite_schema").fetchall() == [("theirs",)]
    other.close()
    engine.path.unlink()
    engine.path.write_bytes(b"no database at all " * 100)
    with pytest.raises(Halt):
        engine.open()


@law
async def test_a_full_disk_is_try_again(engine: EmbeddedEngine) -> None:
    """When the file cannot grow, appends and admissions are `TryAgain` AMANA-BUS-001 and store nothing; the writer
    lives on, and stores again when there is room."""
    log = EmbeddedLog.open(engine.path, WRAPPER, engine.clock)
    await log.ensure({"t": 1, "u": 1, "inbox.law": 1})
    await append(log, "t", 0, "a")
    while log._writer._pending:  # its first commits truncate the WAL, on a new connection when somebody reads
        await append(log, "u", 0, "x")
        await log.prove()
    connection = log._writer._connection
    assert connection is not None
    connection.execute(f"PRAGMA max_page_count = {connection.pragma('page_count')}")
    calls = [append(log, "t", 0, "b" * 100_000), append(log, "t", 0, "c"), log.admit([candidate(b"1")], Ms(1))]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [TryAgain] * 3
    assert {answer.code for answer in answers if isinstance(answer, TryAgain)} == {"AMANA-BUS-001"}
    assert await texts(log, "t", 0) == ["a"]
    assert await append(log, "t", 0, "d") == 1
    (answer,) = await log.admit([candidate(b"1")], Ms(1))
    assert isinstance(answer, Admitted)
    await log.close()


@law
async def test_a_file_locked_for_too_long_is_try_again(engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """When another program keeps the file locked beyond the timeout, callers get `TryAgain`."""
    monkeypatch.setattr(log_connections, "BUSY_MS", 50)
    monkeypatch.setattr(log_writer, "BUSY_MS", 50)
    monkeypatch.setitem(log_connections._DURABILITY, "busy_timeout", 50)
    log = engine.open()
    await log.ensure({"t": 1})
    other = log_connections.open_connection(engine.path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TryAgain):
        await append(log, "t", 0, "a")
    other.execute("ROLLBACK")
    other.close()
    assert await append(log, "t", 0, "a") == 0
    await log.close()


def test_a_writer_that_waits_for_the_file_looks_often(engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for another process to finish its commit looks again after fractions of a millisecond, so the short
    moment between two commits of a busy process is enough to get in; who waits long looks rarely."""
    first, second = (log_connections.open_connection(engine.path) for _ in range(2))
    first.execute("CREATE TABLE t(x); BEGIN IMMEDIATE")
    slept: list[float] = []
    now = 100.0

    def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds
        if now >= 100.0 + 2 * log_connections.OFTEN_SECONDS and first.in_transaction:
            first.execute("ROLLBACK")

    monkeypatch.setattr("hub.log.connections.time.sleep", sleep)
    monkeypatch.setattr("hub.log.connections.time.monotonic", lambda: now)
    second.execute("BEGIN IMMEDIATE; ROLLBACK")
    often = round(log_connections.OFTEN_SECONDS / log_connections.LOOK_SECONDS)
    assert set(slept[:often]) == {log_connections.LOOK_SECONDS}
    assert set(slept[often + 1 :]) == {log_connections.LOOK_RARELY}
    first.close()
    second.close()


@law
async def test_a_damaged_batch_halts_its_reader(engine: EmbeddedEngine) -> None:
    """A batch with one bit changed, or in another place than its own, is `Halt` AMANA-LOG-001, never other records."""
    log = engine.open()
    await log.ensure({"t": 2})
    await append(log, "t", 0, "a" * 50)
    await append(log, "t", 1, "a" * 50)
    other = log_connections.open_connection(engine.path)
    body: Any = other.execute("SELECT body FROM batch ORDER BY place LIMIT 1").get
    damaged = body[:-9] + bytes([body[-9] ^ 1]) + body[-8:]
    first = other.execute("SELECT min(place) FROM batch").get
    other.execute("UPDATE batch SET body = ? WHERE place = ?", (damaged, first))
    other.execute("UPDATE batch SET place = place + 3 WHERE place > ?", (first,))
    other.close()
    for partition in range(2):
        with pytest.raises(Halt) as halted:
            await log.read("t", partition, 0)
        assert halted.value.code == "AMANA-LOG-001"
    await log.close()


@law
async def test_the_wrong_wrapping_key_halts(engine: EmbeddedEngine) -> None:
    """Secrets wrapped under another key are `Halt`: a lost key never looks like an erased message."""
    log = engine.open()
    await log.put({"run:a": b"1" * 32})
    await log.close()
    wrong = EmbeddedLog.open(engine.path, LocalKeyWrapper(b"w" * 32), engine.clock)
    with pytest.raises(Halt) as halted:
        await wrong.open(["run:a"])
    assert halted.value.code == "AMANA-SEAL-001"
    await wrong.close()


@law
async def test_appends_of_one_commit_share_a_batch(engine: EmbeddedEngine) -> None:
    """Small appends that arrive together become few batches; large ones stay bounded."""
    log = engine.open()
    await log.ensure({"t": 1})
    await asyncio.gather(*(log.append([Append("t", 0, [record(str(n))])]) for n in range(500)))
    assert len(await log.read("t", 0, 0)) < 20
    big = [record("x" * 1000 + str(n)) for n in range(3500)]
    await log.append([Append("t", 0, big)])
    batches = await log.read("t", 0, 500, max_records=10_000)
    assert sum(len(batch.records) for batch in batches) == 3500
    assert max(len(batch.records) for batch in batches) <= 1000
    await log.close()


def test_threads_leave_no_open_connections(engine: EmbeddedEngine) -> None:
    """Many threads and loops use one log one after the other; no file handle of theirs stays."""

    async def use(log: EmbeddedLog) -> None:
        await log.ensure({"t": 1})
        await append(log, "t", 0, "a")
        await log.wait({("t", 0): 0}, 1)

    async def all_of_them() -> None:
        log = EmbeddedLog.open(engine.path, WRAPPER, engine.clock)
        for _ in range(3):
            await asyncio.to_thread(asyncio.run, use(log))
        before = open_files()
        for _ in range(10):
            await asyncio.to_thread(asyncio.run, use(log))
        assert open_files() <= before + 6
        await log.close()

    asyncio.run(all_of_them())
