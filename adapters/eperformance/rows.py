"""What activities and hours share: why a row is refused, numbers of people, and control totals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from adapters.kit import AdapterError, Canonical, MessageContext, Refused, Translated
from adapters.kit.repeats import repeats
from schemas.canonical.identifiers import check_nip

REASONS: Final = {
    "nip-number": "a spreadsheet made another number of the NIP",
    "nip-damaged": "the NIP ends in 000: it was once stored as a number and its last three digits are lost",
    "nip-is-nik": "the NIP has 16 digits: that is a NIK",
    "nip-malformed": "the NIP is not 18 digits that begin with a birth date",
    "id-repeated": "the id stands in more than one row of the message, with different content",
    "day-outside": "the day does not lie in the month of the message",
    "time-unreadable": "a time is neither HH:MM, HH:MM:SS nor YYYY-MM-DDTHH:MM:SS of that day or the next",
    "status-unreadable": "the status has no letter or digit, or more than 64",
}
_NIP: Final = {"number-form": "nip-number", "spreadsheet": "nip-damaged", "swapped": "nip-is-nik"}


class Fault(Exception):
    """A row that cannot become a record; `args[0]` is a slug of `REASONS`."""


def number(nip: str) -> str:
    """A NIP whose form holds."""
    fault = check_nip(nip, pppk=True)
    if fault is not None:
        raise Fault(_NIP.get(fault.kind, "nip-malformed"))
    return nip


def total(rows: Sequence[dict[str, Any]], member: str) -> Decimal:
    """What a member of the rows comes to; rows without it count nothing."""
    return sum((Decimal(str(row[member])) for row in rows if row.get(member) is not None), Decimal(0))


def hold_totals(rows: Sequence[dict[str, Any]], said: dict[str, Any]) -> None:
    """Hold the sender's control totals against the rows."""
    if said["baris"] != len(rows) or any(
        total(rows, member) != Decimal(str(said[member])) for member in said if member != "baris"
    ):
        raise AdapterError("totals-wrong", "the control totals are not what the rows come to")


def each(
    rows: list[dict[str, Any]], month: str, contract: str, message: MessageContext, make: Callable[..., dict[str, Any]]
) -> list[Translated]:
    """A record or a refusal for each row."""
    odd = repeats([row["id"] for row in rows], rows, "id-repeated", REASONS["id-repeated"])
    out: list[Translated] = []
    for at, row in enumerate(rows):
        if message.rows is not None and at not in message.rows:
            continue
        if at in odd:
            out.append(odd[at])
            continue
        try:
            if not row["tanggal"].startswith(month):
                out.append(Refused(at, "day-outside", REASONS["day-outside"]))
                continue
            value = make(row, message.institution)
        except Fault as fault:
            out.append(Refused(at, fault.args[0], REASONS[fault.args[0]]))
        else:
            out.append(Canonical(contract, ("employee", row["nip"]), value, month, at))
    return out
