"""What an approved run tells HR: one hr.notice for each outcome of an employee.

Rule: pure. Only signals that are ready speak; a threshold is a line of the rule set, and one that is a draft is applied only
where drafts are allowed. What follows from a notice is decided by a person in HR.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.kit.marking import make_mark
from hub.records import RecordId, derived_id
from hub.runs.selection import month_of
from schemas.rulesets import RuleSet
from signing.jsontext import canonical

CONTRACT: Final = "hr.notice"
VERSION: Final = 1

KINDS: Final = ("performance-result", "attendance-total", "training-need", "recognition", "discipline")


def find_notices(
    signals: Sequence[Mapping[str, Any]], rules: RuleSet, *, draft: bool
) -> list[tuple[RecordId, dict[str, Any]]]:
    """Notices of a run with the ids of their records, in the order of its signals. `draft`: thresholds that are drafts
    count too."""
    found: list[tuple[RecordId, dict[str, Any]]] = []
    for signal in signals:
        if signal["status"] != "ready":
            continue
        for kind, text, topic in _outcomes(signal, rules, draft=draft):
            record_id = derived_id(signal["signalId"], f"notices/{signal['run']}", VERSION, KINDS.index(kind))
            found.append((record_id, _notice(signal, kind, text, topic, rules)))
    return found


def _outcomes(signal: Mapping[str, Any], rules: RuleSet, *, draft: bool) -> Iterator[tuple[str, str, str | None]]:
    predicate, facts, month = signal["predicate"], signal["facts"], signal["earned"]
    if predicate is not None:
        yield "performance-result", f"Predicate of {month}: {predicate}.", None
    elif signal["performancePercent"] is not None:
        yield "performance-result", f"Score of {month}: {signal['performancePercent']} of 100.", None
    if facts is not None:
        present, due = facts["presentDays"], facts["workingDays"]
        yield "attendance-total", f"Attendance of {month}: present on {present} of {due} working days.", None
    lines = rules.notices
    if lines is None or (lines.status == "draft" and not draft):
        return
    if predicate in lines.training_predicates.value:
        yield "training-need", f"The predicate of {month} is {predicate}: a training need is to be looked into.", None
    if predicate in lines.recognition_predicates.value:
        yield "recognition", f"The predicate of {month} is {predicate}.", f"Predicate {predicate} in {month}"
    if facts is not None and facts["absentDays"] >= lines.discipline_absent_days.value:
        days = facts["absentDays"]
        yield "discipline", f"Absent without excuse on {days} working days of {month}.", f"Absence in {month}"


def _notice(signal: Mapping[str, Any], kind: str, text: str, topic: str | None, rules: RuleSet) -> dict[str, Any]:
    month = month_of(signal["earned"])
    name = [signal["institution"], signal["earned"], signal["employeeId"], kind]
    return {
        "noticeId": hashlib.sha256(canonical(name)).hexdigest()[:32],  # of a later run of the month the same
        "institution": signal["institution"],
        "employeeId": signal["employeeId"],
        "kind": kind,
        "span": {"first": month.first, "last": month.last},
        "text": text,
        "topic": topic,
        "mark": _score(signal, rules) if kind == "performance-result" else None,
        "predicate": signal["predicate"] if kind == "performance-result" else None,
        "facts": signal["facts"] if kind == "attendance-total" else None,
        "run": signal["run"],
        "ruleSet": signal["ruleSet"],
        "grounds": [signal["signalId"]],
        "assurance": signal["assurance"],
        "withdrawn": False,
    }


def _score(signal: Mapping[str, Any], rules: RuleSet) -> dict[str, Any] | None:
    """The score that was priced, as a mark of the whole; None where a predicate was."""
    line, percent = rules.lines.performance_score, signal["performancePercent"]
    if line is None or percent is None:
        return None
    return make_mark("overall", percent, "0", "100", f"{line.value.id} version {line.value.version}")
