"""Files out to folders: what a subscription with the option `folder` gets lies there whole, with its checksum beside it.

Rule: a file appears under its name by one rename of bytes that are on the disk, and `<name>.sha256` after it: whoever takes a
file once its checksum lies there takes it whole. A name that is taken by other content is never overwritten. Each request
has one effect: what was put in its place is noted in `.amana/` before, so a repeat after a crash finds it done, even
when payroll has taken the file away meanwhile.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from adapters.kit.attached import unwrap
from adapters.kit.errors import AdapterError
from hub.delivery.states import Event
from hub.errors import BadMessage, TryAgain
from hub.records import CODE, REQUEST, RUN
from signing.jsontext import parse

OPTION: Final = "folder"
PLACE: Final = re.compile(r"[A-Za-z0-9{][A-Za-z0-9._{}-]*(/[A-Za-z0-9{][A-Za-z0-9._{}-]*)*", re.ASCII)
"""A folder below the root, in which `{run}` stands for the code of the run."""
_NAME: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._ -]{0,159}", re.ASCII)
_NOTES: Final = ".amana"
_MODE: Final = 0o750
_AGAIN: Final = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Filed:
    """A file that is to lie in a folder. `request`: under which it goes out, once."""

    folder: str
    name: str
    content: bytes
    request: str


def file_of(folder: str, headers: Mapping[str, str], body: bytes) -> Filed:
    """The file that a message comes to: the one that it carries, else its body as JSON. Raises `BadMessage` AMANA-OUT-007."""
    value: Any = parse(body)
    name, content = f"{headers.get(CODE, 'message')}-{headers[REQUEST]}.json", body
    if isinstance(value, dict) and {"name", "sha256", "contentBase64"} <= value.keys():
        try:
            name, content = str(value["name"]), unwrap({**value, "sha256": str(value["sha256"])[-64:]})
        except AdapterError:
            raise BadMessage("AMANA-OUT-007", "the file is not what its digest says") from None
    place = folder.replace("{run}", headers.get(RUN, "no-run"))
    if not _NAME.fullmatch(name) or not PLACE.fullmatch(place) or ".." in place:
        raise BadMessage("AMANA-OUT-007", "a file or folder has a name that files do not have")
    return Filed(place, name, content, headers[REQUEST])


async def file_away(filing: Filing | None, folder: str, headers: Mapping[str, str], body: bytes) -> Event:
    """What comes of a message that goes into a folder instead of to an address."""
    if filing is None:
        return Event.FORBIDDEN
    try:
        await asyncio.to_thread(filing.put, file_of(folder, headers, body))
    except BadMessage as bad:
        return Event.NAME_TAKEN if bad.code == "AMANA-OUT-008" else Event.BREACH
    except TryAgain:
        return Event.NO_ANSWER
    return Event.FILED


@dataclass(slots=True)
class Filing:
    """Puts files below `root`. `reached`: told after each step that leaves a trace, for tests."""

    root: Path
    reached: Callable[[str], None] = lambda _: None

    def put(self, filed: Filed) -> bool:
        """Put a file in its place, durable on return; False where it lay there or was taken before. Raises `BadMessage`
        AMANA-OUT-008 where the name is taken by other content, `TryAgain` where the disk does not let it be written."""
        try:
            return self._put(filed)
        except OSError as error:
            raise TryAgain("AMANA-OUT-003", error.strerror or "folder", after=_AGAIN) from None

    def _put(self, filed: Filed) -> bool:
        folder = self.root / filed.folder
        notes = folder / _NOTES
        notes.mkdir(mode=_MODE, parents=True, exist_ok=True)
        target = folder / filed.name
        digest = hashlib.sha256(filed.content).hexdigest()
        note, part = notes / f"{filed.request}.txt", notes / f"{filed.request}.part"
        placed = note.exists() and not part.exists()
        if not placed:
            if target.exists():
                if _digest(target) != digest:
                    raise BadMessage("AMANA-OUT-008", "another file has that name")
                _write(note, f"{digest}  {filed.name}\n".encode())
                part.unlink(missing_ok=True)
                _sync(notes)
            else:
                self._place(filed, digest, part, note, target)
        if target.exists():
            self._sum(filed, digest, notes, folder)
        return not placed

    def _place(self, filed: Filed, digest: str, part: Path, note: Path, target: Path) -> None:
        _write(part, filed.content)
        self.reached("file written")
        _write(note, f"{digest}  {filed.name}\n".encode())
        _sync(note.parent)
        self.reached("file noted")
        part.rename(target)
        _sync(target.parent)
        _sync(note.parent)
        self.reached("file in its place")

    def _sum(self, filed: Filed, digest: str, notes: Path, folder: Path) -> None:
        """The checksum in the form of sha256sum."""
        beside = folder / f"{filed.name}.sha256"
        if beside.exists():
            return
        draft = notes / f"{filed.request}.sum"
        _write(draft, f"{digest}  {filed.name}\n".encode())
        draft.rename(beside)
        _sync(folder)
        self.reached("checksum in its place")


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
