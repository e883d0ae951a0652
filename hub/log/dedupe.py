"""The duplicate decision: a function of a message and of what is remembered of earlier ones.

Under `request-id` a repeat is the same id with the same body; the same id with another body is a conflict, for a receipt
would acknowledge what is not held. Under `natural-key` the key of a row decides alone: a row whose other members differ
is still a repeat, for a correction has a key of its own (a new number, a new date), and devices send whole batches again.

Rule: no I/O, no clock. Every engine and the simulator decide with this one function; an engine only fills the memory
with what the candidates of one commit touch, and stores what changed in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import NamedTuple

from hub.log.keyhash import dedupe_keys, scope_key
from hub.ports import Candidate, Conflict, Duplicate
from hub.records import Ms, RecordId, inbox_id


class Receipt(NamedTuple):
    """What the first answer said, and a later one repeats."""

    id: RecordId
    time: Ms
    digest: str


class Latest(NamedTuple):
    """A message that others are compared with, bytes and all: its bytes (as the id of their first occurrence) and its
    receipt. The last one accepted for a system and code under the window rule; the one that brought a request id."""

    first: RecordId
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Claim:
    """A candidate with everything that can be computed before its turn comes."""

    candidate: Candidate
    first: RecordId  # id of occurrence 0: stands for (system, code, body)
    digest: str
    keys: tuple[bytes, ...]
    scope: bytes


@dataclass(slots=True)
class Memory:
    """Earlier admissions. `decide` reads it and adds the message that it lets in."""

    seen: MutableMapping[bytes, Receipt] = field(default_factory=dict)  # by natural key
    requests: MutableMapping[bytes, Latest] = field(default_factory=dict)  # by request id
    latest: MutableMapping[bytes, Latest] = field(default_factory=dict)
    occurrences: MutableMapping[RecordId, int] = field(default_factory=dict)


class Fresh(NamedTuple):
    """A message to be stored: `rows` are the new ones of a message deduplicated by row, `keys` theirs."""

    id: RecordId
    occurrence: int
    rows: tuple[int, ...] | None
    keys: tuple[bytes, ...]


def claim(candidate: Candidate) -> Claim:
    """Hash what can be hashed ahead. ValueError when the dedupe keys do not fit the rule."""
    if candidate.rule == "request-id" and len(candidate.dedupe_keys) != 1:
        raise ValueError("the rule request-id needs exactly one dedupe key")
    if candidate.rule == "window" and candidate.dedupe_keys:
        raise ValueError("the rule window takes no dedupe keys")
    system, code = candidate.system, candidate.code
    return Claim(
        candidate,
        inbox_id(system, code, candidate.body, 0),
        "sha256:" + hashlib.sha256(candidate.received).hexdigest(),
        tuple(dedupe_keys(candidate.rule, system, code, candidate.dedupe_keys)),
        scope_key(system, code),
    )


def decide(claim: Claim, memory: Memory, now: Ms) -> Fresh | Duplicate | Conflict:
    """Is this message new? If it is, `memory` knows it afterwards."""
    candidate = claim.candidate
    if candidate.rule == "request-id":
        earlier = memory.requests.get(claim.keys[0])
        if earlier is not None and earlier.first != claim.first:
            return Conflict(earlier.receipt.id)
        duplicate = earlier.receipt if earlier is not None else None
    else:
        duplicate = _duplicate_of(claim, memory, now)
    if duplicate is not None:
        return Duplicate(duplicate.id, duplicate.time, duplicate.digest)
    occurrence = memory.occurrences.get(claim.first, 0)
    record_id = (
        claim.first if occurrence == 0 else inbox_id(candidate.system, candidate.code, candidate.body, occurrence)
    )
    receipt = Receipt(record_id, now, claim.digest)
    memory.occurrences[claim.first] = occurrence + 1
    if candidate.rule == "window":
        memory.latest[claim.scope] = Latest(claim.first, receipt)
        return Fresh(record_id, occurrence, None, ())
    if candidate.rule == "request-id":
        memory.requests[claim.keys[0]] = Latest(claim.first, receipt)
        return Fresh(record_id, occurrence, None, claim.keys)
    rows = []
    for row, key in enumerate(claim.keys):
        if key not in memory.seen:
            memory.seen[key] = receipt
            rows.append(row)
    keys = tuple(claim.keys[row] for row in rows)
    return Fresh(record_id, occurrence, tuple(rows), keys)


def _duplicate_of(claim: Claim, memory: Memory, now: Ms) -> Receipt | None:
    candidate = claim.candidate
    if candidate.rule == "window":
        last = memory.latest.get(claim.scope)
        window = candidate.window_ms
        if window >= 0 and last is not None and last.first == claim.first and now - last.receipt.time <= window:
            return last.receipt
        return None
    receipts = []
    for key in claim.keys:
        receipt = memory.seen.get(key)
        if receipt is None:
            return None
        receipts.append(receipt)
    # a message without rows brings nothing that could have been seen: it is kept, as a new occurrence
    return min(receipts, key=lambda receipt: receipt.time) if receipts else None
