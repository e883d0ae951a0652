"""A run to ADK Tukin files, one for each bank code.

Rule: every ready signal is in exactly one file, held ones are in none, and the files together come to the totals of
the run; otherwise nothing is rendered. Files are split by bank *code*, since names of banks vary.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from adapters.kit import AdapterError, Outgoing
from adapters.kit.attached import wrap
from schemas.canonical.identifiers import check_nip

from . import file

BEFORE: Final = "documentBefore"


def files(run: dict[str, Any], signals: Sequence[dict[str, Any]], options: Mapping[str, str]) -> list[Outgoing]:
    """The files of `run` (pay.run), in the order of bank codes, for its `signals` (pay.signal)."""
    banks: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for signal in signals:
        if signal["run"] != run["run"]:
            raise AdapterError("run-foreign", "a signal belongs to another run")
        if signal["status"] == "ready":
            if check_nip(signal["employeeId"], pppk=True) is not None:
                raise AdapterError(
                    "nip-malformed", "somebody has no NIP of 18 digits, or one that a spreadsheet destroyed"
                )
            if signal["payee"] is None:
                raise AdapterError("payee-missing", "a signal is ready and has no account")
            banks[signal["payee"]["bankCode"]].append(signal)
    before = options.get(BEFORE, "")
    pages = [
        (bank, [_row(signal, f"{run['run']}/{page:02d}", before) for signal in sorted(banks[bank], key=_order)])
        for page, bank in enumerate(sorted(banks), 1)
    ]
    _reconcile(run, [row for _, rows in pages for row in rows])
    return [_outgoing(run, bank, rows, page, len(pages)) for page, (bank, rows) in enumerate(pages, 1)]


def _order(signal: dict[str, Any]) -> tuple[str, str]:
    return (signal["payee"]["payingUnit"], signal["employeeId"])


def _row(signal: dict[str, Any], document: str, before: str) -> file.Row:
    payee, earned = signal["payee"], signal["earned"]
    return file.Row(
        unit=payee["payingUnit"],
        paid=signal["paid"],
        employee=signal["employeeId"],
        name=payee["name"],
        decree=payee["decree"] or "",
        grade=signal["class"],
        gross=_rupiah(signal["gross"]),
        cut=_rupiah(signal["cut"]),
        net=_rupiah(signal["net"]),
        bank=payee["bankCode"],
        bank_name=payee["bankName"],
        account=payee["account"],
        account_name=payee["accountName"],
        earned_from=earned,
        earned_to=earned,
        times=1,
        document_before=before,
        document=document,
    )


def _rupiah(amount: str | None) -> int:
    if amount is None or not (amount.isascii() and amount.isdigit()):
        raise AdapterError("amount-not-whole", "an amount of a ready signal is not in whole rupiah")
    return int(amount)


def _reconcile(run: dict[str, Any], rows: list[file.Row]) -> None:
    sums = file.totals(rows)
    said = run["totals"]
    if sums.count != run["counts"]["ready"] or (str(sums.gross), str(sums.cut), str(sums.net)) != (
        said["gross"],
        said["cut"],
        said["net"],
    ):
        raise AdapterError("totals-disagree", "the signals do not come to the count and totals of the run")
    if len({(row.unit, row.employee) for row in rows}) != len(rows):
        raise AdapterError("employee-repeated", "an employee stands twice in one paying unit")


def _outgoing(run: dict[str, Any], bank: str, rows: list[file.Row], page: int, pages: int) -> Outgoing:
    name = f"ADK_TUKIN_{run['run']}_{bank}.txt"
    sums = file.totals(rows)
    body = wrap(name, file.render(rows)) | {
        "run": run["run"],
        "runDigest": run["signalsDigest"],
        "page": page,
        "pages": pages,
        "bankCode": bank,
        "totals": {
            "count": sums.count,
            "gross": str(sums.gross),
            "cut": str(sums.cut),
            "net": str(sums.net),
            "hash": sums.hash,
        },
    }
    return Outgoing(body, page, pages, name)
