"""Plain cells are read together, and come to the very same as when the parser passes each of them on."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.kit import AdapterError
from adapters.kit.tables import bounds, workbook
from adapters.kit.tables.markup import MAX_TEXT
from adapters.kit.tables.workbook import Cell, read_sheets
from tests.unit.adapters.hostile_books import MAIN, book, sheet

NEVER = re.compile(rb"(?!)")

TEXTS = st.one_of(
    st.text(max_size=6).map(str.encode),  # what XML has no place for, too
    st.sampled_from(
        [b"Baik", b"0", b"1", b"2.5", b"1e3", b"  two  ", b"a\r\nb", b"]]>", b"&lt;", b"&#65;", b"&nope;", b"\xff", "ï￾".encode()]
    ),
)  # fmt: skip
KINDS = st.sampled_from([b"", b' t="s"', b' t="n"', b' t="b"', b' t="str"', b' t="inlineStr"', b' t="e"', b' t="x"'])
INSIDE = st.sampled_from(
    [b"<v>%b</v>", b"<is><t>%b</t></is>", b'<is><t xml:space="preserve">%b</t></is>', b"<f>A1</f><v>%b</v>",
     b"<is><r><t>%b</t></r><r><t>x</t></r></is>", b"<v><![CDATA[%b]]></v>", b"<v>%b", b"<v>%b</v><!--<row r='1'>-->"]
)  # fmt: skip
ODD = st.sampled_from(
    [b"", b"<!-- %b -->", b"<?go %b ?>", b"<![CDATA[%b]]>", b"<x>%b</x>", b'<x a=">">%b</x>', b"<x>%b", b"</row>", b"<row>"]
)  # fmt: skip
LOOKS = b'<row r="3"><c r="A3"><v>1</v></c></row>'


@st.composite
def cells(draw: st.DrawFn, row: int) -> bytes:
    """Cells of a row: most as programs write them, some of them not."""
    made = []
    for column in range(1, draw(st.integers(0, 5)) + 1):
        place = b'r="%c%d"' % (64 + column, row)
        if draw(st.integers(0, 9)) == 0:
            place = draw(
                st.sampled_from([b"", b'r="B2"', b'r="AA2"', b'r="ZZZ2"', b'r="a1"', b'r="A1" r="B1"', b'q="1"'])
            )
        said = (
            draw(INSIDE)
            if draw(st.integers(0, 9)) == 0
            else draw(st.sampled_from([b"<v>%b</v>", b"<is><t>%b</t></is>"]))
        )
        shown = said.replace(b"%b", draw(TEXTS) if draw(st.integers(0, 3)) == 0 else b"1")
        cell = b"<c %b%b>%b</c>" % (place, draw(KINDS), shown)
        made.append(draw(st.sampled_from([cell, cell, cell, b"<c %b/>" % place])))
        if draw(st.integers(0, 15)) == 0:
            made.append(draw(ODD).replace(b"%b", draw(st.sampled_from([LOOKS, b"</c>", b"<row r='9'>", b"text"]))))
    return b"".join(made)


@st.composite
def books(draw: st.DrawFn) -> bytes:
    """A workbook of one sheet."""
    rows = []
    for number in range(1, draw(st.integers(1, 4)) + 1):
        start = draw(st.sampled_from([b'<row r="%d">', b'<row r="%d" spans="1:7">', b'<row r="%d" a=">">', b"<row>",
            b'<row r="%d" customFormat="false" ht="12.8" hidden="false" outlineLevel="0">', b'<row r="%d" s="1" s="1">',
            b'<row r="%d" xmlns="urn:other">']))  # fmt: skip
        rows.append((start.replace(b"%d", b"%d" % number)) + draw(cells(number)) + b"</row>")
        if draw(st.integers(0, 9)) == 0:
            rows.append(draw(ODD).replace(b"%b", LOOKS))
    texts = [b"<si><t>%b</t></si>" % draw(TEXTS) for _ in range(draw(st.integers(0, 3)))]
    strings = b'<sst xmlns="%b"><si><t>one</t></si>%b<si><r><t>two</t></r></si></sst>' % (MAIN, b"".join(texts))
    return book(sheet(b"".join(rows)), strings=strings)


def outcome(content: bytes) -> list[list[tuple[int, list[Cell]]]] | str:
    """The rows, or the word of the refusal."""
    try:
        return [[(row.number, row.cells) for row in rows] for rows in read_sheets(content)]
    except AdapterError as error:
        return error.kind


@settings(max_examples=400, deadline=None)
@given(books(), st.integers(1, 90))
def test_a_workbook_comes_to_the_same_cell_by_cell(content: bytes, piece: int) -> None:
    """Whatever its markup is, and wherever it is cut into pieces."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workbook, "_RUN_OF_ROWS", NEVER)
        patch.setattr(workbook, "_RUN_OF_CELLS", NEVER)
        patch.setattr(workbook, "_RUN_OF_STRINGS", NEVER)
        expected = outcome(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounds, "PIECE", piece)
        assert outcome(content) == expected
    assert outcome(content) == expected


