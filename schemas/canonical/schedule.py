"""When work is due and when it is excused: calendar, leave, device-outage; and the sanction that cuts pay."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.canonical.text import (
    Canonical,
    Clock,
    Code,
    Date,
    DecimalText,
    EmployeeId,
    Month,
    Serial,
    Slug,
    Words,
    Zone,
)

LeaveKind = Literal["annual", "sick", "maternity", "important-reason", "long", "miscarriage"]
SanctionLevel = Literal["light", "medium", "heavy"]


class Calendar(Canonical):
    """The working days of an institution, or of one of its units, in one month."""

    institution: Code = Field(title="Institution", description="Code of the institution.")
    unit: Words | None = Field(
        title="Unit", description="Unit that this calendar is for; null: every unit without a calendar of its own."
    )
    period: Month = Field(title="Month", description="The month, YYYY-MM.")
    zone: Zone = Field(title="Zone", description="Time zone of the working hours: IANA name or fixed offset.")
    working_days: list[Date] = Field(
        max_length=31, title="Working days", description="Days on which work is due; days of other months are ignored."
    )
    ceremonies: list[Date] = Field(
        max_length=31, title="Ceremonies", description="Working days with a ceremony that everybody attends."
    )


class Leave(Canonical):
    """A leave that was granted, or its cancellation. The latest record under one id counts."""

    leave_id: Slug = Field(title="Leave id", description="Id of the leave in the source system; stays when it changes.")
    employee_id: EmployeeId = Field(title="Employee number", description="As in the employee record.")
    institution: Code = Field(title="Institution", description="Code of the employee's institution.")
    kind: LeaveKind = Field(title="Kind", description="Kind of leave; the rule set says what it does to pay.")
    from_: Date = Field(alias="from", title="First day", description="First day of the leave.")
    to: Date = Field(title="Last day", description="Last day of the leave, inclusive.")
    cancelled: bool = Field(title="Cancelled", description="true: as if it had never been granted.")


class Sanction(Canonical):
    """A disciplinary sanction that cuts the allowance for some months, or its cancellation."""

    sanction_id: Slug = Field(title="Sanction id", description="Id in the source system; stays when it changes.")
    employee_id: EmployeeId = Field(title="Employee number", description="As in the employee record.")
    institution: Code = Field(title="Institution", description="Code of the employee's institution.")
    level: SanctionLevel = Field(title="Level", description="Level of the sanction.")
    cut_percent: DecimalText | None = Field(
        title="Cut in percent", description="Percent of the allowance that the decree cuts; null: as the rule set says."
    )
    from_: Month = Field(alias="from", title="First month", description="First month of work that is cut, YYYY-MM.")
    to: Month = Field(title="Last month", description="Last month of work that is cut, inclusive.")
    cancelled: bool = Field(title="Cancelled", description="true: as if it had never been imposed.")


class DeviceOutage(Canonical):
    """A day, or part of one, on which attendance devices did not work: nobody pays for a broken device."""

    outage_id: Slug = Field(title="Outage id", description="Id in the source system; stays when it changes.")
    serial: Serial | None = Field(
        title="Device serial", description="Serial of the device; null: all devices of the institution."
    )
    institution: Code = Field(title="Institution", description="Code of the institution.")
    date: Date = Field(title="Day", description="Day of the outage.")
    from_: Clock | None = Field(
        alias="from", title="From", description="Local time at which it began; null: since the beginning of the day."
    )
    to: Clock | None = Field(title="To", description="Local time at which it ended; null: until the end of the day.")
    reason: Words | None = Field(title="Reason", description="What was broken; null if not known.")
