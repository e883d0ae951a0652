"""What must be found nowhere outside a sealed body, and the search for it.

Rule: a finding names the kind of what was found and the place, never the value. Whatever the search is given is searched
whole; a place that may hold a kind says so where it is searched, with the reason.
"""

from __future__ import annotations

import base64
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from hub.demo.preset import load
from hub.log.engine import EmbeddedLog
from hub.records import SECRET, Record
from tests.journeys.demo_run import PRESET, DemoRun
from tests.journeys.stored import every_record, with_log

TAP: Final = re.compile(rb"\d{1,9}\t20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\t")
"""A line of an attendance device: PIN, time, state."""

PRINTABLE: Final = re.compile(rb"[\x20-\x7e]{8,}")
DIGITS: Final = re.compile(rb"\d{8,}")
PHRASES: Final = re.compile(rb"[A-Za-z.,'-]+(?: [A-Za-z.,'-]+)+")
"""Numbers and names are looked for in these alone: thousands of them in megabytes of sealed bytes take minutes."""

SECRETS: Final = 40
"""Opened secrets that are looked for: those of the run and of `control` (their ids are short), and of some messages."""

SEALED: Final = {("fact", "body"), ("run_signal", "body")}
"""Columns of the store that hold sealed bodies, which are bytes to everybody without the secret."""

Place = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Canaries:
    """Needles by kind: `texts` are words, `keys` are bytes that may lie anywhere."""

    texts: Mapping[str, Sequence[bytes]]
    keys: Mapping[str, Sequence[bytes]]

    def kinds(self) -> list[str]:
        return [*self.texts, *self.keys, "tap"]

    def find(self, places: Iterable[Place], *, besides: Sequence[str] = ()) -> list[str]:
        """ "<kind> in <place>" of all that is there, without the kinds `besides`."""
        found = []
        for name, content in places:
            digits, phrases, words = (b"\n".join(p.findall(content)) for p in (DIGITS, PHRASES, PRINTABLE))
            for kind, needles in self.texts.items():
                if kind not in besides and any(
                    needle in (digits if needle.isdigit() else phrases if PHRASES.fullmatch(needle) else words)
                    for needle in needles
                ):
                    found.append(f"{kind} in {name}")
            for kind, needles in self.keys.items():
                if kind not in besides and any(needle in content for needle in needles):
                    found.append(f"{kind} in {name}")
            if TAP.search(content):
                found.append(f"tap in {name}")
        return found


def canaries_of(demo: DemoRun, data: Path) -> Canaries:
    """Everything that the made-up month and the keys of its hub hold."""
    world = demo.month().world
    people = world.people
    texts = {
        "employee number": [person.employee_id for person in people] + list(world.destroyed_ids),
        "national id": [person.national_id for person in people],
        "name": [person.name for person in people],
        "account": [person.account for person in people],
        "serial": [device.serial for device in load(PRESET).devices],
        **demo.secrets,
    }
    pem = [line for file in _key_files(data) for line in _base64_lines(file)]
    keys = {
        "private key": [_scalar(file) for file in _key_files(data)],
        "hub key": [_raw(data, name) for name in ("wrap", "hmac", "token")],
        "message secret": with_log(data, _message_secrets),
    }
    words = {kind: [text.encode() for text in found] for kind, found in texts.items()}
    written = {f"{kind} as text": [form for key in found for form in _forms(key)] for kind, found in keys.items()}
    return Canaries({**words, "key file": pem, **written}, keys)


def _key_files(data: Path) -> list[Path]:
    private = [file for file in data.rglob("*.pem") if not file.name.endswith(".pub.pem")]
    assert private
    return private


def _base64_lines(file: Path) -> list[bytes]:
    """The lines of a key file that are the key's own: the first ones say only of what kind it is."""
    return [line for line in file.read_bytes().splitlines() if not line.startswith(b"-----")][1:2]


def _scalar(file: Path) -> bytes:
    key = load_pem_private_key(file.read_bytes(), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    return key.private_numbers().private_value.to_bytes(32, "big")


def _raw(data: Path, name: str) -> bytes:
    return (data / "keys" / f"{name}.key").read_bytes()


def _forms(key: bytes) -> list[bytes]:
    """A key in hex and in both kinds of base64, without padding."""
    texts = (base64.b64encode(key), base64.urlsafe_b64encode(key))
    return [key.hex().encode(), key.hex().upper().encode(), *(text.rstrip(b"=") for text in texts)]


async def _message_secrets(log: EmbeddedLog) -> list[bytes]:
    ids = sorted({r.headers[SECRET] for _, r in await every_record(log) if SECRET in r.headers}, key=len)
    return list((await log.open(ids[:SECRETS])).values())


# places


def open_parts(records: Iterable[tuple[str, Record]]) -> Iterator[Place]:
    """Key and headers of every record: all of it but the sealed body."""
    for topic, record in records:
        headers = "\n".join(f"{name}: {value}" for name, value in record.headers.items())
        yield f"a key in {topic}", record.key
        yield f"a header in {topic}", headers.encode()


def files(data: Path) -> list[Place]:
    """Every file of the hub, as it lies on the disk, but the keys themselves."""
    kept = {"keys", "demo-keys", "run"}
    found = [p for p in sorted(data.rglob("*")) if p.is_file() and p.relative_to(data).parts[0] not in kept]
    return [(str(path.relative_to(data)), path.read_bytes()) for path in found]


def columns(store: Path) -> Iterator[Place]:
    """Every column of the store as text, but sealed bodies."""
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for _, column, *_ in connection.execute(f'PRAGMA table_info("{table}")').fetchall():
                if (table, column) not in SEALED:
                    values = connection.execute(f'SELECT "{column}" FROM "{table}"')
                    yield f"{table}.{column}", "\n".join(str(value) for (value,) in values).encode()
    connection.close()
