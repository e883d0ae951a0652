"""What a stage sees and what it wants done. Rule: `decide` is a function of its arguments, of its own rows in the
store and of the secrets it may read; it never asks a clock, a random number or the network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, runtime_checkable

from hub.ports import Append, Write
from hub.records import Record
from hub.stages.brake import Verdict


class Entry(NamedTuple):
    """One record that a stage has not taken yet: its offset, the time of its batch (ms), the record."""

    offset: int
    at: int
    record: Record


@dataclass(slots=True)
class Effects:
    """What is to be done: `publishes` first, then `writes` and the position in one transaction.

    `verdicts`: per message, what became of it; what the dead-letter brake looks at. `erased`: how many
    bodies were gone. `taken`: how many of the entries are dealt with, from the first; None: all of them. The rest
    comes again. `then`: called when all of it is committed; a second time does no harm.
    """

    publishes: list[Append] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    erased: int = 0
    taken: int | None = None
    then: list[Callable[[], None]] = field(default_factory=list)


class Stage(Protocol):
    """A deterministic reader of some topics."""

    @property
    def name(self) -> str:
        """Enters ids of derived records and the progress table: never renamed."""
        ...

    @property
    def version(self) -> int:
        """Raised when the same input may give other records."""
        ...

    @property
    def batch(self) -> int:
        """About how many records to take at a time."""
        ...

    def sources(self, topics: Iterable[str]) -> list[str]:
        """Those of `topics` that this stage reads."""
        ...

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:
        """What `entries`, in order and never empty, are to cause.

        Raises `BadMessage` for a single message that cannot be taken (the runner narrows a batch down to it and
        writes a dead letter), `TryAgain` when something is not there yet, `Halt` when going on would do harm.
        """
        ...


@runtime_checkable
class Together(Protocol):
    """A stage whose rows are made of records of several partitions: it decides at once about what came of all that a worker
    has, and never wants a part of it again. Rows that other workers may write are swapped; a `Conflict` is decided again."""

    def joins(self, topic: str) -> bool:
        """Whether it decides so about this topic. Partitions of others are taken one by one."""
        ...

    async def decide_together(self, parts: Sequence[tuple[str, int, Sequence[Entry]]]) -> Effects:
        """What these entries of (topic, partition), each in order and never empty, are to cause."""
        ...


@runtime_checkable
class Apart(Protocol):
    """A stage for which what a record changes hangs on its own partition alone. Small batches of several partitions are
    decided one by one, published and committed together."""

    apart: bool
