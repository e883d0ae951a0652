"""SIASN's pages of data-utama rows, in SIASN's spelling.

Rule: strict on the members that are used, blind to the others (SIASN sends some fifty and adds more), so a new
member of theirs never stops a page. Whether a number is a usable NIP is a question per row: see translate.py.
"""

# ruff: noqa: N815 -- members are spelled as SIASN spells them
from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from schemas.canonical.text import EmployeeId, Slug, Words

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


class MainRow(DataUtama):
    """The main record with SIASN's own id of the person."""

    id: Number | None = None


class MainRecord(BaseModel):
    """What SIASN answered for one NIP, with resource, NIP and day of asking beside it."""

    model_config = ConfigDict(extra="forbid")

    resource: Slug
    nip: Annotated[str, Field(pattern=r"^[0-9]{18}$")]
    asOf: Annotated[str, Field(pattern=r"^[0-9-]{10}$")]
    data: Annotated[list[MainRow], Field(min_length=1, max_length=1)]


class History(BaseModel):
    """The rows of one history of one NIP, as SIASN answered; each resource has members of its own."""

    model_config = ConfigDict(extra="forbid")

    resource: Slug
    nip: Annotated[str, Field(pattern=r"^[0-9]{18}$")]
    asOf: Annotated[str, Field(pattern=r"^[0-9-]{10}$")]
    data: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=1000)]


class Skp22(BaseModel):
    """POST /skp22/save."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(max_length=42)] | None
    tahun: Annotated[int, Field(ge=1000, le=2999)]
    pnsDinilaiOrang: Annotated[str, Field(min_length=1, max_length=42)]
    hasilKinerjaNilai: Annotated[int, Field(ge=1, le=3)]
    perilakuKerjaNilai: Annotated[int, Field(ge=1, le=3)]
    kuadranKinerjaNilai: Annotated[str, Field(min_length=1, max_length=42)]
    penilaiNipNrp: EmployeeId
    penilaiNama: Words
    penilaiJabatan: Text
    penilaiGolongan: Text
    penilaiUnorNama: Words
    statusPenilai: Text
    path: list[dict[str, Any]]


class KinerjaPeriodik(Skp22):
    """POST /kinerjaperiodik/save."""

    periodikId: Annotated[str, Field(min_length=1, max_length=42)]
    koefisienId: Annotated[str, Field(min_length=1, max_length=42)]
    bulanMulaiPenilaian: Annotated[str, Field(pattern=r"^([1-9]|1[0-2])$")]
    bulanSelesaiPenilaian: Annotated[str, Field(pattern=r"^([1-9]|1[0-2])$")]
    tahunMulaiPenilaian: Annotated[str, Field(pattern=r"^[12][0-9]{3}$")]
    tahunSelesaiPenilaian: Annotated[str, Field(pattern=r"^[12][0-9]{3}$")]
    pnsDinilaiId: Annotated[str, Field(min_length=1, max_length=42)]
    penilaiJabatanNama: Text
