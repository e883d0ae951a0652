"""What a workbook may cost: its parts, inflated piece by piece under a limit.

Rule: sizes are measured by inflating, never believed, and no part is ever held whole. What a part's markup may cost
stands in `markup.py`, which is handed these pieces.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

from adapters.kit.errors import AdapterError

MAX_ENTRIES: Final = 64
MAX_INFLATED: Final = 32 * 1_048_576
"""Bytes of all parts together that are read."""
PIECE: Final = 65_536

_LOCAL_HEADER: Final = struct.Struct("<4s5H3L2H")
_DIRECTORY_ENTRY: Final = b"PK\x01\x02"
_WORKBOOK: Final = "xl/workbook.xml"
_FOREIGN: Final = ("xl/workbook.bin", "content.xml", "xl/vbaProject.bin")


class Parts:
    """The parts of an XLSX file by name. Raises `AdapterError` "file-unsuitable" or "file-too-large"."""

    def __init__(self, content: bytes) -> None:
        if content.count(_DIRECTORY_ENTRY) > MAX_ENTRIES:  # before a directory of a hundred thousand is read
            raise AdapterError("file-too-large", f"the workbook has more than {MAX_ENTRIES} parts")
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, struct.error) as error:
            raise AdapterError("file-unsuitable", "the file is not an XLSX workbook") from error
        self._content = content
        self._entries = {entry.filename: entry for entry in entries}
        self._left = MAX_INFLATED
        foreign = any(name in self._entries for name in _FOREIGN)
        if _WORKBOOK not in self._entries or foreign or len(self._entries) != len(entries):
            raise AdapterError("file-unsuitable", "the file is not a plain XLSX workbook")

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of one part, in pieces of at most `PIECE`; they must be as many as the directory says, and the
        ones that were packed."""
        entry = self._entries.get(name)
        if entry is None:
            raise AdapterError("file-unsuitable", "the workbook names a part that it has not")
        size = checksum = 0
        for piece in _inflate(self._packed(entry), entry.compress_type):
            size += len(piece)
            self._left -= len(piece)
            checksum = zlib.crc32(piece, checksum)
            if self._left < 0:
                raise AdapterError("file-too-large", f"the workbook inflates to more than {MAX_INFLATED} bytes")
            if size > entry.file_size:
                break
            yield piece
        if size != entry.file_size or checksum != entry.CRC:
            raise AdapterError("file-unsuitable", "a part of the workbook is not what its directory says")

    def _packed(self, entry: zipfile.ZipInfo) -> memoryview:
        if entry.flag_bits & 0x1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise AdapterError("file-unsuitable", "a part of the workbook is encrypted or packed in an unusual way")
        try:
            header = _LOCAL_HEADER.unpack_from(self._content, max(entry.header_offset, 0))
        except struct.error as error:
            raise AdapterError("file-unsuitable", "a part of the workbook is cut off") from error
        start = entry.header_offset + _LOCAL_HEADER.size + header[9] + header[10]
        return memoryview(self._content)[start : start + entry.compress_size]


def _inflate(packed: memoryview, how: int) -> Iterator[bytes]:
    if how == zipfile.ZIP_STORED:
        for start in range(0, len(packed), PIECE):
            yield bytes(packed[start : start + PIECE])
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for start in range(0, len(packed), PIECE):
            waiting = bytes(packed[start : start + PIECE])
            while waiting or not inflater.eof:
                piece = inflater.decompress(waiting, PIECE)
                waiting = inflater.unconsumed_tail
                if not piece:
                    break
                yield piece
    except zlib.error as error:
        raise AdapterError("file-unsuitable", "a part of the workbook is damaged") from error
