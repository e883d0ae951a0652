"""A disk that remembers: SQLite's own VFS, with every write, truncation and sync written down, and power cuts.

Rule: after a cut a file holds what was synced, plus any part of what was not: each later write may be whole, missing or
torn at a sector, in any order, as a disk with a cache does it. Locks, shared memory and reading are the real VFS's.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import apsw

SECTOR = 512

Kind = Literal["write", "truncate", "sync", "delete", "mark"]


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a file; `mark` is a test's own note between them."""

    kind: Kind
    file: str
    offset: int = 0
    body: bytes = b""


@dataclass(slots=True)
class Recording:
    """Everything that reached the disk, in order."""

    events: list[Event] = field(default_factory=list)

    def mark(self, name: str) -> None:
        self.events.append(Event("mark", name))

    def marked_before(self, cut: int) -> list[str]:
        """Names of the marks that were made before event `cut`."""
        return [event.file for event in self.events[:cut] if event.kind == "mark"]

    def after_cut(self, cut: int, seed: int) -> dict[str, bytes]:
        """The files as a power cut before event `cut` leaves them."""
        chance = random.Random(seed)
        files: dict[str, bytearray] = {}
        waiting: dict[str, list[Event]] = {}
        for event in self.events[:cut]:
            if event.kind == "sync":
                content = files.setdefault(event.file, bytearray())
                for earlier in waiting.pop(event.file, []):
                    _apply(content, earlier)
            elif event.kind == "delete":
                files.pop(event.file, None)
                waiting.pop(event.file, None)
            elif event.kind != "mark":
                waiting.setdefault(event.file, []).append(event)
        for file, events in waiting.items():
            content = files.setdefault(file, bytearray())
            for event in events:
                for part in _survivors(event, chance):
                    _apply(content, part)
        return {file: bytes(content) for file, content in files.items()}


def _survivors(event: Event, chance: random.Random) -> list[Event]:
    fate = chance.random()
    if fate < 0.4:
        return [event]
    if fate < 0.7 or event.kind == "truncate":
        return []
    sectors = range(0, len(event.body), SECTOR)
    return [
        Event("write", event.file, event.offset + first, event.body[first : first + SECTOR])
        for first in sectors
        if chance.random() < 0.5
    ]


def _apply(content: bytearray, event: Event) -> None:
    if event.kind == "truncate":
        del content[event.offset :]
        return
    if len(content) < event.offset:
        content.extend(bytes(event.offset - len(content)))
    content[event.offset : event.offset + len(event.body)] = event.body


class RecordingVFS(apsw.VFS):
    """Register under `name` and open files with `vfs=name`. With `swallow_sync` the disk lies: it says that a sync was
    done, and did nothing."""

    def __init__(self, name: str, recording: Recording, *, swallow_sync: bool = False) -> None:
        self.recording = recording
        self.swallow_sync = swallow_sync
        super().__init__(name, "")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> _RecordingFile:  # noqa: N802 - SQLite's name
        return _RecordingFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - SQLite's name
        super().xDelete(filename, syncdir)
        self.recording.events.append(Event("delete", Path(filename).name))


class _RecordingFile(apsw.VFSFile):
    def __init__(self, vfs: RecordingVFS, name: Any, flags: list[int]) -> None:
        self._vfs = vfs
        path = name.filename() if isinstance(name, apsw.URIFilename) else name or ""
        self._file = Path(path).name
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        super().xWrite(data, offset)
        self._vfs.recording.events.append(Event("write", self._file, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        super().xTruncate(newsize)
        self._vfs.recording.events.append(Event("truncate", self._file, newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        if not self._vfs.swallow_sync:
            super().xSync(flags)
            self._vfs.recording.events.append(Event("sync", self._file))
