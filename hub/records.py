"""What one record of the log is: an open envelope in headers, a sealed body in the value.

Rule: nothing personal in a key or a header. Keys are HMACs, headers are CloudEvents 1.0 attributes
(binary mode: `ce_<name>`, lower-case letters and digits) and ids. Hot path: a `Record` is one C struct;
never wrap it in another object per record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final, NewType

import msgspec

Ms = NewType("Ms", int)
"""Milliseconds since 1970-01-01T00:00:00Z."""

RecordId = NewType("RecordId", str)
"""64 lower-case hex digits: a SHA-256."""


class Record(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One record as it is appended. `key` decides order (and, hashed, the partition)."""

    key: bytes
    headers: dict[str, str]
    value: bytes


class Batch(msgspec.Struct, frozen=True, gc=False):
    """Records `base`, `base + 1`, ... of one partition, appended together at `time`."""

    base: int
    time: int
    records: list[Record]


class Source(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Where a derived record came from: the `n`-th made from `topic`/`partition`/`offset`."""

    topic: str
    partition: int
    offset: int
    n: int


# CloudEvents attributes
ID: Final = "ce_id"
SOURCE: Final = "ce_source"  # "system/<code>" or "stage/<name>"
TYPE: Final = "ce_type"  # "inbox", or the contract: "employee", "pay.signal", ...
TIME: Final = "ce_time"  # admission time of the message it descends from, ms since 1970 as text
REQUEST_SCHEMA: Final = "ce_requestschema"  # of a pull: the contract of its question, as DATASCHEMA is of its answer
DATASCHEMA: Final = "ce_dataschema"  # "urn:amana:contract:<name>:<version>"
CONTENT_TYPE: Final = "content-type"
# extensions of ours
SYSTEM: Final = "ce_system"  # code of the sending system
INSTITUTION: Final = "ce_institution"  # code of its institution
CODE: Final = "ce_code"  # API code it came under
ASSURANCE: Final = "ce_assurance"  # signed | device | file | polled
CONTROL_POSITION: Final = "ce_controlpos"  # configuration position the gateway saw
OCCURRENCE: Final = "ce_occurrence"  # 0, 1, ...: repeats outside the dedupe rule
DIGEST: Final = "ce_digest"  # "sha256:<hex>" of the received envelope
COMMITMENT: Final = "ce_commitment"  # salted commitment to the plain body, hex
SECRET: Final = "ce_secretid"  # id of the secret that opens the body
PARENT: Final = "ce_parent"  # id of the record (or digest of the sorted ids) it was made from
ORIGIN: Final = "ce_origin"  # "<inbox topic>/<partition>/<offset>" of the admitted message it descends from
DERIVED: Final = "ce_derived"  # "<topic>/<partition>/<offset>/<n>": the watermark of its maker
STAGE: Final = "ce_stage"  # "<name>/<version>" of the stage that made it
PERIOD: Final = "ce_period"  # YYYY-MM the fact belongs to, where it belongs to one
RUN: Final = "ce_run"  # code of the pay run
FEED: Final = "ce_feed"  # id of the folder or poll that a message came through
ROWS: Final = "ce_rows"  # admitted rows of a message deduplicated by row: "all" or "0,2,5"
REQUEST: Final = "ce_requestid"  # 32 hex digits, the id that the outside sees
DEVICE: Final = "ce_device"  # registry id of the device, never its serial
FLAGS: Final = (
    "ce_flags"  # "clock-ahead=3": what its message's punches say of the device's clock, on the first record of them
)
FORM: Final = "ce_form"  # how the received bytes verified: json, json-compact, xml, xml-declared, xml-stripped
NOTICE: Final = "ce_notice"  # what the sender was told of its contract's state
SET_ASIDE: Final = "ce_setaside"  # the rule of its contract that wants it kept as a dead letter
CLAIM: Final = "ce_claim"  # "<json or xml>,<n>": the last n bytes of what is kept were uploaded before and claimed
CHECKED: Final = "ce_checked"  # "no": encrypted for its recipient, so no contract was checked
ATTEMPT_OF: Final = "ce_attempt"  # 1, 2, ...: an admitted message that was appended before, or may have been
AFTER: Final = "ce_after"  # beside it: its partition ended here, at the least, before its first attempt
BOUND: Final = "ce_bound"  # what ties an answer to its request: "signature" (names it) or "exchange" (came back in it)

SPECVERSION: Final = ("ce_specversion", "1.0")


def inbox_id(system: str, code: str, body: bytes, occurrence: int) -> RecordId:
    """Id of an admitted message: SHA-256 over system, code, the `esbBody` bytes and the occurrence.

    Every part is preceded by its length, so no two different tuples share an input.
    """
    h = hashlib.sha256(b"amana:inbox:1")
    for part in (system.encode(), code.encode(), body, str(occurrence).encode()):
        h.update(len(part).to_bytes(8, "big"))
        h.update(part)
    return RecordId(h.hexdigest())


def derived_id(parent: str, stage: str, version: int, n: int) -> RecordId:
    """Id of the `n`-th record that `stage` at `version` makes from `parent`."""
    return derived_ids(parent, stage, version)(n)


def derived_ids(parent: str, stage: str, version: int) -> Callable[[int], RecordId]:
    """`derived_id` of a parent's records, for one that has very many."""
    begun, sha256 = f"amana:derived:1|{parent}|{stage}|{version}|".encode(), hashlib.sha256

    def nth(n: int) -> RecordId:
        return RecordId(sha256(begun + b"%d" % n).hexdigest())

    return nth


def parents_id(parents: Iterable[str]) -> RecordId:
    """The parent of a record that has several: SHA-256 over their sorted ids."""
    return RecordId(hashlib.sha256("|".join(sorted(set(parents))).encode()).hexdigest())


def request_id(record_id: str) -> str:
    """The 32 hex digits under which the outside knows a record."""
    return record_id[:32]


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, partitions: int) -> int:
    """Partition of a key. Stable for ever: positions and orders depend on it. Kept for the most recent keys, because a batch
    names the same people again and again."""
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest(), "big") % partitions


def format_source(source: Source) -> str:
    """`DERIVED` header text of a source."""
    return f"{source.topic}/{source.partition}/{source.offset}/{source.n}"


def parse_source(text: str) -> Source:
    """Inverse of `format_source`."""
    topic, partition, offset, n = text.rsplit("/", 3)
    return Source(topic, int(partition), int(offset), int(n))
