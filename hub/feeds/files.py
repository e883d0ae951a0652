"""A watched folder on disk: which files are whole, and where they go.

Rule: a file is taken when it lay unchanged from one look to the next; it is moved into `taking/` before it is read, so
that a file of the same name that comes meanwhile is another one. Every step can be done again after a crash: a move is
one rename, a note is written beside and renamed in. Links are not followed, nothing outside of the folder is touched.
"""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

TAKING: Final = "taking"
DONE: Final = "done"
REFUSED: Final = "refused"
UNFINISHED: Final = (".part", ".partial", ".tmp", ".crdownload", ".filepart", ".swp")
_MODE: Final = 0o750

Mark = tuple[int, int, int]
"""Inode, size and time of change of a file: the same twice means that nobody wrote in between."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it was read. `content` None: larger than it may be."""

    path: Path
    mark: Mark
    content: bytes | None = field(repr=False)
    sha256: str


@dataclass(slots=True)
class Folder:
    """One watched folder. `seen`: marks of the last look."""

    root: Path
    pattern: str
    max_bytes: int
    seen: dict[str, Mark] = field(default_factory=dict)

    def prepare(self) -> None:
        """Make what is missing."""
        for name in ("", TAKING, DONE, REFUSED):
            (self.root / name).mkdir(mode=_MODE, parents=True, exist_ok=True)

    def look(self) -> list[str]:
        """Names of files to take, oldest change first: what a crash left in `taking/`, and what is whole now."""
        left = [entry.name for entry in os.scandir(self.root / TAKING) if entry.is_file(follow_symlinks=False)]
        marks: dict[str, Mark] = {}
        for entry in os.scandir(self.root):
            if entry.is_file(follow_symlinks=False) and self._wanted(entry.name):
                with suppress(FileNotFoundError):
                    marks[entry.name] = _mark(entry.stat(follow_symlinks=False))
        whole = [name for name, mark in marks.items() if self.seen.get(name) == mark and name not in left]
        self.seen = marks
        for name in sorted(whole, key=lambda name: (marks[name][2], name)):
            with suppress(FileNotFoundError):
                (self.root / name).rename(self.root / TAKING / name)
                left.append(name)
        _sync(self.root / TAKING)
        return left

    def read(self, name: str) -> Found | None:
        """The file in `taking/`; None while somebody still writes to it, or when it is gone."""
        path = self.root / TAKING / name
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return None
        with os.fdopen(handle, "rb") as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                return None
            if before.st_size > self.max_bytes:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                return Found(path, _mark(before), None, digest)
            content = file.read(self.max_bytes + 1)
            after = os.fstat(file.fileno())
        if _mark(before) != _mark(after) or len(content) != after.st_size:
            return None
        return Found(path, _mark(after), content, hashlib.sha256(content).hexdigest())

    def finish(self, found: Found, where: str, note: str) -> bool:
        """Move a file to `done` or `refused`, its note beside it. False: somebody wrote to it after it was read, so it
        stays and is read again."""
        if _mark(found.path.lstat()) != found.mark:
            return False
        target = self.root / where / f"{found.path.stem}.{found.sha256[:12]}{found.path.suffix}"
        beside = target.with_name(f"{target.name}.txt")
        draft = beside.with_name(f".{beside.name}.tmp")
        with draft.open("w", encoding="utf-8") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(beside)
        found.path.rename(target)
        _sync(target.parent)
        _sync(found.path.parent)
        return True

    def _wanted(self, name: str) -> bool:
        lowered = name.lower()
        return (
            not name.startswith((".", "~"))
            and not lowered.endswith(UNFINISHED)
            and fnmatchcase(lowered, self.pattern.lower())
        )


def _mark(status: os.stat_result) -> Mark:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _sync(folder: Path) -> None:
    """A rename is durable once its folder is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
