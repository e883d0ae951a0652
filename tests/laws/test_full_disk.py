"""A disk that takes no more: reading goes on, and the proof of writing says so without growing anything itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw
import pytest

from hub.errors import TryAgain
from hub.log import EmbeddedLog, connections
from tests.laws.engines import WRAPPER, Engine, LawClock, append, law, texts
from tests.simulator.disk import Recording, RecordingVFS


class FullVFS(apsw.VFS):
    """A disk that is full when told so: every write fails as SQLite's own disk layer says it."""

    def __init__(self, name: str) -> None:
        self.full = False
        super().__init__(name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> _File:  # noqa: N802 - SQLite's name
        return _File(self, name, flags)


class _File(apsw.VFSFile):
    def __init__(self, vfs: FullVFS, name: Any, flags: list[int]) -> None:
        self._vfs = vfs
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        if self._vfs.full:
            raise apsw.FullError("full")
        super().xWrite(data, offset)


@law
async def test_a_full_disk_is_proved_and_so_is_its_end(tmp_path: Path) -> None:
    """Reads work all the while; `prove` is `TryAgain` AMANA-BUS-001 until there is room."""
    vfs = FullVFS("full-disk")
    try:
        log = EmbeddedLog.open(tmp_path / "bus.db", WRAPPER, LawClock(), vfs="full-disk")
        await log.ensure({"t": 1})
        await append(log, "t", 0, "a")
        await log.prove()
        vfs.full = True
        for _ in range(2):
            with pytest.raises(TryAgain) as full:
                await log.prove()
            assert full.value.code == "AMANA-BUS-001"
        assert (await log.end("t", 0), await texts(log, "t", 0)) == (1, ["a"])
        vfs.full = False
        await log.prove()
        assert await append(log, "t", 0, "b") == 1
        await log.close()
    finally:
        vfs.unregister()


@law
async def test_a_proof_is_written_and_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each one reaches the disk; a thousand make the file no longer and the log beside it no longer than checkpoints
    let it be."""
    monkeypatch.setattr(connections, "CHECKPOINT_PAGES", 40)
    recording = Recording()
    vfs = RecordingVFS("proof", recording)
    try:
        path = tmp_path / "bus.db"
        log = EmbeddedLog.open(path, WRAPPER, LawClock(), vfs="proof")
        await log.ensure({"t": 1})
        for _ in range(50):
            await log.prove()
        before = path.stat().st_size
        for _ in range(1000):
            recording.events.clear()
            await log.prove()
            assert {"write", "sync"} <= {event.kind for event in recording.events if event.file == "bus.db-wal"}
        assert path.stat().st_size == before
        assert (tmp_path / "bus.db-wal").stat().st_size < 100 * 4200
        await log.close()
    finally:
        vfs.unregister()


@law
async def test_a_proof_stores_no_record(engine: Engine) -> None:
    """Partitions end where they ended."""
    log = await engine.open()
    await log.ensure({"t": 1})
    await append(log, "t", 0, "a")
    await log.prove()
    assert (await log.end("t", 0), await texts(log, "t", 0)) == (1, ["a"])
    await log.close()
    with pytest.raises(TryAgain):
        await log.prove()
