"""Canonical records in, the same records out, once they are the sender's own to send.

Rule: a record passes unchanged or not at all. The wire contract has already checked its members; what a schema
cannot say is checked here: whose institution, no number written as 1.0, an interval that does not run backwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from adapters.kit import Canonical, MessageContext, Refused, Translated
from adapters.kit.contain import holds_float
from schemas.canonical.identifiers import Fault, check_scheme, check_unknown

from .links import link_table

__all__ = [
    "calendars",
    "enrolments",
    "leaves",
    "link_table",
    "links",
    "outages",
    "payees",
    "sanctions",
]

Record = dict[str, Any]
Subject = Callable[[Record], tuple[str, ...]]
Period = Callable[[Record], str | None]

FOREIGN: Final = "the record names another institution than the sender's"
FLOAT: Final = "a number is written with a decimal point; whole numbers have none, other decimals are texts"
BACKWARDS: Final = "the interval ends before it begins"


def _employee(record: Record) -> tuple[str, ...]:
    return ("employee", record["employeeId"])


def _institution(record: Record) -> tuple[str, ...]:
    return ("institution", record["institution"])


def _no_period(_: Record) -> str | None:
    return None


def _pass(
    contract: str,
    body: dict[str, list[Record]],
    message: MessageContext,
    subject: Subject,
    *,
    period: Period = _no_period,
    interval: tuple[str, str] | None = None,
) -> list[Translated]:
    out: list[Translated] = []
    for row, record in enumerate(body["records"]):
        if message.rows is not None and row not in message.rows:
            continue
        if record["institution"] != message.institution:
            out.append(Refused(row, "institution-foreign", FOREIGN))
        elif holds_float(record):
            out.append(Refused(row, "number-not-whole", FLOAT))
        elif fault := _number_fault(record):
            out.append(Refused(row, "number-malformed", fault.reason))
        elif interval and _backwards(record.get(interval[0]), record.get(interval[1])):
            out.append(Refused(row, "interval-backwards", BACKWARDS))
        else:
            out.append(Canonical(contract, subject(record), record, period(record), row))
    return out


def _number_fault(record: Record) -> Fault | None:
    """What is wrong with the number of whose the record is, or of a link with the number that is stated of them."""
    employee = record.get("employeeId")
    fault = None if employee is None else check_unknown(employee)
    return check_scheme(record["scheme"], record["value"]) if fault is None and "scheme" in record else fault


def _backwards(first: str | None, last: str | None) -> bool:
    """ISO dates, months and times compare as texts; an open end is never backwards."""
    return first is not None and last is not None and last < first


def payees(body: dict[str, list[Record]], message: MessageContext) -> list[Translated]:
    """Who is paid what class, and into which account, from a month on."""
    return _pass("payee", body, message, _employee)


def enrolments(body: dict[str, list[Record]], message: MessageContext) -> list[Translated]:
    """Which employee a PIN on a device is. Keyed by the employee: the run joins it with the punches."""
    return _pass("enrolment", body, message, _employee, interval=("validFrom", "validTo"))


def calendars(body: dict[str, list[Record]], message: MessageContext) -> list[Translated]:
    """Working days and ceremonies of one month."""
    return _pass("calendar", body, message, _institution, period=lambda record: record["period"])


def leaves(body: dict[str, list[Record]], message: MessageContext) -> list[Translated]:
    """Approved leave. It may span months, so it belongs to no single one."""
    return _pass("leave", body, message, _employee, interval=("from", "to"))


def sanctions(body: dict[str, list[Record]], message: MessageContext) -> list[Translated]:
    """Disciplinary sanctions, which can be cancelled."""
    return _pass("sanction", body, message, _employee, interval=("from", "to"))


def outages(body: dict[str, list[Record]], message: MessageContext) -> list[Translated]:
    """Days on which a device, or all devices of the institution, did not work."""
    return _pass(
        "device-outage",
        body,
        message,
        _institution,
        period=lambda record: record["date"][:7],
        interval=("from", "to"),
    )


def links(body: dict[str, list[Record]], message: MessageContext) -> list[Translated]:
    """The cross-walk: whose number a number is. Keyed by the employee; a withdrawn link is as if it had never been."""
    return _pass("identity.link", body, message, _employee, interval=("validFrom", "validTo"))
