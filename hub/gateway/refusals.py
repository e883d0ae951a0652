"""What is remembered of what was not taken.

A refusal of a system that has proved who it is becomes a record of topic `refusals`: its code and detail in headers, the
received bytes sealed under a secret of their own, so that they can be erased like a message. It has a quota of bytes per
system and hour. All else is counted per minute, address (HMACed) and code.

Rule: nobody can fill the disk: past the quota, or past so many rows a minute, refusals are counted together.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from hub import records as r
from hub.errors import TryAgain
from hub.gateway.admission import Refusal
from hub.gateway.quota import HOUR, MINUTE, Budget
from hub.keys import subject_key
from hub.ports import Append, Write
from hub.records import Ms, Record
from hub.topics import REFUSALS
from signing.sealing import SECRET_BYTES, BodyKey

if TYPE_CHECKING:
    from hub.gateway.context import GatewayContext

PURPOSE: Final = "refusal"
REASON: Final = "ce_reason"
DETAIL: Final = "ce_detail"
BYTES_PER_HOUR: Final = 8 * 1_048_576
ROWS_PER_MINUTE: Final = 500
EVERYONE: Final = "*"
"""Address of what is counted together."""

_Key = tuple[int, str, str]  # minute, address, code


class Refusals:
    """Records and counts the refusals of one gateway process."""

    def __init__(self, context: GatewayContext, *, quota: int = BYTES_PER_HOUR) -> None:
        self._context = context
        self._quota = Budget(quota, HOUR)
        self._counts: dict[_Key, list[int]] = {}

    async def record(self, refusal: Refusal, received: bytes, address: str, now: Ms) -> str:
        """Remember a refusal; returns the request id under which it can be found. Never fails: what cannot be stored
        is counted."""
        record_id = secrets.token_hex(32)
        system = refusal.system
        if system is not None and self._quota.spend(system.code, len(received), now):
            try:
                await self._append(record_id, refusal, received, now)
            except TryAgain:
                self.count(refusal.code, len(received), address, now)
        else:
            self.count(refusal.code, len(received), address, now)
        return r.request_id(record_id)

    def count(self, code: str, size: int, address: str, now: Ms) -> None:
        """Count a refusal of somebody who did not prove to be anyone."""
        minute = now // MINUTE
        key = (minute, self.hash_address(address), code)
        if key not in self._counts and len(self._counts) >= ROWS_PER_MINUTE:
            key = (minute, EVERYONE, code)
        entry = self._counts.setdefault(key, [0, 0])
        entry[0] += 1
        entry[1] += size

    def hash_address(self, address: str) -> str:
        """An address as it may be kept."""
        return subject_key(self._context.keys.hmac, "address", address).hex()

    async def flush(self) -> int:
        """Add what was counted to table `refusal_count`; returns the number of rows. Raises what the store raises,
        and then keeps the counts for the next time."""
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

    async def _append(self, record_id: str, refusal: Refusal, received: bytes, now: Ms) -> None:
        system = refusal.system
        assert system is not None
        context = self._context
        headers = {
            "ce_specversion": "1.0",
            r.ID: record_id,
            r.SOURCE: f"system/{system.code}",
            r.TYPE: PURPOSE,
            r.TIME: str(now),
            r.SYSTEM: system.code,
            r.INSTITUTION: system.institution,
            r.SECRET: record_id,
            REASON: refusal.code,
            DETAIL: refusal.detail,
        }
        if refusal.api is not None:
            headers[r.CODE] = refusal.api
        secret = (await context.vault.put({record_id: secrets.token_bytes(SECRET_BYTES)}))[record_id]
        sealed = BodyKey(secret, PURPOSE).seal(record_id, received)
        key = subject_key(context.keys.hmac, "system", system.code)
        partition = r.partition_of(key, context.bus.topics()[REFUSALS])
        await context.bus.append([Append(REFUSALS, partition, [Record(key, headers, sealed)])])
