"""What is remembered of what was not taken.

A refusal of a system that has proved who it is becomes a record of topic `refusals`: its code and detail in headers, the
received bytes sealed under a secret of their own, so that they can be erased like a message. It has a quota of bytes per
system and hour, of which a record costs its body and what is stored around it. All else is counted per minute, address
(HMACed; the addresses of one IPv6 /64 are one) and code, and forgotten after thirty days.

Rule: nobody can fill the disk or make it busy: past the quota, or past so many rows a minute, refusals are counted
together, and what waits to be recorded is appended together, at most once a tick. An answer does not wait for that; a
process that is killed loses the refusals of its last tick.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hub import records as r
from hub.gateway.address import neighbourhood
from hub.gateway.admission import Refusal
from hub.gateway.quota import HOUR, MINUTE, Budget
from hub.keys import subject_key
from hub.ports import Append, Write
from hub.records import Ms, Record
from hub.topics import REFUSALS
from signing.sealing import SECRET_BYTES, BodyKey

if TYPE_CHECKING:
    from hub.control.objects import System
    from hub.gateway.context import GatewayContext

PURPOSE: Final = "refusal"
REASON: Final = "ce_reason"
DETAIL: Final = "ce_detail"
BYTES_PER_HOUR: Final = 8 * 1_048_576
RECORD_BYTES: Final = 2048
"""What a record costs beside its body: headers, a wrapped secret, a row of the index."""

WAITING_BYTES: Final = 16 * 1_048_576
"""What may wait for the log, of all systems together; beyond it is counted."""

ROWS_PER_MINUTE: Final = 500
EVERYONE: Final = "*"
"""Address of what is counted together: one row a minute for each code."""

KEPT_MINUTES: Final = 30 * 24 * 60
DROPPED_AT_ONCE: Final = 1000
"""Rows that one flush forgets; one flush an hour looks for some, and the next goes on where it found so many."""

_Key = tuple[int, str, str]  # minute, address, code


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A refusal that is to be a record."""

    id: str
    system: System
    refusal: Refusal
    received: bytes = field(repr=False)
    at: Ms
    secret: bytes = field(repr=False)

    @property
    def cost(self) -> int:
        return len(self.received) + RECORD_BYTES


class Refusals:
    """Records and counts the refusals of one gateway process. `flush` it every so often."""

    def __init__(self, context: GatewayContext, *, quota: int = BYTES_PER_HOUR) -> None:
        self._context = context
        self._quota = Budget(quota, HOUR)
        self._counts: dict[_Key, list[int]] = {}
        self._minute = 0
        self._rows: set[_Key] = set()  # of this minute, those that were flushed too
        self._tidied: int | None = None
        self._waiting: list[_Waiting] = []
        self._waiting_bytes = 0

    def record(self, refusal: Refusal, received: bytes, address: str, now: Ms) -> str:
        """Remember a refusal; returns the request id under which it can be found once it is flushed."""
        record_id = secrets.token_hex(32)
        system = refusal.system
        cost = len(received) + RECORD_BYTES
        if (
            system is not None
            and self._waiting_bytes + cost <= WAITING_BYTES
            and self._quota.spend(system.code, cost, now)
        ):
            secret = secrets.token_bytes(SECRET_BYTES)
            self._context.measures.inc("amana_refused_total", refusal.code)
            self._waiting.append(_Waiting(record_id, system, refusal, received, now, secret))
            self._waiting_bytes += cost
        else:
            self.count(refusal.code, len(received), address, now)
        return r.request_id(record_id)

    def count(self, code: str, size: int, address: str, now: Ms) -> None:
        """Count a refusal of somebody who did not prove to be anyone."""
        self._context.measures.inc("amana_refused_total", code)
        minute = now // MINUTE
        if minute != self._minute:
            self._minute = minute
            self._rows.clear()
        key = (minute, self.hash_address(address), code)
        if key not in self._rows:
            if len(self._rows) < ROWS_PER_MINUTE:
                self._rows.add(key)
            else:
                key = (minute, EVERYONE, code)
        entry = self._counts.setdefault(key, [0, 0])
        entry[0] += 1
        entry[1] += size

    def hash_address(self, address: str) -> str:
        """An address as it may be kept, with its neighbours in IPv6."""
        return subject_key(self._context.keys.hmac, "address", neighbourhood(address)).hex()

    async def flush(self) -> int:
        """Append what waits, then add what was counted to the store; returns the number of counted rows. Raises what the
        log and the store raise, and keeps what was not stored for the next time."""
        try:
            await self._append()
        finally:
            counted = await self._write_counts()
        await self._tidy(self._context.clock.now())
        return counted

    async def _tidy(self, now: Ms) -> None:
        """Forget old counts, now and then."""
        if self._tidied is not None and now - self._tidied < HOUR:
            return
        store = self._context.store
        old = {"minute": ("<", now // MINUTE - KEPT_MINUTES)}
        rows = await store.rows("refusal_count", old, limit=DROPPED_AT_ONCE)
        if rows:
            keys = [{name: row[name] for name in ("minute", "address", "code")} for row in rows]
            await store.write([Write("refusal_count", keys, "drop")])
        self._tidied = None if len(rows) == DROPPED_AT_ONCE else now

    async def _write_counts(self) -> int:
        """To table `refusal_count`."""
        counts, self._counts = self._counts, {}
        if not counts:
            return 0
        store = self._context.store
        try:
            minutes = sorted({minute for minute, _, _ in counts})
            kept = {
                (row["minute"], row["address"], row["code"]): (row["count"], row["bytes"])
                for row in await store.rows("refusal_count", {"minute": minutes})
            }
            rows = []
            for key, (number, size) in counts.items():
                before = kept.get(key, (0, 0))
                minute, address, code = key
                row = {"minute": minute, "address": address, "code": code}
                rows.append({**row, "count": before[0] + number, "bytes": before[1] + size})
            await store.write([Write("refusal_count", rows)])
        except BaseException:
            for key, (number, size) in counts.items():
                entry = self._counts.setdefault(key, [0, 0])
                entry[0] += number
                entry[1] += size
            raise
        return len(counts)

    async def _append(self) -> None:
        """Everything that waits, in one append. After a failure it waits on; what was stored all the same is stored twice
        then, under the same id."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        context = self._context
        try:
            kept = await context.vault.put({one.id: one.secret for one in waiting})
            partitions = context.bus.topics()[REFUSALS]
            records: dict[int, list[Record]] = {}
            for one in waiting:
                if one.id in kept:  # erased since a first attempt: nothing is left to record
                    record = _make_record(one, kept[one.id], context.keys.hmac)
                    records.setdefault(r.partition_of(record.key, partitions), []).append(record)
            await context.bus.append([Append(REFUSALS, number, found) for number, found in records.items()])
        except BaseException:
            self._waiting = waiting + self._waiting
            raise
        self._waiting_bytes -= sum(one.cost for one in waiting)


def _make_record(one: _Waiting, secret: bytes, hmac: bytes) -> Record:
    headers = {
        "ce_specversion": "1.0",
        r.ID: one.id,
        r.SOURCE: f"system/{one.system.code}",
        r.TYPE: PURPOSE,
        r.TIME: str(one.at),
        r.SYSTEM: one.system.code,
        r.INSTITUTION: one.system.institution,
        r.SECRET: one.id,
        REASON: one.refusal.code,
        DETAIL: one.refusal.detail,
    }
    if one.refusal.api is not None:
        headers[r.CODE] = one.refusal.api
    sealed = BodyKey(secret, PURPOSE).seal(one.id, one.received)
    return Record(subject_key(hmac, "system", one.system.code), headers, sealed)
