"""What a hub holds in the end, on whatever engine: its messages, canonical records, deliveries and confirmations.

Rule: reads only, through the ports, once nothing serves any more; so two hubs on two engines can be held against each other.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub import settings
from hub.errors import TryAgain
from hub.ports import Progress, Vault
from hub.records import ATTEMPT_OF, DIGEST, ID, SECRET, TYPE, Record, request_id
from hub.serve.ports import Opened, open_ports
from hub.stages.batches import fresh
from hub.stages.facts import unpack
from hub.topics import INBOX, OUTBOX, RECEIPTS, RECORDS
from signing.jsontext import canonical, parse
from signing.sealing import BodyKey


@dataclass(slots=True)
class Held:
    """`admitted`: digest of what was received, by request id. `copies`: places in the log of each message that is there
    more than once. `records`: canonical bytes by record id, `facts` the rows of the store by record id. `index`: rows by
    (kind, request id). `published`: places of each derived record by topic and id, and of those `taken` by who reads with
    watermarks. `confirmations`: outcomes "confirmed" in the log, by request id; an outcome whose append nobody had an
    answer to may lie there twice, under one id (ADR 0025). `confirmed_events`: what came of them in the store."""

    admitted: dict[str, str] = field(default_factory=dict)
    copies: Counter[str] = field(default_factory=Counter)
    unmarked: list[str] = field(default_factory=list)
    published: Counter[tuple[str, str]] = field(default_factory=Counter)
    taken: Counter[tuple[str, str]] = field(default_factory=Counter)
    records: dict[str, bytes] = field(default_factory=dict)
    facts: Counter[str] = field(default_factory=Counter)
    index: Counter[tuple[str, str]] = field(default_factory=Counter)
    deliveries: dict[str, tuple[str, str]] = field(default_factory=dict)
    confirmations: Counter[str] = field(default_factory=Counter)
    confirmed_events: Counter[str] = field(default_factory=Counter)


def held(data: Path) -> Held:
    """What the hub whose process lies in `data` holds."""
    return asyncio.run(_held(data))


def behind(data: Path) -> dict[str, Any]:
    """What is not done, for whoever looks for a cause: places of stages before their ends, deliveries without an end."""
    return asyncio.run(_behind(data))


async def _behind(data: Path) -> dict[str, Any]:
    opened = await open_ports(settings.load(data))
    try:
        ends = {(t, p): await opened.bus.end(t, p) for t, number in opened.bus.topics().items() for p in range(number)}
        progress = [row for row in await opened.store.rows("stage_progress") if row["stage"] != "feed"]
        places = {
            f"{row['stage']} {row['topic']}/{row['partition']} of {row['owner']}": (row["position"], end)
            for row in progress
            if row["position"] != (end := ends[row["topic"], row["partition"]])
        }
        names = ("topic", "partition", "offset", "state", "attempts", "next_at")
        rows = [
            [row[name] for name in names] for row in await opened.store.rows("delivery") if row["state"] != "confirmed"
        ]
    finally:
        await opened.close()
    return {"places": places, "deliveries": rows}


async def _held(data: Path) -> Held:
    opened = await open_ports(settings.load(data))
    try:
        found = Held()
        await _read_log(opened, found)
        await _read_store(opened, found)
    finally:
        await opened.close()
    return found


async def _read_log(opened: Opened, found: Held) -> None:
    for topic in sorted(opened.bus.topics()):
        if topic.startswith(INBOX):
            places, firsts = Counter[str](), Counter[str]()
            for record in await records_of(opened, topic):
                name = request_id(record.headers[ID])
                places[name] += 1
                firsts[name] += ATTEMPT_OF not in record.headers
                found.admitted[name] = record.headers.get(DIGEST, "")
            found.copies.update({name: number for name, number in places.items() if number > 1})
            found.unmarked += [name for name, number in firsts.items() if number > 1]
        elif topic.startswith((RECORDS, OUTBOX)):
            await _read_as_stages_do(opened, topic, found)
            if topic.startswith(RECORDS):
                await _read_records(opened, topic, found)
        elif topic == RECEIPTS:
            outcomes = {record.headers[ID]: record.headers for record in await records_of(opened, topic)}
            for headers in outcomes.values():
                if headers["ce_state"] == "confirmed":
                    found.confirmations[headers["ce_requestid"]] += 1


async def _read_as_stages_do(opened: Opened, topic: str, found: Held) -> None:
    """What was published, and what of it a reader with watermarks takes."""
    for partition in range(opened.bus.topics().get(topic, 0)):
        progress = Progress(await opened.bus.start(topic, partition))
        while batches := await opened.bus.read(topic, partition, progress.position):
            entries, progress = fresh(batches, progress)
            found.published.update((topic, one.headers[ID]) for batch in batches for one in batch.records)
            found.taken.update((topic, entry.record.headers[ID]) for entry in entries)


async def _read_records(opened: Opened, topic: str, found: Held) -> None:
    taken = await records_of(opened, topic)
    secrets = await _secrets(opened.vault, taken)
    for record in taken:
        plain = BodyKey(secrets[record.headers[SECRET]], record.headers[TYPE]).open_seal(
            record.headers[ID], record.value
        )
        value = canonical(parse(plain))
        if found.records.setdefault(record.headers[ID], value) != value:
            raise AssertionError("one record, two values")


async def _secrets(vault: Vault, records: list[Record]) -> dict[str, bytes]:
    names = sorted({record.headers[SECRET] for record in records})
    secrets: dict[str, bytes] = {}
    for start in range(0, len(names), 500):
        secrets |= await vault.open(names[start : start + 500])
    return secrets


async def _read_store(opened: Opened, found: Held) -> None:
    for row in await opened.store.rows("fact"):
        found.facts.update(kept.record_id for kept in unpack(row))
    kinds: dict[str, Any] = {}
    for row in await opened.store.rows("message"):
        found.index[row["kind"], row["request_id"]] += 1
        kinds[row["id"]] = row
    for row in await opened.store.rows("delivery"):
        found.deliveries[row["request_id"]] = (row["system"], row["state"])
    for row in await opened.store.rows("message_event", {"state": "confirmed"}):
        if row["id"] in kinds:
            found.confirmed_events[kinds[row["id"]]["request_id"]] += 1


async def records_of(opened: Opened, topic: str) -> list[Record]:
    """Every record of a topic, repeats included, by partition and offset."""
    found: list[Record] = []
    for partition in range(opened.bus.topics().get(topic, 0)):
        offset = await opened.bus.start(topic, partition)
        while True:
            try:
                batches = await opened.bus.read(topic, partition, offset)
            except TryAgain as again:
                await asyncio.sleep(again.after)
                continue
            if not batches:
                break
            for batch in batches:
                found += batch.records
                offset = batch.base + len(batch.records)
    return found
