"""The ports of the core: everything the hub asks of a machine. Small on purpose; never widened for one engine.

Every implementation, the simulator's included, runs the laws in `tests/laws/`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from hub.records import Batch, Ms, Record, RecordId


@dataclass(frozen=True, slots=True)
class Append:
    """Records for one partition, in order."""

    topic: str
    partition: int
    records: Sequence[Record]


class Bus(Protocol):
    """The ordered, partitioned log."""

    def topics(self) -> Mapping[str, int]:
        """Topics that exist and their number of partitions. From memory; does not block."""
        ...

    async def ensure(self, topics: Mapping[str, int]) -> None:
        """Make the topics that are missing. Durable on return. A topic that exists with another number
        of partitions raises `ConfigError` naming both numbers."""
        ...

    async def append(self, appends: Sequence[Append]) -> list[int]:
        """Append; returns the base offset of each. On return everything is durable (power cut included) and
        visible to every reader; appends to one partition keep their order. Concurrent callers share one
        commit. Raises `TryAgain` when nothing was stored (or it is unknown): the caller repeats, and readers'
        watermarks drop what was stored twice."""
        ...

    async def read(self, topic: str, partition: int, offset: int, *, max_records: int = 1000) -> list[Batch]:
        """Batches from `offset` on, at most about `max_records` records (fewer when they are large), the first one
        cut so that it begins at `offset`. Empty at the end. Does not wait. An offset below the start reads from the start."""
        ...

    async def start(self, topic: str, partition: int) -> int:
        """First offset still kept."""
        ...

    async def end(self, topic: str, partition: int) -> int:
        """Offset that the next record will get."""
        ...

    async def offset_at(self, topic: str, partition: int, time: Ms) -> int:
        """First offset of a batch appended at or after `time`; the end if there is none."""
        ...

    async def wait(self, seen: Mapping[tuple[str, int], int], timeout: float) -> frozenset[tuple[str, int]]:
        """Those of these partitions whose end is above the given offset, as soon as there is one; none after `timeout`
        seconds. 0 asks and does not wait. Rung by appends of any process; never a poll loop."""
        ...

    async def trim(self, topic: str, partition: int, before: int) -> None:
        """Retention: drop whole batches below `before`. Offsets of the rest stay."""
        ...

    async def close(self) -> None:
        """Finish what was begun and release everything."""
        ...


DedupeRule = Literal["request-id", "natural-key", "window"]


@dataclass(slots=True)
class Candidate:
    """A message that passed every check of the gateway, before its duplicate check.

    `body` are the bytes that the id covers (`esbBody`, or a device's body); `received` what is kept, unchanged, and behind
    it `attached`: bytes that it claims by their digest; the message's digest is that of `received` alone.
    `dedupe_keys`: request-id: one key; natural-key: one per row (bytes already HMACed); window: empty. `window_ms` below
    0: nothing is a repeat, the same bytes at the same time included.
    """

    topic: str
    partition: int
    key: bytes
    system: str
    code: str
    body: bytes
    received: bytes
    headers: dict[str, str]
    rule: DedupeRule
    dedupe_keys: Sequence[bytes] = ()
    window_ms: int = 86_400_000
    attached: bytes = b""


@dataclass(frozen=True, slots=True)
class Admitted:
    """Stored and durable. `rows`: indices of the rows that were new (None: not deduplicated by row)."""

    id: RecordId
    offset: int
    occurrence: int
    time: Ms
    digest: str
    rows: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Nothing stored. The receipt of the first one, to be given again."""

    id: RecordId
    time: Ms
    digest: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Nothing stored: the request id was used for another body, that of message `id`. No receipt: the sender would take
    it for a receipt of what it sent now."""

    id: RecordId


Answered = Admitted | Duplicate | Conflict
"""What becomes of a candidate."""


class Admissions(Protocol):
    """The admission table: duplicates, occurrences, message secrets; stored with the append they belong to."""

    async def admit(self, candidates: Sequence[Candidate], now: Ms) -> list[Answered]:
        """Decide duplicates in order, give each new message its occurrence, id and secret, seal and append it.
        A request id repeats a message only with the same `body`, else it is a `Conflict`; a natural key decides
        alone, whatever else its row says.
        Times never run backwards within a partition, whatever the clock does: a later message is never an earlier
        one. All of it durable on return, in one commit with the append; concurrent callers share a commit. Raises
        `TryAgain` when it is not known to be stored: the sender sends again and dedupe makes that harmless."""
        ...

    async def prove(self) -> None:
        """Write something small that stores no message and makes nothing longer, as durably as an admission. Raises
        `TryAgain` when that is not possible now: reading still works on a disk that is full."""
        ...


class Vault(Protocol):
    """Secrets that open bodies, kept wrapped. Destroying one erases what it sealed, everywhere."""

    async def open(self, ids: Sequence[str]) -> dict[str, bytes]:
        """The secrets that still exist, by id; an id that is missing was erased or never was."""
        ...

    async def put(self, secrets: Mapping[str, bytes]) -> dict[str, bytes]:
        """Keep secrets (32 bytes each), durable on return. An id that has one keeps it; the answer holds what
        is kept, so a repeat after a crash goes on with the first secret."""
        ...

    async def erase(self, ids: Sequence[str]) -> int:
        """Destroy secrets and record that they were; returns how many were destroyed now. On return no file
        of the engine holds them (SQLite: `secure_delete`, WAL truncated)."""
        ...

    async def erased(self) -> Sequence[tuple[str, Ms]]:
        """Every erasure ever made (id, time), so that a restored backup can apply them again."""
        ...


Watermarks = dict[str, tuple[int, int]]
"""Per "<source topic>/<source partition>": (offset, n) of the last record taken."""


@dataclass(slots=True)
class Progress:
    """How far a stage is in one partition: next offset to read, and what its makers' records it has taken."""

    position: int = 0
    watermarks: Watermarks = field(default_factory=dict)


How = Literal["put", "add", "drop", "swap"]


@dataclass(frozen=True, slots=True)
class Write:
    """Rows for one table. `put`: insert or replace by primary key; `add`: insert, ignoring a primary key that
    exists; `drop`: delete by primary key (rows hold the key columns only); `swap`: insert, or replace a row whose
    `version` is one less; raises `Conflict`, and writes nothing, when it is another one."""

    table: str
    rows: Sequence[Mapping[str, Any]]
    how: How = "put"


class Store(Protocol):
    """State, directory, index: projections that can be rebuilt. Tables are declared in `hub.store.tables`."""

    async def claim(self, stage: str, topic: str, partition: int, owner: str) -> tuple[int, Progress]:
        """Take a partition for `owner`: returns the new epoch and the progress. Older epochs are fenced."""
        ...

    async def commit(
        self,
        stage: str,
        epochs: Mapping[tuple[str, int], int],
        progress: Mapping[tuple[str, int], Progress],
        writes: Sequence[Write],
    ) -> None:
        """Writes and progress in one transaction; durable on return. Raises `Halt` (AMANA-FENCE-001), and
        writes nothing, when an epoch is no longer the latest."""
        ...

    async def write(self, writes: Sequence[Write]) -> None:
        """Writes outside any stage, in one transaction; durable on return."""
        ...

    async def rows(
        self,
        table: str,
        where: Mapping[str, Any] | None = None,
        *,
        order: Sequence[str] = (),
        limit: int | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """Rows by equality (a list, tuple or set value means IN; `("<=", x)`, `(">=", x)`, `("<", x)`,
        `(">", x)` compare; a `range` holds what it reaches over), ordered (a leading "-" descends), at most `limit`, keyset-paged by `after`
        (values of the order columns)."""
        ...

    async def count(
        self, table: str, where: Mapping[str, Any] | None = None, *, by: Sequence[str] = ()
    ) -> dict[tuple[Any, ...], int]:
        """Counts, grouped by columns; ungrouped under the key `()`."""
        ...

    async def totals(
        self,
        table: str,
        where: Mapping[str, Any] | None = None,
        *,
        by: Sequence[str],
        total: str,
        span: str,
        limit: int,
        after: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """Groups of rows by columns without nulls, in their order, keyset-paged by `after`: beside those columns `rows`,
        the sum of column `total` and the `first` and `last` value of column `span`."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request to a system outside."""

    url: str
    body: bytes
    content_type: str
    timeout: float  # seconds, for the whole exchange
    method: Literal["GET", "POST"] = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # beside those of the body


NO_PLACE: Final = "no place"
"""Reason of an answer that is none because too many calls to that host were under way: nothing speaks against the host."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `status` None: no answer (refused, timed out, cut off); `reached` False only when nothing
    can have reached the other side; `ended`: how far it came without an answer, "name", "connection", "tls" (and after a
    colon what TLS had against it) or "answer"; empty when nobody knows."""

    status: int | None
    body: bytes = b""
    content_type: str = ""
    reached: bool = True
    reason: str = ""
    ended: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)  # names in lower case


class Caller(Protocol):
    """Calls systems outside. Never raises for what the other side does; a forbidden host is `BadMessage`."""

    async def call(self, call: Call) -> Answer: ...

    async def close(self) -> None: ...


class Clock(Protocol):
    """The only source of time for gateway, delivery and timers. Stages that make records never see it."""

    def now(self) -> Ms: ...

    async def sleep(self, seconds: float) -> None: ...


class KeyWrapper(Protocol):
    """Wraps message secrets under a key that never leaves its holder (a file of mode 0600, or an HSM)."""

    def wrap(self, secret: bytes, context: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Raises `Halt` when it does not open: the wrong key must never look like an erased message."""
        ...
