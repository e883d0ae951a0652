"""Assessments of employees, appeals against them, and the results of institutions (PIPMIS)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapters.kit import MessageContext, Translated

from .faults import Fault, each, number, percent, span
from .marks import formula_of, formula_row, item_marks, item_rows, items_of, overall_of, overall_row

Made = tuple[str, tuple[str, ...], dict[str, Any], str | None]
_DECIDED: Final = frozenset({"UPHELD", "PARTLY_UPHELD", "DISMISSED"})


def assessments(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """One assessment per row, or the reason why not."""
    return each(body["assessments"], "assessmentId", message, _assessment)


def _assessment(row: Mapping[str, Any], message: MessageContext) -> Made:
    get = row.get
    employee = number(row["checkNumber"])
    overall, formula = overall_of(get("overall")), get("formula")
    value = {
        "assessmentId": row["assessmentId"],
        "institution": message.institution,
        "employeeId": employee,
        "planId": get("planId"),
        "kind": _kind(row),
        "span": span(row),
        "marks": item_marks(row["marks"]),
        "overall": overall,
        "formula": formula and formula_of(formula, overall, items_of(row["marks"]), message.institution),
        "predicate": None,
        "assessor": get("assessor"),
        "comment": get("comment"),
        "assessedOn": get("assessedOn"),
    }
    return "performance.assessment", ("employee", employee), value, None


def assessment_row(value: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a canonical assessment."""
    return {
        "assessmentId": value["assessmentId"],
        "checkNumber": value["employeeId"],
        "planId": value["planId"],
        **_when(value),
        "marks": item_rows(value["marks"]),
        "overall": overall_row(value["overall"]),
        "formula": formula_row(value["formula"]),
        "assessor": value["assessor"],
        "comment": value["comment"],
        "assessedOn": value["assessedOn"],
    }


def appeals(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """One appeal per row, or the reason why not."""
    return each(body["appeals"], "appealId", message, _appeal)


def _appeal(row: Mapping[str, Any], message: MessageContext) -> Made:
    get = row.get
    decided = get("decidedOn")
    if (decided is None) != (row["status"] not in _DECIDED):
        raise Fault("status-contradicted")
    if decided is not None and decided < row["filedOn"]:
        raise Fault("dates-backwards")
    employee = number(row["checkNumber"])
    value = {
        "appealId": row["appealId"],
        "institution": message.institution,
        "employeeId": employee,
        "assessmentId": get("assessmentId"),
        "filedOn": row["filedOn"],
        "ground": get("ground"),
        "status": row["status"].lower().replace("_", "-"),
        "decidedOn": decided,
        "decision": get("decision"),
        "overall": overall_of(get("overall")),
    }
    return "performance.appeal", ("employee", employee), value, None


def appeal_row(value: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a canonical appeal."""
    return {
        "appealId": value["appealId"],
        "checkNumber": value["employeeId"],
        "assessmentId": value["assessmentId"],
        "filedOn": value["filedOn"],
        "ground": value["ground"],
        "status": value["status"].upper().replace("-", "_"),
        "decidedOn": value["decidedOn"],
        "decision": value["decision"],
        "overall": overall_row(value["overall"]),
    }


def results(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """One PIPMIS result per row, or the reason why not."""
    return each(body["results"], None, message, _result)


def _result(row: Mapping[str, Any], message: MessageContext) -> Made:
    get = row.get
    overall, employees = overall_of(get("overall")), get("employees")
    marks = [
        overall_of(mark, mark["aspect"], label=mark.get("label"), weight=percent(mark.get("weight")))
        for mark in row["marks"]
    ]
    value = {
        "institution": message.institution,
        "unit": get("department"),
        "kind": _kind(row),
        "span": span(row),
        "marks": marks,
        "overall": overall,
        "formula": formula_of(get("formula"), overall, None, message.institution),
        "employees": None if employees is None else int(employees),  # 412.0 is a whole number to JSON
    }
    return "performance.institution-result", ("institution", message.institution), value, None


def result_row(value: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a canonical result."""
    return {
        "department": value["unit"],
        **_when(value),
        "marks": [
            {
                **(overall_row(mark) or {}),
                "aspect": mark["aspect"],
                "label": mark["label"],
                "weight": mark["weight"],
            }
            for mark in value["marks"]
        ],
        "overall": overall_row(value["overall"]),
        "formula": formula_row(value["formula"]),
        "employees": value["employees"],
    }


def _kind(row: Mapping[str, Any]) -> str:
    return str(row["kind"]).lower().replace("_", "-")


def _when(value: Mapping[str, Any]) -> dict[str, Any]:
    kind = value["kind"].upper().replace("-", "_")
    return {"kind": kind, "startDate": value["span"]["first"], "endDate": value["span"]["last"]}
