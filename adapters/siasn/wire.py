"""SIASN's pages of data-utama rows, in SIASN's spelling.

Rule: strict on the members that are used, blind to the others (SIASN sends some fifty and adds more), so a new
member of theirs never stops a page. Whether a number is a usable NIP is a question per row: see translate.py.
"""

# ruff: noqa: N815 -- members are spelled as SIASN spells them
from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from schemas.canonical.text import Words

Number = Annotated[str, Field(max_length=42)]
"""NIP or NIK as text. A JSON number is a breach: it has already lost digits."""
Text = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=300)]
"""Text that may be empty: SIASN writes "" and null alike for what it does not know."""
Day = Annotated[str, Field(max_length=10)]
"""dd-mm-yyyy, or empty."""


class Pager(BaseModel):
    """Which page of how many rows this is. `nextPage` is null on the last one."""

    model_config = ConfigDict(extra="allow")

    pageSize: Annotated[int, Field(ge=1, le=1000)]
    page: Annotated[int, Field(ge=1)]
    total: Annotated[int, Field(ge=0)]
    nextPage: int | None


class DataUtama(BaseModel):
    """The main record of an employee, as far as it is used."""

    model_config = ConfigDict(extra="allow")

    nipBaru: Number
    nama: Words
    unorNama: Words
    kedudukanPnsNama: Words
    nik: Number | None = None
    statusPegawai: Text | None = None
    jabatanNama: Text | None = None
    golRuangAkhir: Text | None = None
    tmtCpns: Day | None = None


class EmployeesPage(BaseModel):
    """One page."""

    model_config = ConfigDict(extra="forbid")

    pager: Pager
    data: Annotated[list[DataUtama], Field(max_length=1000)]
