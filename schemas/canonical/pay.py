"""What payroll is told, employee by employee, and the run that it belongs to: pay.signal, pay.run."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from schemas.canonical.performance import Predicate
from schemas.canonical.text import (
    Account,
    Canonical,
    Code,
    DecimalText,
    DigestText,
    EmployeeId,
    ExactText,
    Month,
    RecordIdText,
    RunCode,
    Slug,
    Whole,
    Words,
)

Assurance = Literal["signed", "device", "file", "polled"]
ASSURANCES: Final[tuple[Assurance, ...]] = ("signed", "device", "file", "polled")
"""Strongest first: signed by its system; a registered device; a file brought by hand; fetched by the hub."""


class RuleSetRef(Canonical):
    """The rule set that priced something."""

    id: Slug = Field(title="Rule set", description="Id of the rule set.")
    version: Slug = Field(title="Version", description="Version of the rule set.")


class Reason(Canonical):
    """Why a signal is held."""

    code: Slug = Field(title="Code", description="Stable code of the reason, such as HELD-REVIEW.")
    text: Words = Field(title="Text", description="What is missing and who can supply it.")


class Facts(Canonical):
    """The counts that were priced: events and minutes of the month, charged ones only."""

    working_days: int = Field(ge=0, title="Working days", description="Days on which work was due.")
    present_days: int = Field(ge=0, title="Days present", description="Working days with at least one tap.")
    absent_days: int = Field(ge=0, title="Days absent", description="Working days without tap and without excuse.")
    leave_days: int = Field(ge=0, title="Days of leave", description="Working days excused by leave.")
    outage_days: int = Field(ge=0, title="Days of outage", description="Working days excused by a device outage.")
    missing_taps: int = Field(ge=0, title="Missing taps", description="Taps missing and not waived.")
    late_minutes: int = Field(ge=0, title="Late minutes", description="Charged minutes, after each day's tolerance.")
    early_minutes: int = Field(ge=0, title="Early minutes", description="Charged minutes of leaving early.")
    away_minutes: int = Field(ge=0, title="Away minutes", description="Charged minutes away.")
    missed_ceremonies: int = Field(ge=0, title="Missed ceremonies", description="Ceremonies missed.")


class Destination(Canonical):
    """Where the money goes, as the payee record had it."""

    paying_unit: Code = Field(title="Paying unit", description="Code of the unit that pays (kode satker).")
    bank_code: Code = Field(title="Bank code", description="Code of the bank in the treasury's list.")
    bank_name: Words = Field(title="Bank name", description="Name of the bank.")
    account: Account = Field(title="Account number", description="Number of the account.")
    account_name: Words = Field(title="Account name", description="Name in which the account is held.")
    name: Words = Field(title="Name", description="Name of the employee.")
    decree: Words | None = Field(title="Decree", description="Number of the decree that sets the class.")


class Step(Canonical):
    """One line of the explanation: a line of the rule set and what it came to here."""

    rule: Slug = Field(title="Rule", description="Name of the line of the rule set.")
    text: Words = Field(title="Text", description="What was done, in words.")
    value: Words = Field(title="Value", description="What it came to.")


class Signal(Canonical):
    """What one employee is to be paid for one month, with the explanation; or why that cannot be said yet.

    status ready: every amount is there. status held: class, tariff, percentages and amounts that are not known are
    null, and gross, exact, cut and net are always null.
    """

    signal_id: RecordIdText = Field(title="Signal id", description="Follows from the records that were used.")
    run: RunCode = Field(title="Run", description="Code of the run.")
    employee_id: EmployeeId = Field(title="Employee number", description="As in the employee record.")
    institution: Code = Field(title="Institution", description="Code of the institution.")
    earned: Month = Field(title="Month earned", description="Month of the work.")
    paid: Month = Field(title="Month paid", description="Month in which payroll pays it.")
    rule_set: RuleSetRef = Field(title="Rule set", description="The rules that priced it.")
    status: Literal["ready", "held"] = Field(
        title="Status", description="ready: to be paid; held: not yet, see reasons."
    )
    reasons: list[Reason] = Field(max_length=16, title="Reasons", description="Why it is held; empty when ready.")
    class_: int | None = Field(
        alias="class", ge=1, le=17, title="Allowance class", description="Job class; null if not known."
    )
    tariff: DecimalText | None = Field(title="Tariff", description="Tariff of the class; null if not known.")
    facts: Facts | None = Field(
        title="Facts", description="Counts of the month; null where calendar or enrolment is missing."
    )
    predicate: Predicate | None = Field(title="Predicate", description="Predicate of the review; null if not known.")
    performance_percent: DecimalText | None = Field(
        title="Performance percent", description="What the predicate earns, in percent; null if not priced."
    )
    gross: Whole | None = Field(title="Gross", description="The full tariff, in whole units of the currency.")
    exact: ExactText | None = Field(title="Exact", description="The result before rounding.")
    cut: Whole | None = Field(title="Cut", description="Gross minus net.")
    net: Whole | None = Field(title="Net", description="What is to be paid.")
    assurance: Assurance = Field(title="Assurance", description="Lowest assurance of the records that were used.")
    payee: Destination | None = Field(title="Payee", description="Where it is paid to; null if not known.")
    steps: list[Step] = Field(
        max_length=64, title="Steps", description="The explanation, one entry per rule line used."
    )


class Counts(Canonical):
    """How many of each."""

    employees: int = Field(ge=0, title="Employees", description="Active employees, each with one signal.")
    ready: int = Field(ge=0, title="Ready", description="Signals that are ready.")
    held: int = Field(ge=0, title="Held", description="Signals that are held.")
    unmatched_punches: int = Field(
        ge=0,
        title="Unmatched punches",
        description="Punches of the month at a known device whose PIN is nobody, or two people.",
    )


class Totals(Canonical):
    """Sums over ready signals."""

    gross: Whole = Field(title="Gross", description="Sum of gross.")
    cut: Whole = Field(title="Cut", description="Sum of cuts.")
    net: Whole = Field(title="Net", description="Sum of net.")


class Run(Canonical):
    """The unit that payroll gets: one institution, one month, with counts, sums and a digest of all signals."""

    run: RunCode = Field(title="Run", description="Code of the run.")
    institution: Code = Field(title="Institution", description="Code of the institution.")
    earned: Month = Field(title="Month earned", description="Month of the work.")
    paid: Month = Field(title="Month paid", description="Month in which payroll pays it.")
    rule_set: RuleSetRef = Field(title="Rule set", description="The rules that priced it.")
    counts: Counts = Field(title="Counts of the run", description="How many employees, signals and records.")
    totals: Totals = Field(
        title="Totals of the run", description="Gross, cut and net, each added up over the ready signals."
    )
    signals_digest: DigestText = Field(
        title="Digest of the signals",
        description="SHA-256 over the canonical signals, one a line, sorted by signal id.",
    )
    kind: Literal["regular"] = Field(title="Kind", description="regular: the month's first and only full run.")
