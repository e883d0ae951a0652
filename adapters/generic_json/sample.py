"""Made-up messages of this adapter, from a made-up unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.kit.sample import Person, SampleMessage, World
from signing.jsontext import render

PAGE = 100
"""Records in one message."""


def messages(exchange: str, world: World) -> list[SampleMessage]:
    """The messages of `exchange` that the made-up unit sends in its month."""
    return _pages(exchange, _records(exchange, world))


def _records(exchange: str, world: World) -> Sequence[Mapping[str, Any]]:
    match exchange:
        case "payee":
            return [_payee(world, person) for person in world.people if person.has_payee]
        case "enrolment":
            return [_enrolment(world, person) for person in world.people]
        case "calendar":
            return [_calendar(world)]
        case "leave":
            return world.leaves
        case "sanction":
            return world.sanctions
        case "outage":
            return world.outages
        case "link" | "link-table":
            return []
    raise ValueError(f"no exchange {exchange!r}")


def _pages(exchange: str, records: Sequence[Mapping[str, Any]]) -> list[SampleMessage]:
    pages = [records[start : start + PAGE] for start in range(0, len(records), PAGE)]
    return [SampleMessage(exchange, render({"records": list(page)}), len(page)) for page in pages]


def _payee(world: World, person: Person) -> dict[str, Any]:
    return {
        "employeeId": person.employee_id,
        "institution": world.institution,
        "class": person.job_class,
        "tariff": person.tariff,
        "currency": world.currency,
        "payingUnit": world.paying_unit,
        "bankCode": person.bank_code,
        "bankName": person.bank_name,
        "account": person.account,
        "accountName": person.name,
        "decree": "SK-CONTOH-001",
        "validFrom": world.period,
    }


def _enrolment(world: World, person: Person) -> dict[str, Any]:
    return {
        "serial": person.serial,
        "pin": person.pin,
        "employeeId": person.employee_id,
        "institution": world.institution,
        "validFrom": None,
        "validTo": None,
    }


def _calendar(world: World) -> dict[str, Any]:
    return {
        "institution": world.institution,
        "unit": None,
        "period": world.period,
        "zone": world.zone,
        "workingDays": list(world.working_days),
        "ceremonies": list(world.ceremonies),
    }
