"""What callers ask of the writer thread, and how they get their answers.

Rule: one wake-up per commit and event loop, however many callers share the commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.log.batches import Chunk
from hub.log.dedupe import Claim
from hub.records import Ms


@dataclass(slots=True, eq=False)
class Job:
    """A request of one caller; `answer` is its result or the exception it gets."""

    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    answer: Any = field(default=None, init=False)

    @property
    def size(self) -> int:
        """Bytes of the records that it brings, about."""
        return 0


@dataclass(slots=True, eq=False)
class AppendJob(Job):
    """Per append: the partition's number in the file and the encoded records."""

    appends: Sequence[tuple[int, Sequence[Chunk]]]

    @property
    def size(self) -> int:
        return sum(len(chunk.body) for _, chunks in self.appends for chunk in chunks)


@dataclass(slots=True, eq=False)
class AdmitJob(Job):
    """Per candidate: its partition's number in the file and its claim."""

    claims: Sequence[tuple[int, Claim]]
    now: Ms

    @property
    def size(self) -> int:
        return sum(len(claim.candidate.received) + len(claim.candidate.attached) for _, claim in self.claims)


@dataclass(slots=True, eq=False)
class PutJob(Job):
    """Wrapped secrets by id. Answers the wrapped secrets that are kept."""

    wrapped: Mapping[str, bytes]


@dataclass(slots=True, eq=False)
class EraseJob(Job):
    ids: Sequence[str]


@dataclass(slots=True, eq=False)
class TrimJob(Job):
    part: int
    before: int


@dataclass(slots=True, eq=False)
class EnsureJob(Job):
    topics: Mapping[str, int]


@dataclass(slots=True, eq=False)
class ProveJob(Job):
    """Write something."""


SharedJob = AppendJob | AdmitJob | PutJob
"""Jobs that share a commit."""


def settle(jobs: Iterable[Job]) -> None:
    """Hand the answers over to the loops of the callers. A loop that is closed has no caller left."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in jobs:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, own in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, own)
        except RuntimeError:
            if not loop.is_closed():
                raise


def _resolve(jobs: Sequence[Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if isinstance(job.answer, BaseException):
            job.future.set_exception(job.answer)
        else:
            job.future.set_result(job.answer)
