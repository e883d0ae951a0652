"""What one reservation holds: the messages of several callers, decided together.

Rule: no I/O. A caller whose message cannot be sealed fails alone; the others are decided again without it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from hub.errors import HubError
from hub.log.batches import encode_record
from hub.log.dedupe import Claim, Fresh, decide
from hub.log.inbox import build_inbox_record
from hub.ports import Admitted, Answered, Duplicate, KeyWrapper
from hub.postgres.memory import Known, Stored
from hub.postgres.reservations import Reserved
from hub.records import Ms, Record, RecordId
from signing.errors import SigningError
from signing.sealing import SECRET_BYTES

Place = tuple[str, int]


@dataclass(slots=True, eq=False)
class Job:
    """One call of `admit`. `finished`: messages that lie in the log only since this call met their reservation."""

    claims: Sequence[Claim]
    now: Ms
    future: asyncio.Future[list[Answered]]
    answers: list[Answered] = field(default_factory=list)
    finished: dict[RecordId, Admitted] = field(default_factory=dict)

    def settle(self, error: BaseException | None = None) -> None:
        """Answer the caller, if it still waits."""
        if self.future.done():
            return
        if error is None:
            self.future.set_result(self.answers)
        else:
            self.future.set_exception(error)


@dataclass(slots=True)
class Group:
    """A reservation: who waits for it, and what is to be appended."""

    jobs: list[Job] = field(default_factory=list)
    stored: list[Stored] = field(default_factory=list)
    reserved: list[Reserved] = field(default_factory=list)
    number: int = 0

    def place(self, bases: Sequence[int]) -> None:
        """Put the offsets into the answers, now that the records lie in the log."""
        offsets = {
            RecordId(record.headers["ce_id"]): offset
            for part, base in zip(self.reserved, bases, strict=True)
            for offset, record in enumerate(part.records, base)
        }
        for job in self.jobs:
            job.answers = [
                replace(answer, offset=offsets[answer.id])
                if isinstance(answer, Admitted) and answer.id in offsets
                else answer
                for answer in job.answers
            ]


def decide_all(jobs: Sequence[Job], known: Known, ends: Mapping[Place, int], wrapper: KeyWrapper) -> Group:
    """Decide these calls in order. Those that fail by themselves are answered, and are not in the group."""
    left = list(jobs)
    while True:
        group = Group()
        failed = _try(left, known, ends, wrapper, group)
        if failed is None:
            return group
        left.remove(failed)


def _try(jobs: Sequence[Job], known: Known, ends: Mapping[Place, int], wrapper: KeyWrapper, group: Group) -> Job | None:
    memory, times = known.copy(), dict(known.times)
    parts: dict[Place, list[Record]] = {}
    for job in jobs:
        job.answers = []
        for claim in job.claims:
            place = (claim.candidate.topic, claim.candidate.partition)
            # a clock that was set back, or another gateway's, must not let a later message look earlier
            now = Ms(max(job.now, times.get(place, 0)))
            fresh = decide(claim, memory, now)
            if not isinstance(fresh, Fresh):
                job.answers.append(_first_receipt(fresh, claim, job) if isinstance(fresh, Duplicate) else fresh)
                continue
            secret = os.urandom(SECRET_BYTES)
            try:
                wrapped = wrapper.wrap(secret, fresh.id.encode())
                record = build_inbox_record(claim, fresh, now, secret)
                encode_record(record)
            except (HubError, SigningError, TypeError, ValueError) as error:
                job.settle(error)
                return job
            times[place] = now
            parts.setdefault(place, []).append(record)
            group.stored.append(Stored(claim, fresh, now, wrapped))
            job.answers.append(Admitted(fresh.id, -1, fresh.occurrence, now, claim.digest, fresh.rows))
        group.jobs.append(job)
    group.reserved = [Reserved(*place, ends[place], records) for place, records in parts.items()]
    return None


def _first_receipt(duplicate: Duplicate, claim: Claim, job: Job) -> Answered:
    """A message that was reserved and never receipted gets its receipt now, if it is this very message that came again."""
    answer = job.finished.get(duplicate.id)
    if answer is None or answer.digest != claim.digest:
        return duplicate
    if claim.candidate.rule == "natural-key" and answer.rows is None:
        return replace(answer, rows=tuple(range(len(claim.keys))))
    return answer
