"""The admission tables in SQL: what `decide` has to know of earlier messages, and how it is kept.

Rule: whoever decides holds the lock of every scope (system and code) that it decides about. All keys of the tables are
hashes over system and code, so several gateways decide as one, and locks taken in one order never deadlock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from psycopg import AsyncCursor

from hub.log.dedupe import Claim, Fresh, Latest, Memory, Receipt
from hub.postgres.connections import Connection
from hub.postgres.pending import forget
from hub.records import Ms, RecordId

_DIGEST: Final = "sha256:"
_LOCKS: Final = 0x414D4E43
_BUCKETS: Final = 1 << 20

_RECEIPT = "k.id, k.time, k.digest, p.n FROM {} AS t JOIN admissions.known AS k ON k.id = t.message"
_PENDING = " LEFT JOIN admissions.pending AS p ON p.n = k.reservation"
_SEEN: Final = "SELECT t.key, " + _RECEIPT.format("admissions.seen") + _PENDING + " WHERE t.key = ANY(%s)"
_REQUESTS: Final = (
    "SELECT t.key, t.first, " + _RECEIPT.format("admissions.request") + _PENDING + " WHERE t.key = ANY(%s)"
)
_LATEST: Final = (
    "SELECT t.scope, t.first, " + _RECEIPT.format("admissions.latest") + _PENDING + " WHERE t.scope = ANY(%s)"
)


@dataclass(slots=True)
class Known:
    """What earlier commits know: the memory, the reservation of each receipt that nobody was given yet, and the time that
    each partition has come to."""

    memory: Memory = field(default_factory=Memory)
    pending: dict[RecordId, int] = field(default_factory=dict)
    times: dict[tuple[str, int], int] = field(default_factory=dict)
    number: int = 0  # for the next reservation

    def copy(self) -> Memory:
        """A memory to decide with, without changing this one."""
        kept = self.memory
        return Memory(dict(kept.seen), dict(kept.requests), dict(kept.latest), dict(kept.occurrences))

    def waits_for(self, claim: Claim) -> set[int]:
        """Reservations without a receipt that this message may be a repeat of."""
        rule = claim.candidate.rule
        if rule == "window":
            last = self.memory.latest.get(claim.scope)
            receipts = [last.receipt] if last is not None and last.first == claim.first else []
        elif rule == "request-id":
            earlier = self.memory.requests.get(claim.keys[0])
            receipts = [earlier.receipt] if earlier is not None else []
        else:
            receipts = [self.memory.seen[key] for key in claim.keys if key in self.memory.seen]
        return {self.pending[receipt.id] for receipt in receipts if receipt.id in self.pending}


@dataclass(frozen=True, slots=True)
class Stored:
    """A message that was let in, as the tables keep it."""

    claim: Claim
    fresh: Fresh
    time: Ms
    wrapped: bytes


async def load(connection: Connection, claims: Sequence[Claim], receipted: Sequence[int]) -> Known:
    """Lock what these messages touch, forget the reservations that were receipted, and read what is known. In one way to
    the server and back."""
    buckets = sorted({int.from_bytes(claim.scope[:4], "big") % _BUCKETS for claim in claims})
    topics = sorted({(claim.candidate.topic, claim.candidate.partition) for claim in claims})
    async with connection.pipeline():
        await connection.execute("SELECT pg_advisory_xact_lock(%s, b) FROM unnest(%s::int[]) AS b", (_LOCKS, buckets))
        if receipted:
            await forget(connection, receipted)
        firsts = await _ask(
            connection,
            "SELECT id, repeats FROM admissions.known WHERE id = ANY(%s)",
            {bytes.fromhex(claim.first) for claim in claims},
        )
        seen = await _ask(
            connection, _SEEN, {k for claim in claims if claim.candidate.rule == "natural-key" for k in claim.keys}
        )
        requests = await _ask(
            connection, _REQUESTS, {claim.keys[0] for claim in claims if claim.candidate.rule == "request-id"}
        )
        latest = await _ask(connection, _LATEST, {claim.scope for claim in claims if claim.candidate.rule == "window"})
        times = await connection.execute(
            "SELECT topic, partition, time FROM admissions.part"
            " WHERE (topic, partition) IN (SELECT * FROM unnest(%s::text[], %s::int[]))",
            ([topic for topic, _ in topics], [partition for _, partition in topics]),
        )
        number = await connection.execute("SELECT nextval('admissions.reservation')")
    known = Known(times={(topic, partition): time for topic, partition, time in await times.fetchall()})
    known.number = (await number.fetchone() or (0,))[0]
    memory = known.memory
    for name, repeats in await _rows(firsts):
        memory.occurrences[RecordId(name.hex())] = repeats + 1
    for key, *receipt in await _rows(seen):
        memory.seen[key] = _receipt(known, *receipt)
    for key, first, *receipt in await _rows(requests):
        memory.requests[key] = Latest(RecordId(first.hex()), _receipt(known, *receipt))
    for scope, first, *receipt in await _rows(latest):
        memory.latest[scope] = Latest(RecordId(first.hex()), _receipt(known, *receipt))
    return known


async def keep(connection: Connection, reservation: int, made: Ms, records: bytes, stored: Sequence[Stored]) -> None:
    """Keep a reservation: ids, secrets, receipts and dedupe keys of its messages, in the order they were admitted, and the
    records to append. Queue it in a pipeline."""
    ids, secrets, times, digests = [], [], [], []
    seen: list[tuple[bytes, bytes]] = []
    requests: list[tuple[bytes, bytes, bytes]] = []
    latest: dict[bytes, tuple[bytes, bytes]] = {}
    repeats: dict[bytes, int] = {}
    reached: dict[tuple[str, int], int] = {}
    for message in stored:
        candidate = message.claim.candidate
        name, first = bytes.fromhex(message.fresh.id), bytes.fromhex(message.claim.first)
        ids.append(name)
        secrets.append(message.wrapped)
        times.append(int(message.time))
        digests.append(bytes.fromhex(message.claim.digest.removeprefix(_DIGEST)))
        place = (candidate.topic, candidate.partition)
        reached[place] = max(reached.get(place, 0), message.time)
        if candidate.rule == "window":
            latest[message.claim.scope] = (first, name)
        elif candidate.rule == "request-id":
            requests.append((message.claim.keys[0], first, name))
        else:
            seen.extend((key, name) for key in message.fresh.keys)
        if message.fresh.occurrence:
            repeats[first] = message.fresh.occurrence
    await connection.execute(
        "INSERT INTO admissions.pending(n, made, records) VALUES (%s, %s, %b)", (reservation, made, records)
    )
    await connection.execute(
        "INSERT INTO admissions.known(id, time, digest, reservation)"
        " SELECT id, time, digest, %s FROM unnest(%b::bytea[], %b::bigint[], %b::bytea[]) AS u(id, time, digest)",
        (reservation, ids, times, digests),
    )
    await connection.execute(
        "INSERT INTO admissions.secret(id, wrapped) SELECT * FROM unnest(%b::bytea[], %b::bytea[])", (ids, secrets)
    )
    if seen:
        await connection.execute(
            "INSERT INTO admissions.seen SELECT * FROM unnest(%b::bytea[], %b::bytea[])", _columns(seen)
        )
    if requests:
        await connection.execute(
            "INSERT INTO admissions.request SELECT * FROM unnest(%b::bytea[], %b::bytea[], %b::bytea[])",
            _columns(requests),
        )
    if latest:
        await connection.execute(
            "INSERT INTO admissions.latest SELECT * FROM unnest(%b::bytea[], %b::bytea[], %b::bytea[])"
            " ON CONFLICT (scope) DO UPDATE SET first = excluded.first, message = excluded.message",
            _columns([(scope, first, name) for scope, (first, name) in latest.items()]),
        )
    if repeats:
        await connection.execute(
            "UPDATE admissions.known AS k SET repeats = u.n FROM unnest(%b::bytea[], %b::int[]) AS u(id, n)"
            " WHERE k.id = u.id",
            _columns(list(repeats.items())),
        )
    await connection.execute(
        "INSERT INTO admissions.part SELECT * FROM unnest(%s::text[], %s::int[], %s::bigint[]) AS u(topic, partition, time)"
        ' ORDER BY u.topic COLLATE "C", u.partition'  # rows are locked in one order
        " ON CONFLICT (topic, partition) DO UPDATE SET time = greatest(part.time, excluded.time)",
        _columns([(*place, time) for place, time in sorted(reached.items())]),
    )


def _columns(rows: Sequence[tuple[Any, ...]]) -> tuple[list[Any], ...]:
    return tuple(list(column) for column in zip(*rows, strict=True))


async def _ask(connection: Connection, statement: str, keys: set[bytes]) -> AsyncCursor[Any] | None:
    return await connection.execute(statement, (list(keys),)) if keys else None


async def _rows(cursor: AsyncCursor[Any] | None) -> list[Any]:
    return await cursor.fetchall() if cursor is not None else []


def _receipt(known: Known, name: bytes, time: int, digest: bytes, pending: int | None) -> Receipt:
    receipt = Receipt(RecordId(name.hex()), Ms(time), _DIGEST + digest.hex())
    if pending is not None:
        known.pending[receipt.id] = pending
    return receipt
