"""Workbooks built to exhaust whoever reads them, each a small file, and a process that reads them in little memory.

`python -m tests.unit.adapters.hostile_books` reads every one under a limit on its address space and prints, line by
line, its name and what became of it.
"""

from __future__ import annotations

import io
import random
import resource
import zipfile
from collections.abc import Iterator
from pathlib import Path

from adapters.kit import AdapterError, KitError, MessageContext
from adapters.kit.attached import wrap
from adapters.kit.registry import load
from tests.unit.adapters.recap import GOOD, recap, row

MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TYPES = b"""<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default
 Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override
 PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>"""
ROOT = (
    b"""<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship
 Id="rId1" Type="%b/officeDocument" Target="xl/workbook.xml"/></Relationships>"""
    % RELATIONS
)
ROOM = 192 << 20
"""Bytes of address space above what the process has when it begins to read."""
RANDOM = 300
"""Sheets at random, beside those that are built."""

HEADER = ("No", "NIP", "Nama", "Jabatan", "Rating Hasil Kinerja", "Rating Perilaku Kerja", "Predikat Kinerja Periodik")


def book(*sheets: bytes, strings: bytes | None = None) -> bytes:
    """A workbook of these sheet parts, and of a part of shared texts."""
    numbers = range(1, len(sheets) + 1)
    tabs = b"".join(b'<sheet name="S%d" sheetId="%d" r:id="rId%d"/>' % (n, n, n) for n in numbers)
    links = b"".join(
        b'<Relationship Id="rId%d" Type="%b/worksheet" Target="worksheets/sheet%d.xml"/>' % (n, RELATIONS, n)
        for n in numbers
    )
    if strings is not None:
        links += b'<Relationship Id="s" Type="%b/sharedStrings" Target="sharedStrings.xml"/>' % RELATIONS
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", ROOT)
        space = b'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
        archive.writestr("xl/_rels/workbook.xml.rels", b"<Relationships %b>%b</Relationships>" % (space, links))
        head = b'<workbook xmlns="%b" xmlns:r="%b">' % (MAIN, RELATIONS)
        archive.writestr("xl/workbook.xml", b"%b<sheets>%b</sheets></workbook>" % (head, tabs))
        for number, part in enumerate(sheets, 1):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", part)
        if strings is not None:
            archive.writestr("xl/sharedStrings.xml", strings)
    return out.getvalue()


def sheet(rows: bytes, before: bytes = b"", after: bytes = b"") -> bytes:
    return b'<worksheet xmlns="%b">%b<sheetData>%b</sheetData>%b</worksheet>' % (MAIN, before, rows, after)


def inline(*texts: str) -> bytes:
    """One row whose cells say no place."""
    return b"<row>%b</row>" % b"".join(b'<c t="inlineStr"><is><t>%b</t></is></c>' % text.encode() for text in texts)


def small_recap(blank: bytes = b"") -> bytes:
    """The rows of a recap of one employee, nothing in it saying its place."""
    person = ("1", "190001011999011001", "Orang Contoh 1", "Jabatan Contoh", *GOOD)
    return inline("Periode Bulanan 10 Tahun 2026") + blank + inline(*HEADER) + inline(*person)


