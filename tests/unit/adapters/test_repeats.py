"""The kit's pieces that several adapters share: rows under one id, marks, and tables of people."""

from __future__ import annotations

import pytest

from adapters.kit import AdapterError, Refused, Repeated
from adapters.kit.marking import make_mark
from adapters.kit.repeats import repeats
from adapters.kit.tables import read_table, text_of


def test_the_same_row_again_repeats_its_first_and_another_one_contradicts_it() -> None:
    """Nothing is dropped without being named, and of two different rows under one id neither is believed."""
    found = repeats(["a", "b", "a", "c", "b", "b"], ["1", "2", "1", "3", "2", "9"], "id-repeated", "why")
    assert found == {
        2: Repeated(2, 0),
        1: Refused(1, "id-repeated", "why"),
        4: Refused(4, "id-repeated", "why"),
        5: Refused(5, "id-repeated", "why"),
    }
    assert repeats(["a", "b"], ["1", "1"], "id-repeated", "why") == {}


def test_a_mark_stands_with_what_was_written_and_its_scale() -> None:
    """Turned where the best end is the smaller one; both scales are said."""
    mark = make_mark("overall", "1.5", "5", "1", "a form")
    assert (mark["value"], mark["written"]) == ("4.5", "1.5")
    assert (mark["scale"]["worst"], mark["writtenScale"]["worst"]) == ("1", "5")


@pytest.mark.parametrize("scale", [("1", "1"), ("2", "5"), ("", "5"), ("1e2", "5")])
def test_a_mark_off_its_scale_or_on_none_is_no_mark(scale: tuple[str, str]) -> None:
    """Equal ends, a mark outside, ends that are no numbers."""
    with pytest.raises(ValueError):
        make_mark("overall", "1", *scale, "a form")


def test_columns_are_known_by_name_and_longer_rows_are_named() -> None:
    """Order of columns makes no difference; a blank row is none; a row that is longer than its header is ragged."""
    table = read_table(b"Title\nB,a ,C\n1,2,3\n,,\n4,5,6,7\n8,9\n", ("a", "b"), {})
    assert {name: [row[at] for row in table.rows] for name, at in table.columns.items()} == {
        "b": ["1", "4", "8"],
        "a": ["2", "5", "9"],
        "c": ["3", "6", ""],
    }
    assert table.ragged == {1}
    assert [row.number for row in table.head] == [1]


def test_a_column_that_stands_twice_is_refused() -> None:
    """Two columns of one name, or of one meaning, are no table."""
    for header in (b"a,b,a\n1,2,3\n", b"a,b,other a\n1,2,3\n"):
        with pytest.raises(AdapterError, match="header-repeated"):
            read_table(header, ("a", "b"), {"other a": "a"})


@pytest.mark.parametrize("rows", [20_001])
def test_a_file_of_too_many_rows_is_refused(rows: int) -> None:
    """The bound of a workbook holds for text, too."""
    with pytest.raises(AdapterError, match="file-too-large"):
        read_table(b"a,b\n" + b"1,2\n" * rows, ("a", "b"))


def test_numbers_of_a_workbook_are_shown_as_digits() -> None:
    """No exponent, however large or small."""
    assert [text_of(cell) for cell in (7, 2.5, 1e21, 1e-7, True, " x ")] == [
        "7", "2.5", "1000000000000000000000", "0.0000001", "TRUE", "x",
    ]  # fmt: skip
