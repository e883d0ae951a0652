"""Follows the topic `registry`: keeps one registry up to date in this process, and submits requests to it.

Rule: the record is sealed under a secret of the registry's own, so only processes of the hub can write one. What is refused
leaves no record. Who submits learns the outcome from the fold, like every other process.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from hub.errors import Halt, TryAgain
from hub.ports import Append, Bus, Vault
from hub.records import ID, SECRET, SOURCE, SPECVERSION, TIME, TYPE, Ms, Record
from hub.registry import codes
from hub.registry.codes import Refused
from hub.registry.content import Content
from hub.registry.fold import Plan, Request, Unjudged, plan
from hub.registry.judging import Bench, make_case
from hub.registry.state import FORWARD, Registry
from hub.topics import REGISTRY, partitions_of
from schemas.compatibility import Level
from signing import jsontext
from signing.errors import SigningError
from signing.sealing import SECRET_BYTES, BodyKey

REGISTRY_SECRET: Final = "registry"
"""Id of the secret that seals the records of the registry; never erased."""

MOST_TRIES: Final = 20

Governed = Callable[[str, str], bool | None]
"""Of a subject and the text of a schema: None when its versions are its owner's alone; else whether people have waived
that this schema breaks somebody."""

Build = Callable[[Registry], dict[str, Any]]
"""Makes a request for the registry as it is: which version the latest is, what a reference to it means."""


class RegistryFollower:
    """The registry as this process has read it so far. One per process; callers on one event loop share it."""

    def __init__(self, bus: Bus, vault: Vault) -> None:
        self.registry = Registry()
        self.bench = Bench()
        self.governed: Governed | None = None
        self._bus = bus
        self._vault = vault
        self._reading = asyncio.Lock()
        self._key: BodyKey | None = None
        self._awaited: dict[str, Any] = {}

    async def catch_up(self) -> int:
        """Read and apply what the log holds now; returns the position reached. Raises `Halt` when a record cannot be
        opened."""
        async with self._reading:
            if REGISTRY not in self._bus.topics():  # another process may have made it since this one opened the log
                await self._bus.ensure({REGISTRY: partitions_of(REGISTRY)})
            while True:
                batches = await self._bus.read(REGISTRY, 0, self.registry.position + 1)
                if not batches:
                    break
                key = await self._body_key()
                for batch in batches:
                    for offset, record in enumerate(batch.records, batch.base):
                        self._take(offset, record, key)
        return self.registry.position

    async def follow(self, *, timeout: float = 30.0) -> None:
        """Keep up until cancelled."""
        while True:
            await self.catch_up()
            await self._bus.wait({(REGISTRY, 0): self.registry.position + 1}, timeout)

    async def submit(self, build: Build, now: Ms) -> Any:
        """Have a request take effect, judged where it must be; returns its answer. Raises `Refused`."""
        try:
            [answer] = await self._submit([build], now)
        except TryAgain:
            raise codes.not_stored() from None
        if isinstance(answer, Refused):
            raise answer
        return answer

    async def submit_all(self, builds: Sequence[Build], now: Ms) -> list[Any]:
        """Several that do not depend on each other, appended at once; an answer, or the `Refused`, for each."""
        return await self._submit(builds, now)

    async def _submit(self, builds: Sequence[Build], now: Ms) -> list[Any]:
        answers: dict[int, Any] = {}
        for _ in range(MOST_TRIES):
            await self.catch_up()
            records: dict[int, Record] = {}
            for n, build in enumerate(builds):
                if n in answers:
                    continue
                try:
                    request = build(self.registry)
                    planned = await self._plan(request)
                    if planned.make is None:
                        answers[n] = planned.answer
                    else:
                        records[n] = await self._record(request, now)
                except Unjudged:
                    continue  # something came in between: next round
                except Refused as refusal:
                    answers[n] = refusal
            answers |= await self._append(records)
            if len(answers) == len(builds):
                return [answers[n] for n in range(len(builds))]
        return [answers.get(n, codes.too_slow()) for n in range(len(builds))]

    async def _plan(self, request: dict[str, Any]) -> Plan:
        """Its plan, after a judgement where that is needed; the request then holds the judgement's basis."""
        try:
            return plan(self.registry, request)
        except Unjudged as unjudged:
            content = unjudged.content
        request["basis"] = self.registry.basis(request["subject"], content.references)
        await self._judge(request, content)
        return plan(self.registry, request)

    async def _judge(self, request: Request, content: Content) -> None:
        subject = request["subject"]
        waived = None if self.governed is None else self.governed(subject, content.text)
        accepted = request["force"] or request["id"] is not None or self.registry.mode(subject) == FORWARD
        force = waived or (waived is None and accepted)
        case = make_case(self.registry, subject, content, self.registry.versions(subject), force=force)
        if waived is False and case.level is Level.NONE:
            case = replace(case, level=Level.BACKWARD)
        judgement = await self.bench.judge(case)
        if not judgement.compatible:
            raise codes.incompatible(subject, f"[{', '.join(judgement.messages)}]")

    async def _record(self, request: Request, now: Ms) -> Record:
        record_id = secrets.token_hex(32)
        key = await self._ensure_key()
        headers = {
            ID: record_id,
            SOURCE: "hub",
            TYPE: REGISTRY,
            TIME: str(now),
            SECRET: REGISTRY_SECRET,
            SPECVERSION[0]: SPECVERSION[1],
        }
        return Record(b"registry", headers, key.seal(record_id, jsontext.render({**request, "at": now})))

    async def _append(self, records: Mapping[int, Record]) -> dict[int, Any]:
        """Outcomes of those that had one. Raises `TryAgain` when it is not known whether they are stored."""
        if not records:
            return {}
        ids = {n: record.headers[ID] for n, record in records.items()}
        self._awaited |= dict.fromkeys(ids.values())
        try:
            await self._bus.append([Append(REGISTRY, 0, list(records.values()))])
            await self.catch_up()
            found = {n: self._awaited[record_id] for n, record_id in ids.items()}
        finally:
            for record_id in ids.values():
                self._awaited.pop(record_id, None)
        return {n: outcome for n, outcome in found.items() if not isinstance(outcome, Unjudged)}

    def _take(self, offset: int, record: Record, key: BodyKey) -> None:
        record_id = record.headers.get(ID, "")
        try:
            request = jsontext.parse(key.open_seal(record_id, record.value))
        except SigningError:
            raise Halt("AMANA-SEAL-001", f"{REGISTRY}/0/{offset}") from None
        outcome: Any
        try:
            planned = plan(self.registry, request)
            outcome = planned.answer if planned.make is None else planned.make(offset, Ms(request["at"]))
        except (Refused, Unjudged) as refusal:
            outcome = refusal
        self.registry.position = offset
        if record_id in self._awaited:
            self._awaited[record_id] = outcome

    async def _ensure_key(self) -> BodyKey:
        if self._key is None:
            kept = await self._vault.put({REGISTRY_SECRET: secrets.token_bytes(SECRET_BYTES)})
            self._key = BodyKey(kept[REGISTRY_SECRET], REGISTRY_SECRET)
        return self._key

    async def _body_key(self) -> BodyKey:
        if self._key is None:
            found = await self._vault.open([REGISTRY_SECRET])
            if REGISTRY_SECRET not in found:
                raise Halt("AMANA-SEAL-001", "the secret of the registry is missing")
            self._key = BodyKey(found[REGISTRY_SECRET], REGISTRY_SECRET)
        return self._key
