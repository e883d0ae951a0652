"""The power-cut law: whatever the log acknowledged is there after any cut, on the very library that runs.

One workload is recorded write by write; then the power is cut at seeded places, the files are left as a disk may leave
them, and the real engine opens them again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hub import records
from hub.log import EmbeddedLog, connections
from hub.log.inbox import PURPOSE
from hub.ports import Admitted, Append, Candidate
from hub.records import Ms
from signing.sealing import BodyKey, LocalKeyWrapper
from tests.laws.engines import LawClock, candidate, record
from tests.simulator.disk import Recording, RecordingVFS
from tests.soak import rounds

SEEDS = rounds(40)
TOPICS = {"t": 2, "inbox.law": 2}


@dataclass(slots=True)
class Told:
    """What callers were told, by the name of the mark that was made when they were."""

    appends: dict[str, tuple[int, int, list[str]]] = field(default_factory=dict)
    admissions: dict[str, tuple[Candidate, Admitted]] = field(default_factory=dict)
    secrets: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    erasures: dict[str, str] = field(default_factory=dict)


class NotingWrapper(LocalKeyWrapper):
    """Remembers what each secret looks like on disk."""

    def __init__(self) -> None:
        super().__init__(bytes(32))
        self.wrapped: dict[str, bytes] = {}

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        wrapped = super().wrap(secret, context)
        self.wrapped[context.decode()] = wrapped
        return wrapped


@dataclass(slots=True)
class Run:
    recording: Recording = field(default_factory=Recording)
    told: Told = field(default_factory=Told)
    wrapper: NotingWrapper = field(default_factory=NotingWrapper)


async def workload(path: Path, vfs: str, run: Run, seed: int) -> None:
    """Concurrent appends and admissions of mixed sizes, secrets, erasures (which truncate the WAL), and checkpoints."""
    chance = random.Random(seed)
    log = EmbeddedLog.open(path, run.wrapper, LawClock(), vfs=vfs)
    await log.ensure(TOPICS)
    told = run.told

    async def append(caller: int) -> None:
        for n in range(12):
            partition = chance.randrange(2)
            texts = [f"{caller}.{n}.{i}" + "x" * chance.choice((0, 300, 9000)) for i in range(chance.randrange(1, 4))]
            (base,) = await log.append([Append("t", partition, [record(text) for text in texts])])
            told.appends[f"append {caller}.{n}"] = (partition, base, texts)
            run.recording.mark(f"append {caller}.{n}")

    async def admit(caller: int) -> None:
        for n in range(12):
            body = b"%d.%d " % (caller, n) + chance.randbytes(chance.choice((20, 5000)))
            message = candidate(body, "natural-key", [b"%d.%d.%d" % (caller, n, i) for i in range(20)], partition=n % 2)
            (answer,) = await log.admit([message], Ms(n))
            assert isinstance(answer, Admitted)
            name = f"admit {caller}.{n}"
            told.admissions[name] = (message, answer)
            run.recording.mark(name)
            if n % 4 == 3:
                await log.erase([answer.id])
                told.erasures[f"erase {caller}.{n}"] = name
                run.recording.mark(f"erase {caller}.{n}")

    async def put() -> None:
        for n in range(8):
            kept = await log.put({f"run:{n}": chance.randbytes(32)})
            told.secrets[f"put {n}"] = (f"run:{n}", kept[f"run:{n}"])
            run.recording.mark(f"put {n}")

    await asyncio.gather(*(append(n) for n in range(3)), *(admit(n) for n in range(3)), put())
    await log.close()


async def losses(directory: Path, run: Run, cut: int) -> list[str]:
    """Open the files of a cut and list what was acknowledged before it and is not there."""
    acknowledged = set(run.recording.marked_before(cut))
    told = run.told
    lost: list[str] = []
    log = EmbeddedLog.open(directory / "bus.db", run.wrapper, LawClock())
    on_disk = bytes_of(directory)
    await log.ensure(TOPICS)
    check = connections.open_connection(directory / "bus.db")
    lost += [text for (text,) in check.execute("PRAGMA integrity_check") if text != "ok"]
    check.close()
    kept = {
        (topic, partition): [
            one for batch in await log.read(topic, partition, 0, max_records=10**6) for one in batch.records
        ]
        for topic, partitions in TOPICS.items()
        for partition in range(partitions)
    }
    for (topic, partition), found in kept.items():
        if await log.end(topic, partition) != len(found):
            lost.append(f"the end of {topic}/{partition}")
    for name in acknowledged & told.appends.keys():
        partition, base, texts = told.appends[name]
        if [one.value.decode() for one in kept["t", partition][base : base + len(texts)]] != texts:
            lost.append(name)
    erased = {told.erasures[name] for name in acknowledged & told.erasures.keys()}
    begun = set(told.erasures.values())
    for name in acknowledged & told.admissions.keys():
        message, answer = told.admissions[name]
        found = kept["inbox.law", message.partition][answer.offset : answer.offset + 1]
        if [one.headers[records.ID] for one in found] != [answer.id]:
            lost.append(name)
            continue
        secrets = await log.open([answer.id])
        if name in erased and secrets:
            lost.append(f"the erasure of {name}")
        if name in erased and run.wrapper.wrapped[answer.id] in on_disk:
            lost.append(f"the erasure of {name} from the disk")
        if name not in begun and not opens(secrets.get(answer.id), answer.id, found[0].value, message.received):
            lost.append(f"the body of {name}")
        (again,) = await log.admit([message], Ms(99))
        if isinstance(again, Admitted):
            lost.append(f"the receipt of {name}")
    for name in acknowledged & told.secrets.keys():
        secret_id, secret = told.secrets[name]
        if await log.open([secret_id]) != {secret_id: secret}:
            lost.append(name)
    await log.close()
    return lost


def bytes_of(directory: Path) -> bytes:
    return b"".join(file.read_bytes() for file in directory.glob("bus.db*"))


def opens(secret: bytes | None, record_id: str, sealed: bytes, body: bytes) -> bool:
    return secret is not None and BodyKey(secret, PURPOSE).open_seal(record_id, sealed) == body


@contextmanager
def recorded(directory: Path, *, swallow_sync: bool, seed: int) -> Iterator[Run]:
    """The workload, recorded."""
    run = Run()
    name = f"recording-{directory.name}"
    vfs = RecordingVFS(name, run.recording, swallow_sync=swallow_sync)
    try:
        asyncio.run(workload(directory / "bus.db", name, run, seed))
        yield run
    finally:
        vfs.unregister()


def lost_at(directory: Path, run: Run, seed: int) -> list[str]:
    """Cut the power at a seeded place; what is lost."""
    cut = random.Random(seed).randrange(len(run.recording.events) + 1)
    after = directory / f"after-{seed}"
    after.mkdir()
    for file, content in run.recording.after_cut(cut, seed).items():
        (after / file).write_bytes(content)
    return asyncio.run(losses(after, run, cut))


@pytest.fixture(autouse=True)
def many_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cuts must fall into checkpoints too."""
    monkeypatch.setattr(connections, "CHECKPOINT_PAGES", 40)


