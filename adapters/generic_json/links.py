"""The cross-walk as a table that people keep: one statement a line, in CSV or XLSX.

Rule: a line says what a link says in JSON, by the same names. A number that a spreadsheet stored as a number is refused, since
its zeros or its last digits may be gone; two lines under one id that differ are both refused, because nobody here can
know which is right. What contradicts other links is listed for a person (`amana identity conflicts`), and not judged here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from adapters.kit import Canonical, MessageContext, Refused, Translated
from adapters.kit.attached import unwrap
from adapters.kit.repeats import repeats
from adapters.kit.tables import Cell, read_table, text_of
from schemas.canonical.identifiers import check_scheme, check_unknown

COLUMNS: Final = ("linkid", "employeeid", "scheme", "source", "value", "validfrom", "validto", "withdrawn")
SCHEMES: Final = frozenset({"check-number", "nip", "nip-old", "nik", "nin", "other"})
_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9A-Za-z./-]{1,32}", re.ASCII)
_CODE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}", re.ASCII)
_YES: Final = {"": False, "no": False, "false": False, "yes": True, "true": True}

RAGGED: Final = "the row has more cells than the header, so its cells may stand under wrong names"
REPEATED: Final = "two rows under one linkId say different things"
AS_NUMBER: Final = "a spreadsheet stored a number of a person as a number; format the column as text and export again"
MALFORMED: Final = "linkId, employeeId, scheme, source, value or withdrawn is not in its form"
NO_DATE: Final = "validFrom or validTo is neither empty nor YYYY-MM-DD"
BACKWARDS: Final = "the interval ends before it begins"


def link_table(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """One link per row, or the reason why not."""
    table = read_table(unwrap(body), COLUMNS)
    rows = [{name: cells[table.columns[name]] for name in COLUMNS} for cells in table.rows]
    odd = repeats([_text(row["linkid"]) for row in rows], rows, "id-repeated", REPEATED)
    out: list[Translated] = []
    for at, row in enumerate(rows):
        if message.rows is not None and at not in message.rows:
            continue
        if at in table.ragged:
            out.append(Refused(at, "row-ragged", RAGGED))
        elif at in odd:
            out.append(odd[at])
        else:
            out.append(_link(at, row, message.institution))
    return out


def _link(at: int, row: Mapping[str, Cell], institution: str) -> Translated:
    if not all(isinstance(row[name], str) for name in ("employeeid", "value")):
        return Refused(at, "number-malformed", AS_NUMBER)
    said = {name: _text(cell) for name, cell in row.items()}
    employee, scheme, number, source = said["employeeid"], said["scheme"], said["value"], said["source"]
    fault = check_unknown(employee) or (check_scheme(scheme, number) if scheme in SCHEMES else None)
    if fault is not None:
        return Refused(at, "number-malformed", fault.reason)
    withdrawn = _YES.get(said["withdrawn"].lower())
    formed = _ID.fullmatch(said["linkid"]) and _NUMBER.fullmatch(employee) and _NUMBER.fullmatch(number)
    if not formed or scheme not in SCHEMES or withdrawn is None or (source and not _CODE.fullmatch(source)):
        return Refused(at, "link-malformed", MALFORMED)
    first, last = _day(row["validfrom"]), _day(row["validto"])
    if first == "" or last == "":
        return Refused(at, "date-malformed", NO_DATE)
    if first is not None and last is not None and last < first:
        return Refused(at, "interval-backwards", BACKWARDS)
    value = {
        "linkId": said["linkid"],
        "institution": institution,
        "employeeId": employee,
        "scheme": scheme,
        "source": source or None,
        "value": number,
        "validFrom": first,
        "validTo": last,
        "withdrawn": withdrawn,
    }
    return Canonical("identity.link", ("employee", employee), value, None, at)


def _text(cell: Cell) -> str:
    return text_of(cell).removeprefix("'")


def _day(cell: Cell) -> str | None:
    """A day; None for an empty cell, "" for what is none."""
    text = _text(cell)
    if not text:
        return None
    try:
        return text if date.fromisoformat(text).isoformat() == text else ""
    except ValueError:
        return ""
