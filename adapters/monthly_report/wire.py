"""Messages with monthly reports and yearly assessments. The form is this hub's own: none is published.

Rule: strict, because it is ours; dates are YYYY-MM-DD, marks are whole numbers or digits in a text, on a scale that the message
says: no figures of it are public.
"""

# ruff: noqa: N815 -- wire names
from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from schemas.canonical.text import Date, DecimalText, Month, Prose, SignedText, Slug, Words

Nip = Annotated[str, Field(max_length=42)]
Grade = SignedText | Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
Points = Annotated[list[Prose], Field(max_length=100)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Report(_Strict):
    """One employee's month: what was reached, what stood in the way, what is done about it, what the superior says."""

    id: Slug
    nip: Nip
    bulan: Month
    capaian: Points = []
    kendala: Points = []
    tindakLanjut: Points = []
    umpanBalik: Prose | None = None
    nipAtasan: Nip | None = None
    dikirim: Date | None = None


class Reports(_Strict):
    """A message of reports."""

    laporan: Annotated[list[Report], Field(min_length=1, max_length=1000)]


class Scale(_Strict):
    """Worst and best mark of the form; the best may be the smaller."""

    terburuk: Grade
    terbaik: Grade
    sumber: Words


class Yearly(_Strict):
    """The yearly assessment of one employee: skill, attitude, contribution, and a mark of the whole where there is one."""

    id: Slug
    nip: Nip
    tahun: Annotated[int, Field(ge=1000, le=2999)]
    keterampilan: Grade
    sikap: Grade
    kontribusi: Grade
    nilaiAkhir: Grade | None = None
    predikat: Words | None = None
    bobot: (
        Annotated[list[DecimalText | Annotated[int, Field(ge=0, le=100)]], Field(min_length=3, max_length=3)] | None
    ) = None
    penilai: Words | None = None
    catatan: Prose | None = None
    tanggal: Date | None = None


class YearlyPage(_Strict):
    """A message of yearly assessments on one scale."""

    skala: Scale
    penilaian: Annotated[list[Yearly], Field(min_length=1, max_length=1000)]