def built() -> Iterator[tuple[str, bytes]]:
    """Name and file of each."""
    cell, value = b"<c/>", b"<c><v>1</v></c>"
    yield "rows without numbers", book(sheet(b"<row/>" * 100_000))
    yield "cells without places", book(sheet(b"<row>%b</row>" % (cell * 100_000)))
    yield "a corner without numbers", book(sheet(b"<row/>" * 99_999 + b"<row>%b</row>" % (value * 100_000)))
    yield (
        "in a named name space",
        book(b'<x:worksheet xmlns:x="%b"><x:sheetData>%b</x:sheetData></x:worksheet>' % (MAIN, b"<x:row/>" * 100_000)),
    )
    yield "in no name space", book(b"<worksheet><sheetData>%b</sheetData></worksheet>" % (b"<row/>" * 100_000))
    yield "a far corner", book(sheet(b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'))
    yield "a far cell in a near row", book(sheet(b'<row r="1"><c r="A1048576"><v>1</v></c></row>'))
    yield "a row beyond all numbers", book(sheet(b'<row r="%b"/>' % (b"9" * 5000)))
    yield (
        "wide rows",
        book(sheet(b"".join(b'<row r="%d"><c r="BL%d"><v>1</v></c></row>' % (n, n) for n in range(1, 20_001)))),
    )
    yield "rows backwards", book(sheet(b'<row r="9"/><row r="8"/>'))
    yield "a size of its own", book(sheet(small_recap(), before=b'<dimension ref="A1:XFD1048576"/>'))
    merged = b'<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    yield "one merged cell", book(sheet(small_recap(), after=merged))
    yield "very many sheets", book(*[sheet(b"<row/>")] * 50)
    yield "very many cells", book(*[sheet(b"<row>%b</row>" % (value * 64) * 19_000)] * 4)
    yield "in UTF-16", book(sheet(b"<row/>" * 1000).decode().encode("utf-16"))
    yield "as UTF-16", book(b'<?xml version="1.0" encoding="UTF-16"?>' + sheet(b"<row/>").decode().encode("utf-16-le"))
    laughs = b"".join(b'<!ENTITY l%d "%b">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    yield (
        "entities",
        book(b'<!DOCTYPE worksheet [<!ENTITY l0 "ha">%b]>' % laughs + sheet(b"<row><c><v>&l9;</v></c></row>")),
    )
    yield "a document type", book(b'<!DOCTYPE worksheet SYSTEM "file:///dev/zero">' + sheet(b"<row/>"))
    yield "one long text", book(sheet(b'<row><c t="str"><v>%b</v></c></row>' % (b"x" * (24 << 20))))
    yield "one long tag", book(sheet(b'<row a="%b"/>' % (b">" * (24 << 20))))
    yield "one long comment", book(sheet(b"<!--%b-->" % (b" " * (24 << 20))))
    yield "very deep", book(sheet(b"<row>" * 1_000_000))
    many = b"<si><t>x</t></si>" * 1_000_000
    yield "very many texts", book(sheet(b"<row/>"), strings=b'<sst xmlns="%b">%b</sst>' % (MAIN, many))
    wide = b"<si><t>\xf0\x9f\x98\x80%b</t></si>" % (b"x" * 30_000) * 900
    yield "wide texts", book(sheet(b"<row/>"), strings=b'<sst xmlns="%b">%b</sst>' % (MAIN, wide))
    shown = b'<row><c t="s"><v>0</v></c><c t="s"><v>0</v></c></row>' * 15_000
    text = b"<si><t>%b</t></si>" % (b"x" * 30_000)
    yield "one text in every cell", book(sheet(shown), strings=b'<sst xmlns="%b">%b</sst>' % (MAIN, text))
    yield "a text that is not there", book(sheet(b'<row><c t="s"><v>7</v></c></row>'))
    yield "more than it may inflate to", book(sheet(b" " * (40 << 20)))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(60_000):
            archive.writestr(f"{number}", b"")
    yield "very many parts", out.getvalue()


def random_books(seed: int) -> Iterator[tuple[str, bytes]]:
    """Well-formed sheets of rows and cells with, without and with odd places, some of them around a recap."""
    chance = random.Random(seed)
    places = [b"", b"", b"", b' r="A1"', b' r="G6"', b' r="XFD1"', b' r="A1048576"', b" r='7'", b' m:r="9"', b' r=""']
    numbers = [b"", b"", b"", b' r="1"', b' r="9"', b' r="20000"', b' r="1048576"', b' r="-1"', b' r="1e5"']
    values = [b"", b"<v>1</v>", b"<v>1e999</v>", b"<is><t>x</t></is>", b"<f>A1:XFD1048576</f>", b"<v>&#65;</v>"]
    kinds = [b"", b' t="s"', b' t="b"', b' t="str"', b' t="inlineStr"', b' t="odd"']

    def cells() -> bytes:
        cell = b"<c%b%b>%b</c>" % (chance.choice(places), chance.choice(kinds), chance.choice(values))
        return cell * chance.choice([0, 1, 1, 1, 7, 70, 5000])

    def row_() -> bytes:
        made = b"<row%b>%b</row>" % (chance.choice(numbers), b"".join(cells() for _ in range(chance.randint(0, 3))))
        return made * chance.choice([1, 1, 1, 1, 30, 3000 if len(made) < 100 else 1])

    for number in range(RANDOM):
        rows = b"".join(row_() for _ in range(chance.randint(0, 4)))
        whole = chance.choice([rows, rows + small_recap(), small_recap() + rows])
        yield f"random {number}", book(sheet(whole).replace(b"<worksheet", b'<worksheet xmlns:m="urn:odd"'))


def read(content: bytes) -> str:
    """What became of it: the kind of the error, or how many rows were taken and refused."""
    try:
        items = load("ekinerja").translate("predicates", wrap("r.xlsx", content), MessageContext("S", "CONTOH", "C", 0))
    except (AdapterError, KitError) as error:
        return f"{type(error).__name__} {error.kind}"
    return f"rows {len(items)}"


def main() -> None:
    books = [*built(), *random_books(7)]
    read(recap([row(1, *GOOD)]))  # imports what it needs
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for name, content in books:
        print(f"{name}\t{len(content)}\t{read(content)}", flush=True)  # noqa: T201 - what the test reads


if __name__ == "__main__":
    main()
