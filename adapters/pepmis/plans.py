"""Plans, cascaded from the institution to its departments and their employees.

Rule: a plan below the institution's names the plan above, and each of its tasks may name the task that it follows from. Where
both stand in one message they are held against each other; a plan above that came earlier is named by its id alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from adapters.kit import MessageContext, Translated

from .faults import Fault, each, number, percent, span

RANKS: Final = {"INSTITUTION": 0, "DEPARTMENT": 1, "EMPLOYEE": 2}


def plans(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """One plan per row, or the reason why not."""
    rows = body["plans"]
    above = {row["planId"]: row for row in rows}

    def make(
        row: Mapping[str, Any], message: MessageContext
    ) -> tuple[str, tuple[str, ...], dict[str, Any], str | None]:
        value = plan_of(row, message.institution)
        check_cascade(row, above.get(row.get("parentPlanId") or ""))
        employee = value["employeeId"]
        subject = ("institution", message.institution) if employee is None else ("employee", employee)
        return "performance.plan", subject, value, None

    return each(rows, "planId", message, make)


def plan_of(row: Mapping[str, Any], institution: str) -> dict[str, Any]:
    """The canonical plan of a row."""
    level = row["level"]
    owner, supervisor = row.get("checkNumber"), row.get("supervisorCheckNumber")
    parent, department = row.get("parentPlanId"), row.get("department")
    if (level == "EMPLOYEE") != (owner is not None) or (level == "INSTITUTION") != (parent is None):
        raise Fault("level-contradicted")
    if (level == "INSTITUTION" and department is not None) or (level == "DEPARTMENT" and department is None):
        raise Fault("level-contradicted")
    days = span(row)
    year = row.get("financialYear")
    if year is not None and year != year_of(days):
        raise Fault("year-contradicted")
    tasks = row["tasks"]
    ids = list(items_of(tasks))
    if len(set(ids)) != len(ids):
        raise Fault("item-repeated")
    return {
        "planId": row["planId"],
        "institution": institution,
        "level": level.lower(),
        "unit": department,
        "employeeId": None if owner is None else number(owner),
        "supervisorId": None if supervisor is None else number(supervisor),
        "span": days,
        "parentPlan": parent,
        "status": row["status"].lower(),
        "tasks": [task_of(task) for task in tasks],
    }


def task_of(task: Mapping[str, Any]) -> dict[str, Any]:
    """The canonical task, its sub-tasks within it."""
    made = _work({"taskId": task["taskId"], "parentTask": task.get("parentTaskId")}, task)
    made["subTasks"] = [_work({"subTaskId": part["subTaskId"]}, part) for part in task.get("subTasks", ())]
    return made


def _work(made: dict[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    """What a task and a sub-task both say, put into what is made of one."""
    get = item.get
    starts, ends = get("startDate"), get("endDate")
    if starts is not None and ends is not None and ends < starts:
        raise Fault("dates-backwards")
    weight = get("weight")
    made["title"] = item["description"]
    made["goal"] = get("goal")
    made["target"] = get("target")
    made["activity"] = get("activity")
    made["indicator"] = get("performanceIndicator")
    made["weight"] = None if weight is None else percent(weight)
    made["starts"] = starts
    made["ends"] = ends
    return made


def items_of(tasks: list[dict[str, Any]]) -> Iterator[str]:
    """Ids of all tasks and sub-tasks of a plan."""
    for task in tasks:
        yield task["taskId"]
        for part in task.get("subTasks", ()):
            yield part["subTaskId"]


def check_cascade(row: Mapping[str, Any], above: Mapping[str, Any] | None) -> None:
    """Hold a plan against the one above, where that is in the same message."""
    wanted = {task["parentTaskId"] for task in row["tasks"] if task.get("parentTaskId") is not None}
    if wanted and row.get("parentPlanId") is None:
        raise Fault("cascade-broken")
    if above is None:
        return
    if RANKS[above["level"]] >= RANKS[row["level"]] or not wanted <= {task["taskId"] for task in above["tasks"]}:
        raise Fault("cascade-broken")


def year_of(days: Mapping[str, str]) -> str | None:
    """The financial year (July to June) in which all of the days lie, if there is one."""
    return _year_of(days["first"], days["last"])


@lru_cache(maxsize=256)
def _year_of(*days: str) -> str | None:
    first, last = (int(day[:4]) - (day[5:7] < "07") for day in days)
    return f"{first}/{first + 1}" if first == last else None


def plan_row(value: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a canonical plan."""
    return {
        "planId": value["planId"],
        "level": value["level"].upper(),
        "department": value["unit"],
        "checkNumber": value["employeeId"],
        "supervisorCheckNumber": value["supervisorId"],
        "financialYear": year_of(value["span"]),
        "startDate": value["span"]["first"],
        "endDate": value["span"]["last"],
        "parentPlanId": value["parentPlan"],
        "status": value["status"].upper(),
        "tasks": [_task_row(task) for task in value["tasks"]],
    }


def _task_row(task: Mapping[str, Any]) -> dict[str, Any]:
    row = _work_row({"taskId": task["taskId"], "parentTaskId": task["parentTask"]}, task)
    row["subTasks"] = [_work_row({"subTaskId": part["subTaskId"]}, part) for part in task["subTasks"]]
    return row


def _work_row(row: dict[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    row["description"] = item["title"]
    row["goal"] = item["goal"]
    row["target"] = item["target"]
    row["activity"] = item["activity"]
    row["performanceIndicator"] = item["indicator"]
    row["weight"] = item["weight"]
    row["startDate"] = item["starts"]
    row["endDate"] = item["ends"]
    return row
