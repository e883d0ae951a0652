"""The recap: labels, months, and workbooks built to exhaust the reader."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable

import pytest

from adapters.ekinerja.labels import MATRIX, PREDICATES, parse_month
from adapters.kit import AdapterError, Canonical, MessageContext, Refused, Translated
from adapters.kit.attached import wrap
from adapters.kit.registry import load
from tests.unit.adapters.recap import CASES, GOLDEN, GOOD, nip, recap, row

MESSAGE = MessageContext("SYSTEM-1", "CONTOH", "CODE-1", 0)
EKINERJA = load("ekinerja")


def read(content: bytes) -> list[Translated]:
    return EKINERJA.translate("predicates", wrap("rekap.xlsx", content), MESSAGE)


def rewritten(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """The workbook with every part passed through `change`."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, change(entry.filename, old.read(entry)))
    return out.getvalue()


def refused(content: bytes) -> str:
    with pytest.raises(AdapterError) as caught:
        read(content)
    return caught.value.kind


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("Periode Bulanan 6 Tahun 2026", "2026-06"),
        ("PERIODE BULANAN V TAHUN 2026", "2026-05"),
        ("Periode: Bulanan XII / 2026", "2026-12"),
        ("Periode Bulanan Oktober 2026", "2026-10"),
        ("Periode Bulanan 06 2026", "2026-06"),
        ("Periode Januari - Maret 2026", None),
        ("Periode Bulanan V", None),
        ("Periode Tahunan 2026", None),
        ("Periode Triwulanan I 2026", None),
        ("Periode 1 Januari 2026 sampai 31 Januari 2027", None),
        ("Periode 13 2026", None),
    ],
)
def test_month_of_the_head_row(text: str, month: str | None) -> None:
    """One month and one year, in digits, Roman or by name; anything else is none."""
    assert parse_month(text) == month


def test_matrix_is_whole() -> None:
    """Every pair of ratings has a predicate, and every predicate comes from a pair."""
    assert len(MATRIX) == 9
    assert set(MATRIX.values()) == set(PREDICATES.values())


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_files_are_what_the_generator_makes(name: str) -> None:
    """The workbooks of the golden cases hold the cells that the generator writes."""

    def sheet(content: bytes) -> dict[str, bytes]:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {n: archive.read(n) for n in archive.namelist() if re.search("sheet1|sharedStrings", n)}

    assert sheet((CASES / name / "in.predicates.xlsx").read_bytes()) == sheet(GOLDEN[name])


def test_a_file_that_inflates_beyond_the_limit() -> None:
    """A small file with a huge part is refused before a reader sees it."""
    bomb = rewritten(recap([row(1, *GOOD)]), lambda name, part: part + b" " * (40 << 20) if "sheet1" in name else part)
    assert len(bomb) < 200_000
    assert refused(bomb) == "file-too-large"


