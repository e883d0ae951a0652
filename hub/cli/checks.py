"""What `amana doctor` looks at on this machine: settings, data directory, keys, databases, disk.

Rule: a check says what it found, what was expected and what to do; it changes nothing and shows no secret.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.settings import Settings

LEAST_FREE = 1 << 30  # bytes
LEAST_CERTIFICATE = 14 * 86_400  # seconds
PRIVATE = frozenset({0o600, 0o400})
OTHERS = 0o077  # what group and everybody may do
SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    name: str
    ok: bool
    found: str
    remedy: str = ""


def is_usable(data: Path) -> bool:
    """Whether there is anything to look into."""
    return data.is_dir() and os.access(data, os.R_OK | os.W_OK | os.X_OK)


def check_directory(data: Path) -> Finding:
    if not data.is_dir():
        return Finding("data directory", False, f"{data} is not there", "start the hub once: `amana serve` makes it")
    if not is_usable(data):
        return Finding("data directory", False, f"{data} cannot be written", "run as the user who owns it")
    mode = stat.S_IMODE(data.stat().st_mode)
    if mode & OTHERS:
        return Finding("data directory", False, f"{data} has mode {mode:04o}", f"chmod 700 {data}")
    return Finding("data directory", True, str(data))


def check_files(data: Path) -> Finding:
    """Nothing in the directory is open to others: the databases hold people's data, sealed and indexed."""
    files = [path for path in sorted(data.iterdir()) if path.is_file()]
    wide = [path.name for path in files if path.stat().st_mode & OTHERS]
    found = f"{', '.join(wide)} open to others" if wide else f"{len(files)} files, none open to others"
    return Finding("data files", not wide, found, "chmod 600 " + " ".join(str(data / name) for name in wide))


def check_disk(data: Path) -> Finding:
    usage = shutil.disk_usage(data)
    found = f"{usage.free / (1 << 30):.1f} GiB free of {usage.total / (1 << 30):.1f}"
    return Finding("disk", usage.free >= LEAST_FREE, found, "make room: a full disk stops admission (senders get 503)")


def check_keys(directory: Path) -> Iterator[Finding]:
    """Modes of all key files, and whether the hub's own load."""
    from hub import keys
    from hub.errors import ConfigError

    for path in sorted(directory.rglob("*")):
        if path.is_file() and not path.name.endswith(".pub.pem"):
            mode = stat.S_IMODE(path.stat().st_mode)
            name = f"key file {path.relative_to(directory)}"
            yield Finding(name, mode in PRIVATE, f"mode {mode:04o}", f"chmod 600 {path}")
    try:
        held = keys.load(directory)
    except ConfigError as error:
        yield Finding("hub keys", False, error.detail, error.spec.remedy)
    else:
        yield Finding("hub keys", True, f"signing key {held.signing.public.key_id}")


def check_certificates(settings: Settings, now: int) -> Iterator[Finding]:
    """The files for TLS, and when the hub's own certificates end. `now`: milliseconds."""
    from hub import tls
    from hub.errors import ConfigError

    for name, make in (("TLS inbound", tls.inbound), ("TLS outbound", tls.outbound)):
        try:
            made = make(settings)
        except ConfigError as error:
            yield Finding(name, False, error.detail, error.spec.remedy)
        else:
            yield Finding(name, True, "off" if made is None else "files usable")
    for setting in ("tls_certificate", "outbound_certificate"):
        path = getattr(settings, setting)
        if path is None:
            continue
        name = "AMANA_" + setting.upper()
        try:
            left = tls.valid_until(path, name) - now // 1000
        except ConfigError:
            continue  # said above
        found = f"ends in {left // 86_400} days" if left > 0 else "has ended"
        remedy = f"put a new one into {path}; it counts from the next connection on, without a restart"
        yield Finding(name, left >= LEAST_CERTIFICATE, found, remedy)


def check_bus(settings: Settings) -> Iterator[Finding]:
    """The log's file, or the brokers that keep it."""
    import asyncio

    from hub.errors import ConfigError

    if settings.bus.startswith(SQLITE):
        yield check_log(settings)
        return
    from hub.kafka.checking import examine
    from hub.kafka.connection import connection_of

    try:
        looked = asyncio.run(examine(connection_of(settings)))
    except ConfigError as error:
        yield Finding("kafka", False, error.detail, error.spec.remedy)
        return
    for seen in looked:
        yield Finding(seen.name, seen.ok, seen.found, seen.remedy)


def check_log(settings: Settings) -> Finding:
    """The log's file holds its durability settings on a new connection."""
    from hub.errors import HubError
    from hub.log.connections import open_connection

    name = "log durability"
    path = Path(settings.bus.removeprefix(SQLITE))
    if not path.is_file():
        return Finding(name, False, f"{path.name} is not there", "start the hub once: `amana serve` makes it")
    try:
        connection = open_connection(path)
        pragmas = {pragma: connection.pragma(pragma) for pragma in ("journal_mode", "synchronous", "secure_delete")}
        connection.close()
    except HubError as error:
        return Finding(name, False, error.detail, error.spec.remedy)
    return Finding(name, True, ", ".join(f"{pragma}={value}" for pragma, value in pragmas.items()))


def check_store(settings: Settings) -> Iterator[Finding]:
    """The store's file, or the server that keeps it."""
    if settings.store.startswith(SQLITE):
        yield check_store_file(settings)
        return
    from hub.cli.store_checks import check_postgresql

    yield from check_postgresql(settings.store.replace("+psycopg", "", 1))


def check_store_file(settings: Settings) -> Finding:
    """The store's file holds its durability settings on a new connection."""
    import sqlite3

    from hub.errors import HubError
    from hub.store.engines import assert_settings

    name = "store durability"
    path = Path(settings.store.removeprefix(SQLITE))
    if not path.is_file():
        return Finding(name, False, f"{path.name} is not there", "start the hub once: `amana serve` makes it")
    connection = sqlite3.connect(path)
    try:
        assert_settings(connection, "wal")
    except HubError as error:
        return Finding(name, False, error.detail, error.spec.remedy)
    finally:
        connection.close()
    return Finding(name, True, "journal_mode=wal, synchronous=2")
