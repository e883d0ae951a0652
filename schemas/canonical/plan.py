"""What was to be done and what was done: performance.plan, .progress, .activity and .report.

Rule: a plan says whose plan it follows from, so that a goal can be followed from the institution down to a person;
weights and shares are percent as decimal digits, and nothing here says what they add up to: a rule set does.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.canonical.marks import Span
from schemas.canonical.text import Canonical, Code, Date, DecimalText, EmployeeId, Month, Prose, Slug, Words

Level = Literal["institution", "department", "employee"]
Done = Literal["not-started", "in-progress", "completed", "cancelled"]


class SubTask(Canonical):
    """A part of a task."""

    sub_task_id: Slug = Field(title="Sub-task id", description="Id in the source system; unique within the plan.")
    title: Prose = Field(title="Description", description="What is to be done, as the source words it.")
    goal: Prose | None = Field(title="Goal", description="Goal that it serves; null if not given.")
    target: Prose | None = Field(title="Target", description="What counts as reached; null if not given.")
    activity: Prose | None = Field(title="Activity", description="Activity by which it is done; null if not given.")
    indicator: Prose | None = Field(title="Indicator", description="What is measured; null if not given.")
    weight: DecimalText | None = Field(
        title="Weight", description="Weight within the task as the source gives it, in percent; null: none given."
    )
    starts: Date | None = Field(title="Starts", description="First day; null if not given.")
    ends: Date | None = Field(title="Ends", description="Last day; null if not given.")


class Task(Canonical):
    """One task of a plan."""

    task_id: Slug = Field(title="Task id", description="Id in the source system; unique within the plan.")
    parent_task: Slug | None = Field(
        title="Parent task", description="Id of the task of the plan above that it follows from; null: from none."
    )
    title: Prose = Field(title="Description", description="What is to be done, as the source words it.")
    goal: Prose | None = Field(title="Goal", description="Goal that it serves; null if not given.")
    target: Prose | None = Field(title="Target", description="What counts as reached; null if not given.")
    activity: Prose | None = Field(title="Activity", description="Activity by which it is done; null if not given.")
    indicator: Prose | None = Field(title="Indicator", description="What is measured; null if not given.")
    weight: DecimalText | None = Field(
        title="Weight", description="Weight within the plan as the source gives it, in percent; null: none given."
    )
    starts: Date | None = Field(title="Starts", description="First day; null if not given.")
    ends: Date | None = Field(title="Ends", description="Last day; null if not given.")
    sub_tasks: list[SubTask] = Field(max_length=200, title="Sub-tasks", description="Its parts; empty: none.")


class Plan(Canonical):
    """The performance plan of an institution, a department or an employee for a year, or part of one. The latest record
    under one id counts."""

    plan_id: Slug = Field(title="Plan id", description="Id of the plan in the source system; stays when it changes.")
    institution: Code = Field(title="Institution", description="Code of the institution.")
    level: Level = Field(title="Level", description="Whose plan it is.")
    unit: Words | None = Field(
        title="Unit", description="Department, as the source names it; null for an institution's."
    )
    employee_id: EmployeeId | None = Field(
        title="Employee number", description="As in the employee record; null unless the plan is an employee's."
    )
    supervisor_id: EmployeeId | None = Field(
        title="Supervisor", description="Employee number of who agreed the plan; null if not given."
    )
    span: Span = Field(title="Time", description="First and last day of the plan: July to June in Tanzania.")
    parent_plan: Slug | None = Field(
        title="Parent plan", description="Id of the plan above that it is cascaded from; null: the institution's own."
    )
    status: Literal["draft", "submitted", "approved", "rejected", "closed"] = Field(
        title="Status", description="Where it stands between employee and supervisor."
    )
    tasks: list[Task] = Field(max_length=200, title="Tasks", description="The tasks, in the order of the source.")


class Progress(Canonical):
    """How far one task or sub-task came in one week, month or quarter. The latest record under one id counts."""

    progress_id: Slug = Field(title="Progress id", description="Id in the source system; stays when it changes.")
    institution: Code = Field(title="Institution", description="Code of the employee's institution.")
    employee_id: EmployeeId = Field(title="Employee number", description="As in the employee record.")
    plan_id: Slug = Field(title="Plan id", description="Id of the plan.")
    item: Slug = Field(title="Item", description="Id of the task or sub-task.")
    interval: Literal["weekly", "monthly", "quarterly", "other"] = Field(
        title="Interval", description="How often the institution reports: a setting of the source, not a rule."
    )
    span: Span = Field(title="Time", description="First and last day that it is about.")
    submitted_on: Date | None = Field(
        title="Submitted on", description="Day on which it was handed in, which may be late; null if not given."
    )
    status: Done = Field(title="Status", description="Where the item stands.")
    percent: DecimalText | None = Field(
        title="Percent", description="How much of the item is done, 0 to 100; null: the source does not say."
    )
    achievement: Prose | None = Field(title="Achievement", description="What was reached; null if not given.")
    obstacle: Prose | None = Field(title="Obstacle", description="What stood in the way; null if not given.")
    action: Prose | None = Field(title="Action", description="What is done about it; null if not given.")


class Activity(Canonical):
    """One piece of work on one day with its output, as an activity log has it. The latest record under one id counts."""

    activity_id: Slug = Field(title="Activity id", description="Id in the source system; stays when it changes.")
    institution: Code = Field(title="Institution", description="Code of the employee's institution.")
    employee_id: EmployeeId = Field(title="Employee number", description="As in the employee record.")
    unit: Words | None = Field(title="Unit", description="Unit in which it was done, as the source names it.")
    date: Date = Field(title="Day", description="Day of the work.")
    title: Prose = Field(title="Activity", description="What was done, as the source words it.")
    minutes: int | None = Field(ge=0, le=1440, title="Minutes", description="Working minutes; null if not given.")
    quantity: DecimalText | None = Field(
        title="Output", description="How much came of it, in `quantityUnit`; null if not given."
    )
    quantity_unit: Words | None = Field(
        title="Unit of the output",
        description="Such as documents or visits, as the source names it; null if not given.",
    )
    weight: DecimalText | None = Field(
        title="Weight", description="Weight of this kind of activity in the source's own points; null: none given."
    )
    status: Literal["submitted", "approved", "rejected"] = Field(
        title="Status", description="Whether the superior has accepted it."
    )


class Report(Canonical):
    """An employee's report of one month and what the superior says to it. The latest record under one id counts."""

    report_id: Slug = Field(title="Report id", description="Id in the source system; stays when it changes.")
    institution: Code = Field(title="Institution", description="Code of the employee's institution.")
    employee_id: EmployeeId = Field(title="Employee number", description="As in the employee record.")
    period: Month = Field(title="Month", description="Month that is reported, YYYY-MM.")
    achievements: list[Prose] = Field(max_length=100, title="Achievements", description="What was reached.")
    obstacles: list[Prose] = Field(max_length=100, title="Obstacles", description="What stood in the way.")
    actions: list[Prose] = Field(max_length=100, title="Actions", description="What is done about it.")
    feedback: Prose | None = Field(title="Feedback", description="What the superior says; null: nothing yet.")
    feedback_by: EmployeeId | None = Field(
        title="Feedback by", description="Employee number of the superior; null if not given."
    )
    submitted_on: Date | None = Field(
        title="Submitted on", description="Day on which it was handed in; null if not given."
    )
