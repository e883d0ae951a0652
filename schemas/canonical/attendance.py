"""What a device saw and what a day came to: attendance.punch, attendance.day."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.canonical.schedule import LeaveKind
from schemas.canonical.text import Canonical, Code, Date, EmployeeId, Instant, Local, Pin, Serial, Slug, Words, Zone

DayStatus = Literal["present", "absent", "leave", "outage", "off"]


class Punch(Canonical):
    """One event of an attendance device. Who the PIN is gets resolved in the run, by enrolment."""

    serial: Serial = Field(title="Device serial", description="Serial number of the device.")
    pin: Pin = Field(title="PIN", description="User number on the device, as text with leading zeros.")
    at: Local = Field(title="Local time", description="Date and time as the device's clock said it.")
    zone: Zone = Field(title="Zone", description="Zone in which the local time is read: IANA name or fixed offset.")
    zone_why: Words = Field(title="Why this zone", description="Where the zone was taken from: registry or device.")
    instant: Instant = Field(title="Instant", description="The same moment in UTC.")
    state: int | None = Field(
        ge=0,
        le=65535,
        title="State key",
        description="Key that was pressed: 0 in, 1 out, 2 break out, 3 break in, 4 overtime in, 5 overtime out, "
        "255 none. Often wrong; the time decides.",
    )
    verify: int | None = Field(
        ge=0, le=65535, title="Verification", description="How the device knew the person; raw code of the model."
    )
    workcode: Words | None = Field(title="Work code", description="As the device sent it; null if it sent none.")
    flags: list[Slug] = Field(
        max_length=16,
        title="Flags",
        description="What is odd about it, such as clock-before-2015 or clock-in-future. How often those about the device's "
        "clock occur in a message also stands in the open header ce_flags.",
    )


class Day(Canonical):
    """One employee's day, derived in a run from punches, calendar, leave and outages."""

    employee_id: EmployeeId = Field(title="Employee number", description="As in the employee record.")
    institution: Code = Field(title="Institution", description="Code of the employee's institution.")
    date: Date = Field(title="Day", description="The day.")
    working: bool = Field(title="Working day", description="Whether work was due by the calendar.")
    status: DayStatus = Field(
        title="Status",
        description="present, absent, leave, outage (excused because devices failed) or off (no work due).",
    )
    first_tap: Local | None = Field(title="First tap", description="Tap that counts as arrival; null: missing.")
    last_tap: Local | None = Field(title="Last tap", description="Tap that counts as departure; null: missing.")
    late_minutes: int = Field(ge=0, title="Late minutes", description="Charged minutes of lateness, after tolerance.")
    early_minutes: int = Field(ge=0, title="Early minutes", description="Charged minutes of leaving early.")
    away_minutes: int = Field(ge=0, title="Away minutes", description="Charged minutes away during working hours.")
    missing_taps: int = Field(
        ge=0, le=2, title="Missing taps", description="Arrival or departure taps missing and not waived."
    )
    missed_ceremony: bool = Field(title="Missed ceremony", description="Whether a ceremony of that day was missed.")
    leave_kind: LeaveKind | None = Field(
        title="Kind of leave", description="Kind of the leave on that day; null: none."
    )
    notes: list[Words] = Field(
        max_length=32, title="Notes", description="What a person should know about how it was derived."
    )
