"""What payroll and its lenders say: pay.deduction and pay.reply.

Rule: amounts are decimal digits in the named currency, exactly as the source wrote them but for zeros in front; the
hub adds nothing up and carries nothing over.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.canonical.text import (
    Canonical,
    Code,
    Currency,
    Date,
    DecimalText,
    EmployeeId,
    Month,
    RecordIdText,
    Slug,
    Words,
)


class Deduction(Canonical):
    """A deduction from one employee's salary in one month, or its end. The latest record under one id counts."""

    deduction_id: Slug = Field(
        title="Deduction id",
        description="Id that stays: the loan or reference number and the month, or the source's own.",
    )
    institution: Code = Field(title="Institution", description="Code of the employee's institution at the hub.")
    employee_id: EmployeeId = Field(title="Employee number", description="Check number or NIP, as text.")
    national_id: EmployeeId | None = Field(
        title="National identity number", description="As the source gives it; null if not."
    )
    kind: Literal["monthly", "stop"] = Field(
        title="Kind", description="monthly: taken this month; stop: taken no longer."
    )
    code: Code = Field(title="Deduction code", description="Code of the deduction in the payroll (DeductionCode).")
    text: Words | None = Field(
        title="Description", description="The deduction as the payroll names it; null if not given."
    )
    reference: Words | None = Field(title="Reference", description="Loan number or contract; null if not given.")
    creditor_reference: Words | None = Field(
        title="Reference of the creditor",
        description="The creditor's own number (FSPReferenceNumber); null if not given.",
    )
    creditor: Code | None = Field(title="Creditor", description="Code of who gets it (FSPCode); null if not given.")
    amount: DecimalText | None = Field(
        title="Amount", description="Amount of the month, in `currency`; null for a stop."
    )
    balance: DecimalText | None = Field(
        title="Balance", description="What is still owed, in `currency`; null if not given."
    )
    currency: Currency = Field(title="Currency", description="ISO 4217 code of amount and balance.")
    period: Month = Field(title="Month", description="Month of the payroll, YYYY-MM.")
    check_date: Date | None = Field(
        title="Check date", description="Day of the pay run (CheckDate); null if not given."
    )
    vote: Code | None = Field(title="Vote", description="Budget vote (VoteCode); null if not given.")
    department: Words | None = Field(title="Department", description="Department code and name; null if not given.")
    stopped_on: Date | None = Field(title="Stopped on", description="Day of the stop; null: it goes on.")
    stop_reason: Words | None = Field(
        title="Reason of the stop", description="As the source words it; null: it goes on."
    )


class Reply(Canonical):
    """What payroll says to one row of a run that it was given. The latest record of a row counts."""

    reply_id: Slug = Field(
        title="Reply id", description="Batch and row, or the payroll's own id; stays when it changes."
    )
    institution: Code = Field(title="Institution", description="Code of the institution.")
    run: Words | None = Field(
        title="Run", description="Code of the run, as it stood in what was sent; null if not given back."
    )
    row: Words = Field(title="Row", description="The stable key of the row that was sent.")
    signal: RecordIdText | None = Field(title="Signal", description="Id of the pay.signal; null if not given back.")
    employee_id: EmployeeId = Field(title="Employee number", description="As in what was sent.")
    earned: Month | None = Field(title="Month earned", description="Month of the work; null if not given back.")
    paid: Month | None = Field(title="Month paid", description="Month of payment; null if not given back.")
    outcome: Literal["paid", "accepted", "rejected", "stopped"] = Field(
        title="Outcome",
        description="paid: money went out; accepted: will be paid; rejected, stopped: not paid, see reason.",
    )
    amount: DecimalText | None = Field(
        title="Amount", description="Amount that payroll paid or accepted, in `currency`; null when nothing was."
    )
    currency: Currency | None = Field(title="Currency", description="ISO 4217 code; null where there is no amount.")
    code: Slug | None = Field(title="Code", description="The payroll's own code of the outcome; null if it gives none.")
    reason: Words | None = Field(
        title="Reason", description="Why it was not paid, in the payroll's words; null if it was."
    )
