"""The record of an admitted message: open headers around the sealed bytes that were received.

Rule: the bytes are sealed as they came; nothing is added to them or normalised.
"""

from __future__ import annotations

from collections.abc import Iterator

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
    """`ROWS` header text: "all", or the indices of the new rows, a stretch as `first-last`."""
    return "all" if len(rows) == total else ",".join(_stretches(rows))


def _stretches(rows: tuple[int, ...]) -> Iterator[str]:
    """Rows ascend; a file that was brought again with a day more has its new rows in one stretch."""
    start = 0
    for end in range(1, len(rows) + 1):
        if end == len(rows) or rows[end] != rows[end - 1] + 1:
            first, last = rows[start], rows[end - 1]
            yield str(first) if first == last else f"{first}-{last}"
            start = end


def parse_rows(text: str) -> frozenset[int] | None:
    """Inverse of `render_rows`; None stands for all rows."""
    if text == "all":
        return None
    rows: set[int] = set()
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        rows.update(range(int(first), int(last or first) + 1))
    return frozenset(rows)
