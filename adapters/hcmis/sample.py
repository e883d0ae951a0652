"""Made-up pages of employees, from a made-up unit."""

from __future__ import annotations

from typing import Any

from adapters.kit.sample import Person, SampleMessage, World
from signing.jsontext import render

PAGE = 50
"""Rows in one page."""


def messages(exchange: str, world: World) -> list[SampleMessage]:
    """Pages of everybody in the unit, with a pager as HCMIS has it."""
    rows = [_row(world, person) for person in world.people]
    pages = [rows[start : start + PAGE] for start in range(0, len(rows), PAGE)]
    return [
        SampleMessage(exchange, render({"pager": _pager(number, len(pages), len(rows)), "data": page}), len(page))
        for number, page in enumerate(pages, 1)
    ]


def _pager(page: int, pages: int, total: int) -> dict[str, Any]:
    return {"pageSize": PAGE, "page": page, "total": total, "nextPage": page + 1 if page < pages else None}


def _row(world: World, person: Person) -> dict[str, Any]:
    first, _, rest = person.name.partition(" ")
    middle, _, last = rest.rpartition(" ")
    return {
        "checkNumber": person.employee_id,
        "nationalIdentification": person.national_id,
        "formFourIndexNo": "",
        "formSixIndexNo": "",
        "employeeNationality": "TZ",
        "employeePhotograph": "",
        "employeeFirstName": first,
        "employeeMiddleName": middle,
        "employeeLastName": last,
        "employeeSex": "M" if person.sex == "1" else "F",
        "employeeBirthdate": person.birth_date,
        "employeeMobileNumber": "",
        "employeeEmail": "",
        "employeeDisability": "",
        "educationLevels": [],
        "professionalEducationLevels": [],
        "jobClass": {"code": str(person.job_class), "description": ""},
        "jobCode": {"code": "", "description": ""},
        "dutyPost": {"code": "", "description": person.position},
        "department": {"code": "", "description": person.unit},
        "organization": {"code": world.institution, "description": ""},
        "workStation": {"code": "", "description": world.unit},
        "employeeServiceTerm": person.employment_type,
        "employeeHireDate": "",
        "employeeConfirmationDate": "",
        "employeeEmploymentStatus": "",
        "employeeEmploymentStatusDescription": "Active",
    }