def test_nothing_acknowledged_is_lost_by_a_power_cut(tmp_path: Path) -> None:
    """After a cut anywhere the file is sound; every acknowledged append, admission, receipt and secret is there, every
    body opens that was not to be erased, and every acknowledged erasure holds, to the
    last byte of the reopened files."""
    with recorded(tmp_path, swallow_sync=False, seed=1) as run:
        assert len(run.told.appends) + len(run.told.admissions) + len(run.told.secrets) == 80
        assert sum(event.kind == "write" and event.file == "bus.db" for event in run.recording.events) > 100
        lost = {seed: found for seed in range(SEEDS) if (found := lost_at(tmp_path, run, seed))}
    assert lost == {}


def test_the_law_detects_a_disk_that_does_not_sync(tmp_path: Path) -> None:
    """Were syncs not done, the law would say so: on a disk that swallows them, cuts lose acknowledged records."""
    found = 0
    with recorded(tmp_path, swallow_sync=True, seed=1) as run:
        for seed in range(10):
            try:
                found += bool(lost_at(tmp_path, run, seed))
            except Exception:  # noqa: BLE001 - a file that does not even open is a loss, whatever it says
                found += 1
    assert found >= 5


def test_the_law_detects_settings_that_do_not_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With synchronous=NORMAL, where SQLite syncs at checkpoints only, cuts lose acknowledged records too."""
    monkeypatch.setitem(connections._DURABILITY, "synchronous", 1)
    monkeypatch.setattr(connections, "CHECKPOINT_PAGES", 100_000)
    with recorded(tmp_path, swallow_sync=False, seed=1) as run:
        monkeypatch.undo()
        lost = [seed for seed in range(20) if lost_at(tmp_path, run, seed)]
    assert len(lost) >= 1
