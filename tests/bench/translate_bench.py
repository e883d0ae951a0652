"""Records per second through translate, bus write included, against the raw cost of the same records.

The limit is what no translate can do without: check every value against its contract, seal it, write it to the log. Both
are measured in turn, on the same values, and the medians compared.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any, Final

from adapters.kit import DeviceRequest
from hub.clock import SystemClock
from hub.demo.preset import load
from hub.demo.world import make_month
from hub.gateway import devices
from hub.gateway.admission import Push, examine
from hub.log.engine import EmbeddedLog
from hub.ports import Append, Candidate
from hub.records import ID, TYPE, Record
from hub.stages.runner import Runner
from hub.stages.translate import Translate
from hub.store.sql import SqlStore
from hub.topics import RECORDS
from schemas.contracts import checker
from signing import tokens
from signing.jsontext import parse, render
from signing.sealing import BodyKey
from tests.simulator.hub import HUB_KEYS, SimHub, push_envelope
from tests.simulator.month import PERIOD, Script

FLOOR: Final = 15_000
AIM: Final = 30_000
PEOPLE: Final = 1_000
ROUND: Final = 3_000
"""About how many records one round makes."""


def run(seconds: float) -> list[dict[str, Any]]:
    """One row per kind of input, and their median as `translate.records`."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), seconds))


async def _measure(folder: Path, seconds: float) -> list[dict[str, Any]]:
    hub = SimHub()
    await Script().do(hub, Script().onboarding())
    await hub.running()
    clock = SystemClock()
    log = EmbeddedLog.open(folder / "bus.db", HUB_KEYS.wrapper, clock, run_dir=folder)
    store = SqlStore.open(f"sqlite:///{folder / 'store.db'}")
    await log.ensure({topic: n for topic, n in hub.log.topics().items() if topic != "control"})
    try:
        rows = [
            await _kind("siasn", await _pages(hub), hub, log, store, seconds / 2),
            await _kind("adms", await _batches(hub), hub, log, store, seconds / 2),
        ]
    finally:
        await store.close()
        await log.close()
    slowest = min(rows, key=lambda row: float(row["value"]))
    return [dict(slowest, name="translate.records"), *rows]


async def _kind(
    name: str, candidates: Sequence[Candidate], hub: SimHub, log: EmbeddedLog, store: SqlStore, seconds: float
) -> dict[str, Any]:
    stage = Translate(log, hub.follower, hub.adapters, HUB_KEYS.hmac, log.topics)
    runner = Runner(stage, log, store, f"bench-{name}")
    ours: list[float] = []
    raw: list[float] = []
    turn = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until or len(ours) < 3:
        ends = await _ends(log)
        await log.admit([_fresh(c, turn) for c in candidates], SystemClock().now())
        turn += 1
        began = time.perf_counter()
        while await runner.step():
            pass
        spent = time.perf_counter() - began
        made = await _since(log, ends)
        ours.append(len(made) / spent)
        raw.append(await _raw(log, made))
    value, limit = median(ours), median(raw)
    return {
        "name": f"translate.{name}",
        "value": round(value),
        "unit": "1/s",
        "limit": round(limit),
        "limit_name": "check, seal and append of the same records",
        "ratio": round(value / limit, 3),
        "floor": FLOOR,
        "aim": AIM,
    }


def _fresh(candidate: Candidate, turn: int) -> Candidate:
    """The same message, told apart from the earlier ones by its dedupe scope alone."""
    return Candidate(
        topic=candidate.topic,
        partition=candidate.partition,
        key=candidate.key,
        system=f"{candidate.system}-{turn}",
        code=candidate.code,
        body=candidate.body,
        received=candidate.received,
        headers=candidate.headers,
        rule="window",
        window_ms=0,
    )


async def _ends(log: EmbeddedLog) -> dict[tuple[str, int], int]:
    return {
        (topic, n): await log.end(topic, n)
        for topic, partitions in log.topics().items()
        if topic.startswith(RECORDS)
        for n in range(partitions)
    }


async def _since(log: EmbeddedLog, ends: dict[tuple[str, int], int]) -> list[tuple[dict[str, Any], Record, int]]:
    """What was made, opened: value, record, partition."""
    made: list[tuple[dict[str, Any], Record, int]] = []
    keys: dict[tuple[str, str], BodyKey] = {}
    for (topic, n), offset in ends.items():
        position = offset
        while batches := await log.read(topic, n, position, max_records=100_000):
            records = [record for batch in batches for record in batch.records]
            secrets = await log.open(sorted({r.headers["ce_secretid"] for r in records}))
            for record in records:
                name = (record.headers["ce_secretid"], record.headers[TYPE])
                if name not in keys:
                    keys[name] = BodyKey(secrets[name[0]], name[1])
                made.append((parse(keys[name].open_seal(record.headers[ID], record.value)), record, n))
            position = batches[-1].base + len(batches[-1].records)
    return made


async def _raw(log: EmbeddedLog, made: Sequence[tuple[dict[str, Any], Record, int]]) -> float:
    """Records per second of check, seal and append, with nothing around it."""
    await log.ensure({"bench.raw": 4})
    key = BodyKey(b"r" * 32, "bench")
    checks = {record.headers[TYPE]: checker(record.headers[TYPE]).ok for _, record, _ in made}
    began = time.perf_counter()
    by_partition: dict[int, list[Record]] = {}
    for value, record, n in made:
        headers = record.headers
        if checks[headers[TYPE]](value):
            sealed = key.seal(headers[ID], render(value))
            by_partition.setdefault(n, []).append(Record(record.key, headers, sealed))
    await log.append([Append("bench.raw", n, records) for n, records in by_partition.items()])
    return len(made) / (time.perf_counter() - began)


async def _pages(hub: SimHub) -> list[Candidate]:
    """Pages of 50 employees, as their system pushes them."""
    world = make_month(load("kementerian"), PERIOD, PEOPLE, 1).world
    terms, view, now = hub.terms(), hub.follower.directory.now(), hub.clock.now()
    token = b"Bearer " + tokens.issue(HUB_KEYS.token, "KEMCONTOH-HR", now + 60_000, _epoch(hub)).encode()
    found: list[Candidate] = []
    for message in import_module("adapters.siasn.sample").messages("employees", world):
        text = push_envelope("SIASN-EMP", message.body)
        candidate = examine(Push(token, b"application/json", text), view, now, terms)
        assert isinstance(candidate, Candidate), candidate.code
        found.append(candidate)
    return found * (ROUND // PEOPLE)


def _epoch(hub: SimHub) -> int:
    system = hub.follower.directory.now().system("KEMCONTOH-HR")
    assert system is not None
    return system.epoch


async def _batches(hub: SimHub) -> list[Candidate]:
    """Uploads of two devices."""
    world = make_month(load("kementerian"), PERIOD, ROUND // 44, 1).world
    view = hub.follower.directory.now()
    found: list[Candidate] = []
    for message in import_module("adapters.zkteco_adms.sample").messages("attlog", world):
        device = view.device(message.query["SN"])
        assert device is not None
        request = DeviceRequest("POST", message.path, message.query, message.body)
        reply = hub.adapters["zkteco_adms"].handle(message.path, request, devices.context_of(device))
        assert reply.admit is not None
        found.append(devices.make_candidate(reply.admit, device, view, hub.terms()))
    return found


if __name__ == "__main__":
    for row in run(6):
        print(row)  # noqa: T201
