"""Admissions in PostgreSQL: a receipt is given for what lies in the log, whatever fails between reserving and receipting."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest

from hub import records
from hub.errors import TryAgain
from hub.log.inbox import PURPOSE
from hub.metrics.measures import Measures
from hub.ports import Admitted, Answered, Append, Candidate, Conflict, Duplicate
from hub.postgres.sweeping import OVERDUE_MS
from hub.records import Ms, Record
from signing.sealing import BodyKey
from tests.clusters import postgres
from tests.laws.cluster import Joined, PostgresEngine
from tests.laws.engines import WRAPPER, Log, candidate, law
from tests.simulator.faults import How

pytestmark = pytest.mark.needs("postgres")

MESSAGES = {
    "window": candidate(b"1"),
    "request-id": candidate(b"2", "request-id", (b"r",)),
    "natural-key": candidate(b"3", "natural-key", (b"a", b"b")),
}


@pytest.fixture
def engine(tmp_path: Path) -> PostgresEngine:
    return PostgresEngine(tmp_path)


async def opened(engine: PostgresEngine) -> Joined:
    log = engine.open()
    await log.ensure({"inbox.law": 2})
    return log


async def inbox(log: Log) -> list[Record]:
    return [record for batch in await log.read("inbox.law", 0, 0, max_records=10_000) for record in batch.records]


async def send(log: Log, message: Candidate, now: int = 1000) -> Answered:
    """As a sender does: again, until there is an answer."""
    for _ in range(5):
        try:
            (answer,) = await log.admit([message], Ms(now))
        except TryAgain:
            continue
        return answer
    raise AssertionError("no answer")


def pending(engine: PostgresEngine) -> int:
    with psycopg.connect(engine.address) as connection:
        row = connection.execute("SELECT count(*) FROM admissions.pending").fetchone()
    return row[0] if row else -1


@pytest.mark.parametrize("rule", list(MESSAGES))
@pytest.mark.parametrize("how", ["failed", "failed but stored"])
@pytest.mark.parametrize("point", ["admissions.reserve", "bus.append", "admissions.again", "admissions.mark"])
@law
async def test_a_failure_at_any_write_leaves_one_message(
    engine: PostgresEngine, point: str, how: How, rule: str
) -> None:
    """The sender sends until it has a receipt; then one id lies in the log, all its records but the first are marked as
    repeats with a place to look back to, each opens to the received bytes, and a repeat is a duplicate of the receipt."""
    gateway = await opened(engine)
    message = MESSAGES[rule]
    if point == "admissions.again":
        engine.faults.at_point("bus.append", how)
    engine.faults.at_point(point, how)
    answer = await send(gateway, message)
    await gateway.close()
    gateway = engine.open()
    assert not isinstance(answer, Conflict)
    again = await send(gateway, message, 2000)
    assert not isinstance(again, Conflict)
    assert (again.id, again.time, again.digest) == (answer.id, answer.time, answer.digest)
    assert isinstance(again, Admitted if (point, how) == ("admissions.mark", "failed") else Duplicate)
    first, *others = await inbox(gateway)
    assert {record.headers[records.ID] for record in [first, *others]} == {answer.id}
    secret = (await gateway.open([answer.id]))[answer.id]
    for record in [first, *others]:
        assert BodyKey(secret, PURPOSE).open_seal(answer.id, record.value) == message.received
        assert (record.headers[records.TIME], record.headers[records.DIGEST]) == (str(answer.time), answer.digest)
    repeats = [(record.headers.get(records.ATTEMPT_OF), record.headers.get(records.AFTER)) for record in others]
    assert all(attempt is not None and after == "0" for attempt, after in repeats)
    assert len({attempt for attempt, _ in repeats}) == len(repeats)
    await gateway.close()
    assert pending(engine) == 0


@law
async def test_the_receipt_of_a_repeat_is_whole(engine: PostgresEngine) -> None:
    """Who sends again what was reserved and not receipted gets the receipt of a message that was admitted: the same id,
    time and rows, and the place where it lies."""
    for rule, message in MESSAGES.items():
        gateway = await opened(engine)
        engine.faults.at_point("bus.append", "failed")
        with pytest.raises(TryAgain):
            await gateway.admit([message], Ms(1000))
        await gateway.close()
        gateway = engine.open()
        (answer,) = await gateway.admit([message], Ms(9000))
        assert isinstance(answer, Admitted)
        rows = (0, 1) if rule == "natural-key" else None
        assert (answer.time, answer.rows, answer.occurrence) == (1000, rows, 0)
        assert (await inbox(gateway))[answer.offset].headers[records.ID] == answer.id
        await gateway.close()


@law
async def test_rows_of_a_message_that_nobody_sends_again_are_not_lost(engine: PostgresEngine) -> None:
    """A device sends another batch that holds the rows of one without a receipt: the first is appended before its rows
    are called repeats, and the new batch brings the new ones alone."""
    gateway = await opened(engine)
    engine.faults.at_point("bus.append", "failed")
    with pytest.raises(TryAgain):
        await gateway.admit([candidate(b"1", "natural-key", (b"a", b"b"))], Ms(1))
    answer = await send(gateway, candidate(b"2", "natural-key", (b"b", b"c")))
    assert isinstance(answer, Admitted)
    assert answer.rows == (1,)
    assert [record.headers[records.ROWS] for record in await inbox(gateway)] == ["all", "1"]
    await gateway.close()


@pytest.mark.parametrize("rule", list(MESSAGES))
@law
async def test_what_nobody_meets_again_is_swept_into_the_log(engine: PostgresEngine, rule: str) -> None:
    """A sender that never comes back: once the reservation is older than any append, one gateway of two appends it as a
    repeat under its id and time, it is counted, and nothing waits any more. A sender that does come is told of its receipt."""
    gateway = await opened(engine)
    engine.faults.at_point("bus.append", "failed")
    with pytest.raises(TryAgain):
        await gateway.admit([MESSAGES[rule]], Ms(1000))
    await gateway.close()
    counted = Measures()
    one, two = engine.open(measures=counted), engine.open()
    assert await one.admissions.sweep() == 0, "it is not old enough"
    engine.clock.time = Ms(engine.clock.time + OVERDUE_MS + 1)
    assert sum(await asyncio.gather(one.admissions.sweep(), two.admissions.sweep())) == 1
    assert await one.admissions.sweep() == 0
    (found,) = await inbox(one)
    assert (found.headers[records.ATTEMPT_OF], found.headers[records.AFTER]) == ("1", "0")
    assert found.headers[records.TIME] == "1000"
    again = await send(one, MESSAGES[rule], 9000)
    assert isinstance(again, Duplicate)
    assert (again.id, again.time) == (found.headers[records.ID], 1000)
    await one.close()
    await two.close()
    assert pending(engine) == 0
    assert counted.value("amana_reservations_waiting") <= 1


@law
async def test_a_sweep_that_fails_is_done_again(engine: PostgresEngine) -> None:
    """While the log takes nothing a reservation waits; its attempts are numbered, and one that was stored though the answer
    was lost is in the log twice with two numbers."""
    gateway = await opened(engine)
    engine.faults.at_point("bus.append", "failed")
    with pytest.raises(TryAgain):
        await gateway.admit([candidate(b"1")], Ms(1000))
    for how in ("failed", "failed but stored"):
        engine.clock.time = Ms(engine.clock.time + OVERDUE_MS + 1)
        engine.faults.at_point("bus.append", how)
        with pytest.raises(TryAgain):
            await gateway.admissions.sweep()
        assert await gateway.admissions.sweep() == 0, "it waits for its time again"
        assert pending(engine) == 1
    engine.clock.time = Ms(engine.clock.time + OVERDUE_MS + 1)
    assert await gateway.admissions.sweep() == 1
    found = await inbox(gateway)
    assert [record.headers[records.ATTEMPT_OF] for record in found] == ["2", "3"]
    assert len({record.headers[records.ID] for record in found}) == 1
    await gateway.close()
    assert pending(engine) == 0


@law
async def test_a_sweep_leaves_what_is_under_way(engine: PostgresEngine) -> None:
    """What this gateway is appending itself, or has appended and not noted yet, is nobody's to repeat."""
    gateway = await opened(engine)
    await gateway.admit([candidate(b"1")], Ms(1000))
    assert pending(engine) == 1
    engine.clock.time = Ms(engine.clock.time + OVERDUE_MS + 1)
    assert await gateway.admissions.sweep() == 0
    assert len(await inbox(gateway)) == 1
    await gateway.close()


