"""Reserved records: what is appended, where, and how it is appended again when nobody was given a receipt.

Rule: a repeat is the same bytes under the same id and secret. Its headers alone differ: which attempt it is, and where the
log ended when the message was reserved, so that a reader finds an earlier attempt by looking back so far.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub import records
from hub.log.inbox import parse_rows
from hub.ports import Admitted, Append
from hub.records import Ms, Record, RecordId


class Reserved(msgspec.Struct, array_like=True, frozen=True):
    """Records of one partition. `end`: where it ended, at the least, when they were reserved."""

    topic: str
    partition: int
    end: int
    records: list[Record]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Reserved])


def render(reserved: Sequence[Reserved]) -> bytes:
    """As a reservation is kept. TypeError when a record holds something that is not bytes or text."""
    return _encoder.encode(reserved)


def parse(text: bytes) -> list[Reserved]:
    """Inverse of `render`."""
    return _decoder.decode(text)


def first_attempt(reserved: Sequence[Reserved]) -> list[Append]:
    """As they are appended when they were just reserved."""
    return [Append(part.topic, part.partition, part.records) for part in reserved]


def repeat(reserved: Sequence[Reserved], attempt: int) -> list[Append]:
    """As they are appended again. `attempt`: 1, 2, ..."""
    return [
        Append(
            part.topic,
            part.partition,
            [
                Record(
                    record.key,
                    {**record.headers, records.ATTEMPT_OF: str(attempt), records.AFTER: str(part.end)},
                    record.value,
                )
                for record in part.records
            ],
        )
        for part in reserved
    ]


def admitted(appends: Sequence[Append], bases: Sequence[int]) -> dict[RecordId, Admitted]:
    """The answers that were owed for records that now lie in the log from `bases` on."""
    answers = {}
    for append, base in zip(appends, bases, strict=True):
        for offset, record in enumerate(append.records, base):
            headers = record.headers
            rows = headers.get(records.ROWS)
            numbers = None if rows is None else parse_rows(rows)
            answers[RecordId(headers[records.ID])] = Admitted(
                RecordId(headers[records.ID]),
                offset,
                int(headers[records.OCCURRENCE]),
                Ms(int(headers[records.TIME])),
                headers[records.DIGEST],
                None if numbers is None else tuple(sorted(numbers)),
            )
    return answers
