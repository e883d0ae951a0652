"""Laws of the `Admissions` port: duplicates, occurrences, ids, sealed bodies."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from hub import records
from hub.log.inbox import PURPOSE, parse_rows
from hub.ports import Admitted, Answered, Candidate, Conflict, Duplicate
from hub.records import Ms, Record, inbox_id
from signing.sealing import BodyKey, commitment
from tests.laws.cluster import engine
from tests.laws.engines import Engine, Log, candidate, law

__all__ = ["engine"]

DAY = 86_400_000


async def opened(engine: Engine) -> Log:
    log = await engine.open()
    await log.ensure({"inbox.law": 2})
    return log


async def admit(log: Log, one: Candidate, now: int = 1000) -> Answered:
    (answer,) = await log.admit([one], Ms(now))
    return answer


async def inbox(log: Log, partition: int = 0) -> list[Record]:
    batches = await log.read("inbox.law", partition, 0, max_records=100_000)
    return [record for batch in batches for record in batch.records]


def receipt_of(answer: Answered) -> Duplicate:
    """What a repeat of this message is answered with."""
    assert not isinstance(answer, Conflict)
    return Duplicate(answer.id, answer.time, answer.digest)


@law
async def test_an_admitted_message_is_a_sealed_record(engine: Engine) -> None:
    """The record carries the id, occurrence, time, digest, secret and commitment in its headers beside those of the
    gateway, the received bytes sealed under the message's own secret, and nothing of the body in the open."""
    log = await opened(engine)
    message = candidate(b'{"pin":"0042"}', partition=1)
    answer = await admit(log, message, 1234)
    digest = "sha256:" + hashlib.sha256(message.received).hexdigest()
    expected_id = inbox_id("SYS", "CODE", message.body, 0)
    assert answer == Admitted(expected_id, 0, 0, Ms(1234), digest, None)
    (record,) = await inbox(log, 1)
    secret = (await log.open([expected_id]))[expected_id]
    assert record.key == b"hmac"
    assert record.headers == {
        records.SYSTEM: "SYS",
        records.CODE: "CODE",
        records.ID: expected_id,
        records.OCCURRENCE: "0",
        records.TIME: "1234",
        records.DIGEST: digest,
        records.SECRET: expected_id,
        records.COMMITMENT: commitment(secret, message.received),
    }
    assert BodyKey(secret, PURPOSE).open_seal(expected_id, record.value) == message.received
    assert b"0042" not in record.value
    await log.close()


@law
async def test_every_message_has_a_secret_of_its_own(engine: Engine) -> None:
    """Messages of one call and of several share no secret."""
    log = await opened(engine)
    answers = await log.admit([candidate(b"%d" % n) for n in range(5)], Ms(1))
    answers += [await admit(log, candidate(b"again %d" % n)) for n in range(5)]
    secrets = await log.open([answer.id for answer in answers])
    assert len(set(secrets.values())) == 10
    await log.close()


@law
async def test_a_repeat_within_the_window_is_a_duplicate(engine: Engine) -> None:
    """The same bytes as the last accepted, within the window, get the first receipt, and nothing is stored. The
    window is counted from the first receipt, so repeats do not stretch it."""
    log = await opened(engine)
    message = candidate(b"1", window_ms=500)
    first = await admit(log, message, 1000)
    assert await admit(log, message, 1300) == receipt_of(first)
    assert await admit(log, message, 1500) == receipt_of(first)
    again = await admit(log, message, 1501)
    assert isinstance(again, Admitted)
    assert (again.occurrence, again.id) == (1, inbox_id("SYS", "CODE", b"1", 1))
    assert await admit(log, message, 1600) == receipt_of(again)
    assert [record.headers[records.OCCURRENCE] for record in await inbox(log)] == ["0", "1"]
    await log.close()


@law
async def test_a_different_payload_ends_the_window(engine: Engine) -> None:
    """Bytes that were sent before something else was accepted are a new occurrence: setting a value back is no
    repeat."""
    log = await opened(engine)
    answers = await log.admit([candidate(body) for body in (b"on", b"off", b"on", b"on", b"off")], Ms(1))
    assert [getattr(answer, "occurrence", None) for answer in answers] == [0, 0, 1, None, 1]
    assert answers[3] == receipt_of(answers[2])
    await log.close()


@law
async def test_systems_and_codes_do_not_shadow_one_another(engine: Engine) -> None:
    """The same bytes, request id or natural key from another system or under another code are new."""
    log = await opened(engine)
    for rule, keys in (("window", ()), ("request-id", (b"r",)), ("natural-key", (b"n",))):
        same = [
            candidate(rule.encode(), rule, keys, system=system, code=code)  # type: ignore[arg-type]
            for system in ("A", "B")
            for code in ("X", "Y")
        ]
        answers = await log.admit(same, Ms(1))
        assert [type(answer) for answer in answers] == [Admitted] * 4
        assert len({answer.id for answer in answers}) == 4
    await log.close()


