"""Records of the topic `pulls`: what was asked, and what came of it.

A pull is one record (`TYPE` "pull", the received bytes sealed like every admitted message) and at most two outcomes: how
the exchange ended (number 0), and the answer that came later (number 1). An outcome is sealed under the secret of the
request, so that erasing the request erases the answers with it.

Rule: an outcome names both digests, of the request's received bytes and of the answer's. Ids follow from the request's
id and the number alone: whatever is appended twice is one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hub.delivery.receipts import OUTCOME, STATUS
from hub.records import (
    BOUND,
    CLAIM,
    CODE,
    CONTENT_TYPE,
    CONTROL_POSITION,
    DIGEST,
    FORM,
    ID,
    INSTITUTION,
    PARENT,
    REQUEST,
    SECRET,
    SOURCE,
    SPECVERSION,
    SYSTEM,
    TIME,
    TYPE,
    Ms,
    Record,
    RecordId,
    derived_id,
    request_id,
)
from hub.stages.deadletters import ERROR
from signing.sealing import BodyKey

if TYPE_CHECKING:
    from hub.gateway.bodies import Claimed
    from hub.ports import Admitted, Candidate
    from hub.pull.exchange import Finding

ASKED: Final = "pull"
ENDED: Final = "pull.outcome"
"""Types of the two kinds of records."""

PURPOSE: Final = "pull"
"""Answers are sealed by `BodyKey(secret of the request, PURPOSE)`."""

THE_HUB: Final = "(hub)"
"""Provider of what the hub answers itself: a name that no system can have."""

PROVIDER: Final = "ce_provider"  # code of the system that was asked, or THE_HUB
REQUEST_DIGEST: Final = "ce_requestdigest"  # of the request's received bytes
CONTENT: Final = "ce_content"  # of a late answer: keyed digest of what it says, equal for a repeat

EXCHANGE, LATE = 0, 1
"""Numbers of outcomes."""

NAME: Final = "pulls"
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """A pull as it stands in the log. `name`: what the outside calls it."""

    id: str
    name: str
    key: bytes
    partition: int
    system: str
    institution: str
    code: str
    provider: str
    digest: str
    time: Ms


def asked_of(candidate: Candidate, admitted: Admitted) -> Asked:
    """What was admitted just now."""
    h = candidate.headers
    return Asked(
        id=admitted.id,
        name=request_id(admitted.id),
        key=candidate.key,
        partition=candidate.partition,
        system=candidate.system,
        institution=h[INSTITUTION],
        code=candidate.code,
        provider=h[PROVIDER],
        digest=admitted.digest,
        time=admitted.time,
    )


def read_asked(record: Record, partition: int) -> Asked:
    """What a record of the topic says."""
    h = record.headers
    return Asked(
        id=h[ID],
        name=request_id(h[ID]),
        key=record.key,
        partition=partition,
        system=h[SYSTEM],
        institution=h[INSTITUTION],
        code=h[CODE],
        provider=h[PROVIDER],
        digest=h[DIGEST],
        time=Ms(int(h[TIME])),
    )


def outcome_id(id_: str, number: int) -> RecordId:
    return derived_id(id_, NAME, VERSION, number)


def digest_of(received: bytes) -> str:
    return "sha256:" + hashlib.sha256(received).hexdigest()


def outcome_record(
    asked: Asked,
    found: Finding,
    *,
    number: int,
    now: Ms,
    position: int,
    received: bytes = b"",
    secret: bytes | None = None,
    status: int | None = None,
    kept: bool = True,
    content: str = "",
    claimed: Claimed | None = None,
) -> Record:
    """The record of an outcome. `claimed`: the bytes that the answer claims, kept behind it. `received`: the bytes of the answer, of which a digest is kept, and the bytes if `kept`
    and there is a secret left to seal them under. `position`: of the directory that was looked at."""
    id_ = outcome_id(asked.id, number)
    headers = dict((SPECVERSION,))
    headers |= {
        ID: id_,
        SOURCE: f"system/{asked.provider}",
        TYPE: ENDED,
        CONTENT_TYPE: "application/json",
        TIME: str(now),
        SYSTEM: asked.system,
        INSTITUTION: asked.institution,
        CODE: asked.code,
        PARENT: asked.id,
        REQUEST: asked.name,
        SECRET: asked.id,
        PROVIDER: asked.provider,
        REQUEST_DIGEST: asked.digest,
        CONTROL_POSITION: str(position),
        OUTCOME: str(found.event),
    }
    if found.code:
        headers[ERROR] = found.code
    if content:
        headers[CONTENT] = content
    if status is not None:
        headers[STATUS] = str(status)
    if received:
        headers[DIGEST] = digest_of(received)
        headers[BOUND] = found.bound
        headers[FORM] = found.form
    if claimed is not None:
        headers[CLAIM] = claimed.header
        received += claimed.content
    sealed = BodyKey(secret, PURPOSE).seal(id_, received) if kept and received and secret is not None else b""
    return Record(asked.key, headers, sealed)
