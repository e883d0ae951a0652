"""A run to Oracle HDL, CSV or JSON, and the replies of a payroll back.

Rule: a file holds every ready row of the run, once, and no held one. A reply is taken when every row of the batch is in
it, its totals are those that were sent, and each amount is exactly what was sent; else it is refused by name.
"""

from __future__ import annotations

import csv
import io
from calendar import monthrange
from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapters.kit import AdapterError, Outgoing

from .batch import Batch, make_batch
from .replies import replies

__all__ = ["hdl", "message", "replies", "table"]

COLUMNS: Final = (
    "Key", "Signal", "EmployeeId", "EarnedMonth", "PaidMonth", "Gross", "Cut", "Net", "Currency", "PayingUnit",
    "BankCode", "Account",
)  # fmt: skip
TOTAL: Final = "TOTAL"

ENTRY: Final = (
    "METADATA", "ElementEntry", "SourceSystemOwner", "SourceSystemId", "AssignmentNumber", "EffectiveStartDate",
    "EffectiveEndDate", "ElementName", "LegislativeDataGroupName", "MultipleEntryCount", "EntryType", "CreatorType",
)  # fmt: skip
VALUE: Final = (
    "METADATA", "ElementEntryValue", "SourceSystemOwner", "SourceSystemId", "ElementEntryId(SourceSystemId)",
    "EffectiveStartDate", "EffectiveEndDate", "ElementName", "LegislativeDataGroupName", "AssignmentNumber",
    "InputValueName", "ScreenEntryValue",
)  # fmt: skip
NEEDED: Final = ("sourceSystemOwner", "elementName", "legislativeDataGroup")
_USUAL: Final = {"inputValueName": "Amount", "entryType": "E", "creatorType": "H", "assignmentPrefix": ""}


def hdl(run: dict[str, Any], signals: Sequence[dict[str, Any]], options: Mapping[str, str]) -> list[Outgoing]:
    """ElementEntry.dat: one entry and its value for each row, effective in the month of payment."""
    batch = make_batch(run, signals, options)
    if not batch.rows:
        return []
    lines = ["|".join(ENTRY), *_hdl_lines(batch, options)]
    return [Outgoing("".join(f"{line}\n" for line in lines).encode(), 1, 1, "ElementEntry.dat")]


def _hdl_lines(batch: Batch, options: Mapping[str, str]) -> list[str]:
    owner, element, group, value, kind, creator, prefix = _hdl_options(options)
    year, month = batch.paid.split("-")
    first, last = f"{year}/{month}/01", f"{year}/{month}/{monthrange(int(year), int(month))[1]:02d}"
    entries: list[str] = []
    values: list[str] = ["|".join(VALUE)]
    for row in batch.rows:
        who = prefix + row.employee
        entry = ("MERGE", "ElementEntry", owner, row.key, who, first, last, element, group, "1", kind, creator)
        amount = (
            "MERGE", "ElementEntryValue", owner, f"{row.key}:{value}", row.key, first, last, element, group, who, value,
            row.net,
        )  # fmt: skip
        entries.append("|".join(entry))
        values.append("|".join(amount))
    return entries + values


def _hdl_options(options: Mapping[str, str]) -> list[str]:
    missing = [name for name in NEEDED if not options.get(name)]
    if missing:
        raise AdapterError("option-missing", f"the option {missing[0]} is not set; payroll says what it is")
    found = [options[name] for name in NEEDED] + [options.get(name, usual) for name, usual in _USUAL.items()]
    if any("|" in text or "\\" in text or not text.isprintable() for text in found):
        raise AdapterError("option-malformed", "an option has a character that the file cannot hold")
    return found


def table(run: dict[str, Any], signals: Sequence[dict[str, Any]], options: Mapping[str, str]) -> list[Outgoing]:
    """A CSV file: a header, a line for each row, a last line with count, sums and hash."""
    batch = make_batch(run, signals, options)
    if not batch.rows:
        return []
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\r\n").writerow
    write(COLUMNS)
    for row in batch.rows:
        write((
            row.key, row.signal, row.employee, batch.earned, batch.paid, row.gross, row.cut, row.net, batch.currency,
            row.paying_unit, row.bank, row.account,
        ))  # fmt: skip
    sums = batch.totals
    write((
        TOTAL, batch.digest, sums["hash"], batch.earned, batch.paid, sums["gross"], sums["cut"], sums["net"],
        batch.currency, sums["count"], "", "",
    ))  # fmt: skip
    return [Outgoing(out.getvalue().encode(), 1, 1, f"PAYROLL_{batch.run}.csv")]


def message(run: dict[str, Any], signals: Sequence[dict[str, Any]], options: Mapping[str, str]) -> list[Outgoing]:
    """The batch as one JSON message."""
    batch = make_batch(run, signals, options)
    if not batch.rows:
        return []
    body = {
        "run": batch.run,
        "runDigest": batch.digest,
        "institution": batch.institution,
        "earned": batch.earned,
        "paid": batch.paid,
        "currency": batch.currency,
        "totals": dict(batch.totals),
        "rows": [
            {
                "key": row.key,
                "signal": row.signal,
                "employeeId": row.employee,
                "gross": row.gross,
                "cut": row.cut,
                "net": row.net,
                "payingUnit": row.paying_unit,
                "bankCode": row.bank,
                "account": row.account,
                "accountName": row.account_name,
            }
            for row in batch.rows
        ],
    }
    return [Outgoing(body, 1, 1, f"PAYROLL_{batch.run}")]