@law
async def test_a_request_id_is_taken_once(engine: Engine) -> None:
    """A request id with the bytes that it was admitted with is a duplicate for ever; the same bytes under another one
    are a new occurrence, and its repeat is a duplicate of that one."""
    log = await opened(engine)
    first = await admit(log, candidate(b"1", "request-id", (b"r1",)), 1)
    assert await admit(log, candidate(b"1", "request-id", (b"r1",)), 400 * DAY) == receipt_of(first)
    other = await admit(log, candidate(b"1", "request-id", (b"r2",)), 3)
    assert isinstance(other, Admitted)
    assert (other.occurrence, other.rows) == (1, None)
    assert await admit(log, candidate(b"1", "request-id", (b"r2",)), 4) == receipt_of(other)
    await log.close()


@law
async def test_a_request_id_stands_for_one_body(engine: Engine) -> None:
    """The same request id with other bytes is a conflict that names the message which has it, whether that one came in
    the same call, earlier, or before a restart, and whichever occurrence of its bytes it is. Nothing is stored, and the
    request id goes on standing for its first body."""
    log = await opened(engine)
    await admit(log, candidate(b"1", "request-id", (b"r0",)))
    first, conflict = await log.admit(
        [candidate(b"1", "request-id", (b"r1",)), candidate(b"2", "request-id", (b"r1",))], Ms(2)
    )
    assert isinstance(first, Admitted)
    assert (first.occurrence, conflict) == (1, Conflict(first.id))
    assert await admit(log, candidate(b"2", "request-id", (b"r1",)), 3) == Conflict(first.id)
    await log.erase([first.id])
    await log.close()
    log = await engine.open()
    assert await admit(log, candidate(b"2", "request-id", (b"r1",)), 4) == Conflict(first.id)
    assert await admit(log, candidate(b"1", "request-id", (b"r1",)), 5) == receipt_of(first)
    assert len(await inbox(log)) == 2
    await log.close()


@law
async def test_a_natural_key_decides_alone(engine: Engine) -> None:
    """A row whose key was seen is a repeat whatever the other bytes of its message: never a conflict."""
    log = await opened(engine)
    first = await admit(log, candidate(b"1", "natural-key", (b"k",)), 1)
    assert await admit(log, candidate(b"2", "natural-key", (b"k",)), 2) == receipt_of(first)
    await log.close()


@law
async def test_natural_keys_admit_the_new_rows(engine: Engine) -> None:
    """A message with some rows that were seen is admitted for the new ones, and says which; with none that is new it
    is a duplicate of the earliest message that brought one of them."""
    log = await opened(engine)
    first = await admit(log, candidate(b"1", "natural-key", (b"a", b"b")), 1)
    second = await admit(log, candidate(b"2", "natural-key", (b"b", b"c", b"a", b"d")), 2)
    assert isinstance(first, Admitted)
    assert isinstance(second, Admitted)
    assert (first.rows, second.rows) == ((0, 1), (1, 3))
    assert await admit(log, candidate(b"3", "natural-key", (b"d", b"a")), 3) == receipt_of(first)
    assert await admit(log, candidate(b"4", "natural-key", (b"d", b"c")), 4) == receipt_of(second)
    rows = [record.headers[records.ROWS] for record in await inbox(log)]
    assert rows == ["all", "1,3"]
    assert [parse_rows(text) for text in rows] == [None, frozenset({1, 3})]
    await log.close()


@law
async def test_a_row_counts_once_within_its_message(engine: Engine) -> None:
    """Of two rows with one natural key in the same message the first is new."""
    log = await opened(engine)
    answer = await admit(log, candidate(b"1", "natural-key", (b"a", b"a", b"b")))
    assert isinstance(answer, Admitted)
    assert answer.rows == (0, 2)
    await log.close()


@law
async def test_a_message_without_rows_is_kept(engine: Engine) -> None:
    """Where no row could have been seen, the message is a new occurrence."""
    log = await opened(engine)
    answers = await log.admit([candidate(b"[]", "natural-key"), candidate(b"[]", "natural-key")], Ms(1))
    assert [(answer.occurrence, answer.rows) for answer in answers if isinstance(answer, Admitted)] == [
        (0, ()),
        (1, ()),
    ]
    await log.close()


@law
async def test_thousands_of_rows_are_remembered(engine: Engine) -> None:
    """However many rows a message has, each one is found again."""
    log = await opened(engine)
    keys = [b"row %d" % n for n in range(3000)]
    await admit(log, candidate(b"1", "natural-key", keys))
    answer = await admit(log, candidate(b"2", "natural-key", [*keys, b"new"]))
    assert isinstance(answer, Admitted)
    assert answer.rows == (3000,)
    await log.close()


