"""A run as a batch: its rows, and the totals by which nobody loses one.

Rule: a batch is made of the ready signals of a run and comes to the totals of the run, or there is none. The key of a row
is institution, month of work and employee: it stays when a run is computed again, so that a row that is sent again
replaces the first one and is never paid beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from adapters.kit import AdapterError

HASH_DIGITS: Final = 10
MAX_KEY: Final = 160


class Row(NamedTuple):
    """What one employee is to be paid. Months are YYYY-MM; money is whole units of the currency, as digits."""

    key: str
    signal: str
    employee: str
    gross: str
    cut: str
    net: str
    paying_unit: str
    bank: str
    account: str
    account_name: str


class Batch(NamedTuple):
    """The rows of a run, in the order of paying unit and employee."""

    run: str
    digest: str
    institution: str
    earned: str
    paid: str
    currency: str
    rows: Sequence[Row]
    totals: Mapping[str, Any]


def make_batch(run: dict[str, Any], signals: Sequence[dict[str, Any]], options: Mapping[str, str]) -> Batch:
    """The batch of `run`; `AdapterError` when its signals do not come to it."""
    rows = [_row(run, signal) for signal in signals if _is_ready(run, signal)]
    rows.sort(key=lambda row: (row.paying_unit, row.employee))
    if len({row.employee for row in rows}) < len(rows):
        raise AdapterError("employee-repeated", "an employee stands twice in the run")
    sums = {name: str(sum(int(getattr(row, name)) for row in rows)) for name in ("gross", "cut", "net")}
    if len(rows) != run["counts"]["ready"] or sums != {name: run["totals"][name] for name in sums}:
        raise AdapterError("totals-disagree", "the signals do not come to the count and totals of the run")
    currency = options.get("currency", "IDR")
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        raise AdapterError("option-malformed", "the option currency is no ISO 4217 code")
    totals = {"count": len(rows), **sums, "hash": entry_hash(row.employee for row in rows)}
    return Batch(
        run["run"], run["signalsDigest"], run["institution"], run["earned"], run["paid"], currency, rows, totals
    )


def entry_hash(employees: Iterable[str]) -> str:
    """The sum of the digits of each number, its last ten digits, as ACH files have it."""
    total = sum(int("".join(filter(_is_digit, number)) or "0") for number in employees)
    return str(total)[-HASH_DIGITS:].zfill(HASH_DIGITS)


def row_key(institution: str, earned: str, employee: str) -> str:
    """The key of a row: stays over all runs of the month."""
    return f"{institution}:{earned}:{employee}"


def _is_digit(character: str) -> bool:
    return character.isascii() and character.isdigit()


def _is_ready(run: dict[str, Any], signal: dict[str, Any]) -> bool:
    if signal["run"] != run["run"] or signal["institution"] != run["institution"]:
        raise AdapterError("run-foreign", "a signal belongs to another run")
    if signal["earned"] != run["earned"] or signal["paid"] != run["paid"]:
        raise AdapterError("run-foreign", "a signal is of another month than its run")
    return bool(signal["status"] == "ready")


def _row(run: dict[str, Any], signal: dict[str, Any]) -> Row:
    payee = signal["payee"]
    if payee is None:
        raise AdapterError("payee-missing", "a signal is ready and has no account")
    gross, cut, net = signal["gross"], signal["cut"], signal["net"]
    if gross is None or cut is None or net is None or int(gross) - int(cut) != int(net):
        raise AdapterError("sums-disagree", "gross minus cut is not net")
    employee = signal["employeeId"]
    return Row(
        row_key(run["institution"], run["earned"], employee),
        signal["signalId"],
        employee,
        gross,
        cut,
        net,
        payee["payingUnit"],
        payee["bankCode"],
        payee["account"],
        payee["accountName"],
    )
