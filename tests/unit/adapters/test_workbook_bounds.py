"""Workbooks that were built to exhaust their reader, read by a process that has little memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

from adapters.kit import AdapterError, Canonical, Translated
from adapters.kit.attached import wrap
from adapters.kit.registry import load
from adapters.kit.values import MessageContext
from tests.unit.adapters.hostile_books import MAIN, RANDOM, book, built, inline, sheet, small_recap
from tests.unit.adapters.recap import GOOD

MESSAGE = MessageContext("SYSTEM-1", "CONTOH", "CODE-1", 0)
TAKEN = {"a size of its own", "one merged cell"}
NO_RECAP = {"in no name space"}
UNSUITABLE = {
    "rows backwards", "in UTF-16", "as UTF-16", "entities", "a document type", "a text that is not there",
}  # fmt: skip


def _read(content: bytes) -> list[Translated]:
    return load("ekinerja").translate("predicates", wrap("r.xlsx", content), MESSAGE)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, str]:
    """What became of every workbook, by name, in a process that may take 192 MiB more than it has."""
    command = [sys.executable, "-m", "tests.unit.adapters.hostile_books"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    return {name: outcome for name, _, outcome in lines}


def test_no_workbook_ends_the_process_that_reads_it(outcomes: dict[str, str]) -> None:
    """Each is read to an end within the memory: taken, or refused by the adapter's own word."""
    assert len(outcomes) == len(list(built())) + RANDOM
    assert {name for name, outcome in outcomes.items() if not outcome.startswith(("AdapterError ", "rows "))} == set()


def test_what_becomes_of_each_built_workbook(outcomes: dict[str, str]) -> None:
    """Size and merged cells that a sheet claims cost nothing; what really is large is refused as too large."""
    expected = {
        name: "rows 1"
        if name in TAKEN
        else "AdapterError header-missing"
        if name in NO_RECAP
        else "AdapterError file-unsuitable"
        if name in UNSUITABLE
        else "AdapterError file-too-large"
        for name, _ in built()
    }
    assert {name: outcome for name, outcome in outcomes.items() if name in expected} == expected


def test_random_sheets_are_taken_and_refused(outcomes: dict[str, str]) -> None:
    """The sheets at random reach every way out, so they do not all fail at the door."""
    kinds = {outcome for name, outcome in outcomes.items() if name.startswith("random")}
    assert kinds >= {"rows 1", "AdapterError file-unsuitable", "AdapterError file-too-large"}


def test_cells_that_say_no_place_stand_one_behind_the_other() -> None:
    """A recap without a single place in it is the recap that it shows; so is one with blank rows in between."""
    [plain] = _read(book(sheet(small_recap())))
    [spaced] = _read(book(sheet(small_recap(b"<row/>" * 3))))
    assert isinstance(plain, Canonical)
    assert plain == spaced
    assert plain.value["predicate"] == "baik"


def test_a_gap_between_cells_is_kept() -> None:
    """A cell that says its place stands there, so a predicate in the wrong column is not taken for a rating."""
    head = (
        inline("Periode Bulanan 10 Tahun 2026") + small_recap().split(b"</row>", 1)[1].split(b"</row>")[0] + b"</row>"
    )
    cell = b'<c r="%b3" t="str"><v>%b</v></c>'
    person = cell % (b"B", b"190001011999011001") + cell % (b"G", b"Baik")
    [item] = _read(book(sheet(head + b"<row>" + person + b"</row>")))
    assert isinstance(item, Canonical)
    assert (item.value["predicate"], item.value["resultRating"]) == ("baik", None)


def test_shared_texts_in_several_fonts() -> None:
    """A shared text is what its pieces say together, without how it is pronounced."""
    texts = ["190001011999011001", *GOOD[:2]]
    items = b"".join(b"<si><t>%b</t></si>" % text.encode() for text in texts)
    fonts = b"<si><r><t>Ba</t></r><r><t>ik</t></r><rPh sb='0' eb='1'><t>x</t></rPh></si>"
    strings = b'<sst xmlns="%b">%b%b</sst>' % (MAIN, items, fonts)
    places = [b'<c r="%b9" t="s"><v>%d</v></c>' % (b"BEFG"[n : n + 1], n) for n in range(4)]
    head = small_recap().rsplit(b"<row>", 1)[0]
    [item] = _read(book(sheet(head + b'<row r="9">' + b"".join(places) + b"</row>"), strings=strings))
    assert isinstance(item, Canonical)
    assert item.value["predicate"] == "baik"


def test_a_tab_that_is_no_sheet() -> None:
    """A workbook whose tab leads to nothing is refused, not read as empty."""
    with pytest.raises(AdapterError) as caught:
        _read(book(sheet(b"")).replace(b"xl/worksheets/sheet1.xml", b"xl/worksheets/sheet2.xml"))
    assert caught.value.kind == "file-unsuitable"