def test_a_part_that_lies_about_its_size() -> None:
    """A directory that claims a smaller part than what inflates is not believed."""
    content = bytearray(recap([row(1, *GOOD)]))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        size = next(e.file_size for e in archive.infolist() if "sheet1" in e.filename)
    at = content.rindex(b"xl/worksheets/sheet1.xml") - 46
    content[at + 24 : at + 28] = (size // 2).to_bytes(4, "little")
    assert refused(bytes(content)) == "file-unsuitable"


@pytest.mark.parametrize("corner", [b"XFD1048576", b"A1048576", b"XFD8", b"BM8", b"A20001"])
def test_a_cell_at_the_far_corner(corner: bytes) -> None:
    """One cell far out would make a dense sheet of thousands of millions of cells."""
    far = rewritten(
        recap([row(1, *GOOD)]),
        lambda name, part: part.replace(b'r="G6"', b'r="%s"' % corner) if "sheet1" in name else part,
    )
    assert refused(far) == "file-too-large"


def test_a_long_text_in_every_cell() -> None:
    """One shared text repeated in very many cells is bounded by its volume."""
    content = recap([row(n % 900 + 1, "J" * 8000, *GOOD[1:]) for n in range(3000)])
    assert len(content) < 200_000
    assert refused(content) == "file-too-large"


def test_a_sheet_of_another_writer() -> None:
    """A sheet in a named name space, with a text in two fonts, is read as what it shows."""
    content = recap([row(1, *GOOD), row(2, "Sesuai Ekspektasi", "Sesuai Ekspektasi", "Luar biasa")])

    def other(name: str, part: bytes) -> bytes:
        if "sharedStrings" in name:
            fonts = b"<si><r><t>Ba</t></r><r><t>ik</t></r><rPh><t>x</t></rPh></si>"
            return re.sub(rb"<si><t>Baik</t></si>", fonts, part)
        if "sheet1" not in name:
            return part
        named = re.sub(rb"<(/?)(\w)", rb"<\1m:\2", part)
        return named.replace(b"xmlns=", b"xmlns:m=")

    assert [type(item) for item in read(rewritten(content, other))] == [Canonical, Refused]


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"a\x00b", b"\xff\xfeN\x00", b"\xd0\xcf\x11\xe0" + bytes(600)])
def test_what_is_no_workbook(content: bytes) -> None:
    """Old XLS, text that is not UTF-8 and cut-off files are refused as unsuitable."""
    assert refused(content) == "file-unsuitable"


@pytest.mark.parametrize("content", [b"", b"No,NIP,Nama\n1,2,3\n", b'No,"NIP\n1,2'])
def test_text_without_the_columns(content: bytes) -> None:
    """A text that has no recap in it, or whose quotes do not close before one, is refused for its header."""
    assert refused(content) == "header-missing"


CSV_HEADER = "No;NIP;Nama;Jabatan;Rating Hasil Kinerja;Rating Perilaku Kerja;Predikat Kinerja Periodik\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_in_three_separators(delimiter: str) -> None:
    """Comma, semicolon and tab: the one that shows the header is the one that is used."""
    text = "Periode Bulanan VI Tahun 2026\n" + CSV_HEADER + f"1;{nip(1)};Orang Contoh;Analis;Sesuai;Sesuai;Baik\n"
    [item] = read(text.replace(";", delimiter).encode())
    assert isinstance(item, Canonical)
    assert (item.period, item.value["predicate"]) == ("2026-06", "baik")


def test_csv_whose_quotes_do_not_close() -> None:
    """A quote that swallows the rest of the file is a fault of the file, not of one row."""
    text = "Periode Bulanan VI Tahun 2026\n" + CSV_HEADER + f'1;{nip(1)};"Orang;Analis;Sesuai;Sesuai;Baik\n' * 20
    assert refused(text.encode()) == "file-unsuitable"


@pytest.mark.parametrize(("head", "month"), [("Tahun 2026", "2026-05"), ("Tahun Penilaian: 2026", "2026-05")])
def test_year_in_a_head_row_of_its_own(head: str, month: str) -> None:
    """ "Periode Bulanan V" without a year is a month once another head row says the year."""
    text = f"{head}\nPeriode Bulanan V\n" + CSV_HEADER + f"1;{nip(1)};Orang Contoh;Analis;Sesuai;Sesuai;Baik\n"
    assert [item.period for item in read(text.encode()) if isinstance(item, Canonical)] == [month]


def test_bounds_take_a_real_recap() -> None:
    """A recap of eighteen thousand employees is within every bound."""
    assert len(read(recap([row(n % 900 + 1, *GOOD) for n in range(18_000)]))) == 18_000


def test_blank_rows_are_no_rows() -> None:
    """Rows are numbered among those that hold something."""
    items = read(recap([row(1, *GOOD), (None,) * 7, row(2, *GOOD)]))
    assert [item.row for item in items] == [0, 1]
