"""Messages with PEPMIS, in the words of its modules. The form is this hub's own: PEPMIS has published none.

Rule: strict, because it is ours; dates are YYYY-MM-DD, figures are whole numbers or digits in a text, never floats. What the
rows of a message must say together is judged in plans.py, progress.py, assessments.py.
"""

# ruff: noqa: N815 -- wire names
from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.canonical.text import Date, DecimalText, Prose, RunCode, SignedText, Slug, Words

Number = Annotated[str, Field(max_length=40)] | Annotated[int, Field(ge=0)]
"""Check number, as text or as the whole number that it is in other systems of PO-PSMGG."""
Figure = DecimalText | Annotated[int, Field(ge=0, le=1_000_000)]
Grade = SignedText | Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
Year = Annotated[str, Field(pattern=r"^2[0-9]{3}/2[0-9]{3}$")]
"""Financial year, July to June: 2026/2027."""
Rows = Field(min_length=1, max_length=1000)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SubTask(_Strict):
    """A part of a task."""

    subTaskId: Slug
    description: Prose
    goal: Prose | None = None
    target: Prose | None = None
    activity: Prose | None = None
    performanceIndicator: Prose | None = None
    weight: Figure | None = None
    startDate: Date | None = None
    endDate: Date | None = None


class Task(_Strict):
    """A task, and the task of the plan above that it follows from."""

    taskId: Slug
    parentTaskId: Slug | None = None
    description: Prose
    goal: Prose | None = None
    target: Prose | None = None
    activity: Prose | None = None
    performanceIndicator: Prose | None = None
    weight: Figure | None = None
    startDate: Date | None = None
    endDate: Date | None = None
    subTasks: Annotated[list[SubTask], Field(max_length=200)] = []


class Plan(_Strict):
    """An annual plan of the institution, a department (workstation) or an employee."""

    planId: Slug
    level: Literal["INSTITUTION", "DEPARTMENT", "EMPLOYEE"]
    department: Words | None = None
    checkNumber: Number | None = None
    supervisorCheckNumber: Number | None = None
    financialYear: Year | None = None
    startDate: Date
    endDate: Date
    parentPlanId: Slug | None = None
    status: Literal["DRAFT", "SUBMITTED", "APPROVED", "REJECTED", "CLOSED"]
    tasks: Annotated[list[Task], Field(max_length=200)]


class Plans(_Strict):
    """A message of plans."""

    plans: Annotated[list[Plan], Rows]


class ProgressRow(_Strict):
    """How far one task or sub-task came in one week, month or quarter."""

    progressId: Slug
    checkNumber: Number
    planId: Slug
    itemId: Slug
    interval: Literal["WEEKLY", "MONTHLY", "QUARTERLY", "OTHER"]
    startDate: Date
    endDate: Date
    submittedOn: Date | None = None
    status: Literal["NOT_STARTED", "IN_PROGRESS", "COMPLETED", "CANCELLED"]
    percent: Figure | None = None
    achievement: Prose | None = None
    challenge: Prose | None = None
    action: Prose | None = None


class Progress(_Strict):
    """A message of progress."""

    progress: Annotated[list[ProgressRow], Rows]


class ItemMark(_Strict):
    """The two marks of one sub-task. COMPLETED takes 0 to 100; IN_PROGRESS is marked against its progress."""

    itemId: Slug
    state: Literal["COMPLETED", "IN_PROGRESS"]
    qualitative: Grade | None = None
    quantitative: Grade | None = None
    weight: Figure | None = None


class Overall(_Strict):
    """A mark of the whole and the scale that it is on, which nobody has published: the message says it."""

    mark: Grade
    worst: Grade
    best: Grade
    scaleSource: Words | None = None
    band: Words | None = None


class Formula(_Strict):
    """Id and version of the institution's rule set that made the overall mark."""

    id: Slug
    version: Slug


class Assessment(_Strict):
    """An assessment of one employee."""

    assessmentId: Slug
    checkNumber: Number
    planId: Slug | None = None
    kind: Literal["MID_YEAR", "ANNUAL", "PERIODIC"]
    startDate: Date
    endDate: Date
    marks: Annotated[list[ItemMark], Field(max_length=500)]
    overall: Overall | None = None
    formula: Formula | None = None
    assessor: Words | None = None
    comment: Prose | None = None
    assessedOn: Date | None = None


class Assessments(_Strict):
    """A message of assessments."""

    assessments: Annotated[list[Assessment], Rows]


class Appeal(_Strict):
    """An appeal or complaint against an assessment."""

    appealId: Slug
    checkNumber: Number
    assessmentId: Slug | None = None
    filedOn: Date
    ground: Prose | None = None
    status: Literal["FILED", "UNDER_REVIEW", "UPHELD", "PARTLY_UPHELD", "DISMISSED", "WITHDRAWN"]
    decidedOn: Date | None = None
    decision: Prose | None = None
    overall: Overall | None = None


class Appeals(_Strict):
    """A message of appeals."""

    appeals: Annotated[list[Appeal], Rows]


class AspectMark(Overall):
    """One mark of an institution."""

    aspect: Slug
    label: Words | None = None
    weight: Figure | None = None


class Result(_Strict):
    """A PIPMIS result of the institution or one of its departments."""

    department: Words | None = None
    kind: Literal["MID_YEAR", "ANNUAL", "PERIODIC"]
    startDate: Date
    endDate: Date
    marks: Annotated[list[AspectMark], Field(max_length=1000)]
    overall: Overall | None = None
    formula: Formula | None = None
    employees: Annotated[int, Field(ge=0, le=10_000_000)] | None = None


class Results(_Strict):
    """A message of PIPMIS results."""

    results: Annotated[list[Result], Rows]


class Score(_Strict):
    """What the marks of one employee came to by the rule set `madeBy`."""

    scoreId: Slug
    checkNumber: Number
    startDate: Date
    endDate: Date
    score: Grade
    worst: Grade
    best: Grade
    madeBy: Words
    run: RunCode | None
    withdrawn: bool


class Scores(_Strict):
    """A message of scores."""

    scores: Annotated[list[Score], Rows]
