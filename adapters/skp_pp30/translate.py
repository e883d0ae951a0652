"""Yearly SKP scores to assessments.

Rule: the total is held against PP 30/2019, 70/30 where peers and subordinates were not asked and 60/40 where they were, and
carried as it was written. A band is the source's word, held against the bands that were read; where the source has none it is
given only from a band that was read, never from the two that are uncertain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from adapters.kit import Canonical, MessageContext, Refused, Translated
from adapters.kit.marking import MarkScale
from adapters.kit.repeats import repeats
from schemas.canonical.identifiers import check_nip
from schemas.scores import Item, ScoreRules, fits
from schemas.scores import load as shipped

SOURCE: Final = "PP 30/2019, 0 to 120"
SCALE: Final = MarkScale("0", "120", SOURCE)
BEHAVIOURS: Final = {
    "orientasiPelayanan": "service-orientation",
    "integritas": "integrity",
    "komitmen": "commitment",
    "disiplin": "discipline",
    "kerjasama": "cooperation",
    "kepemimpinan": "leadership",
    "inisiatifKerja": "initiative",
}
FIRST_YEAR: Final = 2019
LAST_YEAR: Final = 2021
REASONS: Final = {
    "nip-number": "a spreadsheet made another number of the NIP",
    "nip-damaged": "the NIP ends in 000: it was once stored as a number and its last three digits are lost",
    "nip-is-nik": "the NIP has 16 digits: that is a NIK",
    "nip-malformed": "the NIP is not 18 digits that begin with a birth date",
    "id-malformed": "the id is not letters, digits, points, hyphens and underscores, 64 at most",
    "id-repeated": "the id stands in more than one row of the page, with different content",
    "year-outside": "the year is none in which SKP was scored by PP 30/2019",
    "score-off-scale": "a score lies off the scale of 0 to 120",
    "sum-contradicted": "the sum or the mean of the behaviour scores is not what the scores come to",
    "total-contradicted": "the total is what neither 70/30 nor 60/40 makes of the two scores, or not the one that is said",
    "band-contradicted": "the predicate is not the one of the band in which the total lies",
}
_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}", re.ASCII)
_NIP: Final = {"number-form": "nip-number", "spreadsheet": "nip-damaged", "swapped": "nip-is-nik"}
_NOTHING: Final = Decimal(0)
_NO_IDEA: Final = frozenset[str]()
_IDEA: Final = frozenset({"new-idea"})
_TOLERANCE: Final = Decimal("0.01")
_decimal = lru_cache(maxsize=4096)(Decimal)


class Fault(Exception):
    """A row that cannot become a record; `args[0]` is a slug of `REASONS`."""


def skp(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """One assessment per row, or the reason why not."""
    rows = body["data"]
    odd = repeats([row["id"] for row in rows], rows, "id-repeated", REASONS["id-repeated"])
    out: list[Translated] = []
    for at, row in enumerate(rows):
        if message.rows is not None and at not in message.rows:
            continue
        if at in odd:
            out.append(odd[at])
            continue
        try:
            value = _assessment(row, message.institution)
        except Fault as fault:
            out.append(Refused(at, fault.args[0], REASONS[fault.args[0]]))
        else:
            out.append(Canonical("performance.assessment", ("employee", row["nip"]), value, None, at))
    return out


def _assessment(row: Mapping[str, Any], institution: str) -> dict[str, Any]:
    year, get = row["tahun"], row.get
    fault = check_nip(row["nip"], pppk=True)
    if fault is not None:
        raise Fault(_NIP.get(fault.kind, "nip-malformed"))
    if not _ID.fullmatch(row["id"]):
        raise Fault("id-malformed")
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Fault("year-outside")
    year = int(year)
    result, behaviour, total = str(row["nilaiSkp"]), str(row["nilaiPerilakuKerja"]), str(row["nilaiPrestasiKerja"])
    parts = [(slug, str(given)) for name, slug in BEHAVIOURS.items() if (given := get(name)) is not None]
    if parts:
        check_sum([text for _, text in parts], get("jumlah"), get("nilairatarata"))
    rules = rules_of(result, behaviour, total, get("perilaku360"))
    of_result, of_behaviour = WEIGHTS.get(rules, (None, None))
    mark = SCALE.mark
    try:
        marks = [
            mark("result", result, "SKP", None, of_result),
            mark("behaviour", behaviour, "Perilaku Kerja", None, of_behaviour),
            *[mark(slug, text) for slug, text in parts],
        ]
        overall = mark("overall", total, "Prestasi Kerja")
    except ValueError as error:
        raise Fault("score-off-scale") from error
    overall["band"] = band_of(total, get("predikat"), get("ideBaru"))
    return {
        "assessmentId": row["id"],
        "institution": institution,
        "employeeId": row["nip"],
        "planId": None,
        "kind": "annual",
        "span": {"first": f"{year}-01-01", "last": f"{year}-12-31"},
        "marks": marks,
        "overall": overall,
        "formula": None if rules is None else FORMULAS[rules].copy(),
        "predicate": None,
        "assessor": get("penilaiNama"),
        "comment": None,
        "assessedOn": None,
    }


def rules_of(result: str, behaviour: str, total: str, asked: bool | None) -> bool | None:
    """Which rule set (of `PP30`) made the total: the one that is said, or the only one that fits; None where both do (the
    two scores are the same, or nearly)."""
    items: list[Item] = [(None, {"result": _decimal(result), "behaviour": _decimal(behaviour)})]
    whole = _decimal(total)
    found = [peers for peers, rules in PP30.items() if asked in (None, peers) and fits(rules, items, whole)]
    if not found:
        raise Fault("total-contradicted")
    return found[0] if len(found) == 1 else None


def band_of(total: str, said: str | None, idea: bool | None) -> str | None:
    """The band of a total. Said by the source, it must be one in which the total lies, as far as the bands were read; not
    said, it is given where a band that was read holds it, and 110 and above only where the new idea is said or denied."""
    rules = PP30[False]
    mark = _decimal(total)
    known = rules.band_of(mark, _IDEA if idea else _NO_IDEA)
    if said is not None:
        if known is None:  # below 70: the bands of PP 30/2019 were not read, so only the upper three are wrong
            wrong = said in {"Sangat Baik", "Baik", "Cukup"}
        elif idea is None and known == "baik":
            wrong = said != "Baik" and not (
                said == "Sangat Baik" and rules.lines.bands["sangat-baik"].value.holds(mark)
            )
        else:
            wrong = said.lower().replace(" ", "-") != known
        if wrong:
            raise Fault("band-contradicted")
        return said
    if idea is None and rules.lines.bands["sangat-baik"].value.holds(mark):
        return None
    return None if known is None else known.replace("-", " ").title()


def check_sum(parts: Sequence[str], total: Any, mean: Any) -> None:
    """Hold sum and mean of the behaviour scores, where they are there, against the scores. A leadership of 0 may stand for
    people who lead nobody, so that the mean may leave zeros out."""
    if total is None and mean is None:
        return
    scores = [_decimal(text) for text in parts]
    whole = sum(scores, _NOTHING)
    if total is not None and abs(whole - _decimal(str(total))) > _TOLERANCE:
        raise Fault("sum-contradicted")
    counts = {len(scores), sum(1 for score in scores if score) or 1}
    if mean is not None and all(abs(whole / count - _decimal(str(mean))) > _TOLERANCE for count in counts):
        raise Fault("sum-contradicted")


def _weights(rules: ScoreRules) -> tuple[str, str]:
    parts = rules.lines.parts.value
    return f"{parts['result']:f}", f"{parts['behaviour']:f}"


PP30: Final = {False: shipped("pp30-2019", "1"), True: shipped("pp30-2019-360", "1")}
"""Rule set by whether peers and subordinates were asked."""
FORMULAS: Final = {peers: rules.formula for peers, rules in PP30.items()}
WEIGHTS: Final[Mapping[bool | None, tuple[str | None, str | None]]] = {
    peers: _weights(rules) for peers, rules in PP30.items()
}
