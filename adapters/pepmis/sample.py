"""Made-up messages of PEPMIS, from a made-up unit. The same world gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from adapters.kit.sample import Mark, Person, SampleMessage, World
from signing.jsontext import render

PAGE: Final = 200
"""Rows of one message."""
_RESULT: Final = {"di-atas": 90, "sesuai": 75, "di-bawah": 50}
_TASKS: Final = (("Serve the public at the counter", "60", 0), ("Report on the work of the unit", "40", 6))
"""What everybody does, its weight in percent, and by how much its marks lie below the plain ones."""


def messages(exchange: str, world: World) -> list[SampleMessage]:
    """Messages of `plans`, `progress` or `assessments`; none of the other exchanges."""
    make = {"plans": _plans, "progress": _progress, "assessments": _assessments}.get(exchange)
    if make is None:
        return []
    rows = [*make(world)]
    parts = [rows[start : start + PAGE] for start in range(0, len(rows), PAGE)]
    return [SampleMessage(exchange, render({exchange: part}), len(part), _rounded(world, part)) for part in parts]


def _rounded(world: World, rows: Sequence[dict[str, Any]]) -> int:
    return sum(row.get("checkNumber") in world.destroyed_ids for row in rows)


def _year(period: str) -> tuple[int, dict[str, str]]:
    """Financial year of a month, and its days."""
    first = int(period[:4]) - (period[5:] < "07")
    return first, {"startDate": f"{first}-07-01", "endDate": f"{first + 1}-06-30"}


def _plans(world: World) -> Iterator[dict[str, Any]]:
    year, days = _year(world.period)
    shared = {"financialYear": f"{year}/{year + 1}", **days, "status": "APPROVED"}
    goal = {"description": "Serve every resident within a day", "weight": "100"}
    yield {"planId": "P-INST", "level": "INSTITUTION", **shared, "tasks": [{"taskId": "I1", **goal}]}
    units = {person.unit: f"P-DEP-{number}" for number, person in _first_of_unit(world.people)}
    for unit, plan in units.items():
        task = {"taskId": "D1", "parentTaskId": "I1", **goal}
        yield {
            "planId": plan,
            "level": "DEPARTMENT",
            "department": unit,
            **shared,
            "parentPlanId": "P-INST",
            "tasks": [task],
        }
    for person in world.people:
        yield {
            "planId": _plan(person),
            "level": "EMPLOYEE",
            "department": person.unit,
            "checkNumber": person.employee_id,
            **shared,
            "parentPlanId": units[person.unit],
            "tasks": [
                {
                    "taskId": f"E{number}",
                    "parentTaskId": "D1",
                    "description": title,
                    "weight": weight,
                    "subTasks": [{"subTaskId": f"E{number}.1", "description": title, "weight": weight}],
                }
                for number, (title, weight, _) in enumerate(_TASKS, 1)
            ],
        }


def _first_of_unit(people: Sequence[Person]) -> Iterator[tuple[int, Person]]:
    seen: set[str] = set()
    for person in people:
        if person.unit not in seen:
            seen.add(person.unit)
            yield len(seen), person


def _progress(world: World) -> Iterator[dict[str, Any]]:
    first, last = world.working_days[0], world.working_days[-1]
    for person, mark in _marked(world):
        yield {
            "progressId": f"G-{person.employee_id}-{world.period}",
            "checkNumber": person.employee_id,
            "planId": _plan(person),
            "itemId": "E1.1",
            "interval": "MONTHLY",
            "startDate": first,
            "endDate": last,
            "submittedOn": last,
            "status": "IN_PROGRESS",
            "percent": _RESULT[mark.result],
            "achievement": "Residents served at the counter",
        }


def _assessments(world: World) -> Iterator[dict[str, Any]]:
    row: dict[str, Any] = {}
    for person, mark in _marked(world):
        row = {
            "assessmentId": f"A-{person.employee_id}-{world.period}",
            "checkNumber": person.employee_id,
            "planId": _plan(person),
            "kind": "PERIODIC",
            "startDate": f"{world.period}-01",
            "endDate": world.working_days[-1],
            "marks": [
                {
                    "itemId": f"E{number}.1",
                    "state": "IN_PROGRESS",
                    "qualitative": _RESULT[mark.behaviour] - less,
                    "quantitative": _RESULT[mark.result] - less,
                    "weight": weight,
                }
                for number, (_, weight, less) in enumerate(_TASKS, 1)
            ],
        }
        yield row
    for number, rounded in enumerate(world.destroyed_ids if row else (), 1):
        yield row | {"assessmentId": f"A-ROUNDED-{number}-{world.period}", "checkNumber": rounded}


def _marked(world: World) -> Iterator[tuple[Person, Mark]]:
    return ((person, world.marks[person.employee_id]) for person in world.people if person.employee_id in world.marks)


def _plan(person: Person) -> str:
    return f"P-{person.employee_id}"