@law
async def test_a_sender_is_answered_though_the_log_is_silent(
    engine: PostgresEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Brokers that hang say neither yes nor no: whoever sends is told to come back before its patience ends, what waited in
    vain is not stored behind its back, and what was under way is stored once."""
    monkeypatch.setattr("hub.postgres.admissions.ANSWER_S", 0.3)
    monkeypatch.setattr("hub.postgres.admissions.MOST_APPENDS", 1)
    gateway = await opened(engine)
    goes_on = asyncio.Event()
    append = gateway.bus.append

    async def silent(appends: Sequence[Append]) -> list[int]:
        await goes_on.wait()
        return await append(appends)

    monkeypatch.setattr(gateway.bus, "append", silent)
    for message in (MESSAGES["window"], MESSAGES["request-id"]):
        with pytest.raises(TryAgain) as later:
            await gateway.admit([message], Ms(1000))
        assert later.value.code == "AMANA-BUS-001"
    goes_on.set()
    assert isinstance(await send(gateway, MESSAGES["natural-key"]), Admitted)
    stored = [MESSAGES["window"], MESSAGES["natural-key"]]
    digests = ["sha256:" + hashlib.sha256(message.received).hexdigest() for message in stored]
    assert [record.headers[records.DIGEST] for record in await inbox(gateway)] == digests
    again = await send(gateway, MESSAGES["window"])
    assert isinstance(again, Duplicate)
    await gateway.close()


@law
async def test_reserving_is_measured(engine: PostgresEngine) -> None:
    """How many messages share a reservation, how long it takes and how long its connection was waited for are counted."""
    counted = Measures()
    gateway = engine.open(measures=counted)
    await gateway.ensure({"inbox.law": 2})
    await gateway.admit([candidate(b"%d" % n, system=f"S{n}") for n in range(3)], Ms(1000))
    found = dict(counted.snapshot().histograms)
    assert found["amana_commit_records", "reservation"][-1] == 3
    assert 0 < found["amana_commit_seconds", "reservation"][-1] < 60
    assert sum(found["amana_store_wait_seconds", "admission"][:-1]) >= 1
    await gateway.close()


@law
async def test_two_gateways_decide_as_one(engine: PostgresEngine) -> None:
    """The same messages at two gateways at once, many times and in opposite orders: each is admitted once by its id, every
    answer names the same receipt, and nobody waits for another for ever."""
    one, two = await opened(engine), await opened(engine)
    messages = [candidate(b"%d" % n, "request-id", (b"%d" % n,), system=f"S{n % 7}") for n in range(60)]
    answers = await asyncio.wait_for(
        asyncio.gather(
            *(one.admit([message], Ms(1000)) for message in messages),
            *(two.admit([message], Ms(900)) for message in reversed(messages)),
            one.admit(messages, Ms(1000)),
            two.admit(messages[::-1], Ms(1000)),
        ),
        60,
    )
    flat = [answer for call in answers for answer in call]
    assert not any(isinstance(answer, Conflict) for answer in flat)
    receipts = {(answer.id, answer.time, answer.digest) for answer in flat if not isinstance(answer, Conflict)}
    assert len(receipts) == 60
    found = await inbox(one)
    firsts = [record for record in found if records.ATTEMPT_OF not in record.headers]
    assert len(firsts) == len({record.headers[records.ID] for record in found}) == 60
    await one.close()
    await two.close()
    assert pending(engine) == 0


@law
async def test_a_clock_behind_another_gateways_gives_no_earlier_time(engine: PostgresEngine) -> None:
    """What is admitted after a receipt is not earlier than it, whichever gateway gave it."""
    one, two = await opened(engine), await opened(engine)
    first = await send(one, candidate(b"granted"), 5000)
    then = await send(two, candidate(b"cancelled"), 4000)
    assert isinstance(first, Admitted)
    assert isinstance(then, Admitted)
    assert (first.time, then.time) == (5000, 5000)
    await one.close()
    await two.close()


@law
async def test_an_erasure_is_seen_by_every_gateway_at_once(engine: PostgresEngine) -> None:
    """No gateway remembers a secret that another one erased."""
    one, two = await opened(engine), await opened(engine)
    answer = await send(one, candidate(b"1"))
    assert set(await two.open([answer.id])) == {answer.id}
    assert await one.erase([answer.id]) == 1
    assert await two.open([answer.id]) == {}
    assert await two.put({answer.id: bytes(32)}) == {}
    await one.close()
    await two.close()


def test_no_table_file_holds_an_erased_secret() -> None:
    """After an erasure the files of all tables, as a checkpoint leaves them, hold the wrapped secrets of the others and no
    trace of the erased one, be it the first or the last row of its page."""

    async def story(engine: PostgresEngine, server: postgres.Server) -> None:
        gateway = engine.open()
        await gateway.ensure({"inbox.law": 1})
        answers = await gateway.admit([candidate(b"%d" % n, system=f"S{n}") for n in range(200)], Ms(1))
        ids = [answer.id for answer in answers]
        wrapped = {name: _wrapped(engine.address, name) for name in ids}
        files = _files(server)
        assert all(secret in files for secret in wrapped.values())
        gone = ids[::7] + ids[-3:]
        assert await gateway.erase(gone) == len(set(gone))
        await gateway.close()
        files = _files(server)
        left = {name for name, secret in wrapped.items() if secret in files}
        assert left == set(ids) - set(gone)

    with postgres.running() as server:
        engine = PostgresEngine(Path(), server.databases.create())
        asyncio.run(story(engine, server))


def _wrapped(address: str, name: str) -> bytes:
    with psycopg.connect(address) as connection:
        row = connection.execute(
            "SELECT wrapped FROM admissions.secret WHERE id = %s", (bytes.fromhex(name),)
        ).fetchone()
    assert row is not None
    assert WRAPPER.unwrap(row[0], name.encode())
    return bytes(row[0])


def _files(server: postgres.Server) -> bytes:
    """All files of tables, one behind the other, as they are on the disk after a checkpoint."""
    with psycopg.connect(server.databases.admin, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    return b"".join(path.read_bytes() for path in (server.files / "base").rglob("*") if path.is_file())


@law
async def test_a_connection_that_comes_back_after_the_end_is_closed(engine: PostgresEngine) -> None:
    """Whoever is in the middle of a call when the process ends leaves no connection behind."""
    log = await opened(engine)
    connections = log.admissions._connections
    async with connections.use() as held:
        await log.close()
        assert not held.closed
    assert held.closed
