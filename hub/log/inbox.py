"""The record of an admitted message: open headers around the sealed bytes that were received.

Rule: the bytes are sealed as they came; nothing is added to them or normalised.
"""

from __future__ import annotations

from hub import records
from hub.log.dedupe import Claim, Fresh
from hub.records import Ms, Record
from signing.sealing import BodyKey, commitment

PURPOSE = "inbox"


def build_inbox_record(claim: Claim, fresh: Fresh, now: Ms, secret: bytes) -> Record:
    """The record of a message that `decide` let in, sealed under its own `secret`."""
    candidate = claim.candidate
    kept = candidate.received + candidate.attached if candidate.attached else candidate.received
    headers = {
        **candidate.headers,
        records.ID: fresh.id,
        records.TIME: str(now),
        records.OCCURRENCE: str(fresh.occurrence),
        records.DIGEST: claim.digest,
        records.SECRET: fresh.id,
        records.COMMITMENT: commitment(secret, kept),
    }
    if fresh.rows is not None:
        headers[records.ROWS] = render_rows(fresh.rows, len(claim.keys))
    return Record(candidate.key, headers, BodyKey(secret, PURPOSE).seal(fresh.id, kept))


def render_rows(rows: tuple[int, ...], total: int) -> str:
    """`ROWS` header text: "all", or the indices of the new rows."""
    return "all" if len(rows) == total else ",".join(map(str, rows))


def parse_rows(text: str) -> frozenset[int] | None:
    """Inverse of `render_rows`; None stands for all rows."""
    return None if text == "all" else frozenset(map(int, text.split(",")))
