"""The forms in which a batch goes out to a payroll, and the reply that comes back.

Rule: money is digits in a text, whole units going out. HDL and CSV are texts to the byte; their patterns say what a line
is, so that no cell can hold a separator.
"""

# ruff: noqa: N815 -- wire names
from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.canonical.text import (
    Account,
    Code,
    Currency,
    DecimalText,
    DigestText,
    EmployeeId,
    Month,
    RecordIdText,
    RunCode,
    Slug,
    Whole,
    Words,
)

from .batch import MAX_KEY
from .translate import COLUMNS, ENTRY, VALUE

_CELL = r"[^|\r\n]*"
_MERGE = rf"MERGE\|(ElementEntry|ElementEntryValue)(\|{_CELL}){{10}}\n"

ElementEntryDat = Annotated[
    str,
    Field(
        pattern="^"
        + "|".join(ENTRY).replace("|", r"\|")
        + rf"\n({_MERGE})+"
        + "|".join(VALUE).replace("|", r"\|").replace("(", r"\(").replace(")", r"\)")
        + rf"\n({_MERGE})+$",
        max_length=16_777_216,
    ),
]
PayrollCsv = Annotated[
    str, Field(pattern="^" + ",".join(COLUMNS) + r"\r\n([^\r\n]+\r\n)+TOTAL,[^\r\n]+\r\n$", max_length=16_777_216)
]
Key = Annotated[str, Field(pattern=r"^[0-9A-Za-z./:_-]+$", max_length=MAX_KEY)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Totals(_Closed):
    """Count, sums in whole units, last ten digits of the sum of the employee numbers."""

    count: Annotated[int, Field(ge=1)]
    gross: Whole
    cut: Whole
    net: Whole
    hash: Annotated[str, Field(pattern=r"^[0-9]{10}$")]


class PayrollRow(_Closed):
    """What one employee is to be paid."""

    key: Key
    signal: RecordIdText
    employeeId: EmployeeId
    gross: Whole
    cut: Whole
    net: Whole
    payingUnit: Code
    bankCode: Code
    account: Account
    accountName: Words


class PayrollBatch(_Closed):
    """All ready rows of a run; `runDigest` is what was approved."""

    run: RunCode
    runDigest: DigestText
    institution: Code
    earned: Month
    paid: Month
    currency: Currency
    totals: Totals
    rows: Annotated[list[PayrollRow], Field(min_length=1)]


class SentTotals(BaseModel):
    """Of the batch that is answered, as it was sent."""

    model_config = ConfigDict(extra="allow")

    count: Annotated[int, Field(ge=0, le=1_000_000)]
    net: DecimalText
    hash: Annotated[str, Field(pattern=r"^[0-9]{10}$")]


class ReplyRow(BaseModel):
    """What became of one row. `sent`: the amount as it was sent; `amount`: as it was accepted or paid."""

    model_config = ConfigDict(extra="allow")

    key: Key
    replyId: Slug
    signal: RecordIdText | None = None
    employeeId: EmployeeId
    sent: DecimalText
    outcome: Literal["paid", "accepted", "rejected", "stopped"]
    amount: DecimalText | None = None
    code: Slug | None = None
    reason: Words | None = None


class PayrollReply(BaseModel):
    """The reply to one batch: every row of it."""

    model_config = ConfigDict(extra="forbid")

    run: RunCode
    earned: Month
    paid: Month
    currency: Currency
    totals: SentTotals
    rows: Annotated[list[ReplyRow], Field(max_length=10_000)]
