"""The ADK Tukin file: what `parse` accepts and what it does not."""

from __future__ import annotations

import pytest

from adapters.adk_tukin import file
from adapters.kit import AdapterError

ROW = file.Row(
    "000001", "2027-01", "190001011999012001", "Orang Contoh", "", 7, 5_079_200, 98_587, 4_980_613, "9001",
    "Bank Contoh", "0000000001", "ORANG CONTOH", "2026-12", "2026-12", 1, "", "CONTOH-2026-12-1/01",
)  # fmt: skip


def test_the_first_line_to_the_byte() -> None:
    """21 columns between tabs, CR LF, no header, months in two digits, TOTAL with three sums."""
    assert file.render([ROW]) == (
        b"000001\t01\t2027\t190001011999012001\tOrang Contoh\t\t7\t5079200\t98587\t4980613\t9001\tBank Contoh\t"
        b"0000000001\tORANG CONTOH\t12\t2026\t12\t2026\t1\t\tCONTOH-2026-12-1/01\r\n"
        b"TOTAL\t\t\t\t\t\t\t5079200\t98587\t4980613\t\t\t\t\t\t\t\t\t\t\t\r\n"
    )


def test_totals_are_sums_of_whole_rows() -> None:
    """Count, sums, and the last ten digits of the sum of the employee numbers."""
    assert file.totals([ROW, ROW._replace(employee="190001011999012002")]) == file.Totals(
        2, 10_158_400, 197_174, 9_961_226, "3998024003"
    )


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (b"\r\n", b"\n", "file-malformed"),
        (b"\t98587\t4980613\t9001", b"\t98587\t4980614\t9001", "sums-disagree"),
        (b"\t01\t2027\t", b"\t02\t2027\t", "period-wrong"),
        (b"\t01\t2027\t", b"\t13\t2027\t", "file-malformed"),
        (b"TOTAL\t", b"JUMLAH\t", "total-wrong"),
        (b"\t\t5079200", b"\t\t5079201", "total-wrong"),
        (b"\t7\t5079200", b"\t07\t5079200", "total-wrong"),
        (b"\tBank Contoh", b"", "file-malformed"),
        (b"\t98587\t", b"\t-98587\t", "file-malformed"),
        (b"Orang", b"\xff\xfe", "file-malformed"),
    ],
)
def test_a_changed_file_is_not_parsed(before: bytes, after: bytes, kind: str) -> None:
    """Every invariant is checked on the way back."""
    content = file.render([ROW])
    assert before in content
    with pytest.raises(AdapterError) as caught:
        file.parse(content.replace(before, after))
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"cut": -1, "net": 5_079_201}, "sums-disagree"),
        ({"net": 0}, "sums-disagree"),
        ({"earned_to": "2027-01"}, "period-wrong"),
        ({"earned_from": "2027-01"}, "period-wrong"),
        ({"name": "Orang\tContoh"}, "text-unusable"),
    ],
)
def test_a_row_that_breaks_an_invariant_is_not_rendered(changes: dict[str, object], kind: str) -> None:
    """Every invariant is checked on the way out."""
    with pytest.raises(AdapterError) as caught:
        file.render([ROW._replace(**changes)])  # type: ignore[arg-type]
    assert caught.value.kind == kind


@pytest.mark.parametrize(("month", "before"), [("2027-01", "2026-12"), ("2026-12", "2026-11"), ("2026-10", "2026-09")])
def test_month_before(month: str, before: str) -> None:
    """January pays December of the year before."""
    assert file.month_before(month) == before
