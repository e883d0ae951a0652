"""What was made of the work: performance.assessment, .appeal, .institution-result and .feedback.

Rule: marks carry their scale; whatever formula makes one mark out of many is a rule set's, named here with its version
and never applied on the way. Who gave feedback is not here: groups and counts are.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.canonical.marks import Mark, Span
from schemas.canonical.performance import Predicate
from schemas.canonical.text import Canonical, Code, Date, DecimalText, EmployeeId, Prose, Slug, Words

Rater = Literal["superior", "peer", "subordinate", "self", "public", "other"]


class Formula(Canonical):
    """The rule that a source, or an adapter, made one mark out of many by."""

    id: Slug = Field(title="Rule set", description="Id of the rule set, such as pp30-2019.")
    version: Slug = Field(title="Version", description="Version of the rule set.")
    status: Literal["draft", "official"] = Field(
        title="Status",
        description="draft: the formula is not published, the institution declared it; official: published.",
    )


class Assessment(Canonical):
    """An assessment of one employee: mid-year, annual, or of a shorter time. The latest record under one id counts."""

    assessment_id: Slug = Field(title="Assessment id", description="Id in the source system; stays when it changes.")
    institution: Code = Field(title="Institution", description="Code of the employee's institution.")
    employee_id: EmployeeId = Field(title="Employee number", description="As in the employee record.")
    plan_id: Slug | None = Field(title="Plan id", description="Id of the plan that was assessed; null: of none.")
    kind: Literal["mid-year", "annual", "periodic"] = Field(title="Kind", description="Which assessment it is.")
    span: Span = Field(title="Time", description="First and last day that is assessed.")
    marks: list[Mark] = Field(max_length=1000, title="Marks", description="Each mark that was given.")
    overall: Mark | None = Field(
        title="Overall", description="The mark of the whole as the source gives it; null: it gives none."
    )
    formula: Formula | None = Field(
        title="Formula",
        description="What `overall` was made by; null: the source does not say, or gives no overall mark.",
    )
    predicate: Predicate | None = Field(
        title="Predicate",
        description="The predicate (PermenPANRB 6/2022) where the source gives one; null: it gives none.",
    )
    assessor: Words | None = Field(
        title="Assessor", description="Who assessed, as the source names them; null if not given."
    )
    comment: Prose | None = Field(title="Comment", description="What the assessor says to it; null if not given.")
    assessed_on: Date | None = Field(title="Assessed on", description="Day of the assessment; null if not given.")


class Appeal(Canonical):
    """An employee's appeal against an assessment, and what became of it. The latest record under one id counts."""

    appeal_id: Slug = Field(title="Appeal id", description="Id in the source system; stays when it changes.")
    institution: Code = Field(title="Institution", description="Code of the employee's institution.")
    employee_id: EmployeeId = Field(title="Employee number", description="As in the employee record.")
    assessment_id: Slug | None = Field(
        title="Assessment id", description="Id of the assessment that is appealed against; null if not given."
    )
    filed_on: Date = Field(title="Filed on", description="Day on which it was filed.")
    ground: Prose | None = Field(title="Ground", description="Why, as the employee words it; null if not given.")
    status: Literal["filed", "under-review", "upheld", "partly-upheld", "dismissed", "withdrawn"] = Field(
        title="Status", description="What became of it. upheld: the employee was right."
    )
    decided_on: Date | None = Field(title="Decided on", description="Day of the decision; null: not yet.")
    decision: Prose | None = Field(title="Decision", description="The decision in words; null: none yet.")
    overall: Mark | None = Field(
        title="Overall afterwards", description="The mark that holds after the decision; null: none yet, or as it was."
    )


class InstitutionResult(Canonical):
    """How well an institution, or one of its departments, did (PIPMIS). The latest record of a time counts."""

    institution: Code = Field(title="Institution", description="Code of the institution.")
    unit: Words | None = Field(
        title="Unit", description="Department, as the source names it; null: the whole institution."
    )
    kind: Literal["mid-year", "annual", "periodic"] = Field(title="Kind", description="Which result it is.")
    span: Span = Field(title="Time", description="First and last day that is assessed.")
    marks: list[Mark] = Field(max_length=1000, title="Marks", description="Each mark that was given.")
    overall: Mark | None = Field(title="Overall", description="The mark of the whole; null: the source gives none.")
    formula: Formula | None = Field(
        title="Formula",
        description="What `overall` was made by; null: the source does not say, or gives no overall mark.",
    )
    employees: int | None = Field(
        ge=0, title="Employees", description="How many employees' results it holds; null if not given."
    )


class FeedbackGroup(Canonical):
    """What one group of raters came to."""

    group: Rater = Field(title="Group", description="Which group of raters.")
    raters: int = Field(
        ge=0, title="Raters", description="How many gave feedback; 0: the group was asked and nobody did."
    )
    marks: list[Mark] = Field(
        max_length=100,
        title="Marks",
        description="Mean mark of the group for each aspect; empty where too few gave feedback to stay unknown.",
    )
    weight: DecimalText | None = Field(
        title="Weight", description="Weight of the group in percent, by the institution's rule set; null: none given."
    )
    withheld: bool = Field(
        title="Withheld", description="true: marks are left out because so few raters could be recognised."
    )


class Feedback(Canonical):
    """Feedback on one employee by group of raters (360 degrees). No rater is named, numbered or dated. The latest record
    under one id counts."""

    feedback_id: Slug = Field(title="Feedback id", description="Id of the survey and employee in the source; stays.")
    institution: Code = Field(title="Institution", description="Code of the employee's institution.")
    employee_id: EmployeeId = Field(title="Employee number", description="Of who the feedback is about.")
    span: Span = Field(title="Time", description="First and last day that it is about.")
    groups: list[FeedbackGroup] = Field(
        max_length=6, title="Groups", description="One entry for each group, in their order."
    )
    overall: Mark | None = Field(
        title="Overall", description="Weighted mark of all groups; null: the source gives none."
    )
    formula: Formula | None = Field(
        title="Formula", description="The rule set whose weights made `overall`; null: there is no overall mark."
    )
