"""The wire form of ADK Tukin: one file per bank, attached, with what payroll needs to check that it has all of it."""

# ruff: noqa: N815 -- wire names
from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from adapters.kit.attached import AttachedFile
from schemas.canonical.text import Code, DigestText, Whole


class FileTotals(BaseModel):
    """Control totals of one file: rows, rupiah as digits, last ten digits of the sum of the employee numbers."""

    model_config = ConfigDict(extra="forbid")

    count: Annotated[int, Field(ge=1)]
    gross: Whole
    cut: Whole
    net: Whole
    hash: Annotated[str, Field(pattern=r"^[0-9]{10}$")]


class AdkTukin(AttachedFile):
    """File `page` of `pages` of a run; `runDigest` is the digest that was approved."""

    run: Code
    runDigest: DigestText
    page: Annotated[int, Field(ge=1)]
    pages: Annotated[int, Field(ge=1)]
    bankCode: Code
    totals: FileTotals
