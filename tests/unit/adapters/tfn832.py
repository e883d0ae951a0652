"""Tables of TFN 832 forms with invented people; the golden cases' workbooks are made here.

`python -m tests.unit.adapters.tfn832` writes them anew.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook

CASES = Path(__file__).parents[3] / "adapters" / "opras" / "cases"
HEADER = (
    "Vote Code", "Check Number", "Surname", "Present Station", "Year", "Objective 1", "Objective 1 Target",
    "Objective 1 Mark", "Objective 2", "Objective 2 Mark", "Attribute 1", "Attribute 1 Mark", "Overall Mark", "Label",
    "Supervisor", "Comments",
)  # fmt: skip

Row = Sequence[str | int | float | None]


def form(number: str | int | None, year: str = "2021/2022", **other: str | float | None) -> Row:
    """One form; `other` replaces a column by its name with underscores."""
    usual: dict[str, str | int | float | None] = {
        "Vote Code": "32",
        "Check Number": number,
        "Surname": "Mfano",
        "Present Station": "Water Department",
        "Year": year,
        "Objective 1": "Drill wells",
        "Objective 1 Target": "10",
        "Objective 1 Mark": 2,
        "Objective 2": "Train users",
        "Objective 2 Mark": "1",
        "Attribute 1": "Working relationships",
        "Attribute 1 Mark": 3,
        "Overall Mark": 2,
        "Label": "Above average",
        "Supervisor": "Msimamizi Mfano",
        "Comments": "Good work.",
    }
    return [*(usual | {name.replace("_", " "): value for name, value in other.items()}).values()]


def table(rows: Sequence[Row], header: Sequence[str] = HEADER) -> bytes:
    """The bytes of a workbook: a title, the header, the rows."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in (["TFN 832"], header, *rows):
        sheet.append(list(line))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


GOLDEN: dict[str, bytes] = {
    "001-forms": table([form(900001), form("900002", "2022/23")]),
    "002-odd-forms": table(
        [
            form(900003, "2020-2021", Overall_Mark=7 / 3, Label=None, Supervisor=None, Comments=None),
            form("900004", Objective_1=None, Objective_2=None, Attribute_1=None),
            form("900005", Objective_1_Mark=None, Objective_2_Mark=None, Attribute_1_Mark=None, Overall_Mark=None),
            form("900006", Objective_1="Line one\nline two", Objective_1_Mark=1.5),
            form("900006", Objective_1="Line one\nline two", Objective_1_Mark=1.5),
        ]
    ),
    "003-forms-refused": table(
        [
            form("9.00001E+5"),
            form(None),
            form("900007", "2021/2023"),
            form("900008", "2024/2025"),
            form("900009", Objective_1_Mark="two"),
            form("900010", Objective_1_Mark=0),
            form("900011", Overall_Mark=5.5),
            form("900012"),
            form("900012", Overall_Mark=3),
            form("900013", Supervisor="x" * 301),
            [*form("900014"), "one cell more"],
            form(
                "900015",
                Objective_1=None,
                Objective_1_Mark=None,
                Objective_2=None,
                Objective_2_Mark=None,
                Attribute_1_Mark=None,
                Overall_Mark=None,
            ),
        ]
    ),
    "004-no-check-number": table([form("900001")], [name.replace("Check", "Chk") for name in HEADER]),
}

if __name__ == "__main__":
    for name, content in GOLDEN.items():
        folder = CASES / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "in.forms.xlsx").write_bytes(content)
