"""What a spreadsheet may cost, checked before any spreadsheet library sees it.

Rule: sizes are measured by inflating under a limit, never believed. A small file can claim to be smaller than it
inflates to, name one cell at the far corner of the sheet, or repeat one long text in every cell.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from typing import Final

from adapters.kit import AdapterError

MAX_ENTRIES: Final = 64
MAX_INFLATED: Final = 32 * 1_048_576
MAX_COLUMNS: Final = 64
MAX_ROWS: Final = 20_000
MAX_TEXT_VOLUME: Final = 64 * 1_048_576

_LOCAL_HEADER: Final = struct.Struct("<4s5H3L2H")
_SHEET: Final = re.compile(rb"<(?:\w+:)?sheetData\b")
_STRINGS: Final = re.compile(rb"<(?:\w+:)?sst\b")
_STRING: Final = re.compile(rb"<(?:\w+:)?si\b")
_REFERENCE: Final = re.compile(rb"""(?<![:\w])r\s*=\s*["']\s*([A-Za-z]*)([0-9]*)""")
_FOREIGN: Final = ("xl/workbook.bin", "content.xml", "xl/vbaProject.bin")


def check(content: bytes) -> None:
    """Raises `AdapterError` "file-unsuitable" or "file-too-large" unless `content` is a workbook within the bounds."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, struct.error) as error:
        raise AdapterError("file-unsuitable", "the file is not an XLSX workbook") from error
    names = [entry.filename for entry in entries]
    if "xl/workbook.xml" not in names or any(name in names for name in _FOREIGN) or len(names) != len(set(names)):
        raise AdapterError("file-unsuitable", "the file is not a plain XLSX workbook")
    if len(entries) > MAX_ENTRIES:
        raise AdapterError("file-too-large", f"the workbook has more than {MAX_ENTRIES} parts")
    left, cells, longest = MAX_INFLATED, 0, 0
    for entry in entries:
        part = _inflate(content, entry, left)
        left -= len(part)
        if _SHEET.search(part):  # by what it holds, not by its name: names are the sender's
            cells += _count_cells(part)
        if _STRINGS.search(part):
            longest = max(longest, *map(len, _STRING.split(part)))
    if cells * longest > MAX_TEXT_VOLUME:
        raise AdapterError("file-too-large", "the workbook repeats long texts in very many cells")


def _inflate(content: bytes, entry: zipfile.ZipInfo, limit: int) -> bytes:
    """The real bytes of one part, at most `limit`; they must be as many as the directory says."""
    try:
        header = _LOCAL_HEADER.unpack_from(content, entry.header_offset)
    except struct.error as error:
        raise AdapterError("file-unsuitable", "a part of the workbook is cut off") from error
    start = entry.header_offset + _LOCAL_HEADER.size + header[9] + header[10]
    packed = content[start : start + entry.compress_size]
    if entry.flag_bits & 0x1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise AdapterError("file-unsuitable", "a part of the workbook is encrypted or packed in an unusual way")
    if entry.compress_type == zipfile.ZIP_STORED:
        part = packed
    else:
        try:
            part = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, limit + 1)
        except zlib.error as error:
            raise AdapterError("file-unsuitable", "a part of the workbook is damaged") from error
    if len(part) > limit:
        raise AdapterError("file-too-large", f"the workbook inflates to more than {MAX_INFLATED} bytes")
    if len(part) != entry.file_size:
        raise AdapterError("file-unsuitable", "a part of the workbook has another size than it claims")
    return part


def _count_cells(part: bytes) -> int:
    """Number of references (rows and cells) in a sheet, each within the bounds of rows and columns."""
    count = 0
    for found in _REFERENCE.finditer(part):
        letters, digits = found.groups()
        if len(letters) > 3 or _column(letters) > MAX_COLUMNS:
            raise AdapterError("file-too-large", f"the sheet reaches beyond column {MAX_COLUMNS}")
        if len(digits) > 7 or (digits and int(digits) > MAX_ROWS):
            raise AdapterError("file-too-large", f"the sheet reaches beyond row {MAX_ROWS}")
        count += 1
    return count


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
