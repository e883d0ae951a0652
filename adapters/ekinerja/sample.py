"""A made-up recap workbook, from a made-up unit. The same world gives the same bytes: times in the file are fixed."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from adapters.kit.attached import wrap
from adapters.kit.sample import Person, SampleMessage, World
from signing.jsontext import render

RATINGS: Final = {"di-atas": "Diatas Ekspektasi", "sesuai": "Sesuai Ekspektasi", "di-bawah": "Dibawah Ekspektasi"}
PREDICATES: Final = {
    "sangat-baik": "SANGAT BAIK",
    "baik": "BAIK",
    "butuh-perbaikan": "BUTUH PERBAIKAN",
    "kurang": "KURANG/MISCONDUCT",
    "sangat-kurang": "SANGAT KURANG",
}
ROMAN: Final = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
HEAD: Final = (
    "No",
    "NIP",
    "Nama",
    "Jabatan",
    "Rating Hasil Kinerja",
    "Rating Perilaku Kerja",
    "Predikat Kinerja Periodik",
)
ROWS: Final = 1000
"""People in one recap."""
MADE: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - a workbook holds times without zone


def messages(exchange: str, world: World) -> list[SampleMessage]:
    """Recaps of everybody who has a mark, one for each assessing sub-unit."""
    marked = [person for person in world.people if person.employee_id in world.marks]
    parts = [marked[start : start + ROWS] for start in range(0, len(marked), ROWS)]
    return [
        SampleMessage(exchange, render(wrap(f"rekap-{world.period}-{number}.xlsx", workbook(world, part))), len(part))
        for number, part in enumerate(parts, 1)
    ]


def workbook(world: World, people: Sequence[Person]) -> bytes:
    """Three head rows, a blank one, the header, then a row per person."""
    from openpyxl import Workbook

    year, month = world.period.split("-")
    book = Workbook()
    book.properties.created = book.properties.modified = MADE
    sheet = book.active
    assert sheet is not None
    for row in (
        ("Instansi", world.institution),
        ("Unit Penilaian", world.unit),
        (f"Periode Bulanan {ROMAN[int(month) - 1]} Tahun {year}",),
        (),
        HEAD,
    ):
        sheet.append(row)
    for number, person in enumerate(people, 1):
        mark = world.marks[person.employee_id]
        labels = (RATINGS[mark.result], RATINGS[mark.behaviour], PREDICATES[mark.predicate])
        sheet.append((number, person.employee_id, person.name, person.position, *labels))
    written = io.BytesIO()
    book.save(written)
    return _still(written.getvalue())


def _still(content: bytes) -> bytes:
    """The same archive with every time in it fixed, and stored as it is: compressors differ between machines."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        for name in sorted(source.namelist()):
            entry = zipfile.ZipInfo(name, MADE.timetuple()[:6])
            target.writestr(entry, _fixed(name, source.read(name)))
    return out.getvalue()


def _fixed(name: str, part: bytes) -> bytes:
    """The writer stamps the time of saving into the core properties; it is replaced by the fixed one."""
    if name != "docProps/core.xml":
        return part
    head, opening, rest = part.partition(b"<dcterms:modified")
    attributes, bracket, tail = rest.partition(b">")
    _, closing, end = tail.partition(b"</dcterms:modified>")
    return head + opening + attributes + bracket + MADE.strftime("%Y-%m-%dT%H:%M:%SZ").encode() + closing + end
