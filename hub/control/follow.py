"""Follows the control log: keeps one directory up to date in this process, and submits changes to the log.

Rule: who submits learns the outcome from the fold, like everybody else; nothing takes effect in a process before its
record is durable in the log. Requests that are not signed by an operator get no record: nobody can fill the disk.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from hub.control.changes import MAX_CHANGE_BYTES
from hub.control.directory import Directory, Outcome, change_id, render_body
from hub.errors import BadMessage, Halt
from hub.keys import HubKeys, subject_key
from hub.ports import Append, Bus, Vault
from hub.records import ID, SECRET, SOURCE, SPECVERSION, TIME, TYPE, Ms, Record
from hub.topics import CONTROL, partitions_of
from signing.errors import SigningError
from signing.sealing import SECRET_BYTES, BodyKey

CONTROL_SECRET: Final = "control"
"""Id of the secret that seals control records; never erased."""

_NO_RECORD: Final = frozenset({"AMANA-OPER-001", "AMANA-OPER-003"})

OnChange = Callable[[Outcome], None]


class DirectoryFollower:
    """The directory as this process has read it so far. One per process; callers on one event loop may share it."""

    def __init__(self, bus: Bus, vault: Vault) -> None:
        self.directory = Directory()
        self._bus = bus
        self._vault = vault
        self._callbacks: list[OnChange] = []
        self._reading = asyncio.Lock()
        self._key: BodyKey | None = None

    @property
    def position(self) -> int:
        """Offset of the last record applied; -1: none."""
        return self.directory.position

    def on_change(self, callback: OnChange) -> None:
        """Call `callback` after each record that changed something. It must be quick and not raise."""
        self._callbacks.append(callback)

    async def catch_up(self, position: int | None = None) -> int:
        """Read and apply what the log holds now, or until `position` is applied; returns the position reached.
        Raises `Halt` when a record cannot be opened: without its configuration a hub must not go on."""
        async with self._reading:
            while position is None or self.position < position:
                batches = await self._bus.read(CONTROL, 0, self.position + 1)
                if not batches:
                    break
                key = await self._body_key()
                for batch in batches:
                    for offset, record in enumerate(batch.records, batch.base):
                        self._take(offset, record, key)
        return self.position

    async def follow(self, stop: asyncio.Event | None = None, *, timeout: float = 30.0) -> None:
        """Keep up until cancelled, or until `stop` is set (seen within `timeout` seconds)."""
        while stop is None or not stop.is_set():
            await self.catch_up()
            await self._bus.wait({(CONTROL, 0): self.position + 1}, timeout)

    async def ensure_secret(self) -> BodyKey:
        """The key that seals control records; its secret is made if this hub has none."""
        kept = await self._vault.put({CONTROL_SECRET: secrets.token_bytes(SECRET_BYTES)})
        self._key = BodyKey(kept[CONTROL_SECRET], CONTROL_SECRET)
        return self._key

    async def _body_key(self) -> BodyKey:
        if self._key is None:
            found = await self._vault.open([CONTROL_SECRET])
            if CONTROL_SECRET not in found:
                raise Halt("AMANA-SEAL-001", "the secret of the control log is missing")
            self._key = BodyKey(found[CONTROL_SECRET], CONTROL_SECRET)
        return self._key

    def _take(self, offset: int, record: Record, key: BodyKey) -> None:
        record_id = record.headers.get(ID, "")
        try:
            body = key.open_seal(record_id, record.value)
        except SigningError:
            raise Halt("AMANA-SEAL-001", f"{CONTROL}/0/{offset}") from None
        outcome = self.directory.apply(offset, body, record_id)
        if outcome.touched:
            for callback in self._callbacks:
                callback(outcome)


async def submit(
    bus: Bus, follower: DirectoryFollower, keys: HubKeys, envelope: bytes, hub_members: Mapping[str, Any], now: Ms
) -> Outcome:
    """Put a signed change into the log and return what became of it, once durable and applied here.

    `hub_members`: what the hub adds (`cutoff` for a run; `start: True` only from the process that starts an empty
    hub). Refused without a record: what no active operator signed, and what is too old. A change that came before gets its first outcome. Raises `TryAgain` when it is unknown whether it is stored: send the same
    envelope again, it takes effect once.
    """
    if len(envelope) > MAX_CHANGE_BYTES:
        return Outcome(accepted=False, code="AMANA-SIZE-001", detail=f"{MAX_CHANGE_BYTES} bytes", at=now)
    try:
        body = render_body(envelope, now, hub_members)
    except BadMessage as refusal:
        return Outcome(accepted=False, code=refusal.code, detail=refusal.detail, at=now)
    await bus.ensure({CONTROL: partitions_of(CONTROL)})
    await follower.catch_up()
    judged = follower.directory.judge(body)
    if judged.repeated or not judged.operator or judged.code in _NO_RECORD:
        return judged
    record_id = change_id(envelope)
    key = await follower.ensure_secret()
    headers = {
        ID: record_id,
        SOURCE: "hub",
        TYPE: CONTROL,
        TIME: str(now),
        SECRET: CONTROL_SECRET,
        SPECVERSION[0]: SPECVERSION[1],
    }
    record = Record(subject_key(keys.hmac, "operator", judged.operator), headers, key.seal(record_id, body))
    [offset] = await bus.append([Append(CONTROL, 0, [record])])
    await follower.catch_up(offset)
    return follower.directory.outcome(offset)