@pytest.mark.parametrize("one_by_one", ["_begin_row", "_begin_cell"])
def test_cells_as_programs_write_them_are_read_together(monkeypatch: pytest.MonkeyPatch, one_by_one: str) -> None:
    """None of them is passed on one by one, and no row: that takes three times as long."""
    monkeypatch.setattr(workbook._Sheet, one_by_one, None)
    row = b'<row r="1" spans="1:3"><c r="A1" s="1" t="s"><v>0</v></c><c r="B1" s="2"/><c r="C1"><v>2.5</v></c></row>'
    more = '<row r="2"><c r="A2" t="inlineStr"><is><t>naïve</t></is></c></row>'.encode()
    strings = b'<sst xmlns="%b" count="1"><si><t xml:space="preserve"> one </t></si></sst>' % MAIN
    assert outcome(book(sheet(row + more), strings=strings)) == [[(1, [" one ", "", 2.5]), (2, ["naïve"])]]


def test_rows_of_another_name_space_are_none() -> None:
    """In a sheet whose data has a prefix, a row without one is no row of it, however plain it looks."""
    own, other = b'<row xmlns="%b"><c><v>1</v></c></row>' % MAIN, b'<row r="2"><c r="A2"><v>2</v></c></row>'
    content = sheet(own + other).replace(b"<worksheet xmlns=", b"<x:worksheet xmlns:x=")
    for name in (b"sheetData", b"worksheet"):
        content = content.replace(b"<%b>" % name, b"<x:%b>" % name).replace(b"</%b>" % name, b"</x:%b>" % name)
    assert outcome(book(content)) == [[(1, [1])]]


@pytest.mark.parametrize("before", [b"<!--", b"<![CDATA[", b"<?go "])
def test_what_only_looks_like_cells_is_none(before: bytes) -> None:
    """Rows within a comment, a CDATA section or an instruction are its text."""
    after = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?go ": b"?>"}[before]
    hidden = b'<row r="2"><c r="A2"><v>2</v></c></row>'
    rows = b'<row r="1"><c r="A1"><v>1</v></c></row>' + before + hidden + after
    assert outcome(book(sheet(rows))) == [[(1, [1])]]


CELL = b'<c r="A1"><v>7</v></c>'


@pytest.mark.parametrize(
    "row",
    [
        b'<row r="1"/>' + CELL,
        b'<row r="1"><x><c r="A1"/></x></row>' + CELL,
        b'<row r="1"><![CDATA[<row>' + CELL + b"]]></row>",
        b'<row r="1"><![CDATA[<row><row>' + CELL + b"]]></row>",
        b'<row a=">" r="1"><![CDATA[<row>' + CELL + b"]]></row>",
        b'<row a=">" r="1"><!--<row>' + CELL + b"--></row>",
        b'<row a=">" r="1"><?go <row>' + CELL + b"?></row>",
    ],
)
def test_what_stands_elsewhere_is_no_cell_of_the_row(row: bytes) -> None:
    """Behind a row, or in a section of text that began within a row whose tag holds a bracket."""
    assert outcome(book(sheet(row))) == [[(1, [])]]


def test_a_bracket_in_an_attribute_does_not_end_its_tag() -> None:
    """What seems to stand behind the tag is read as what it is."""
    assert outcome(book(sheet(b'<row a=">" r="1">' + CELL + b"</row>"))) == [[(1, [7])]]
    assert outcome(book(sheet(b"<row a='>" + CELL + b"' r='1'>" + CELL + b"</row>"))) == "file-unsuitable"


def test_the_bound_on_elements_counts_those_that_are_read_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cell is two elements, however it is read."""
    content = book(sheet(b'<row r="1">' + b'<c r="A1"><v>1</v></c></row>'))
    monkeypatch.setattr("adapters.kit.tables.markup.MAX_ELEMENTS", 3 + 2 + 5)
    assert outcome(content) == [[(1, [1])]]
    monkeypatch.setattr("adapters.kit.tables.markup.MAX_ELEMENTS", 3 + 2 + 4)
    assert outcome(content) == "file-too-large"


def test_the_bound_on_a_cell_holds() -> None:
    """A text of more characters than a cell may have is refused, whoever reads it."""
    text = b"x" * (MAX_TEXT + 1)
    assert outcome(book(sheet(b'<row r="1"><c r="A1" t="str"><v>%b</v></c></row>' % text))) == "file-too-large"
    text = b"x" * MAX_TEXT
    assert outcome(book(sheet(b'<row r="1"><c r="A1" t="str"><v>%b</v></c></row>' % text))) == [[(1, [text.decode()])]]
