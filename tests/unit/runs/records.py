"""Made-up canonical records for the tests of runs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hub.records import Ms
from hub.runs.selection import Fact
from schemas.canonical.pay import Assurance

INSTITUTION = "KEMCONTOH"
PERIOD = "2026-10"
EMPLOYEE = "198503152010011001"
SERIAL = "CONTOH0000001"
PIN = "0042"
ADMITTED = Ms(1_793_000_000_000)


@dataclass(frozen=True, slots=True)
class Ordered:
    """A run as ordered, without what the control log adds."""

    code: str = f"{INSTITUTION}-{PERIOD}-1"
    institution: str = INSTITUTION
    period: str = PERIOD
    paid: str = "2026-11"
    rule_set: str = "permenaker-15-2024"
    rule_version: str = "1"


def fact(
    contract: str, value: Mapping[str, Any], *, time: int = 0, order: int = 0, assurance: Assurance = "signed"
) -> Fact:
    """A fact whose record id follows from contract, value and time."""
    text = f"{contract}|{time}|{sorted(value.items(), key=lambda kv: kv[0])}"
    record_id = hashlib.sha256(text.encode()).hexdigest()
    return Fact(contract, record_id, Ms(ADMITTED + time), assurance, dict(value), order)


def weekdays(period: str = PERIOD) -> list[date]:
    """Monday to Friday of the month."""
    day = date.fromisoformat(f"{period}-01")
    days = []
    while day.isoformat()[:7] == period:
        if day.weekday() < 5:
            days.append(day)
        day += timedelta(days=1)
    return days


def employee(employee_id: str = EMPLOYEE, **members: Any) -> dict[str, Any]:
    return {
        "employeeId": employee_id,
        "nationalId": None,
        "name": "Pegawai Contoh",
        "institution": INSTITUTION,
        "unit": "SETJEN-CONTOH",
        "status": "active",
        "position": None,
        "grade": "III/a",
        "employmentType": "PNS",
        "validFrom": None,
        **members,
    }


def payee(employee_id: str = EMPLOYEE, **members: Any) -> dict[str, Any]:
    return {
        "employeeId": employee_id,
        "institution": INSTITUTION,
        "class": 9,
        "tariff": "5079200",
        "currency": "IDR",
        "payingUnit": "900001",
        "bankCode": "901",
        "bankName": "BANK CONTOH SATU",
        "account": "901000000042",
        "accountName": "PEGAWAI CONTOH",
        "decree": None,
        "validFrom": "2026-01",
        **members,
    }


def enrolment(employee_id: str = EMPLOYEE, **members: Any) -> dict[str, Any]:
    return {
        "serial": SERIAL,
        "pin": PIN,
        "employeeId": employee_id,
        "institution": INSTITUTION,
        "validFrom": None,
        "validTo": None,
        **members,
    }


def calendar(period: str = PERIOD, **members: Any) -> dict[str, Any]:
    return {
        "institution": INSTITUTION,
        "unit": None,
        "period": period,
        "zone": "Asia/Jakarta",
        "workingDays": [day.isoformat() for day in weekdays(period)],
        "ceremonies": [],
        **members,
    }


def review(employee_id: str = EMPLOYEE, **members: Any) -> dict[str, Any]:
    return {
        "employeeId": employee_id,
        "institution": INSTITUTION,
        "period": PERIOD,
        "predicate": "baik",
        "resultRating": None,
        "behaviourRating": None,
        "assessor": None,
        **members,
    }


def leave(kind: str, first: str, last: str, **members: Any) -> dict[str, Any]:
    return {
        "leaveId": f"CUTI-{kind}-{first}",
        "employeeId": EMPLOYEE,
        "institution": INSTITUTION,
        "kind": kind,
        "from": first,
        "to": last,
        "cancelled": False,
        **members,
    }


def sanction(**members: Any) -> dict[str, Any]:
    return {
        "sanctionId": "SANKSI-1",
        "employeeId": EMPLOYEE,
        "institution": INSTITUTION,
        "level": "medium",
        "cutPercent": None,
        "from": PERIOD,
        "to": PERIOD,
        "cancelled": False,
        **members,
    }


def outage(day: str, **members: Any) -> dict[str, Any]:
    return {
        "outageId": f"GANGGUAN-{day}",
        "serial": None,
        "institution": INSTITUTION,
        "date": day,
        "from": None,
        "to": None,
        "reason": None,
        **members,
    }


def punch(at: str, state: int | None = 0, **members: Any) -> dict[str, Any]:
    """A punch at a Jakarta local time."""
    from datetime import UTC, datetime, timedelta, timezone

    moment = datetime.fromisoformat(at).replace(tzinfo=timezone(timedelta(hours=7))).astimezone(UTC)
    return {
        "serial": SERIAL,
        "pin": PIN,
        "at": at,
        "zone": "+07:00",
        "zoneWhy": "registry",
        "instant": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "state": state,
        "verify": 1,
        "workcode": None,
        "flags": [],
        **members,
    }


def full_days(days: list[date], pin: str = PIN) -> list[dict[str, Any]]:
    """In time and to the end, on each of these days."""
    punches = []
    for day in days:
        end = "16:35:00" if day.weekday() == 4 else "16:05:00"
        punches += [punch(f"{day}T07:20:00", 0, pin=pin), punch(f"{day}T{end}", 1, pin=pin)]
    return punches


def month(employee_id: str = EMPLOYEE, pin: str = PIN) -> list[Fact]:
    """Everything about one employee who came every day."""
    return [
        fact("employee", employee(employee_id)),
        fact("payee", payee(employee_id)),
        fact("enrolment", enrolment(employee_id, pin=pin)),
        fact("calendar", calendar()),
        fact("performance.review", review(employee_id)),
        *(fact("attendance.punch", value, assurance="device") for value in full_days(weekdays(), pin)),
    ]
