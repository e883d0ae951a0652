"""Messages with an e-Performance system. The form is this hub's own: neither system has published one.

Rule: strict, because it is ours; figures are whole numbers or digits in a text, never floats. `jumlah` are the sender's control
totals; they are held against the rows before any row is read.
"""

# ruff: noqa: N815 -- wire names
from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.canonical.text import Date, DecimalText, Month, Prose, Slug, Words

Nip = Annotated[str, Field(max_length=42)]
Figure = DecimalText | Annotated[int, Field(ge=0, le=1_000_000)]
Minutes = Annotated[int, Field(ge=0, le=1440)]
Zone = Literal["WIB", "WITA", "WIT"]
Time = Annotated[str, Field(max_length=19)]
"""HH:MM, HH:MM:SS, or with a date in front for who leaves after midnight: YYYY-MM-DDTHH:MM:SS."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Activity(_Strict):
    """One piece of work on one day: weight, minutes, output."""

    id: Slug
    nip: Nip
    unit: Words | None = None
    tanggal: Date
    kegiatan: Prose
    menit: Minutes | None = None
    volume: Figure | None = None
    satuan: Words | None = None
    bobot: Figure | None = None
    status: Literal["DIAJUKAN", "DISETUJUI", "DITOLAK"]


class ActivityTotals(_Strict):
    """Control totals of activities: rows, minutes, weights."""

    baris: Annotated[int, Field(ge=0)]
    menit: Annotated[int, Field(ge=0)]
    bobot: Figure


class Activities(_Strict):
    """The activities of a month, or part of one."""

    bulan: Month
    kegiatan: Annotated[list[Activity], Field(min_length=1, max_length=5000)]
    jumlah: ActivityTotals


class Hours(_Strict):
    """One employee's times on one day."""

    id: Slug
    nip: Nip
    tanggal: Date
    masuk: Time | None = None
    keluar: Time | None = None
    menit: Annotated[int, Field(ge=0, le=2880)] | None = None
    status: Words


class HoursTotals(_Strict):
    """Control totals of hours: rows, minutes."""

    baris: Annotated[int, Field(ge=0)]
    menit: Annotated[int, Field(ge=0)]


class Attendance(_Strict):
    """The hours of a month, or part of one, in one zone."""

    bulan: Month
    zona: Zone
    kehadiran: Annotated[list[Hours], Field(min_length=1, max_length=5000)]
    jumlah: HoursTotals


class PersonTotals(_Strict):
    """What one employee's month comes to."""

    nip: Nip
    kegiatan: int
    disetujui: int
    menitDisetujui: int
    bobotDisetujui: DecimalText
    hari: int
    menitHadir: int
    tanpaJam: int


class UnitTotals(_Strict):
    """What the month of all of them comes to."""

    pegawai: int
    kegiatan: int
    disetujui: int
    menitDisetujui: int
    bobotDisetujui: DecimalText
    hari: int
    menitHadir: int
    tanpaJam: int


class Totals(_Strict):
    """Totals of a month to the personnel unit."""

    bulan: Month
    instansi: Words
    pegawai: list[PersonTotals]
    jumlah: UnitTotals
