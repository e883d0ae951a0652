"""How well the work was done: performance.review."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.canonical.text import Canonical, Code, EmployeeId, Month, Words

Predicate = Literal["sangat-baik", "baik", "butuh-perbaikan", "kurang", "sangat-kurang"]
Rating = Literal["di-atas", "sesuai", "di-bawah"]


class Review(Canonical):
    """The periodic evaluation of one employee for one month (PermenPANRB 6/2022)."""

    employee_id: EmployeeId = Field(title="Employee number", description="As in the employee record.")
    institution: Code = Field(title="Institution", description="Code of the employee's institution.")
    period: Month = Field(title="Month", description="Month of work that is evaluated, YYYY-MM.")
    predicate: Predicate = Field(title="Predicate", description="The predicate of the period; the rule set prices it.")
    result_rating: Rating | None = Field(
        title="Rating of results",
        description="Results against expectation; null if the source gives the predicate only.",
    )
    behaviour_rating: Rating | None = Field(
        title="Rating of behaviour", description="Behaviour against expectation; null if not given."
    )
    assessor: Words | None = Field(
        title="Assessor", description="Who assessed, as the source names them; null if not given."
    )
