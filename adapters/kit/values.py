"""What passes between an adapter and the hub: plain values, made once per row at most.

Rule: nothing here does anything. A `Canonical` is a record in the hub's language, a `Refused` a row that
cannot become one, and every row of a message is one of the two, or `Repeated`, or `Skipped`. Texts of a refusal hold no personal data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol


class Canonical(NamedTuple):
    """A canonical record made from row `row` of a message.

    `subject` says whose it is and gives the key: ("employee", employeeId) | ("pin", serial, pin) |
    ("institution", institution). `period` is the month (YYYY-MM) it belongs to, where it belongs to one.
    """

    contract: str
    subject: tuple[str, ...]
    value: dict[str, Any]
    period: str | None
    row: int


class Refused(NamedTuple):
    """Row `row` cannot be translated. `code` is a slug that the manifest declares under `[reasons]`."""

    row: int
    code: str
    reason: str


class Repeated(NamedTuple):
    """Row `row` says what row `first` of the same message has said: it is counted, and nothing else comes of it."""

    row: int
    first: int


class Skipped(NamedTuple):
    """Row `row` is nothing that the hub asks for, by a rule that the manifest declares under `[skips]` as `code`: a door
    that was opened, a heartbeat. It is counted; nobody has to mend it."""

    row: int
    code: str


Translated = Canonical | Refused | Repeated | Skipped


@dataclass(frozen=True, slots=True)
class DeviceContext:
    """A registered device: what the directory knows of it. `zone` is an IANA name or "+07:00"; `answered`: ids of commands
    that it has said a result of, as far as this process knows."""

    device_id: str
    serial: str
    zone: str
    options: Mapping[str, str] = field(default_factory=dict)
    answered: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class MessageContext:
    """Where a message came from. `admitted_at` (ms since 1970, UTC) is the only time an adapter sees.

    `rows`: the rows that were new, when the code is deduplicated by row; None means all of them.
    """

    system: str
    institution: str
    code: str
    admitted_at: int
    rows: frozenset[int] | None = None
    device: DeviceContext | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    """Of the folder or poll that it came through; empty for what was pushed."""


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """One HTTP request of a device. `path` begins at the adapter's own root ("/iclock/...")."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class DeviceMessage:
    """What of a device's request is to be admitted: `rows` holds one natural key per row, in row order."""

    exchange: str
    body: bytes
    rows: list[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class DeviceReply:
    """The answer to a device. With `admit`, `text_when_stored` is sent once that is durable;
    otherwise `text` is sent at once. `answered`: ids of commands that the device says a result of."""

    status: int
    text: str
    admit: DeviceMessage | None = None
    text_when_stored: str = ""
    answered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One outgoing message or file, page `page` (from 1) of `pages`: wire JSON without floats, or for every other media
    type the very bytes. `name` is unique among the pages, and a file's name."""

    body: dict[str, Any] | bytes
    page: int
    pages: int
    name: str


class Signer(Protocol):
    """What signs for an adapter, which never sees the key. `kind`: "rsa" (PKCS#1 v1.5 with SHA-256) or the name of a curve."""

    @property
    def kind(self) -> str: ...

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`."""
        ...
