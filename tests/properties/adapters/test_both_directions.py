"""Systems that are written to and read from: whatever the hub writes in their form, it reads back as the very same."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.adk_makan_lembur import file
from adapters.adk_makan_lembur.file import Line
from adapters.kit import AdapterError, Canonical, MessageContext, Refused
from adapters.kit.registry import load
from schemas.contracts import checker
from tests.soak import rounds

ESS, PEPMIS = load("ess_deduction"), load("pepmis")
DEDUCTION = checker("pay.deduction")
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20)
WORDS = st.lists(TEXT, min_size=1, max_size=3).map(" ".join)
CODE = st.from_regex(r"[0-9A-Za-z][0-9A-Za-z._-]{0,11}", fullmatch=True)
AMOUNT = st.from_regex(r"(0|[1-9][0-9]{0,9})(\.[0-9]{1,2})?", fullmatch=True)
MONTH, DAY = "2026-10", st.integers(1, 31).map(lambda day: f"2026-10-{day:02d}")


def or_null(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.one_of(st.none(), strategy)


@st.composite
def deduction(draw: st.DrawFn, loan: str, kind: str) -> dict[str, Any]:
    """What one lender may be told of one loan in one month."""
    monthly = kind == "monthly"
    return {
        "deductionId": f"{loan}-{MONTH}" + ("" if monthly else "-stop"),
        "institution": "CONTOH",
        "employeeId": draw(st.integers(1, 10**9).map(str)),
        "nationalId": draw(or_null(st.integers(0, 10**12 - 1).map(lambda tail: f"19900101{tail:012d}"))),
        "kind": kind,
        "code": draw(CODE),
        "text": draw(or_null(WORDS)),
        "reference": loan,
        "creditorReference": draw(or_null(WORDS)),
        "creditor": draw(CODE),
        "amount": draw(AMOUNT) if monthly else None,
        "balance": draw(or_null(AMOUNT)),
        "currency": "TZS",
        "period": MONTH,
        "checkDate": draw(DAY) if monthly else draw(or_null(DAY)),
        "vote": draw(or_null(CODE)),
        "department": draw(or_null(WORDS)),
        "stoppedOn": None if monthly else draw(DAY),
        "stopReason": draw(or_null(WORDS)),
    }


def by_id(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(values, key=lambda value: value["deductionId"])


@settings(max_examples=rounds(100))
@given(st.data(), st.sampled_from(["monthly", "stop"]))
def test_deductions_of_ess_are_read_back(data: st.DataObject, kind: str) -> None:
    """Of several lenders, monthly or stops, with every letter that a text may have: each record comes back as it was."""
    loans = data.draw(st.lists(CODE, min_size=1, max_size=4, unique=True))
    values = [data.draw(deduction(loan, kind)) for loan in loans]
    assert all(DEDUCTION.ok(value) for value in values)
    written, read = ("deductions-out", "deductions") if kind == "monthly" else ("stops-out", "stops")
    records = [{"contract": "pay.deduction", "value": value} for value in values]
    context = MessageContext("S", "CONTOH", "C", 0, options={"unsigned": "taken"})
    found: list[dict[str, Any]] = []
    for page in ESS.render_records(written, records, {}):
        items = ESS.translate(read, page.body, context)
        assert all(isinstance(item, Canonical) for item in items)
        found += [item.value for item in items if isinstance(item, Canonical)]
    assert by_id(found) == by_id(values)


NIP = st.builds("19900101{:06d}{}{:03d}".format, st.integers(200001, 202612), st.integers(1, 2), st.integers(1, 999))


@given(
    st.lists(st.builds(Line, NIP, DAY, st.integers(1, 24)), max_size=8, unique_by=lambda line: line[:2]), st.booleans()
)
def test_meal_and_overtime_files_are_read_back(lines: list[Line], overtime: bool) -> None:
    """`parse` gives back what `render` was given, in the order of the file."""
    given_ = lines if overtime else [line._replace(hours=None) for line in lines]
    assert file.parse(file.render(given_, overtime=overtime), overtime=overtime) == sorted(given_)


@given(st.binary(max_size=120), st.booleans())
def test_any_bytes_are_no_meal_file_or_one_that_is_written_so(content: bytes, overtime: bool) -> None:
    """Nothing else than a refusal comes of them."""
    try:
        lines = file.parse(content, overtime=overtime)
    except AdapterError:
        return
    assert file.render(lines, overtime=overtime) == content


MARK = st.decimals(min_value=0, max_value=100, places=1).map(lambda mark: f"{mark:f}")


@st.composite
def assessments(draw: st.DrawFn) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for n in range(draw(st.integers(1, 3))):
        items = draw(st.lists(CODE, min_size=1, max_size=3, unique=True))
        marks = [
            {
                "itemId": item,
                "state": "COMPLETED",
                "weight": draw(MARK),
                "qualitative": draw(MARK),
                "quantitative": draw(MARK),
            }
            for item in items
        ]
        kind = draw(st.sampled_from(["MID_YEAR", "ANNUAL"]))
        row: dict[str, Any] = {
            "assessmentId": f"A-{n}",
            "checkNumber": str(draw(st.integers(1, 10**9))),
            "kind": kind,
            "marks": marks,
        }
        row |= {"startDate": "2026-07-01", "endDate": "2026-12-31" if kind == "MID_YEAR" else "2027-06-30"}
        if draw(st.booleans()):
            row["overall"] = {"mark": draw(MARK), "worst": "0", "best": "100"}
        rows.append(row)
    return rows


@settings(max_examples=rounds(60))
@given(assessments())
def test_assessments_of_pepmis_are_read_back(rows: list[dict[str, Any]]) -> None:
    """Mid-year and annual, with and without a mark of the whole: read, written and read again, the records are the same."""
    context = MessageContext("S", "CONTOH", "C", 0)
    items = PEPMIS.translate("assessments", {"assessments": rows}, context)
    assert not [item for item in items if isinstance(item, Refused)]
    values = [item.value for item in items if isinstance(item, Canonical)]
    records = [{"contract": "performance.assessment", "value": value} for value in values]
    again = [
        item.value
        for page in PEPMIS.render_records("assessments-out", records, {})
        for item in PEPMIS.translate("assessments", page.body, context)
        if isinstance(item, Canonical)
    ]
    assert again == values
    assert len(values) == len(rows)
