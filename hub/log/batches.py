"""How records lie in a stored batch: one version byte, then a MessagePack array of stretches.

A stretch is a run of records whose headers have the same names. What all of them say stands in it once; a header in which
they differ is a column, with one value a record. The records of one message differ in a header or two of seventeen.

Rule: a batch is believed only when its checksum holds over its position, count, time and bytes; anything else is
`Halt` AMANA-LOG-001. Stretches are joined without being decoded, so one commit makes one batch per partition. Records come
back as they went in, the order of their headers included.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from struct import Struct

import msgspec

from hub.errors import Halt
from hub.records import Record

VERSION = 2
MAX_RECORDS = 1000
MAX_BYTES = 1 << 20


class _Stretch(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """`headers`: those of the first record. `columns`: a name each, and what each record says under it."""

    headers: dict[str, str]
    columns: Sequence[tuple[str, Sequence[str]]]
    keys: list[bytes]
    values: list[bytes]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[_Stretch])
_place = Struct(">QIQ")


@dataclass(frozen=True, slots=True)
class Chunk:
    """One encoded stretch; joins with others to a batch."""

    count: int
    body: bytes


def encode_records(records: Sequence[Record]) -> list[Chunk]:
    """Records as chunks of at most `MAX_RECORDS`. TypeError when a record holds something that is not bytes or text."""
    return [_encode(run) for run in _runs(records)]


def encode_record(record: Record) -> Chunk:
    return Chunk(1, _encoder.encode(_Stretch(record.headers, [], [record.key], [record.value])))


def _runs(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    """Neighbours whose headers have the same names in the same order."""
    for first in range(0, len(records), MAX_RECORDS):
        part = records[first : first + MAX_RECORDS]
        for _, run in groupby(part, _names):
            yield list(run)


def _names(record: Record) -> tuple[str, ...]:
    return tuple(record.headers)


def _encode(run: Sequence[Record]) -> Chunk:
    count = len(run)
    if count == 1:
        return encode_record(run[0])
    headers = run[0].headers
    rows = zip(*[record.headers.values() for record in run], strict=True)
    columns = [(name, row) for name, row in zip(headers, rows, strict=True) if row.count(row[0]) != count]
    keys, values = [record.key for record in run], [record.value for record in run]
    return Chunk(count, _encoder.encode(_Stretch(headers, columns, keys, values)))


def render_batch(chunks: Sequence[Chunk]) -> bytes:
    """The stored bytes of chunks that follow one another."""
    return b"".join([bytes((VERSION,)), _header(len(chunks)), *(chunk.body for chunk in chunks)])


def checksum(base: int, count: int, time: int, body: bytes) -> int:
    """CRC-32 over where the batch belongs and what it holds."""
    return zlib.crc32(body, zlib.crc32(_place.pack(base, count, time)))


def parse_batch(base: int, count: int, time: int, crc: int, body: bytes) -> list[Record]:
    """Inverse of `render_batch`. Raises `Halt` (AMANA-LOG-001) for a damaged batch."""
    if checksum(base, count, time, body) != crc:
        raise Halt("AMANA-LOG-001", f"checksum of the batch at {base}")
    if body[0] != VERSION:
        raise Halt("AMANA-LOG-001", f"format {body[0]} of the batch at {base} is not known here")
    try:
        stretches = _decoder.decode(memoryview(body)[1:])
    except msgspec.MsgspecError as error:
        raise Halt("AMANA-LOG-001", f"encoding of the batch at {base}") from error
    records: list[Record] = []
    for stretch in stretches:
        if not _even(stretch):
            raise Halt("AMANA-LOG-001", f"columns of the batch at {base}")
        if len(stretch.keys) == 1 and not stretch.columns:
            records.append(Record(stretch.keys[0], stretch.headers, stretch.values[0]))
            continue
        headers = [stretch.headers.copy() for _ in stretch.keys]
        for name, column in stretch.columns:
            for one, value in zip(headers, column, strict=True):
                one[name] = value
        records += map(Record, stretch.keys, headers, stretch.values)
    if len(records) != count:
        raise Halt("AMANA-LOG-001", f"number of records in the batch at {base}")
    return records


def _even(stretch: _Stretch) -> bool:
    """Whether there is one of everything for each record."""
    count = len(stretch.keys)
    if len(stretch.values) != count:
        return False
    return not stretch.columns or all(name in stretch.headers and len(c) == count for name, c in stretch.columns)


def _header(count: int) -> bytes:
    if count < 1 << 4:
        return bytes((0x90 | count,))
    if count < 1 << 16:
        return b"\xdc" + count.to_bytes(2, "big")
    return b"\xdd" + count.to_bytes(4, "big")