@law
async def test_concurrent_repeats_are_admitted_once(engine: Engine) -> None:
    """Of equal messages that arrive together, and so share a commit, one is admitted and all get its receipt."""
    log = await opened(engine)
    message = candidate(b"1", "request-id", (b"r",))
    answers = await asyncio.gather(*(admit(log, message) for _ in range(20)))
    assert sum(isinstance(answer, Admitted) for answer in answers) == 1
    assert len({receipt_of(answer) for answer in answers}) == 1
    assert len(await inbox(log)) == 1
    await log.close()


@law
async def test_receipts_survive_reopening(engine: Engine) -> None:
    """After a restart every rule still knows its duplicates and gives the first receipt, also when the body was
    erased meanwhile."""
    log = await opened(engine)
    messages = [
        candidate(b"w"),
        candidate(b"r", "request-id", (b"r",)),
        candidate(b"n", "natural-key", (b"n",)),
    ]
    first = await log.admit(messages, Ms(5))
    await log.erase([answer.id for answer in first])
    await log.close()
    log = await engine.open()
    again = await log.admit(messages, Ms(6))
    assert again == [receipt_of(answer) for answer in first]
    other = await log.admit([candidate(b"x"), candidate(b"w")], Ms(7))
    assert [answer.occurrence for answer in other if isinstance(answer, Admitted)] == [0, 1]
    await log.close()


@law
async def test_admissions_and_appends_share_the_order_of_a_partition(engine: Engine) -> None:
    """Offsets of admitted messages are dense over several calls and partitions."""
    log = await opened(engine)
    answers = await log.admit([candidate(b"%d" % n, partition=n % 2) for n in range(6)], Ms(1))
    answers += await log.admit([candidate(b"more", partition=1)], Ms(2))
    offsets = [answer.offset for answer in answers if isinstance(answer, Admitted)]
    assert offsets == [0, 0, 1, 1, 2, 2, 3]
    ids = [record.headers[records.ID] for record in await inbox(log, 1)]
    assert ids == [answers[index].id for index in (1, 3, 5, 6)]
    await log.close()


@law
async def test_keys_that_do_not_fit_the_rule_are_refused(engine: Engine) -> None:
    """A candidate with the wrong number of dedupe keys is a ValueError, and nothing of its call is stored."""
    log = await opened(engine)
    for wrong in (candidate(b"1", "request-id"), candidate(b"1", "window", (b"k",))):
        with pytest.raises(ValueError, match="rule"):
            await log.admit([candidate(b"good"), wrong], Ms(1))
    assert await inbox(log) == []
    await log.close()


@law
async def test_one_bad_message_does_not_harm_its_neighbours(engine: Engine) -> None:
    """A message that cannot be sealed fails for its own caller only; those that share the commit are stored."""
    log = await opened(engine)
    bad = candidate(b"bad")
    bad.headers["ce_source"] = 7.5j  # type: ignore[assignment]
    good = [candidate(b"%d" % n, "request-id", (b"%d" % n,)) for n in range(4)]
    calls = [admit(log, message) for message in (*good[:2], bad, *good[2:])]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in answers] == [Admitted, Admitted, TypeError, Admitted, Admitted]
    assert len(await inbox(log)) == 4
    await log.close()


@law
async def test_times_never_run_backwards(engine: Engine) -> None:
    """A clock that is set back between two messages of a partition does not make the later one look earlier, in this
    log or in the next one on the same storage."""
    log = await opened(engine)
    await admit(log, candidate(b"granted"), 5000)
    later = await admit(log, candidate(b"cancelled"), 4500)
    assert isinstance(later, Admitted)
    await log.close()
    reopened = await engine.open()
    last = await admit(reopened, candidate(b"again"), 1000)
    assert isinstance(last, Admitted)
    assert [record.headers[records.TIME] for record in await inbox(reopened)] == ["5000", "5000", "5000"]
    assert (later.time, last.time) == (5000, 5000)
    await reopened.close()


@law
async def test_below_a_window_of_nothing_nothing_is_a_repeat(engine: Engine) -> None:
    """With a window below 0 the same bytes are new every time: within one call, at the same millisecond, while calls
    share a commit, and after a restart; each with an occurrence, an id and a secret of its own."""
    log = await opened(engine)
    message = candidate(b"1", window_ms=-1)
    answers = await log.admit([message, message], Ms(5))
    answers += await asyncio.gather(*(admit(log, message, 5) for _ in range(3)))
    await log.close()
    log = await engine.open()
    answers.append(await admit(log, message, 5))
    assert [type(answer) for answer in answers] == [Admitted] * 6
    assert sorted(answer.occurrence for answer in answers if isinstance(answer, Admitted)) == [0, 1, 2, 3, 4, 5]
    ids = [answer.id for answer in answers]
    assert len(set(ids)) == 6
    assert len(set((await log.open(ids)).values())) == 6
    await log.close()
