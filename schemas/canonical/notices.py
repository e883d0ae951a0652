"""What comes back to HR: hr.notice. And a day's times as a system, not a device, reports them: attendance.entry.

Rule: a notice says what was found and on which grounds; what follows from it is decided by a person in HR.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.canonical.marks import Mark, Span
from schemas.canonical.pay import Assurance, Facts, RuleSetRef
from schemas.canonical.performance import Predicate
from schemas.canonical.text import (
    Canonical,
    Code,
    Date,
    EmployeeId,
    Local,
    Prose,
    RecordIdText,
    RunCode,
    Slug,
    Words,
    Zone,
)

NoticeKind = Literal["performance-result", "training-need", "recognition", "discipline", "attendance-total", "career"]


class Notice(Canonical):
    """One outcome for one employee that the HR registry should know. The latest record under one id counts."""

    notice_id: Slug = Field(title="Notice id", description="Id that stays when the notice changes.")
    institution: Code = Field(title="Institution", description="Code of the employee's institution.")
    employee_id: EmployeeId = Field(title="Employee number", description="As in the employee record.")
    kind: NoticeKind = Field(title="Kind", description="What the notice is about.")
    span: Span = Field(title="Time", description="First and last day that it is about.")
    text: Prose = Field(title="Text", description="What was found, in words for HR.")
    topic: Words | None = Field(
        title="Topic", description="training-need: the skill; recognition and discipline: the occasion; else null."
    )
    mark: Mark | None = Field(
        title="Mark", description="performance-result: the mark of the whole; null if there is none."
    )
    predicate: Predicate | None = Field(
        title="Predicate", description="performance-result: the predicate of the time; null if there is none."
    )
    facts: Facts | None = Field(
        title="Facts", description="attendance-total: counts and minutes of the time; null for the other kinds."
    )
    run: RunCode | None = Field(title="Run", description="Code of the run that found it; null: a source reported it.")
    rule_set: RuleSetRef | None = Field(
        title="Rule set", description="The rules by which it was found; null: a source's own."
    )
    grounds: list[RecordIdText] = Field(
        max_length=200,
        title="Grounds",
        description="Ids of the records that it follows from; empty: a source's statement.",
    )
    assurance: Assurance | None = Field(
        title="Assurance", description="Lowest assurance of its grounds; null: there are none."
    )
    withdrawn: bool = Field(title="Withdrawn", description="true: as if it had never been given.")


class Entry(Canonical):
    """One employee's times on one day as a system reports them. No device saw them: that is attendance.punch."""

    entry_id: Slug = Field(title="Entry id", description="Id in the source system; stays when it changes.")
    institution: Code = Field(title="Institution", description="Code of the employee's institution.")
    employee_id: EmployeeId = Field(title="Employee number", description="As in the employee record.")
    date: Date = Field(title="Day", description="The day.")
    zone: Zone = Field(title="Zone", description="Zone of the local times: IANA name or fixed offset.")
    time_in: Local | None = Field(title="In", description="Local time of arrival as the source gives it; null: none.")
    time_out: Local | None = Field(title="Out", description="Local time of leaving as the source gives it; null: none.")
    minutes: int | None = Field(
        ge=0, le=2880, title="Minutes", description="Minutes present as the source counts them; null if not given."
    )
    status: Slug = Field(
        title="Status",
        description="Status of the day in the source's own words as a slug, such as wfo, dinas-luar, cuti.",
    )
    flags: list[Slug] = Field(max_length=16, title="Flags", description="What is odd about it, such as out-before-in.")
