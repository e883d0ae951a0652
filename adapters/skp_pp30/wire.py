"""Pages of yearly SKP scores, members spelled as SIASN spells them (SKP up to 2021).

Rule: strict on what is used, blind to the rest. `perilaku360` and `ideBaru` are this hub's own, and may be missing: SIASN does
not say whether peers were asked, nor whether a new idea was shown.
"""

# ruff: noqa: N815 -- wire names
from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.canonical.text import DecimalText, Words

Score = DecimalText | Annotated[int, Field(ge=0, le=100_000)]
"""Digits in a text, or a whole number; a JSON number with a fraction is a breach: it is not what was written."""


class Skp(BaseModel):
    """The scores of one employee and year."""

    model_config = ConfigDict(extra="allow")

    id: Annotated[str, Field(max_length=64)]
    nip: Annotated[str, Field(max_length=42)]
    tahun: Annotated[int, Field(ge=1900, le=2999)]
    nilaiSkp: Score
    orientasiPelayanan: Score | None = None
    integritas: Score | None = None
    komitmen: Score | None = None
    disiplin: Score | None = None
    kerjasama: Score | None = None
    kepemimpinan: Score | None = None
    inisiatifKerja: Score | None = None
    jumlah: Score | None = None
    nilairatarata: Score | None = None
    nilaiPerilakuKerja: Score
    nilaiPrestasiKerja: Score
    predikat: Literal["Sangat Baik", "Baik", "Cukup", "Kurang", "Sangat Kurang"] | None = None
    perilaku360: bool | None = None
    ideBaru: bool | None = None
    penilaiNama: Words | None = None


class Page(BaseModel):
    """One message."""

    model_config = ConfigDict(extra="allow")

    data: Annotated[list[Skp], Field(min_length=1, max_length=1000)]
