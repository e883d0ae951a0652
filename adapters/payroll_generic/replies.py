"""What a payroll says to each row of a batch.

Rule: the reply as a whole is taken only when it is whole: as many rows as were sent, none twice, the same sum and the same
hash of employee numbers. Then each row stands for itself: what was accepted or paid is exactly what was sent, what was
not has a reason.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from adapters.kit import AdapterError, Canonical, MessageContext, Refused, Translated
from schemas.canonical.identifiers import check_unknown

from .batch import entry_hash, row_key

PAID: Final = frozenset({"paid", "accepted"})
DIFFERS: Final = "the amount is not the one that was sent"
NO_AMOUNT: Final = "the row is paid or accepted and has no amount"
NOT_PAID: Final = "the row was not paid, yet it has an amount other than zero"
NO_REASON: Final = "the row was not paid and gives no reason"
ROUNDED: Final = "a spreadsheet rounded the number of the employee: it ends in 000, or has an exponent"
FOREIGN: Final = "the key of the row is not made of the institution, the month and the employee of the batch"


def replies(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """A pay.reply for each row, or the reason why not."""
    _check_whole(body)
    institution, wanted = message.institution, message.rows
    out: list[Translated] = []
    for row, source in enumerate(body["rows"]):
        if wanted is None or row in wanted:
            out.append(_reply(row, source, body, institution))
    return out


def _check_whole(body: dict[str, Any]) -> None:
    rows, sent = body["rows"], body["totals"]
    keys = {row["key"] for row in rows}
    if len(keys) < len(rows):
        raise AdapterError("row-repeated", "the reply has a row twice")
    if len(rows) != sent["count"] or entry_hash(row["employeeId"] for row in rows) != sent["hash"]:
        raise AdapterError("rows-missing", "the reply does not have every row of the batch, or has others")
    if sum(Decimal(row["sent"]) for row in rows) != Decimal(sent["net"]):
        raise AdapterError("sums-disagree", "the amounts that were sent do not come to the total of the batch")


def _reply(row: int, source: dict[str, Any], body: dict[str, Any], institution: str) -> Translated:
    employee, outcome = source["employeeId"], source["outcome"]
    amount = source.get("amount")
    if check_unknown(employee) is not None:
        return Refused(row, "number-malformed", ROUNDED)
    if source["key"] != row_key(institution, body["earned"], employee):
        return Refused(row, "row-foreign", FOREIGN)
    if outcome in PAID:
        if amount is None:
            return Refused(row, "amount-missing", NO_AMOUNT)
        if Decimal(amount) != Decimal(source["sent"]):
            return Refused(row, "amount-differs", DIFFERS)
    else:
        if amount is not None and Decimal(amount) != 0:
            return Refused(row, "amount-differs", NOT_PAID)
        if not (source.get("reason") or "").strip():
            return Refused(row, "reason-missing", NO_REASON)
        amount = None
    value = {
        "replyId": source["replyId"],
        "institution": institution,
        "run": body["run"],
        "row": source["key"],
        "signal": source.get("signal"),
        "employeeId": employee,
        "earned": body["earned"],
        "paid": body["paid"],
        "outcome": outcome,
        "amount": amount,
        "currency": None if amount is None else body["currency"],
        "code": source.get("code"),
        "reason": None if outcome in PAID else source["reason"].strip(),
    }
    return Canonical("pay.reply", ("employee", employee), value, body["paid"], row)
