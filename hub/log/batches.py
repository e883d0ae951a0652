"""How records lie in a stored batch: one version byte, then a MessagePack array of records.

Rule: a batch is believed only when its checksum holds over its position, count, time and bytes; anything else is
`Halt` AMANA-LOG-001. Encoded records are joined without being decoded, so one commit makes one batch per partition.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct

import msgspec

from hub.errors import Halt
from hub.records import Record

VERSION = 1
MAX_RECORDS = 1000
MAX_BYTES = 1 << 20

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Record])
_place = Struct(">QIQ")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Encoded records without an array header; joins with others to a batch."""

    count: int
    body: bytes | memoryview


def encode_records(records: Sequence[Record]) -> list[Chunk]:
    """Records as chunks of at most `MAX_RECORDS`. TypeError when a record holds something that is not bytes or text."""
    chunks = []
    for first in range(0, len(records), MAX_RECORDS):
        part = records[first : first + MAX_RECORDS]
        chunks.append(Chunk(len(part), memoryview(_encoder.encode(part))[_header_width(len(part)) :]))
    return chunks


def encode_record(record: Record) -> Chunk:
    return Chunk(1, _encoder.encode(record))


def render_batch(chunks: Sequence[Chunk]) -> bytes:
    """The stored bytes of chunks that follow one another."""
    count = sum(chunk.count for chunk in chunks)
    return b"".join([bytes((VERSION,)), _header(count), *(chunk.body for chunk in chunks)])


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
        records = _decoder.decode(memoryview(body)[1:])
    except msgspec.MsgspecError as error:
        raise Halt("AMANA-LOG-001", f"encoding of the batch at {base}") from error
    if len(records) != count:
        raise Halt("AMANA-LOG-001", f"number of records in the batch at {base}")
    return records


def _header(count: int) -> bytes:
    if count < 1 << 4:
        return bytes((0x90 | count,))
    if count < 1 << 16:
        return b"\xdc" + count.to_bytes(2, "big")
    return b"\xdd" + count.to_bytes(4, "big")


def _header_width(count: int) -> int:
    return 1 if count < 1 << 4 else 3 if count < 1 << 16 else 5
