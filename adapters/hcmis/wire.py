"""HCMIS pages of employees in HCMIS's spelling, and pages of outcome notices back.

Rule: every member of the feed is named; all but the check number may be empty, as HCMIS sends them. Members that it adds
are ignored. The layout of notices is ours: HCMIS has published none.
"""

# ruff: noqa: N815 -- members are spelled as HCMIS spells them
from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.canonical.text import Code, EmployeeId, Prose, RunCode, SignedText, Slug, Words

Text = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=300)]
"""Text that may be empty: HCMIS writes "" for what it does not know."""
Name = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=90)]
Day = Annotated[str, Field(pattern=r"^[0-9/.T:Z+-]*$", max_length=40)]
"""A date in the form that the option dateFormat names, or empty."""
Number = Annotated[str, Field(max_length=40)]
CheckNumber = Number | Annotated[int, Field(ge=0, le=9_007_199_254_740_991)]
"""Text, or an integer as other messages of the payroll have it: exact up to 2^53."""


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class Pager(_Open):
    """Which page of how many rows this is; on the last one `nextPage` is null, 0 or missing."""

    pageSize: Annotated[int, Field(ge=1, le=1000)]
    page: Annotated[int, Field(ge=1, le=1_000_000)]
    total: Annotated[int, Field(ge=0, le=100_000_000)]
    nextPage: Annotated[int, Field(ge=0, le=1_000_000)] | None = None


class Coded(_Open):
    """A code and what it means."""

    code: Text | None = None
    description: Text | None = None


class EducationLevel(Coded):
    """One level of general education."""

    programCode: Text | None = None
    programDescription: Text | None = None
    startDate: Day | None = None
    endDate: Day | None = None


class ProfessionalEducationLevel(Coded):
    """One professional qualification."""

    startDate: Day | None = None
    endDate: Day | None = None


class EmployeeRow(_Open):
    """One employee."""

    checkNumber: CheckNumber
    nationalIdentification: Number | None = None
    formFourIndexNo: Text | None = None
    formSixIndexNo: Text | None = None
    employeeNationality: Text | None = None
    employeePhotograph: Annotated[str, Field(max_length=2_000_000)] | None = None
    employeeFirstName: Name | None = None
    employeeMiddleName: Name | None = None
    employeeLastName: Name | None = None
    employeeSex: Text | None = None
    employeeBirthdate: Day | None = None
    employeeMobileNumber: Text | None = None
    employeeEmail: Text | None = None
    employeeDisability: Text | None = None
    educationLevels: Annotated[list[EducationLevel], Field(max_length=25)] | None = None
    professionalEducationLevels: Annotated[list[ProfessionalEducationLevel], Field(max_length=25)] | None = None
    jobClass: Coded | None = None
    jobCode: Coded | None = None
    dutyPost: Coded | None = None
    department: Coded | None = None
    organization: Coded | None = None
    workStation: Coded | None = None
    employeeServiceTerm: Text | None = None
    employeeHireDate: Day | None = None
    employeeConfirmationDate: Day | None = None
    employeeEmploymentStatus: Text | None = None
    employeeEmploymentStatusDescription: Text | None = None


class EmployeesPage(BaseModel):
    """One page of employees: what stands in `esbBody`."""

    model_config = ConfigDict(extra="forbid")

    asOf: Annotated[str, Field(pattern=r"^[0-9-]{10}$")] | None = None
    """Day of the round in which the hub asked for it; a pushed page has none."""
    pager: Pager
    data: Annotated[list[EmployeeRow], Field(max_length=1000)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NoticeMark(_Closed):
    """A mark with both ends of its scale."""

    value: SignedText
    worst: SignedText
    best: SignedText


class Attendance(_Closed):
    """Days and minutes of the time."""

    workingDays: int
    presentDays: int
    absentDays: int
    leaveDays: int
    outageDays: int
    missingTaps: int
    lateMinutes: int
    earlyMinutes: int
    awayMinutes: int
    missedCeremonies: int


class NoticeRow(_Closed):
    """One outcome for one employee; the latest under one `noticeId` counts."""

    noticeId: Slug
    checkNumber: EmployeeId
    noticeType: Literal[
        "PERFORMANCE_RESULT", "TRAINING_NEED", "RECOGNITION", "DISCIPLINE", "ATTENDANCE_TOTAL", "CAREER"
    ]
    startDate: Annotated[str, Field(max_length=10)]
    endDate: Annotated[str, Field(max_length=10)]
    description: Prose
    topic: Words | None
    mark: NoticeMark | None
    predicate: Slug | None
    attendance: Attendance | None
    run: RunCode | None
    ruleSet: Slug | None
    ruleSetVersion: Slug | None
    assurance: Slug | None
    withdrawn: bool


class NoticesPager(_Closed):
    """As HCMIS pages its own rows; `nextPage` is null on the last page."""

    pageSize: Annotated[int, Field(ge=1)]
    page: Annotated[int, Field(ge=1)]
    total: Annotated[int, Field(ge=1)]
    nextPage: int | None


class NoticesPage(_Closed):
    """One page of outcome notices of one institution."""

    institution: Code
    pager: NoticesPager
    data: Annotated[list[NoticeRow], Field(min_length=1)]
