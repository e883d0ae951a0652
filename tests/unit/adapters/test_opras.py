"""OPRAS: the turned scale, the years, and files in two kinds that say the same."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.kit import AdapterError, Canonical, MessageContext, Refused
from adapters.kit.attached import wrap
from adapters.kit.registry import load
from schemas.contracts import checker
from tests.unit.adapters.tfn832 import CASES, GOLDEN, HEADER, form, table

MESSAGE = MessageContext("SYSTEM-1", "CONTOH", "CODE-1", 0)
OPRAS = load("opras")
START = b"Check Number,Year,Objective 1,Objective 1 Mark\n"


def read(content: bytes) -> list[Any]:
    return OPRAS.translate("forms", wrap("forms.bin", content), MESSAGE)


@given(st.decimals(min_value=1, max_value=5, places=3))
def test_one_is_best_on_the_form_and_five_in_the_record(mark: Decimal) -> None:
    """The turned mark is six minus the written one; both stand in the record with their scales."""
    [plan, item] = read(START + f"900001,2021/2022,Drill,{mark:f}\n".encode())
    [made] = item.value["marks"]
    assert Decimal(made["value"]) == 6 - mark
    assert made["written"] == f"{mark:f}"
    assert (made["scale"]["worst"], made["scale"]["best"]) == ("1", "5")
    assert (made["writtenScale"]["worst"], made["writtenScale"]["best"]) == ("5", "1")
    assert plan.value["tasks"][0]["taskId"] == made["item"]


@pytest.mark.parametrize(
    ("year", "outcome"),
    [
        ("2004/2005", "2004-07-01"),
        ("2023/24", "2023-07-01"),
        ("2021-2022", "2021-07-01"),
        ("2003/2004", "year-outside"),
        ("2024/2025", "year-outside"),
        ("2021/2021", "year-unreadable"),
        ("2021", "year-unreadable"),
        ("21/22", "year-unreadable"),
    ],
)
def test_years_are_july_to_june(year: str, outcome: str) -> None:
    """A financial year of OPRAS, in the spellings that are told apart, or a refusal."""
    items = read(START + f"900001,{year},Drill,1\n".encode())
    found = {item.code if isinstance(item, Refused) else item.value["span"]["first"] for item in items}
    assert found == {outcome}


def test_workbook_and_csv_say_the_same() -> None:
    """The kind of file makes no difference."""
    text = "\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in (HEADER, form("900001")))
    assert read(text.encode()) == read(table([form("900001")]))


def test_golden_workbooks_are_the_made_ones() -> None:
    """The files of the golden cases say what this suite's maker says."""
    for name, content in GOLDEN.items():
        kept = (CASES / name / "in.forms.xlsx").read_bytes()
        if name != "004-no-check-number":
            assert read(kept) == read(content)


def test_a_form_without_an_overall_mark_gets_none() -> None:
    """That section 7 is the mean of 5 and 6 was seen in no primary text, so nothing is computed."""
    items = [item for item in read(table([form("900001", Overall_Mark=None)])) if isinstance(item, Canonical)]
    assert items[-1].value["overall"] is None
    assert items[-1].value["formula"] is None


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=3, max_size=3))
def test_whatever_stands_in_a_form_is_a_record_that_keeps_its_contract_or_a_refusal(texts: list[str]) -> None:
    """Names of attributes, stations and comments with control characters are refused by name, never passed on."""
    lines = io.StringIO()
    csv.writer(lines).writerows(
        [
            ["Check Number", "Year", "Attribute 1", "Attribute 1 Mark", "Present Station", "Comments"],
            ["900001", "2021/2022", texts[0], "2", texts[1], texts[2]],
        ]
    )
    try:
        items = read(lines.getvalue().encode())
    except AdapterError:
        return
    assert [checker(i.contract).breaches(i.value) for i in items if isinstance(i, Canonical)] == [
        [] for i in items if isinstance(i, Canonical)
    ]
    assert {item.code for item in items if isinstance(item, Refused)} <= set(OPRAS.manifest.reasons)


def test_an_attribute_with_a_control_character_is_refused() -> None:
    """Its row says why; it reaches no record."""
    head = b"Check Number,Year,Attribute 1,Attribute 1 Mark\n"
    [item] = read(head + b"900001,2021/2022,Tee\x07amwork,2\n")
    assert (type(item), item.code) == (Refused, "text-unsuitable")
