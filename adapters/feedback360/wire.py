"""Messages with feedback by rater. The form is this hub's own: none is published.

Rule: strict, because it is ours. `penilai` serves to notice a rater who answered twice and goes no further than the translation;
`komentar` is taken off the sender and dropped: words tell who wrote them.
"""

# ruff: noqa: N815 -- wire names
from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.canonical.text import Date, Prose, SignedText, Slug, Words

Nip = Annotated[str, Field(max_length=42)]
Grade = SignedText | Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
Aspect = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Answer(_Strict):
    """What one rater gave: a mark for each aspect."""

    kelompok: Literal["atasan", "rekan", "bawahan", "diri", "publik", "lain"]
    penilai: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    nilai: Annotated[dict[Aspect, Grade], Field(min_length=1, max_length=50)]
    komentar: Prose | None = None


class About(_Strict):
    """All feedback on one employee. `diminta`: groups that were asked, so that one in which nobody answered is told apart."""

    id: Slug
    nip: Nip
    diminta: Annotated[list[Literal["atasan", "rekan", "bawahan", "diri", "publik", "lain"]], Field(max_length=6)] = []
    tanggapan: Annotated[list[Answer], Field(max_length=2000)]
    nilaiAkhir: Grade | None = None


class Scale(_Strict):
    """Worst and best mark of the survey; the best may be the smaller."""

    terburuk: Grade
    terbaik: Grade
    sumber: Words


class Formula(_Strict):
    """Id and version of the institution's rule set: weights of the groups, least number of raters."""

    id: Slug
    version: Slug


class Survey(_Strict):
    """A message of feedback of one survey."""

    dari: Date
    sampai: Date
    skala: Scale
    formula: Formula
    penilaian: Annotated[list[About], Field(min_length=1, max_length=1000)]
