"""Backup and restore of one machine's hub: the log with its secrets, the store, the keys, the settings file.

Rule: the store is copied before the log, so a restored hub looks like one that crashed in between: stages repeat what
they had not committed and watermarks drop it. A restore becomes visible whole or not at all, and erasures made since
the backup are applied before it does. The file holds private keys: mode 0600, and to be kept like them.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hub import keys
from hub.clock import SystemClock
from hub.errors import ConfigError
from hub.log.engine import EmbeddedLog
from hub.settings import load as load_settings
from signing import jsontext
from signing.errors import SigningError

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
BUS: Final = "bus.db"
STORE: Final = "store.db"
PLAIN: Final = ("amana.toml",)
UPLOADS: Final = ("upload_piece", "upload")
BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did. `erasures_known` False: nobody could say what was erased since `taken` (ms since 1970)."""

    taken: int
    erased: int
    erasures_known: bool


def backup(data: Path, file: Path) -> None:
    """Write a backup of the hub in `data`, running or not. On return the file is on the disk.

    Raises `ConfigError` when there is no hub of one machine in `data`, or `file` exists.
    """
    settings = load_settings(data)
    bus, store = _sqlite_path(settings.bus, "AMANA_BUS"), _sqlite_path(settings.store, "AMANA_STORE")
    if not bus.is_file() or not store.is_file():
        raise ConfigError("AMANA-CONF-005", f"no hub has its data in {data}")
    if file.exists():
        raise ConfigError("AMANA-CONF-005", f"{file} exists; a backup never replaces one")
    with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=".amana-backup-") as temporary:
        copies = Path(temporary)
        _copy_store(store, copies / STORE)
        _copy_bus(bus, copies / BUS)
        members = [(BUS, copies / BUS), (STORE, copies / STORE)]
        members += [(f"keys/{path.relative_to(data / 'keys')}", path) for path in _files(data / "keys")]
        members += [(name, data / name) for name in PLAIN if (data / name).is_file()]
        partial = copies / "partial"
        _write_archive(partial, members, str(data.absolute()))
        os.link(partial, file)
        _sync(file.absolute().parent)


def restore(file: Path, data: Path, erasures: Path | None = None) -> Restored:
    """Restore into a directory that is new or empty. `erasures`: the data directory (or the log file) of the hub that
    the backup is of, as it was last; unless given, it is looked for where the backup was taken.

    Raises `ConfigError` when the file is not a whole backup or the directory is in use; nothing is left behind then.
    """
    if data.exists() and any(data.iterdir()):
        raise ConfigError("AMANA-CONF-005", f"{data} is not empty; restore into a new directory")
    data.absolute().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data.absolute().parent, prefix=".amana-restore-") as temporary:
        fresh = Path(temporary) / "data"
        manifest = _read_archive(file, fresh)
        later = _later_erasures(erasures, Path(manifest["origin"]))
        erased = asyncio.run(_apply_erasures(fresh, later or []))
        for path in _files(fresh):
            _sync(path)
        if data.exists():
            data.rmdir()
        fresh.rename(data)
        _sync(data.absolute().parent)
    return Restored(int(manifest["taken"]), erased, later is not None)


def _sqlite_path(address: str, setting: str) -> Path:
    if not address.startswith("sqlite:///"):
        raise ConfigError(
            "AMANA-CONF-001",
            f"{setting}: a backup holds the SQLite files of one machine; of a cluster back up PostgreSQL, Kafka and the keys",
        )
    return Path(address.removeprefix("sqlite:///"))


def _copy_store(source: Path, target: Path) -> None:
    """A consistent copy, while the hub writes; without uploads, which are nobody's message yet and are to be forgotten
    in a day."""
    with sqlite3.connect(f"file:{source}?mode=ro", uri=True) as reading, sqlite3.connect(target) as writing:
        reading.backup(writing)
        writing.execute("PRAGMA secure_delete=ON")
        for table in UPLOADS:
            writing.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
    reading.close()
    writing.close()


def _copy_bus(source: Path, target: Path) -> None:
    """The same, with the log's own SQLite."""
    import apsw

    reading, writing = apsw.Connection(str(source)), apsw.Connection(str(target))
    with writing.backup("main", reading, "main") as copying:
        copying.step()
    writing.close()
    reading.close()


def _write_archive(path: Path, members: Iterable[tuple[str, Path]], origin: str) -> None:
    digests = {}
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out, tarfile.open(fileobj=out, mode="w") as archive:
        for name, source in members:
            digests[name] = _digest(source)
            archive.add(source, name, recursive=False)
        manifest = {"format": FORMAT, "taken": SystemClock().now(), "origin": origin, "members": digests}
        content = jsontext.render(manifest)
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(content), 0o600
        archive.addfile(entry, io.BytesIO(content))
    _sync(path)


def _read_archive(file: Path, target: Path) -> dict[str, Any]:
    """Unpack, and hold every member against its digest. Only names that the manifest lists are written."""
    target.mkdir(mode=0o700)
    try:
        with tarfile.open(file) as archive:
            entry = archive.extractfile(MANIFEST)
            assert entry is not None
            manifest: dict[str, Any] = jsontext.parse(entry.read())
            if manifest["format"] != FORMAT or not {BUS, STORE} <= set(manifest["members"]):
                raise ConfigError("AMANA-CONF-006", f"{file.name} is of another format")
            for name, digest in manifest["members"].items():
                path = _inside(target, name)
                content = archive.extractfile(name)
                assert content is not None
                with content, os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                    shutil.copyfileobj(content, out, BLOCK)
                if _digest(path) != digest:
                    raise ConfigError("AMANA-CONF-006", f"{name} is not what was written")
    except (OSError, tarfile.TarError, KeyError, AssertionError, SigningError, TypeError) as error:
        raise ConfigError("AMANA-CONF-006", f"{file.name}: {type(error).__name__}") from error
    return manifest


def _inside(target: Path, name: str) -> Path:
    """Where a member goes: never outside of `target`."""
    path = (target / name).resolve()
    if not path.is_relative_to(target.resolve()):
        raise ConfigError("AMANA-CONF-006", "a member's name leads elsewhere")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _later_erasures(given: Path | None, origin: Path) -> list[str] | None:
    """Ids that the living hub has erased; None when nobody can say."""
    import apsw

    place = given or origin
    log = place / BUS if place.is_dir() else place
    if not log.is_file():
        if given is not None:
            raise ConfigError("AMANA-CONF-005", f"there is no log at {given}")
        return None
    connection = apsw.Connection(str(log), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return [str(row[0]) for row in connection.execute("SELECT id FROM erasure ORDER BY n")]
    except apsw.Error as error:
        raise ConfigError("AMANA-CONF-005", f"{log.name} is not a log: {type(error).__name__}") from error
    finally:
        connection.close()


async def _apply_erasures(data: Path, ids: list[str]) -> int:
    held = keys.load(keys.directory(data))
    with tempfile.TemporaryDirectory(prefix="amana-") as run:
        log = EmbeddedLog.open(data / BUS, held.wrapper, SystemClock(), run_dir=Path(run))
        try:
            return await log.erase(ids) if ids else 0
        finally:
            await log.close()


def _files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
