"""Messages of the performance systems for `translate_rows_bench`: made-up rows of the usual size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from adapters.kit.attached import wrap

ROWS: Final = 500
_YEAR: Final = {"startDate": "2026-07-01", "endDate": "2027-06-30"}


def pepmis_plans() -> dict[str, Any]:
    """Plans of employees: two tasks of two sub-tasks."""
    part = {"description": "Visit ten villages", "target": "10", "weight": "50", **_YEAR}
    return {
        "plans": [
            {
                "planId": f"P-{n}",
                "level": "EMPLOYEE",
                "department": "Water",
                "checkNumber": f"9{n:05d}",
                "financialYear": "2026/2027",
                **_YEAR,
                "parentPlanId": "P-DEP",
                "status": "APPROVED",
                "tasks": [
                    {
                        "taskId": f"E{t}",
                        "parentTaskId": "D1",
                        **part,
                        "subTasks": [{"subTaskId": f"E{t}.{s}", **part} for s in (1, 2)],
                    }
                    for t in (1, 2)
                ],
            }
            for n in range(ROWS)
        ]
    }


def pepmis_progress() -> dict[str, Any]:
    """Weekly progress."""
    return {
        "progress": [
            {
                "progressId": f"G-{n}",
                "checkNumber": f"9{n:05d}",
                "planId": f"P-{n}",
                "itemId": "E1.1",
                "interval": "WEEKLY",
                "startDate": "2026-09-07",
                "endDate": "2026-09-13",
                "submittedOn": "2026-09-14",
                "status": "IN_PROGRESS",
                "percent": "40",
                "achievement": "Four villages visited",
            }
            for n in range(ROWS)
        ]
    }


def pepmis_assessments() -> dict[str, Any]:
    """Assessments of two sub-tasks whose overall mark is held against a rule set."""
    return {
        "assessments": [
            {
                "assessmentId": f"A-{n}",
                "checkNumber": f"9{n:05d}",
                "planId": f"P-{n}",
                "kind": "ANNUAL",
                **_YEAR,
                "marks": [
                    {"itemId": f"E{t}", "state": "COMPLETED", "qualitative": 80, "quantitative": 90, "weight": "50"}
                    for t in (1, 2)
                ],
                "overall": {"mark": "85", "worst": 0, "best": 100},
                "formula": {"id": "pepmis-contoh", "version": "1"},
            }
            for n in range(ROWS)
        ]
    }


def opras_forms() -> dict[str, Any]:
    """A table of forms with two objectives and two attributes, as CSV."""
    names = [f"{kind} {n}{end}" for kind in ("Objective", "Attribute") for n in (1, 2) for end in ("", " Mark")]
    head = ",".join(("Check Number", "Year", *names, "Overall Mark"))
    lines = [f"9{n:05d},2021/2022,Drill wells,2,Train users,1,Integrity,3,Courage,2,2" for n in range(ROWS)]
    return wrap("forms.csv", "\n".join((head, *lines)).encode())


INPUTS: Final[dict[tuple[str, str], Callable[[], Any]]] = {
    ("pepmis", "plans"): pepmis_plans,
    ("pepmis", "progress"): pepmis_progress,
    ("pepmis", "assessments"): pepmis_assessments,
    ("opras", "forms-csv"): opras_forms,
}
